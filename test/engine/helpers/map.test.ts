/** Map helpers against misuse that the verifier would refuse, and the details of for_each, spin locks and cgroup storage. */
import { expect, test } from 'bun:test';
import { checkRead, checkWrite } from '../../../engine/helpers/check-mem.ts';
import { FOR_EACH_HELPERS } from '../../../engine/helpers/for-each.ts';
import { MAP_HELPERS } from '../../../engine/helpers/map.ts';
import { SPIN_LOCK_HELPERS } from '../../../engine/helpers/spin-lock.ts';
import { FAULT, PRIV, REGION } from '../../../engine/layout.ts';
import type { MapDef } from '../../../engine/maps/map.ts';
import { MAP_FLAG, type MapTypeName } from '../../../engine/uapi/map-types.ts';
import { defOf, KEY, type MapWorld, mapWorld, u32Bytes, VALUE } from '../../support/map-world.ts';

const SHAPES: Readonly<Partial<Record<MapTypeName, Partial<MapDef>>>> = {
  LPM_TRIE: { key_size: 8, map_flags: MAP_FLAG.NO_PREALLOC },
  QUEUE: { key_size: 0 },
  STACK: { key_size: 0 },
  BLOOM_FILTER: { key_size: 0 },
  RINGBUF: { key_size: 0, value_size: 0, max_entries: 4096 },
  PROG_ARRAY: { value_size: 4 },
  PERF_EVENT_ARRAY: { value_size: 4 },
  ARRAY_OF_MAPS: { value_size: 4, inner: defOf('ARRAY') },
  HASH_OF_MAPS: { value_size: 4, inner: defOf('ARRAY') },
  DEVMAP: { value_size: 4 },
  DEVMAP_HASH: { value_size: 4 },
  CPUMAP: { value_size: 4 },
  XSKMAP: { value_size: 4 },
  STACK_TRACE: {},
  CGROUP_STORAGE: { key_size: 16, max_entries: 0 },
  PERCPU_CGROUP_STORAGE: { key_size: 16, max_entries: 0 },
};

const KEYED = ['map_lookup_elem', 'map_update_elem', 'map_delete_elem'];
const LOOKUP = ['map_lookup_elem'];
const ENDS = ['map_push_elem', 'map_pop_elem', 'map_peek_elem'];
const WALK = 'for_each_map_elem';
const PERCPU = 'map_lookup_percpu_elem';

/** Which helpers a kind takes (check_map_func_compatibility); the rest must fault. */
const TAKES: Readonly<Partial<Record<MapTypeName, readonly string[]>>> = {
  ARRAY: [...KEYED, WALK],
  PERCPU_ARRAY: [...KEYED, WALK, PERCPU],
  HASH: [...KEYED, WALK],
  PERCPU_HASH: [...KEYED, WALK, PERCPU],
  LRU_HASH: [...KEYED, WALK],
  LRU_PERCPU_HASH: [...KEYED, WALK, PERCPU],
  LPM_TRIE: KEYED,
  QUEUE: ENDS,
  STACK: ENDS,
  BLOOM_FILTER: ['map_push_elem', 'map_peek_elem'],
  RINGBUF: [],
  PROG_ARRAY: [],
  PERF_EVENT_ARRAY: [],
  ARRAY_OF_MAPS: LOOKUP,
  HASH_OF_MAPS: LOOKUP,
  DEVMAP: LOOKUP,
  DEVMAP_HASH: LOOKUP,
  CPUMAP: [],
  XSKMAP: LOOKUP,
  STACK_TRACE: [],
  CGROUP_STORAGE: ['get_local_storage'],
  PERCPU_CGROUP_STORAGE: ['get_local_storage'],
};

/** Arguments after the map that are fine for every kind. */
const ARGS: Readonly<Record<string, readonly number[]>> = {
  map_lookup_elem: [KEY],
  map_lookup_percpu_elem: [KEY, 0],
  map_update_elem: [KEY, VALUE, 0, 0],
  map_delete_elem: [KEY],
  map_push_elem: [VALUE, 0, 0],
  map_pop_elem: [VALUE],
  map_peek_elem: [VALUE],
  for_each_map_elem: [1, 0, 0, 0],
  get_local_storage: [0, 0],
};

const ALL = { ...MAP_HELPERS, ...FOR_EACH_HELPERS };

test('a helper faults on exactly the kinds that the kernel refuses it for', () => {
  for (const [type, takes] of Object.entries(TAKES) as [MapTypeName, readonly string[]][]) {
    const world = mapWorld(2);
    const map = world.make(type, SHAPES[type] ?? {});
    const h = world.helpers(ALL);
    const fine = Object.keys(ALL).filter((name) => {
      const before = world.faults.length;
      h[name]!(map.handle, ...ARGS[name]!);
      return world.faults.length === before;
    });
    expect([type, ...fine.sort()]).toEqual([type, ...[...takes].sort()]);
    expect(new Set(world.faults.map((f) => f.kind))).toEqual(new Set([FAULT.BAD_ARGUMENT]));
  }
});

test('what is no map is a fault in every helper', () => {
  const world = mapWorld();
  const h = world.helpers(ALL);
  const real = world.make('HASH').handle;
  for (const name of Object.keys(ALL)) {
    for (const handle of [0, 1, KEY, real + 8, real + 64, -1]) expect(h[name]!(handle, ...ARGS[name]!)).toBe(0);
  }
  expect(world.faults.length).toBe(Object.keys(ALL).length * 6);
});

test('keys and values must be memory of the program, whole', () => {
  const world = mapWorld();
  const h = world.helpers(ALL);
  const map = world.make('HASH', { key_size: 16, value_size: 32 });
  const end = 0x5_0000;
  h.map_lookup_elem!(map.handle, end - 15);
  h.map_update_elem!(map.handle, KEY, end - 31, 0, 0);
  h.map_update_elem!(map.handle, 0, VALUE, 0, 0);
  h.map_delete_elem!(map.handle, 8);
  expect(world.faults.map((f) => [f.kind, f.size])).toEqual([
    [FAULT.OUT_OF_BOUNDS, 16],
    [FAULT.OUT_OF_BOUNDS, 32],
    [FAULT.NULL_POINTER, 16],
    [FAULT.NULL_POINTER, 16],
  ]);
  expect(h.map_update_elem!(map.handle, end - 16, end - 32, 0, 0)).toBe(0);
});

test('a read-only map takes lookups and nothing else', () => {
  const world = mapWorld();
  const h = world.helpers(ALL);
  const map = world.make('ARRAY', { map_flags: MAP_FLAG.RDONLY_PROG });
  expect(h.map_lookup_elem!(map.handle, KEY)).not.toBe(0);
  h.map_update_elem!(map.handle, KEY, VALUE, 0, 0);
  h.map_delete_elem!(map.handle, KEY);
  const queue = world.make('QUEUE', { key_size: 0, map_flags: MAP_FLAG.RDONLY_PROG });
  h.map_push_elem!(queue.handle, VALUE, 0, 0);
  h.map_pop_elem!(queue.handle, VALUE);
  expect(world.faults.map((f) => f.kind)).toEqual(Array(4).fill(FAULT.BAD_ARGUMENT));
  expect(map.userUpdate(u32Bytes(0), new Uint8Array(8).fill(1), 0)).toBe(0);
});

test('lookup in a map of maps gives the inner map’s handle', () => {
  const world = mapWorld();
  const h = world.helpers(ALL);
  const inner = world.make('ARRAY', { name: 'inner' });
  for (const type of ['ARRAY_OF_MAPS', 'HASH_OF_MAPS'] as const) {
    const outer = world.make(type, { value_size: 4, inner: inner.def });
    world.mem.u32[KEY >> 2] = 3;
    expect(h.map_lookup_elem!(outer.handle, KEY)).toBe(0);
    expect(outer.userUpdate(u32Bytes(3), u32Bytes(inner.id), 0)).toBe(0);
    expect(h.map_lookup_elem!(outer.handle, KEY)).toBe(inner.handle);
    expect([...outer.entries()]).toEqual([{ key: u32Bytes(3), value: u32Bytes(inner.id) }]);
  }
});

test('a walk lends the callback keys it may read but not write, also when walks nest', () => {
  const seen: string[] = [];
  const world: MapWorld = mapWorld(1, (index, handle, key, value, context) => {
    expect([checkRead(world.rc, key, 4), checkWrite(world.rc, value, 8)]).toEqual([true, true]);
    const number = world.mem.u32[key >> 2]!;
    if (index === 1) h.for_each_map_elem!(handle, 2, context, 0, 0);
    seen.push(`${index}:${number}`);
    expect(world.mem.u32[key >> 2]).toBe(number);
    if (index === 2 && number === 1) return 1;
    expect(checkWrite(world.rc, key, 1)).toBe(false);
    return 0;
  });
  const h = world.helpers(ALL);
  const array = world.make('ARRAY', { max_entries: 3 });
  expect(h.for_each_map_elem!(array.handle, 1, 0x77, 0, 0)).toBe(3);
  expect(seen.join(' ')).toBe('2:0 2:1 1:0 2:0 2:1 1:1 2:0 2:1 1:2');
  expect(new Set(world.faults.map((f) => f.kind))).toEqual(new Set([FAULT.READ_ONLY]));
});

test('a trap inside a callback leaves the map walkable', () => {
  let trap = true;
  const world = mapWorld(1, () => {
    if (trap) throw new Error('unreachable');
    return 0;
  });
  const h = world.helpers(ALL);
  for (const type of ['ARRAY', 'HASH'] as const) {
    const map = world.make(type, { max_entries: 3 });
    for (let i = 0; i < 3; i++) map.userUpdate(u32Bytes(i), new Uint8Array(8), 0);
    trap = true;
    for (let i = 0; i < 20; i++) expect(() => h.for_each_map_elem!(map.handle, 1, 0, 0, 0)).toThrow('unreachable');
    trap = false;
    expect(h.for_each_map_elem!(map.handle, 1, 0, 0, 0)).toBe(3);
  }
});

test('elements removed, replaced and added while a hash is walked', () => {
  const visited: number[] = [];
  const world: MapWorld = mapWorld(1, (_index, handle, key) => {
    const number = world.mem.u32[key >> 2]!;
    visited.push(number);
    const act = (helper: string, k: number, ...rest: number[]) => {
      world.mem.u32[KEY >> 2] = k;
      return h[helper]!(handle, KEY, ...rest);
    };
    if (number === 0) for (const k of [0, 1, 3]) act('map_delete_elem', k);
    if (number === 2) for (const k of [2, 4, 5]) act('map_update_elem', k, VALUE, 0, 0);
    if (number === 5) act('map_update_elem', 9, VALUE, 0, 0);
    return 0;
  });
  const h = world.helpers(ALL);
  const map = world.make('HASH', { max_entries: 10 });
  for (let i = 0; i < 6; i++) map.userUpdate(u32Bytes(i), new Uint8Array(8), 0);
  expect(h.for_each_map_elem!(map.handle, 1, 0, 0, 0)).toBe(4);
  expect(visited).toEqual([0, 2, 4, 5]);
  expect([...map.userKeys()].map((k) => k[0])).toEqual([2, 4, 5, 9]);
});

const LOCKED: Partial<MapDef> = { value_size: 16, special: [{ kind: 'spin_lock', offset: 4, size: 4 }] };

test('a spin lock is held by one, given back by its holder, and only where the value has one', () => {
  const world = mapWorld();
  const h = world.helpers({ ...ALL, ...SPIN_LOCK_HELPERS });
  const map = world.make('HASH', LOCKED);
  h.map_update_elem!(map.handle, KEY, VALUE, 0, 0);
  const lock = h.map_lookup_elem!(map.handle, KEY) + 4;
  h.spin_lock!(lock);
  expect(world.mem.u32[PRIV.SPIN_LOCK >> 2]).toBe(lock);
  expect(world.maps.leak()).toBe('bpf_spin_lock is still held at exit');
  h.spin_unlock!(lock);
  expect([world.maps.leak(), world.faults]).toEqual([null, []]);
  h.spin_unlock!(lock);
  for (const at of [lock - 4, lock + 4, KEY, 0]) h.spin_lock!(at);
  h.spin_lock!(lock);
  h.spin_lock!(lock);
  h.spin_unlock!(lock + 4);
  const { LOCK, BAD_ARGUMENT } = FAULT;
  expect(world.faults.map((f) => f.kind)).toEqual([LOCK, ...Array(4).fill(BAD_ARGUMENT), LOCK, LOCK]);
  expect(world.faults[0]!.region).toBe(REGION.MAP_VALUE);
  world.maps.abandon();
  expect(world.maps.leak()).toBeNull();
});

test('a value’s lock is never copied, and BPF_F_LOCK needs one', () => {
  const world = mapWorld();
  const h = world.helpers(ALL);
  const ones = new Uint8Array(16).fill(0xff);
  const masked = new Uint8Array(16).fill(0xff);
  masked.fill(0, 4, 8);
  for (const type of ['ARRAY', 'HASH'] as const) {
    const map = world.make(type, LOCKED);
    world.mem.u8.set(ones, VALUE);
    world.mem.u32[KEY >> 2] = 2;
    expect(h.map_update_elem!(map.handle, KEY, VALUE, 0, 0)).toBe(0);
    expect(map.userLookup(u32Bytes(2))).toEqual(masked);
    expect(map.userUpdate(u32Bytes(2), ones, 4)).toBe(0);
    const before = h.map_lookup_elem!(map.handle, KEY);
    expect(h.map_update_elem!(map.handle, KEY, VALUE, 4, 0)).toBe(0);
    expect(h.map_lookup_elem!(map.handle, KEY)).toBe(before);
    expect(world.mem.u8.slice(before, before + 16)).toEqual(masked);
    const plain = world.make(type, { value_size: 16 });
    expect(h.map_update_elem!(plain.handle, KEY, VALUE, 4, 0)).toBe(-22);
  }
});

test('cgroup storage is fresh for every call and kept within one', () => {
  const world = mapWorld(2);
  const h = world.helpers(ALL);
  const shape = { key_size: 16, max_entries: 0 };
  const shared = world.make('CGROUP_STORAGE', shape);
  const percpu = world.make('PERCPU_CGROUP_STORAGE', shape);
  for (let call = 0; call < 3; call++) {
    world.maps.beginCall();
    for (let repeat = 0; repeat < 5; repeat++) {
      world.setCpu(repeat & 1);
      const a = h.get_local_storage!(shared.handle, 0, 0);
      const b = h.get_local_storage!(percpu.handle, 0, 0);
      expect([checkWrite(world.rc, a, 8), checkWrite(world.rc, b, 8)]).toEqual([true, true]);
      expect([world.mem.u32[a >> 2]!++, world.mem.u32[b >> 2]!++]).toEqual([repeat, repeat >> 1]);
    }
    expect([...shared.entries(), ...percpu.entries()]).toEqual([]);
  }
});
