/** Maps of maps, devices, CPUs, programs and storage: bpf(2) operations recorded on the real kernel, replayed on our maps. */
import { describe, expect, test } from 'bun:test';
import type { BpfMap, MapDef } from '../../../engine/maps/map.ts';
import { bytesOf, defOf, hexOf, type MeasuredMap, mapWorld, measuredMaps, u32Bytes } from '../../support/map-world.ts';

/** Shapes of inner maps that the recording gave its outer maps; plain arrays otherwise. */
const INNER: Readonly<Record<string, MapDef>> = {
  'array of sized hashes': defOf('HASH', { max_entries: 4 }),
  'hash of resizable arrays': defOf('ARRAY', { max_entries: 4, map_flags: 1 << 12 }),
};
const NO_SUCH_ID = 0x7fff;

interface Setup {
  readonly map: BpfMap;
  readonly reset: () => void;
  /** Ids of the objects that words of the table stand for. */
  readonly ids: ReadonlyMap<string, number>;
}

function setUp({ name, def }: MeasuredMap): Setup {
  const world = mapWorld(2);
  world.maps.hasDevice = (ifindex) => ifindex === 1;
  const shape = INNER[name] ?? defOf('ARRAY', { max_entries: 4 });
  const ids = new Map<string, number>([['none', NO_SUCH_ID]]);
  for (const word of ['same1', 'same2']) ids.set(word, id(world.maps.create(shape)));
  ids.set('other', id(world.maps.create(defOf('ARRAY', { max_entries: 5 }))));
  ids.set('flag', id(world.maps.create(defOf('HASH', { max_entries: 4, map_flags: 1 }))));
  const made = world.maps.create({ ...def, inner: shape });
  if (!made.ok) throw new Error(made.error.message);
  return { map: made.value, ids, reset: () => world.maps.reset() };
}

function id(made: ReturnType<ReturnType<typeof mapWorld>['maps']['create']>): number {
  if (!made.ok) throw new Error(made.error.message);
  return made.value.id;
}

function answer({ map, ids }: Setup, [op, key, ...rest]: string[], recorded: string): string {
  if (op === 'D') return String(map.userDelete(bytesOf(key!)));
  if (op === 'U') {
    const object = ids.get(rest[0]!);
    const value = object === undefined ? bytesOf(rest[0]!) : u32Bytes(object);
    return String(map.userUpdate(bytesOf(key!), value, Number(rest[1])));
  }
  const value = map.userLookup(bytesOf(key!));
  if (value === null) return recorded.startsWith('-') ? recorded : 'null';
  const word = [...ids].find(([, number]) => hexOf(u32Bytes(number)) === hexOf(value))?.[0];
  return map.def.inner !== null && word !== undefined && !/^[0-9a-f]+$/.test(recorded) ? word : hexOf(value);
}

describe('as the kernel did', () => {
  for (const measured of measuredMaps(new URL('./kernel-special-ops.txt', import.meta.url))) {
    test(`${measured.name}: ${measured.ops.length} operations, twice`, () => {
      const setup = setUp(measured);
      for (let round = 0; round < 2; round++) {
        const wrong = measured.ops.flatMap((op, i) => {
          const got = answer(setup, op, op.at(-1)!);
          return got === op.at(-1) ? [] : [`${i}: ${op.join(' ')} gave ${got}`];
        });
        expect(wrong).toEqual([]);
        setup.reset();
        expect([...setup.map.entries()]).toEqual([]);
      }
    });
  }
});
