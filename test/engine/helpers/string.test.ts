/** bpf_strtol, bpf_strtoul and bpf_strncmp against results recorded on Linux 6.18, and against memory they may not touch. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { STRING_HELPERS } from '../../../engine/helpers/string.ts';
import { FAULT, STACK_TOP } from '../../../engine/layout.ts';
import { KEY, mapWorld, VALUE } from '../../support/map-world.ts';

type Row = [text: string, base: number, rc: number, value: string, urc: number, uvalue: string];

const ROWS = readFileSync(new URL('kernel-strtox.txt', import.meta.url), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('['))
  .map((line) => JSON.parse(line) as Row);

const world = mapWorld();
const { strtol, strtoul, strncmp } = world.helpers(STRING_HELPERS);

describe('numbers as the kernel reads them', () => {
  test('the table is there', () => expect(ROWS.length).toBe(88));

  for (const [text, base, rc, value, urc, uvalue] of ROWS) {
    test(`${JSON.stringify(text.slice(0, 24))} in base ${base}`, () => {
      world.mem.u8.set(Buffer.from(text), KEY);
      expect(strtol!(KEY, text.length, base, 0, VALUE)).toBe(rc);
      expect(String(world.mem.dv.getBigInt64(VALUE, true))).toBe(value);
      expect(strtoul!(KEY, text.length, base, 0, VALUE)).toBe(urc);
      expect(String(world.mem.dv.getBigUint64(VALUE, true))).toBe(uvalue);
    });
  }

  test('unknown flags and bases', () => {
    world.mem.u8.set(Buffer.from('12'), KEY);
    expect(strtol!(KEY, 2, 7, 0, VALUE)).toBe(-22);
    expect(strtol!(KEY, 2, 0x20, 0, VALUE)).toBe(-22);
    expect(strtol!(KEY, 2, 10, 1, VALUE)).toBe(-22);
  });

  test('memory that is not the program’s is a fault', () => {
    const before = world.faults.length;
    strtol!(0, 4, 10, 0, VALUE);
    strtol!(KEY, 2, 10, 0, STACK_TOP - 4);
    expect(world.faults.slice(before).map((fault) => fault.kind)).toEqual([FAULT.NULL_POINTER, FAULT.OUT_OF_BOUNDS]);
  });
});

describe('bpf_strncmp', () => {
  function compare(a: string, size: number, b: string): number {
    world.mem.u8.set(Buffer.from(`${a}\0`), KEY);
    world.mem.u8.set(Buffer.from(`${b}\0`), VALUE);
    return strncmp!(KEY, size, VALUE);
  }

  test('orders by bytes, up to the size or a NUL', () => {
    expect(compare('abc', 3, 'abd')).toBe(-1);
    expect(compare('abd', 3, 'abc')).toBe(1);
    expect(compare('abc', 3, 'abcdef')).toBe(0);
    expect(compare('abc', 4, 'abcdef')).toBe(-1);
    expect(compare('a\0x', 3, 'a\0y')).toBe(0);
    expect(compare('\xff', 1, 'a')).toBe(1);
    expect(compare('b', 0, 'a')).toBe(0);
  });

  test('the second string may be shorter than the size', () => {
    world.mem.u8.set(Buffer.from('ab'), STACK_TOP - 3);
    world.mem.u8[STACK_TOP - 1] = 0;
    world.mem.u8.set(Buffer.from('abcdefgh'), KEY);
    expect(strncmp!(KEY, 8, STACK_TOP - 3)).toBe(1);
  });
});
