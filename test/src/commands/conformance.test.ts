/** `bpfdeck conformance-plugin`: the protocol of the conformance suite, on some of its tests where the suite is at hand. */
import { describe, expect, test } from 'bun:test';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli, ROOT } from '../../support/cli.ts';

const SUITE = join(ROOT, '../shared/isa/conformance.json');
const EVERY = 12;
/** The form the suite's runner writes: two digits and two blanks a byte. */
const spaced = (hex: string) => hex.replace(/../g, '$&  ');

interface Row {
  readonly name: string;
  readonly mem: string;
  readonly code: string;
  readonly result: string;
}

describe.skipIf(!existsSync(SUITE))('the suite beside the project (skipped where it is absent)', () => {
  const rows = (existsSync(SUITE) ? JSON.parse(readFileSync(SUITE, 'utf8')) : []) as Row[];
  const some = rows.filter((_, i) => i % EVERY === 0);

  test.each(some.map((row) => [row.name, row] as const))('%s', async (_name, row) => {
    const memory = row.mem === '' ? [] : [spaced(row.mem)];
    const { code, out, err } = await cli(['conformance-plugin', ...memory], { stdin: `${spaced(row.code)}\n` });
    expect([err, code]).toEqual(['', 0]);
    expect(BigInt(`0x${out.trim()}`)).toBe(BigInt(`0x${row.result.replace(/^0x/, '')}`));
    expect(out).toMatch(/^[0-9a-f]+\n$/);
  });
});

const EXIT_42 = 'b7 00 00 00 2a 00 00 00 95 00 00 00 00 00 00 00';

test('r0 in hex and nothing else; unknown options are no matter', async () => {
  const { code, out } = await cli(['conformance-plugin', '', '--elf', '--cpu_version=v4'], { stdin: EXIT_42 });
  expect([code, out]).toEqual([0, '2a\n']);
});

test.each([
  ['a fault', '79 01 00 00 00 00 00 00 b7 00 00 00 00 00 00 00 95 00 00 00 00 00 00 00'],
  ['an unknown instruction', 'ff 00 00 00 00 00 00 00'],
  ['half an instruction', 'b7 00 00'],
  ['no program', ''],
  ['no hex', 'zz'],
])('%s is a failure with a message', async (_what, stdin) => {
  const { code, out, err } = await cli(['conformance-plugin'], { stdin });
  expect(code).not.toBe(0);
  expect(code).not.toBe(70);
  expect(out).toBe('');
  expect(err.trimEnd()).toMatch(/^[^\n]+$/);
});
