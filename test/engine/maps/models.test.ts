/** Maps against plain JavaScript models under seeded random operations, with snapshots and resets in between. */
import { describe, expect, test } from 'bun:test';
import type { BpfMap, MapDef } from '../../../engine/maps/map.ts';
import type { MapTypeName } from '../../../engine/uapi/map-types.ts';
import { hexOf, KEY, type MapWorld, mapWorld, seeded, VALUE } from '../../support/map-world.ts';

/** Keys and values as hex, in the order of insertion. */
type Model = Map<string, string>;

interface Family {
  readonly name: string;
  readonly type: MapTypeName;
  readonly shape: Partial<MapDef>;
  readonly keys: number;
  /** Model of an update: 0 or a negative errno. */
  update(model: Model, key: string, value: string, flags: number): number;
  remove(model: Model, key: string): number;
  /** Key whose value a lookup gives. */
  find?(model: Model, key: string): string | undefined;
}

function hashUpdate(max: number): Family['update'] {
  return (model, key, value, flags) => {
    if (flags > 2) return -22;
    if (model.has(key)) {
      if (flags === 1) return -17;
    } else {
      if (flags === 2) return -2;
      if (model.size >= max) return -7;
    }
    model.set(key, value);
    return 0;
  };
}

function hashRemove(model: Model, key: string): number {
  return model.delete(key) ? 0 : -2;
}

function hash(type: MapTypeName, key_size: number, value_size: number, max_entries: number, map_flags = 0): Family {
  const shape = { key_size, value_size, max_entries, map_flags };
  const name = `${type}, keys of ${key_size}, values of ${value_size}, ${max_entries} entries`;
  return { name, type, shape, keys: Math.ceil(max_entries * 1.3), update: hashUpdate(max_entries), remove: hashRemove };
}

const FAMILIES: readonly Family[] = [
  hash('HASH', 4, 8, 3000),
  hash('HASH', 8, 12, 700, 1),
  hash('HASH', 3, 1, 40),
  hash('HASH', 16, 300, 60),
  hash('HASH', 61, 5000, 5),
  // An LRU that never fills behaves as a hash.
  { ...hash('LRU_HASH', 4, 8, 4000), keys: 900 },
];

/** A key for a number: the number in the first bytes, spread over the rest. */
function keyBytes(size: number, n: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i < 2 ? n >>> (i * 8) : n * 31 * i));
}

function contents(map: BpfMap): string[] {
  return [...map.entries()].map(({ key, value }) => `${hexOf(key)}=${hexOf(value)}`).sort();
}

/** One random operation from the program's side or the user's, checked against the model. */
function step(world: MapWorld, map: BpfMap, family: Family, model: Model, random: (n: number) => number): void {
  const { mem } = world;
  const { key_size, value_size } = map.def;
  const key = keyBytes(key_size, random(family.keys));
  const value = new Uint8Array(value_size).fill(random(256));
  const hex = hexOf(key);
  const flags = [0, 0, 0, 0, 1, 2, 3][random(7)]!;
  mem.u8.set(key, KEY);
  mem.u8.set(value, VALUE);
  switch (random(8)) {
    case 0:
    case 1:
    case 2:
      expect(map.update(KEY, VALUE, flags)).toBe(family.update(model, hex, hexOf(value), flags));
      break;
    case 3:
      expect(map.userUpdate(key, value, flags)).toBe(family.update(model, hex, hexOf(value), flags));
      break;
    case 4:
      expect(map.delete(KEY)).toBe(family.remove(model, hex));
      break;
    case 5:
      expect(map.userDelete(key)).toBe(family.remove(model, hex));
      break;
    default: {
      const at = map.lookup(KEY);
      const found = model.get(hex);
      expect(at === 0 ? undefined : hexOf(mem.u8.slice(at, at + value_size))).toBe(found);
      // Writing through the pointer must be undone by a reset too.
      if (at !== 0) mem.u8.fill(value[0]!, at, at + value_size);
      if (found !== undefined) model.set(hex, hexOf(value));
    }
  }
}

describe('hash kinds', () => {
  for (const family of FAMILIES) {
    test(family.name, () => {
      const random = seeded(family.keys);
      const world = mapWorld();
      const map = world.make(family.type, family.shape);
      let model: Model = new Map();
      let saved: Model = new Map();
      for (let round = 0; round < 12; round++) {
        for (let i = 0; i < 700; i++) step(world, map, family, model, random);
        expect(contents(map)).toEqual([...model].map(([k, v]) => `${k}=${v}`).sort());
        if (random(3) === 0) {
          map.snapshot();
          saved = new Map(model);
        } else if (random(2) === 0) {
          map.reset();
          model = new Map(saved);
          expect(contents(map)).toEqual([...model].map(([k, v]) => `${k}=${v}`).sort());
        }
      }
      expect(model.size).toBeGreaterThan(2);
    });
  }
});

test('percpu hash: every CPU has its own value, zero where nobody wrote', () => {
  const world = mapWorld(3);
  for (const type of ['PERCPU_HASH', 'LRU_PERCPU_HASH'] as const) {
    const random = seeded(5);
    const map = world.make(type, { value_size: 5, max_entries: 200 });
    const model = new Map<number, number[]>();
    for (let i = 0; i < 3000; i++) {
      const n = random(50);
      const cpu = random(3);
      const byte = 1 + random(255);
      world.setCpu(cpu);
      world.mem.u32[KEY >> 2] = n;
      world.mem.u8.fill(byte, VALUE, VALUE + 5);
      if (random(4) === 0) {
        map.delete(KEY);
        model.delete(n);
      } else {
        expect(map.update(KEY, VALUE, 0)).toBe(0);
        const values = model.get(n) ?? [0, 0, 0];
        values[cpu] = byte;
        model.set(n, values);
      }
      const m = random(50);
      world.mem.u32[KEY >> 2] = m;
      const got = [0, 1, 2, 3].map((c) => map.lookupCpu(KEY, c)).map((at) => (at === 0 ? -1 : world.mem.u8[at]!));
      expect(got).toEqual(model.has(m) ? [...model.get(m)!, -1] : [-1, -1, -1, -1]);
    }
    for (const { key, value } of map.entries()) {
      const bytes = model.get(key[0]!)!.flatMap((b) => [b, b, b, b, b, 0, 0, 0]);
      expect([...value]).toEqual(bytes);
    }
    expect([...map.entries()].length).toBe(model.size);
  }
});

test('arrays: only what is not zero is shown, and large elements are undone whole', () => {
  for (const [value_size, max_entries, cpus] of [
    [4, 100_000, 1],
    [1, 9, 2],
    [5000, 70, 1],
    [24, 1, 3],
    [9000, 1, 1],
  ] as const) {
    for (const type of ['ARRAY', 'PERCPU_ARRAY'] as const) {
      const world = mapWorld(cpus);
      const map = world.make(type, { value_size, max_entries });
      const random = seeded(value_size);
      const last = value_size - 1;
      const model = new Map<number, number>();
      let saved = new Map<number, number>();
      const shown = () => [...map.entries()].map(({ key, value }) => [new Uint32Array(key.buffer)[0], value[last]]);
      const expected = (m: Map<number, number>) => [...m].filter(([, b]) => b !== 0).sort(([a], [b]) => a - b);
      for (let i = 0; i < 300; i++) {
        const index = random(max_entries);
        const byte = random(4);
        world.mem.u32[KEY >> 2] = index;
        world.mem.u8[map.lookup(KEY) + last] = byte;
        model.set(index, byte);
        if (random(60) === 0) {
          map.snapshot();
          saved = new Map(model);
        }
        if (random(40) === 0) {
          map.reset();
          model.clear();
          for (const [k, v] of saved) model.set(k, v);
          expect(shown()).toEqual(expected(model));
        }
      }
      expect(shown()).toEqual(expected(model));
    }
  }
});

test('LPM: the longest prefix wins, as a search of the list finds it', () => {
  for (const data of [1, 4, 6, 16]) {
    const world = mapWorld();
    const map = world.make('LPM_TRIE', { key_size: 4 + data, value_size: 4, max_entries: 400, map_flags: 1 });
    const random = seeded(data);
    const list = new Map<string, number>();
    let saved = new Map<string, number>();
    const bitsOf = (bytes: number[], length: number) =>
      bytes
        .map((b) => b.toString(2).padStart(8, '0'))
        .join('')
        .slice(0, length);
    for (let i = 0; i < 4000; i++) {
      const length = random(4) === 0 ? data * 8 : random(data * 8 + 1);
      const bytes = Array.from({ length: data }, () => [0, 0x80, 0xff, random(256)][random(4)]!);
      world.mem.u32[KEY >> 2] = length;
      world.mem.u8.set(bytes, KEY + 4);
      world.mem.u32[VALUE >> 2] = i;
      const prefix = bitsOf(bytes, length);
      if (random(3) === 0) {
        expect(map.delete(KEY)).toBe(list.delete(prefix) ? 0 : -2);
      } else if (random(2) === 0) {
        const full = list.size === 400 && !list.has(prefix);
        expect(map.update(KEY, VALUE, 0)).toBe(full ? -28 : 0);
        if (!full) list.set(prefix, i);
      } else {
        const best = [...list.keys()].filter((p) => prefix.startsWith(p)).sort((a, b) => b.length - a.length)[0];
        const at = map.lookup(KEY);
        expect(at === 0 ? undefined : world.mem.u32[at >> 2]).toBe(best === undefined ? undefined : list.get(best));
      }
      if (random(900) === 0) {
        map.snapshot();
        saved = new Map(list);
      }
      if (random(500) === 0) {
        map.reset();
        list.clear();
        for (const [k, v] of saved) list.set(k, v);
      }
    }
    expect([...map.entries()].length).toBe(list.size);
  }
});

test('queues and stacks give back what was pushed, first or last first, and BPF_EXIST pushes out the oldest', () => {
  for (const type of ['QUEUE', 'STACK'] as const) {
    const world = mapWorld();
    const map = world.make(type, { key_size: 0, value_size: 4, max_entries: 5 });
    const random = seeded(9);
    let list: number[] = [];
    let saved: number[] = [];
    for (let i = 1; i < 3000; i++) {
      world.mem.u32[VALUE >> 2] = i;
      const front = type === 'QUEUE' ? list[0] : list.at(-1);
      const act = random(4);
      if (act < 2) {
        const full = list.length === 5;
        expect(map.push(VALUE, act * 2)).toBe(full && act === 0 ? -7 : 0);
        if (full && act === 1) list.shift();
        if (!full || act === 1) list.push(i);
      } else {
        expect(act === 2 ? map.pop(VALUE) : map.peek(VALUE)).toBe(front === undefined ? -2 : 0);
        expect(world.mem.u32[VALUE >> 2]).toBe(front ?? 0);
        if (act === 2) type === 'QUEUE' ? list.shift() : list.pop();
      }
      if (random(200) === 0) {
        map.snapshot();
        saved = [...list];
      }
      if (random(100) === 0) {
        map.reset();
        list = [...saved];
      }
      const order = type === 'QUEUE' ? list : [...list].reverse();
      expect([...map.entries()].map(({ value }) => new Uint32Array(value.buffer)[0]!)).toEqual(order);
    }
  }
});

test('a reset costs what was touched: one write into a huge map is undone without reading the rest', () => {
  const world = mapWorld();
  const map = world.make('ARRAY', { value_size: 4, max_entries: 33_554_944 });
  const before = process.memoryUsage().rss;
  for (let i = 0; i < 200; i++) {
    world.mem.u32[KEY >> 2] = (i * 167_773) % 33_554_944;
    const at = map.lookup(KEY);
    expect(world.mem.u32[at >> 2]).toBe(0);
    world.mem.u32[at >> 2] = 7;
    if (i % 20 === 19) map.reset();
  }
  expect([...map.entries()]).toEqual([]);
  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
});
