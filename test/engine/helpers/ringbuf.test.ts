/** Ring buffers: helper calls recorded on the real kernel, records as regions, misuse. */
import { expect, test } from 'bun:test';
import { checkRead, checkWrite } from '../../../engine/helpers/check-mem.ts';
import { RINGBUF_HELPERS } from '../../../engine/helpers/ringbuf.ts';
import { FAULT, PRIV, REGION } from '../../../engine/layout.ts';
import type { RingbufMap } from '../../../engine/maps/ringbuf.ts';
import { type MapWorld, mapWorld, readTable } from '../../support/map-world.ts';

function ringWorld(max_entries = 8192) {
  const world = mapWorld();
  const ring = world.make('RINGBUF', { key_size: 0, value_size: 0, max_entries }) as RingbufMap;
  return { world, ring, h: world.helpers(RINGBUF_HELPERS) };
}

type Helpers = ReturnType<typeof ringWorld>['h'];

/** The recording program's calls; gives what it noted. */
function play({ mem }: MapWorld, h: Helpers, ring: RingbufMap, [op, ...args]: string[]): string {
  const [a, b, c] = args.map(Number) as [number, number, number];
  const split = (flags: number): [number, number] => [flags % 2 ** 32, Math.floor(flags / 2 ** 32)];
  if (op === 'drain')
    return (
      ring
        .drain()
        .map((r) => `${r.length}:${r[0] ?? 0}:${r.at(-1) ?? 0}`)
        .join(',') || '-'
    );
  if (op === 'query') {
    h.ringbuf_query!(ring.handle, ...split(a));
    return String(mem.dv.getBigUint64(PRIV.R0, true));
  }
  if (op === 'output') {
    const at = 0x4_4000;
    mem.u8.fill(0, at, at + 8192);
    mem.u8[at] = b;
    if (a > 0) mem.u8[at + a - 1] = b;
    return String(h.ringbuf_output!(ring.handle, at, a, ...split(c)));
  }
  return op === 'two' ? two(mem.u8, h, ring, a, b) : reserve(mem.u8, h, ring, op!, a, b, split(c));
}

function reserve(
  u8: Uint8Array,
  h: Helpers,
  ring: RingbufMap,
  op: string,
  size: number,
  fill: number,
  flags: [number, number],
): string {
  const record = h.ringbuf_reserve!(ring.handle, size, 0, ...flags);
  if (record === 0) return '0';
  u8[record] = fill;
  u8[record + size - 1] = fill;
  h[`ringbuf_${op}`]!(record, 0, 0);
  return '1';
}

function two(u8: Uint8Array, h: Helpers, ring: RingbufMap, mode: number, fill: number): string {
  const first = h.ringbuf_reserve!(ring.handle, 24, 0, 0, 0);
  if (first === 0) return '0';
  const second = h.ringbuf_reserve!(ring.handle, 40, 0, 0, 0);
  if (second === 0) {
    h.ringbuf_discard!(first, 0, 0);
    return '1';
  }
  for (const [at, size, byte] of [
    [first, 24, fill],
    [second, 40, fill + 1],
  ] as const) {
    u8[at] = byte;
    u8[at + size - 1] = size === 24 ? 1 : 2;
  }
  h[(mode & 1) !== 0 ? 'ringbuf_discard' : 'ringbuf_submit']!(second, 0, 0);
  h[(mode & 2) !== 0 ? 'ringbuf_discard' : 'ringbuf_submit']!(first, 0, 0);
  return '2';
}

test('1,300 recorded calls and reads give what the kernel gave', () => {
  const { world, ring, h } = ringWorld();
  const lines = readTable(new URL('./kernel-ringbuf-ops.txt', import.meta.url));
  expect(lines.length).toBeGreaterThan(1000);
  const wrong = lines.flatMap((line, i) => {
    const got = play(world, h, ring, line.slice(0, -1));
    return got === line.at(-1) ? [] : [`${i}: ${line.join(' ')} gave ${got}`];
  });
  expect(wrong).toEqual([]);
  expect(world.faults).toEqual([]);
});

test('a held record can be written up to its size, and not at all once submitted', () => {
  const { world, ring, h } = ringWorld();
  const record = h.ringbuf_reserve!(ring.handle, 20, 0, 0, 0);
  expect(checkWrite(world.rc, record, 20)).toBe(true);
  expect(checkWrite(world.rc, record, 21)).toBe(false);
  expect(checkRead(world.rc, record - 8, 8)).toBe(false);
  const other = h.ringbuf_reserve!(ring.handle, 8, 0, 0, 0);
  h.ringbuf_submit!(record, 0, 0);
  expect(checkRead(world.rc, record, 1)).toBe(false);
  expect(checkWrite(world.rc, other, 8)).toBe(true);
  h.ringbuf_discard!(other, 0, 0);
  expect(checkWrite(world.rc, other, 1)).toBe(false);
  expect(world.faults.map((f) => f.kind)).toEqual(Array(4).fill(FAULT.OUT_OF_BOUNDS));
  expect(world.faults[0]).toMatchObject({ address: record, size: 21, write: true, region: REGION.RINGBUF });
});

test('submitting what is not held is a fault', () => {
  const { world, ring, h } = ringWorld();
  const record = h.ringbuf_reserve!(ring.handle, 8, 0, 0, 0);
  for (const at of [0, record + 4, record - 8, 0x4_8000, -1]) h.ringbuf_submit!(at, 0, 0);
  h.ringbuf_submit!(record, 0, 0);
  h.ringbuf_submit!(record, 0, 0);
  expect(world.faults.map((f) => f.kind)).toEqual(Array(6).fill(FAULT.BAD_ARGUMENT));
  expect(ring.drain().length).toBe(1);
});

test('a leaked record is told, and abandoning it frees the ring', () => {
  const { world, ring, h } = ringWorld(4096);
  expect(world.maps.leak()).toBeNull();
  h.ringbuf_reserve!(ring.handle, 2000, 0, 0, 0);
  expect(world.maps.leak()).toBe('1 record(s) of ring buffer m neither submitted nor discarded at exit');
  h.ringbuf_output!(ring.handle, 0x4_8000, 8, 0, 0);
  expect(ring.drain()).toEqual([]);
  world.maps.abandon();
  expect(world.maps.leak()).toBeNull();
  expect(ring.drain().length).toBe(1);
  for (let i = 0; i < 100; i++) {
    const record = h.ringbuf_reserve!(ring.handle, 3000, 0, 0, 0);
    expect(record).not.toBe(0);
    world.mem.u8.fill(i, record, record + 3000);
    h.ringbuf_submit!(record, 0, 0);
    expect(world.maps.drainRecords()).toEqual([{ map: 'm', data: new Uint8Array(3000).fill(i) }]);
  }
});

test('bad pointers and maps of other kinds are faults', () => {
  const { world, ring, h } = ringWorld();
  const array = world.make('ARRAY');
  h.ringbuf_output!(ring.handle, 0, 8, 0, 0);
  h.ringbuf_output!(ring.handle, 0x4_fffc, 8, 0, 0);
  h.ringbuf_reserve!(array.handle, 8, 0, 0, 0);
  h.ringbuf_query!(3, 0, 0);
  expect(world.faults.map((f) => f.kind)).toEqual([
    FAULT.NULL_POINTER,
    FAULT.OUT_OF_BOUNDS,
    FAULT.BAD_ARGUMENT,
    FAULT.BAD_ARGUMENT,
  ]);
  expect(h.ringbuf_reserve!(ring.handle, 8, 1, 0, 0)).toBe(0);
});
