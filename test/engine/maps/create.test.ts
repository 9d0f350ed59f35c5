/** BPF_MAP_CREATE: the kernel's answers, row by row, and the refusals that are our own. */
import { expect, test } from 'bun:test';
import { createMap } from '../../../engine/maps/create.ts';
import { settleSizes } from '../../../engine/maps/map-table.ts';
import { MAP_TYPE } from '../../../engine/uapi/map-types.ts';
import { defOf, mapWorld, readTable } from '../../support/map-world.ts';

const ROWS = readTable(new URL('./kernel-create.txt', import.meta.url)).map((row) => row.map(Number));

test('every measured BPF_MAP_CREATE gives the kernel’s errno', () => {
  expect(ROWS.length).toBeGreaterThan(1000);
  let world = mapWorld(2);
  const wrong: string[] = [];
  for (const [type, key_size, value_size, max_entries, map_flags, extra, errno] of ROWS as Required<number[]>[]) {
    if (world.mem.free < 3 * 2 ** 30) world = mapWorld(2);
    const inner = type === MAP_TYPE.ARRAY_OF_MAPS || type === MAP_TYPE.HASH_OF_MAPS ? defOf('ARRAY') : null;
    const sizes = { key_size: key_size!, value_size: value_size!, max_entries: max_entries! };
    const def = { name: 'm', type: type!, ...sizes, map_flags: map_flags!, map_extra: BigInt(extra!), inner };
    const made = createMap(world.maps, def, 1);
    const got = made.ok ? 0 : -made.error.errno;
    if (got !== errno)
      wrong.push(`${JSON.stringify(def, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}: ${got}, not ${errno}`);
    for (const base of regionBases(world)) world.mem.removeRegion(base);
  }
  expect(wrong).toEqual([]);
});

function regionBases(world: ReturnType<typeof mapWorld>): number[] {
  const bases: number[] = [];
  for (let region = world.mem.regionAtOrBelow(2 ** 32); region !== undefined; ) {
    bases.push(region.base);
    region = world.mem.regionAtOrBelow(region.base - 1);
  }
  return bases;
}

test('a kind the engine lacks is refused by name', () => {
  const { maps } = mapWorld();
  for (const type of ['REUSEPORT_SOCKARRAY', 'TASK_STORAGE', 'ARENA', 'STRUCT_OPS', 'USER_RINGBUF'] as const) {
    const made = maps.create(defOf(type, { name: 'foo' }));
    expect(made).toMatchObject({
      ok: false,
      error: { stage: 'unsupported', message: `map foo: unsupported map type ${type}` },
    });
  }
  expect(maps.create({ ...defOf('ARRAY'), type: 77 })).toMatchObject({
    error: { message: 'map m: unsupported map type 77' },
  });
});

test('a refusal says what the map needs', () => {
  const { maps } = mapWorld();
  const message = (def: Parameters<typeof maps.create>[0]) => {
    const made = maps.create(def);
    return made.ok ? '' : made.error.message;
  };
  expect(message(defOf('LPM_TRIE', { key_size: 8 }))).toBe('map m: LPM_TRIE needs BPF_F_NO_PREALLOC (EINVAL)');
  expect(message(defOf('ARRAY', { key_size: 8 }))).toBe('map m: ARRAY needs key_size 4 (EINVAL)');
  expect(message(defOf('LRU_HASH', { map_flags: 1 }))).toContain('(ENOTSUPP)');
  expect(message(defOf('ARRAY_OF_MAPS', { value_size: 4, inner: defOf('PROG_ARRAY') }))).toBe(
    'map m: inner maps cannot be PROG_ARRAY (ENOTSUPP)',
  );
  expect(message(defOf('HASH_OF_MAPS', { value_size: 4, inner: defOf('ARRAY_OF_MAPS') }))).toContain('(EINVAL)');
  expect(message(defOf('HASH_OF_MAPS', { value_size: 4 }))).toBe('map m: no inner map given (EBADF)');
});

test('maps that do not fit the world say so and leave room for others', () => {
  const { maps, mem } = mapWorld();
  const made = maps.create(defOf('ARRAY', { max_entries: 0x3000_0000, name: 'huge' }));
  expect(made.ok ? '' : made.error.message).toMatch(
    /^map huge: 805306368 entries of 4 \+ 8 bytes do not fit: \d+ MiB are left/,
  );
  expect(made).toMatchObject({ error: { stage: 'load', errno: 12 } });
  expect(mem.free).toBeGreaterThan(4_000_000_000);
  expect(maps.create(defOf('ARRAY')).ok).toBe(true);
});

test('two load balancer rings of 33,554,944 u32 fit and cost nothing until touched', () => {
  const { maps } = mapWorld();
  const before = process.memoryUsage().rss;
  for (const name of ['ring', 'other']) {
    const made = maps.create(defOf('ARRAY', { name, value_size: 4, max_entries: 33_554_944 }));
    if (!made.ok) throw new Error(made.error.message);
    made.value.snapshot();
    made.value.reset();
    expect([...made.value.entries()]).toEqual([]);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(64 << 20);
});

test('libbpf’s sizes are settled before the kernel’s rules', () => {
  expect(settleSizes(defOf('PERF_EVENT_ARRAY', { max_entries: 0 }), 3).max_entries).toBe(3);
  expect(settleSizes(defOf('RINGBUF', { max_entries: 1 }), 1).max_entries).toBe(4096);
  expect(settleSizes(defOf('RINGBUF', { max_entries: 12_000 }), 1).max_entries).toBe(16384);
  expect(settleSizes(defOf('RINGBUF', { max_entries: 0 }), 1).max_entries).toBe(0);
  expect(settleSizes(defOf('ARRAY', { max_entries: 5 }), 1).max_entries).toBe(5);
});

test('ids and handles lead to their maps and nothing else does', () => {
  const { maps, make } = mapWorld();
  const first = make('ARRAY');
  const second = make('HASH');
  expect([first.id, second.id]).toEqual([1, 2]);
  expect(maps.byHandle(second.handle)).toBe(second);
  expect(maps.byId(1)).toBe(first);
  for (const handle of [0, 1, first.handle + 1, first.handle - 64, second.handle + 64, -1, 0x8010_0040 | 0]) {
    expect(maps.byHandle(handle)).toBeUndefined();
  }
  expect(maps.all()).toEqual([first, second]);
});

test('a run holds thousands of maps, then refuses more with a sentence', () => {
  const { maps } = mapWorld();
  let made = maps.create(defOf('HASH', { max_entries: 1 }));
  let count = 0;
  for (; made.ok; count++) made = maps.create(defOf('HASH', { max_entries: 1, name: `n${count}` }));
  expect(count).toBeGreaterThan(5000);
  expect(made.error).toMatchObject({
    stage: 'load',
    message: expect.stringContaining('more maps than one run can hold'),
  });
  maps.reset();
});
