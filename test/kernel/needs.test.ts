/** A differential test is skipped on a kernel that is older than its program, and only there. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openObject } from '../../engine/index.ts';
import { neededBy, skipText, tooOldFor } from './needs.ts';

const OBJECTS = join(import.meta.dir, '../../fixtures/objects');

function spec(name: string) {
  const path = join(OBJECTS, name, `${name}.bpf.o`);
  const opened = openObject({ path, bytes: new Uint8Array(readFileSync(path)) });
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}

test.each([
  // By the type, a map that is made with it, a helper, an instruction.
  ['xdp-verdicts', 'verdict_pass', '4.12'],
  ['ringbuf', 'report', '5.8'],
  ['callbacks', 'loop', '5.17'],
  ['cpu-v4', 'version_four', '6.6'],
])('%s/%s needs %s', (object, name, since) => {
  const opened = spec(object);
  expect(neededBy(opened, name)).toBe(since);
  expect(tooOldFor(opened, name, '3.10.0-1160')).toBe(`${name}: this kernel (3.10.0-1160) is older than ${since}`);
  expect(tooOldFor(opened, name, `${since}.3-generic`)).toBeNull();
  expect(tooOldFor(opened, name, '7.1.0')).toBeNull();
});

test('the reason stands in the name of the test', () => {
  expect(skipText(null)).toBe('');
  expect(skipText('p: this kernel (5.4) is older than 5.8')).toBe(' (skipped: p: this kernel (5.4) is older than 5.8)');
});
