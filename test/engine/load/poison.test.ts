/** Instructions whose CO-RE relocation found nothing: harmless until reached, then a fault that names the field. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { loadObject } from '../../../engine/load/load-object.ts';
import { openObject } from '../../../engine/object/open.ts';
import { run } from '../../support/fixture-object.ts';

const LOADER = new URL('../../../fixtures/loader/', import.meta.url);
const read = (name: string) => new Uint8Array(readFileSync(new URL(`${name}.bpf.o`, LOADER)));

function load() {
  const opened = openObject(
    { path: 'r', bytes: read('core-reader') },
    { btf: read('core-target'), btf_name: 'target' },
  );
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value);
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

const data_in = new Uint8Array(600);

test('not reached: runs', () => {
  for (const program of ['enums', 'loads', 'unguarded']) expect(run(load(), program, { data_in }).retval).toBe(2);
});

test('reached: a fault that names the field', () => {
  const { fault, retval } = run(load(), 'resized', { data_in });
  expect(retval).toBeNull();
  expect(fault?.message).toBe('struct thing___other.signed_one has another size in target');
  expect(fault?.source).toContain('t->signed_one');
});
