/** Fixture objects opened, loaded and run through the engine, for tests of everything above the JIT. */
import { readFileSync } from 'node:fs';
import { loadObject } from '../../engine/load/load-object.ts';
import type { LoadedObject, LoadOpts } from '../../engine/load/types.ts';
import { openObject } from '../../engine/object/open.ts';
import type { ObjectSpec } from '../../engine/object/spec.ts';
import { progRun } from '../../engine/run/prog-run.ts';
import type { ProgRunOpts, ProgRunResult } from '../../engine/run/types.ts';

const OBJECTS = new URL('../../fixtures/objects/', import.meta.url);

/** `globals`, or `faults/endless-loop`. */
export function openFixture(name: string): ObjectSpec {
  const file = name.includes('/') ? name : `${name}/${name}`;
  const path = `${file}.bpf.o`;
  const opened = openObject({ path, bytes: new Uint8Array(readFileSync(new URL(path, OBJECTS))) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

export function loadFixture(name: string, opts: LoadOpts = {}): LoadedObject {
  const loaded = loadObject(openFixture(name), opts);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

export function run(object: LoadedObject, program: string, opts: ProgRunOpts = {}): ProgRunResult {
  const done = progRun(object, program, { data_in: new Uint8Array(64), ...opts });
  if (!done.ok) throw new Error(done.error.message);
  return done.value;
}

/** Bytes of a data section or of element 0 of an array. */
export function bytesIn(object: LoadedObject, map: string): DataView {
  const value = object.map(map)?.userLookup(new Uint8Array(4));
  if (!value) throw new Error(`no element 0 in ${map}`);
  return new DataView(value.buffer, value.byteOffset, value.byteLength);
}
