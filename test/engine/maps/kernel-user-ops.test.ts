/** Random bpf(2) operations recorded on the real kernel, replayed on our maps: errno, values, order of keys, evicted elements. */
import { describe, expect, test } from 'bun:test';
import { PRIV } from '../../../engine/layout.ts';
import type { BpfMap } from '../../../engine/maps/map.ts';
import { MapTable } from '../../../engine/maps/map-table.ts';
import { QueueMap } from '../../../engine/maps/queue.ts';
import { WorldMemory } from '../../../engine/memory.ts';
import { bytesOf, hexOf, measuredMaps } from '../../support/map-world.ts';

/** What our map answers to a recorded line, written the way it was recorded. */
function answer(map: BpfMap, op: string[], recorded: string): string {
  const key = bytesOf(op[1]!);
  // The table has the errno where a lookup failed; ours has only null.
  const value = (bytes: Uint8Array | null) =>
    bytes !== null ? hexOf(bytes) : recorded.startsWith('-') ? recorded : 'null';
  switch (op[0]) {
    case 'U':
      return String(map.userUpdate(key, bytesOf(op[2]!), Number(op[3])));
    case 'D':
      return String(map.userDelete(key));
    case 'L':
      return value(map.userLookup(key));
    case 'P':
      return value(map instanceof QueueMap ? map.userPop() : null);
    default:
      return [...map.userKeys()].map(hexOf).join(',') || '-';
  }
}

function replay(mem: WorldMemory, map: BpfMap, ops: string[][], cpu = 0): string[] {
  const wrong: string[] = [];
  mem.u32[PRIV.CPU >> 2] = cpu;
  for (const [i, op] of ops.entries()) {
    if (op[0] === 'C') {
      mem.u32[PRIV.CPU >> 2] = Number(op[1]);
      continue;
    }
    const recorded = op.at(-1)!;
    const got = answer(map, op, recorded);
    if (got !== recorded) wrong.push(`${i}: ${op.join(' ')} gave ${got}`);
  }
  return wrong;
}

describe('as the kernel did', () => {
  const tables = measuredMaps(new URL('./kernel-user-ops.txt', import.meta.url));
  for (const { name, def, ops } of tables) {
    test(`${name}: ${ops.length} operations, again after reset and after a snapshot`, () => {
      const maps = new MapTable(new WorldMemory(), 2);
      const made = maps.create(def);
      if (!made.ok) throw new Error(made.error.message);
      const map = made.value;
      expect(ops.length).toBeGreaterThan(10);
      expect(replay(maps.mem, map, ops)).toEqual([]);
      maps.reset();
      expect(replay(maps.mem, map, ops)).toEqual([]);
      maps.reset();
      const half = ops.length >> 1;
      expect(replay(maps.mem, map, ops.slice(0, half))).toEqual([]);
      maps.snapshot();
      const cpu = maps.mem.u32[PRIV.CPU >> 2]!;
      const atSnapshot = [...map.entries()].map(({ key, value }) => `${hexOf(key)} ${hexOf(value)}`);
      for (let round = 0; round < 3; round++) {
        expect(replay(maps.mem, map, ops.slice(half), cpu)).toEqual([]);
        maps.reset();
        expect([...map.entries()].map(({ key, value }) => `${hexOf(key)} ${hexOf(value)}`)).toEqual(atSnapshot);
      }
    });
  }
});
