/** Dynptr helpers: the results a program measured on the real kernel, and forged dynptrs. */
import { expect, test } from 'bun:test';
import { DYNPTR_HELPERS } from '../../../engine/helpers/dynptr.ts';
import { FAULT, REGION } from '../../../engine/layout.ts';
import type { RingbufMap } from '../../../engine/maps/ringbuf.ts';
import { KEY, mapWorld } from '../../support/map-world.ts';

const TMP = 0x4_8100;
const POINTER = 0x4_8200;

function dynptrWorld() {
  const world = mapWorld();
  const ring = world.make('RINGBUF', { key_size: 0, value_size: 0, max_entries: 4096 }) as RingbufMap;
  const value = world.make('ARRAY', { value_size: 64, max_entries: 1 }).lookup(KEY);
  return { world, ring, value, h: world.helpers(DYNPTR_HELPERS) };
}

/** The calls of a program on Linux 6.18.44, and what they returned there (for dynptr_data: whether it was an address). */
test('each call returns what it returned on the kernel', () => {
  const { world, ring, value, h } = dynptrWorld();
  const from = (flags: number) => h.dynptr_from_mem!(value, 64, flags, 0, POINTER);
  const write = (offset: number, flags = 0) => h.dynptr_write!(POINTER, offset, TMP, 4, flags, 0);
  const read = (size: number, offset: number, flags = 0) => h.dynptr_read!(TMP, size, POINTER, offset, flags, 0);
  const data = (offset: number, size: number) => (h.dynptr_data!(POINTER, offset, size) === 0 ? 0 : 1);
  const reserve = (size: number, flags = 0) => h.ringbuf_reserve_dynptr!(ring.handle, size, flags, 0, POINTER);
  const submit = () => h.ringbuf_submit_dynptr!(POINTER, 0, 0);
  expect([from(1), read(4, 0), write(0), data(0, 4)]).toEqual([-22, -22, -22, 0]);
  expect([from(0), write(60), write(61), write(0, 1), write(0xffff_ffff)]).toEqual([0, 0, -7, -22, -7]);
  expect([read(16, 48), read(16, 49), read(16, 0, 2), read(0, 64), read(0, 65)]).toEqual([0, -7, -22, 0, -7]);
  expect([data(32, 32), data(33, 32)]).toEqual([1, 0]);
  expect([reserve(100, 1), submit(), reserve(5000), submit(), reserve(1 << 24), submit()]).toEqual([
    -22, 0, -22, 0, -7, 0,
  ]);
  expect([reserve(100), write(96), write(97)]).toEqual([0, 0, -7]);
  submit();
  expect(ring.query(0)).toBe(112);
  expect(world.faults).toEqual([]);
});

test('bytes go through, and end with the record', () => {
  const { world, ring, h } = dynptrWorld();
  world.mem.u8.set([1, 2, 3, 4], TMP);
  h.ringbuf_reserve_dynptr!(ring.handle, 8, 0, 0, POINTER);
  h.dynptr_write!(POINTER, 2, TMP, 4, 0, 0);
  h.dynptr_read!(TMP + 8, 8, POINTER, 0, 0, 0);
  expect([...world.mem.u8.slice(TMP + 10, TMP + 14)]).toEqual([1, 2, 3, 4]);
  const at = h.dynptr_data!(POINTER, 0, 8);
  world.mem.u8[at] = 9;
  h.ringbuf_submit_dynptr!(POINTER, 0, 0);
  expect(h.dynptr_write!(POINTER, 0, TMP, 4, 0, 0)).toBe(-22);
  expect(ring.drain().map((r) => [...r.subarray(0, 6)])).toEqual([[9, 0, 1, 2, 3, 4]]);
  h.ringbuf_reserve_dynptr!(ring.handle, 8, 0, 0, POINTER);
  h.ringbuf_discard_dynptr!(POINTER, 0, 0);
  expect([ring.drain(), ring.heldRecords, world.faults]).toEqual([[], 0, []]);
});

test('a forged dynptr reaches nothing that the program could not reach anyway', () => {
  const { world, value, h } = dynptrWorld();
  const forge = (address: number, size: number, kind: number) => {
    world.mem.u32.set([address, 0, size | (kind << 28), 0], POINTER >> 2);
  };
  for (const address of [0x8_0000, 0x10_0040, value - 64, value + 60]) {
    forge(address, 0xff_ffff, 1);
    expect(h.dynptr_read!(TMP, 8, POINTER, 0, 0, 0)).toBe(0);
    expect(h.dynptr_write!(POINTER, 0, TMP, 8, 0, 0)).toBe(0);
    expect(h.dynptr_data!(POINTER, 0, 8)).toBe(0);
  }
  expect(world.faults.map((f) => f.kind)).toEqual(Array(12).fill(FAULT.OUT_OF_BOUNDS));
  forge(value, 64, 1);
  h.ringbuf_submit_dynptr!(POINTER, 0, 0);
  forge(value, 64, 2);
  h.ringbuf_submit_dynptr!(POINTER, 0, 0);
  expect(world.faults.slice(12)).toMatchObject(Array(2).fill({ kind: FAULT.BAD_ARGUMENT, region: REGION.RINGBUF }));
});
