/** Memory arguments of helpers: every area at its edges, and what the fault says. */
import { describe, expect, test } from 'bun:test';
import { checkRead, checkWrite } from '../../../engine/helpers/check-mem.ts';
import { CTX_BASE, FAULT, PACKET_BASE, PRIV, REGION, STACK_BASE, STACK_TOP } from '../../../engine/layout.ts';
import type { ArrayMap } from '../../../engine/maps/array.ts';
import { MAP_FLAG } from '../../../engine/uapi/map-types.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { KEY, mapWorld } from '../../support/map-world.ts';

const META = PACKET_BASE + 0x100;
const DATA = META + 8;
const END = DATA + 64;

function world() {
  const made = mapWorld(2);
  const { u32 } = made.mem;
  u32[PRIV.PKT_META >> 2] = META;
  u32[PRIV.PKT_DATA >> 2] = DATA;
  u32[PRIV.PKT_END >> 2] = END;
  u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
  u32[PRIV.CTX_LEN >> 2] = 24;
  return made;
}

type Row = readonly [
  what: string,
  address: number,
  size: number,
  read: 'ok' | [number, number],
  write?: 'ok' | [number, number],
];

const { OUT_OF_BOUNDS, NULL_POINTER, BAD_CTX_ACCESS } = FAULT;
const ROWS: readonly Row[] = [
  ['all of the stack', STACK_BASE, STACK_TOP - STACK_BASE, 'ok'],
  ['past the top of the stack', STACK_TOP - 4, 5, [OUT_OF_BOUNDS, REGION.STACK]],
  ['below the stack', STACK_BASE - 1, 4, [OUT_OF_BOUNDS, REGION.STACK]],
  ['all of the packet', DATA, 64, 'ok'],
  ['slack behind data_end', DATA + 60, 5, [OUT_OF_BOUNDS, REGION.PACKET]],
  ['at data_end', END, 1, [OUT_OF_BOUNDS, REGION.PACKET]],
  ['all of the metadata', META, 8, 'ok'],
  ['from metadata into data', META, 9, [OUT_OF_BOUNDS, REGION.PACKET]],
  ['headroom before metadata', META - 1, 1, [OUT_OF_BOUNDS, REGION.PACKET]],
  ['all of the context', CTX_BASE, 24, 'ok', [BAD_CTX_ACCESS, REGION.CTX]],
  ['past the context', CTX_BASE + 20, 5, [OUT_OF_BOUNDS, REGION.CTX]],
  ['NULL', 0, 1, [NULL_POINTER, REGION.NONE]],
  ['a field of NULL', 40, 4, [NULL_POINTER, REGION.NONE]],
  ['nothing at NULL', 0, 0, 'ok'],
  ['nothing anywhere', 0x7fff_0000, 0, 'ok'],
  ['no area at all', 0x7000_0000, 4, [OUT_OF_BOUNDS, REGION.NONE]],
  ['private words', PRIV.R0 + 0x1_0000, 8, [OUT_OF_BOUNDS, REGION.NONE]],
  ['a size that wraps around', DATA, 0xffff_fff8, [OUT_OF_BOUNDS, REGION.PACKET]],
  ['a size that wraps around on the stack', STACK_BASE, -1, [OUT_OF_BOUNDS, REGION.STACK]],
  ['a negative address', -8, 8, [OUT_OF_BOUNDS, REGION.NONE]],
];

describe('areas', () => {
  for (const [what, address, size, read, write = read] of ROWS) {
    test(`${what}: ${size} bytes`, () => {
      for (const [check, expected, isWrite] of [
        [checkRead, read, false],
        [checkWrite, write, true],
      ] as const) {
        const { rc, faults } = world();
        expect(check(rc, address, size)).toBe(expected === 'ok');
        const fault = { address: address >>> 0, size: size >>> 0, write: isWrite };
        expect(faults).toEqual(expected === 'ok' ? [] : [{ ...fault, kind: expected[0], region: expected[1] }]);
      }
    });
  }
});

test('a syscall program may have helpers write its context', () => {
  const { rc, faults } = world();
  rc.progType = PROG_TYPE.SYSCALL;
  expect(checkWrite(rc, CTX_BASE, 24)).toBe(true);
  expect(faults).toEqual([]);
});

test('map values are bounded per element, whatever the padding between them', () => {
  const w = world();
  const array = w.make('ARRAY', { value_size: 5, max_entries: 3 }) as ArrayMap;
  w.mem.u32[KEY >> 2] = 1;
  const second = array.lookup(KEY);
  expect(checkWrite(w.rc, second, 5)).toBe(true);
  expect(checkWrite(w.rc, second + 4, 1)).toBe(true);
  expect(checkWrite(w.rc, second, 6)).toBe(false);
  expect(checkRead(w.rc, second + 5, 1)).toBe(false);
  expect(checkRead(w.rc, second + 8 + 8, 1)).toBe(false);
  expect(w.faults.map((f) => [f.kind, f.region])).toEqual(Array(3).fill([OUT_OF_BOUNDS, REGION.MAP_VALUE]));
  expect(w.mem.u32[PRIV.FAULT_MAP >> 2]).toBe(array.handle);
});

test('values of a read-only map can be read only', () => {
  const w = world();
  const array = w.make('ARRAY', { map_flags: MAP_FLAG.RDONLY_PROG }) as ArrayMap;
  w.mem.u32[KEY >> 2] = 0;
  const value = array.lookup(KEY);
  expect(checkRead(w.rc, value, 8)).toBe(true);
  expect(checkWrite(w.rc, value, 8)).toBe(false);
  expect(w.faults).toMatchObject([{ kind: FAULT.READ_ONLY, region: REGION.MAP_VALUE, write: true }]);
});
