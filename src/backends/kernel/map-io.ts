/** Reading and writing maps through bpf(2): elements one by one or in batches, queues by popping and pushing back. */
import { ERRNO, MAP_TYPE, type MapDump, type MapEntry } from '../../../engine/index.ts';
import { Attr, bpf } from './attr.ts';
import type { KernelMap } from './maps.ts';

const NO_KEY = new Uint8Array(0);
/** Elements a BPF_MAP_LOOKUP_BATCH asks for, and bytes it may take. */
const BATCH_COUNT = 4096;
const BATCH_BYTES = 4 << 20;

/** The kinds generic_map_lookup_batch, or their own, answer in batches. */
const BATCHED: ReadonlySet<number> = new Set([MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY]);
/** Kinds whose elements are walked with BPF_MAP_GET_NEXT_KEY. */
const WALKED: ReadonlySet<number> = new Set([
  ...[MAP_TYPE.HASH, MAP_TYPE.LRU_HASH, MAP_TYPE.PERCPU_HASH, MAP_TYPE.LRU_PERCPU_HASH, MAP_TYPE.LPM_TRIE],
  ...[
    MAP_TYPE.PROG_ARRAY,
    MAP_TYPE.ARRAY_OF_MAPS,
    MAP_TYPE.HASH_OF_MAPS,
    MAP_TYPE.DEVMAP,
    MAP_TYPE.SOCKMAP,
    MAP_TYPE.SOCKHASH,
    MAP_TYPE.DEVMAP_HASH,
  ],
  ...[MAP_TYPE.CPUMAP, MAP_TYPE.CGROUP_STORAGE, MAP_TYPE.PERCPU_CGROUP_STORAGE, MAP_TYPE.STACK_TRACE],
]);
const QUEUES: ReadonlySet<number> = new Set([MAP_TYPE.QUEUE, MAP_TYPE.STACK]);
/** Arrays whose empty slots read as zeros rather than as absent. */
const ZERO_IS_EMPTY: ReadonlySet<number> = new Set([
  ...[MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY, MAP_TYPE.CPUMAP, MAP_TYPE.DEVMAP],
]);

/** BPF_MAP_DELETE_ELEM. 0 or a negative errno. */
export function deleteElem(map: KernelMap, key: Uint8Array): number {
  return bpf('MAP_DELETE_ELEM', { map_fd: map.fd, key });
}

/** BPF_MAP_UPDATE_ELEM; key null for queues and bloom filters. 0 or a negative errno. */
export function updateElem(map: KernelMap, key: Uint8Array | null, value: Uint8Array, flags = 0): number {
  return bpf('MAP_UPDATE_ELEM', { map_fd: map.fd, key, value, flags });
}

/** BPF_MAP_LOOKUP_ELEM into fresh bytes; null when there is no such element. */
export function lookupElem(map: KernelMap, key: Uint8Array): Uint8Array | null {
  const value = new Uint8Array(map.user_value_size);
  return bpf('MAP_LOOKUP_ELEM', { map_fd: map.fd, key, value }) === 0 ? value : null;
}

function* walk(map: KernelMap): Iterable<MapEntry> {
  let key: Uint8Array | null = null;
  for (;;) {
    const next: Uint8Array = new Uint8Array(map.key_size);
    if (bpf('MAP_GET_NEXT_KEY', { map_fd: map.fd, key, value: next }) !== 0) return;
    const value = lookupElem(map, next);
    if (value !== null) yield { key: next, value };
    key = next;
  }
}

function firstNonZero(bytes: Uint8Array, from: number, end: number): number {
  let at = from;
  while (at < end && bytes[at] === 0) at++;
  return at;
}

/** What is not zero of an array, a batch at a time. */
function* batches(map: KernelMap): Iterable<MapEntry> {
  const most = Math.max(1, Math.min(BATCH_COUNT, Math.floor(BATCH_BYTES / map.user_value_size), map.max_entries));
  const keys = new Uint8Array(most * map.key_size);
  const values = new Uint8Array(most * map.user_value_size);
  let from: Uint8Array | null = null;
  for (;;) {
    const next: Uint8Array = new Uint8Array(Math.max(8, map.key_size));
    const attr = new Attr('MAP_LOOKUP_BATCH', {
      ...{ in_batch: from, out_batch: next, keys, values, count: most, map_fd: map.fd },
    });
    const result = attr.call();
    if (result !== 0 && result !== -ERRNO.ENOENT) return;
    const size = map.user_value_size;
    const end = attr.get('count') * size;
    for (let at = firstNonZero(values, 0, end); at < end; ) {
      const i = Math.floor(at / size);
      const value = values.slice(i * size, (i + 1) * size);
      yield { key: keys.slice(i * map.key_size, (i + 1) * map.key_size), value };
      at = firstNonZero(values, (i + 1) * size, end);
    }
    if (result === -ERRNO.ENOENT) return;
    from = next;
  }
}

/** Pops everything, then pushes it back the way it was. */
function queueElements(map: KernelMap): MapEntry[] {
  const entries: MapEntry[] = [];
  for (;;) {
    const value = new Uint8Array(map.user_value_size);
    if (bpf('MAP_LOOKUP_AND_DELETE_ELEM', { map_fd: map.fd, value }) !== 0) break;
    entries.push({ key: NO_KEY, value });
  }
  const back = map.type === MAP_TYPE.STACK ? entries.toReversed() : entries;
  for (const { value } of back) updateElem(map, null, value);
  return entries;
}

function elements(map: KernelMap): MapEntry[] {
  if (QUEUES.has(map.type)) return queueElements(map);
  if (BATCHED.has(map.type)) return [...batches(map)];
  if (!WALKED.has(map.type)) return [];
  const all = [...walk(map)];
  return ZERO_IS_EMPTY.has(map.type) ? all.filter((entry) => entry.value.some((byte) => byte !== 0)) : all;
}

/** What user space sees of a map, in the kernel's order; percpu values hold every CPU's. */
export function dumpMap(map: KernelMap): MapDump {
  const { spec } = map;
  return {
    ...{ name: spec.name, type: map.type, key_size: map.key_size, value_size: map.value_size, percpu: map.percpu },
    ...{ key_type_id: spec.key_type_id, value_type_id: spec.value_type_id, entries: elements(map) },
  };
}
