/** Makes a map from its definition, or says why not (map_create in kernel/bpf/syscall.c). */
import { ok, type Result, refuse } from '../errors.ts';
import { ERRNO, errnoName } from '../uapi/errno.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { ArrayMap } from './array.ts';
import { BloomFilter } from './bloom-filter.ts';
import { CgroupArray } from './cgroup-array.ts';
import { CpuMap } from './cpumap.ts';
import { brokenRule } from './create-rules.ts';
import { DevMap } from './dev.ts';
import { HashMap } from './hash.ts';
import { LpmTrie } from './lpm-trie.ts';
import { LruHashMap } from './lru-hash.ts';
import type { BpfMap, MapDef, MapHost } from './map.ts';
import { ArrayOfMaps, HashOfMaps, innerErrno } from './map-in-map.ts';
import { PerfEventArray } from './perf-event-array.ts';
import { ProgArray } from './prog-array.ts';
import { QueueMap } from './queue.ts';
import { RingbufMap } from './ringbuf.ts';
import { SkStorage } from './sk-storage.ts';
import { SockMap } from './sock-map.ts';
import { StackTraceMap } from './stack-trace.ts';
import { StorageMap } from './storage.ts';
import { XskMap } from './xskmap.ts';

/** Makes one map; null when the world has no room for it. */
type Maker = (host: MapHost, def: MapDef, id: number) => BpfMap | null;

const MAKERS: ReadonlyMap<number, Maker> = new Map<number, Maker>([
  [MAP_TYPE.ARRAY, ArrayMap.create],
  [MAP_TYPE.PERCPU_ARRAY, ArrayMap.create],
  [MAP_TYPE.HASH, HashMap.create],
  [MAP_TYPE.PERCPU_HASH, HashMap.create],
  [MAP_TYPE.LRU_HASH, LruHashMap.create],
  [MAP_TYPE.LRU_PERCPU_HASH, LruHashMap.create],
  [MAP_TYPE.LPM_TRIE, LpmTrie.create],
  [MAP_TYPE.QUEUE, QueueMap.create],
  [MAP_TYPE.STACK, QueueMap.create],
  [MAP_TYPE.RINGBUF, RingbufMap.create],
  [MAP_TYPE.PERF_EVENT_ARRAY, (host, def, id) => new PerfEventArray(host, def, id)],
  [MAP_TYPE.PROG_ARRAY, ProgArray.create],
  [MAP_TYPE.ARRAY_OF_MAPS, ArrayOfMaps.create],
  [MAP_TYPE.HASH_OF_MAPS, HashOfMaps.create],
  [MAP_TYPE.DEVMAP, DevMap.create],
  [MAP_TYPE.DEVMAP_HASH, DevMap.create],
  [MAP_TYPE.CPUMAP, (host, def, id) => new CpuMap(host, def, id)],
  [MAP_TYPE.XSKMAP, XskMap.create],
  [MAP_TYPE.CGROUP_STORAGE, StorageMap.create],
  [MAP_TYPE.PERCPU_CGROUP_STORAGE, StorageMap.create],
  [MAP_TYPE.CGROUP_ARRAY, (host, def, id) => new CgroupArray(host, def, id)],
  [MAP_TYPE.SK_STORAGE, SkStorage.create],
  [MAP_TYPE.STACK_TRACE, (host, def, id) => new StackTraceMap(host, def, id)],
  [MAP_TYPE.BLOOM_FILTER, BloomFilter.create],
  [MAP_TYPE.SOCKMAP, (host, def, id) => new SockMap(host, def, id)],
  [MAP_TYPE.SOCKHASH, (host, def, id) => new SockMap(host, def, id)],
]);

/** Name of a MAP_TYPE number, or the number in digits. */
export function mapTypeName(type: number): string {
  return Object.entries(MAP_TYPE).find(([, number]) => number === type)?.[0] ?? String(type);
}

/**
 * BPF_MAP_CREATE with the kernel's errno, as refusal stage `load`; stage `unsupported` for kinds the engine does not have.
 * `id` picks the descriptor and is what user space sees.
 */
export function createMap(host: MapHost, def: MapDef, id: number): Result<BpfMap> {
  const maker = MAKERS.get(def.type);
  if (maker === undefined) {
    return refuse('unsupported', ERRNO.EINVAL, `map ${def.name}: unsupported map type ${mapTypeName(def.type)}`);
  }
  const broken = brokenRule(def);
  if (broken !== undefined) {
    const message = `map ${def.name}: ${mapTypeName(def.type)} needs ${broken.needs} (${errnoName(broken.errno)})`;
    return refuse('load', broken.errno, message);
  }
  const refused = innerRefusal(def);
  if (refused !== null) return refused;
  const map = maker(host, def, id);
  return map === null ? refuse('load', ERRNO.ENOMEM, noRoom(host, def)) : ok(map);
}

/** What the shape of inner maps lets say no, for the map-in-map kinds. */
function innerRefusal(def: MapDef): Result<never> | null {
  if (def.type !== MAP_TYPE.ARRAY_OF_MAPS && def.type !== MAP_TYPE.HASH_OF_MAPS) return null;
  const errno = innerErrno(def.inner);
  if (errno === 0) return null;
  const inner = def.inner === null ? 'no inner map given' : `inner maps cannot be ${mapTypeName(def.inner.type)}`;
  return refuse('load', errno, `map ${def.name}: ${inner} (${errnoName(errno)})`);
}

function noRoom(host: MapHost, def: MapDef): string {
  const shape = `${def.max_entries} entries of ${def.key_size} + ${def.value_size} bytes`;
  const left = Math.floor(host.mem.free / (1 << 20));
  return `map ${def.name}: ${shape} do not fit: ${left} MiB are left of the 4 GiB that all maps of a run share (ENOMEM)`;
}
