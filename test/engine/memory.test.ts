/** Memories that serve one world after the other: whatever the first did, the next finds zeros. */
import { expect, test } from 'bun:test';
import { ARENA_BASE, MAP_DESC_BASE, PACKET_BASE, REGION_TABLE } from '../../engine/layout.ts';
import { WorldMemory } from '../../engine/memory.ts';
import { loadFixture, run } from '../support/fixture-object.ts';

/** Addresses of bytes that are not zero where a new world counts on zeros. */
function strayBytes(mem: WorldMemory): number[] {
  const found: number[] = [];
  const look = (from: number, end: number) => {
    const bytes = mem.u8.subarray(from, end);
    const at = bytes.findIndex((byte) => byte !== 0);
    if (at >= 0) found.push(from + at);
  };
  look(0, REGION_TABLE);
  look(MAP_DESC_BASE, PACKET_BASE);
  look(ARENA_BASE, mem.u8.length);
  return found;
}

test.each([
  ['map-hash', {}],
  ['map-array', { cpus: 4 }],
  ['map-lpm', {}],
  ['map-in-map', {}],
  ['queue-stack', {}],
  ['ringbuf', {}],
  ['tail-calls', {}],
  ['perf-events', {}],
  ['globals', {}],
])('after programs of %s', (name, opts) => {
  const object = loadFixture(name, opts);
  for (const program of object.spec.programs) if (object.program(program.name).ok) run(object, program.name);
  const { wasm } = object.world.mem;
  object.release();
  const next = new WorldMemory();
  expect(next.wasm).toBe(wasm);
  expect(strayBytes(next)).toEqual([]);
  next.release();
});

test('a world in a used memory does what it does in a new one', () => {
  const seen = () => {
    const object = loadFixture('environment', { cpus: 4 });
    const result = run(object, 'ask_all', { env: { seed: 3 } });
    const maps = object.dumpMaps();
    object.release();
    return { ...result, duration_ns: 0, maps };
  };
  const first = seen();
  expect(seen()).toEqual(first);
});

test('what is left of the object that let go reaches nothing', () => {
  const mem = new WorldMemory();
  const { wasm } = mem;
  mem.release();
  mem.u8[ARENA_BASE] = 1;
  mem.release();
  const [one, other] = [new WorldMemory(), new WorldMemory()];
  expect(one.wasm).toBe(wasm);
  expect(one.u8[ARENA_BASE]).toBe(0);
  expect(other.wasm).not.toBe(wasm);
  one.release();
  other.release();
});

test('a large block is cleared where it says it was touched, a memory that grew large is not kept', () => {
  const mem = new WorldMemory();
  const { wasm } = mem;
  const large = mem.alloc(1 << 22, 64, () => [[at, at + 8]]);
  const at = large + 12_345;
  mem.u8.fill(7, at, at + 8);
  mem.release();
  const next = new WorldMemory();
  expect(next.wasm).toBe(wasm);
  expect(strayBytes(next)).toEqual([]);
  next.alloc(1 << 26, 64);
  next.release();
  expect(new WorldMemory().wasm).not.toBe(wasm);
});
