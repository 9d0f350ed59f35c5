/** Why a differential test is skipped: the running kernel is older than what its program needs. What a newer one lacks fails. */
import { readFileSync } from 'node:fs';
import { mapTypeSince, type ObjectSpec, openObject, progRunSince, programNeeds } from '../../engine/index.ts';
import { newest } from '../../engine/uapi/kernel-versions.ts';
import { tooOld } from '../../src/backends/kernel/release.ts';
import { objectsOf } from '../../src/cases/steps.ts';
import type { SettledCase } from '../../src/test-case.ts';

/** Kernels from which BPF_PROG_RUN runs a program of the object: by its type, instructions, helpers, and all maps, which are made with it. */
export function neededBy(spec: ObjectSpec, program: string): string | null {
  const one = spec.programs.find(({ name }) => name === program);
  const maps = spec.maps.flatMap((map) => (map.inner === null ? [map.type] : [map.type, map.inner.type]));
  const versions = one === undefined ? [] : [programNeeds(spec, one).kernel, progRunSince(one.type)];
  return newest([...maps.map(mapTypeSince), ...versions]);
}

/** A reason to skip, null to run. */
export function tooOldFor(spec: ObjectSpec, program: string, running?: string): string | null {
  const since = neededBy(spec, program);
  return since === null ? null : tooOld(program, since, running);
}

/** Same for a case: of all its objects, whose maps are made with it. */
export function tooOldForCase(one: SettledCase): string | null {
  const reasons = objectsOf(one).map((path) => {
    const opened = openObject({ path, bytes: new Uint8Array(readFileSync(path)) });
    return opened.ok ? tooOldFor(opened.value, one.program) : null;
  });
  return reasons.find((reason) => reason !== null) ?? null;
}

/** ` (skipped: REASON)` for the name of a test, '' when it runs. */
export function skipText(reason: string | null): string {
  return reason === null ? '' : ` (skipped: ${reason})`;
}
