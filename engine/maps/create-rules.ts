/** What BPF_MAP_CREATE demands of each map type: the alloc checks of kernel/bpf/*.c, row by row, in the kernel's order. */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAG, MAP_TYPE } from '../uapi/map-types.ts';
import type { MapDef } from './map.ts';

export interface CreateRule {
  readonly errno: number;
  /** What the definition must be, to follow "needs". */
  readonly needs: string;
  readonly holds: (def: MapDef) => boolean;
}

const { RDONLY, WRONLY, RDONLY_PROG, WRONLY_PROG, NUMA_NODE } = MAP_FLAG;
/** BPF_F_ACCESS_MASK */
const ACCESS = RDONLY | WRONLY | RDONLY_PROG | WRONLY_PROG;
/** KMALLOC_MAX_SIZE */
const KMALLOC_MAX = 4 << 20;
/** PCPU_MIN_UNIT_SIZE */
const PERCPU_MAX = 32 << 10;
/** sizeof(struct htab_elem) */
const HTAB_ELEM = 48;
/** sizeof(struct lpm_trie_node) */
const LPM_NODE = 40;
/** NR_CPUS of Debian's x86-64 kernels. */
const NR_CPUS = 8192;
/** kernel.perf_event_max_stack */
const MAX_STACK = 127;
/** BPF_LOCAL_STORAGE_MAX_VALUE_SIZE, less what the kernel keeps beside the value. */
const LOCAL_STORAGE_MAX = 0xffff - 128;
const INT_MAX = 0x7fff_ffff;

function rule(errno: number, needs: string, holds: (def: MapDef) => boolean): CreateRule {
  return { errno, needs, holds };
}
const invalid = (needs: string, holds: (def: MapDef) => boolean) => rule(ERRNO.EINVAL, needs, holds);
const tooBig = (needs: string, holds: (def: MapDef) => boolean) => rule(ERRNO.E2BIG, needs, holds);

const round8 = (bytes: number): number => Math.ceil(bytes / 8) * 8;
const entries = invalid('max_entries above 0', (d) => d.max_entries > 0);
const valued = invalid('a value_size above 0', (d) => d.value_size > 0);
const u32Key = invalid('key_size 4', (d) => d.key_size === 4);
const noKey = invalid('key_size 0', (d) => d.key_size === 0);
const fdValue = invalid('value_size 4', (d) => d.value_size === 4);
const access = invalid(
  'at most one of BPF_F_RDONLY_PROG and BPF_F_WRONLY_PROG',
  (d) => (d.map_flags & (RDONLY_PROG | WRONLY_PROG)) !== (RDONLY_PROG | WRONLY_PROG),
);
const noProgAccess = invalid(
  'neither BPF_F_RDONLY_PROG nor BPF_F_WRONLY_PROG',
  (d) => (d.map_flags & (RDONLY_PROG | WRONLY_PROG)) === 0,
);
const noExtra = invalid('map_extra 0', (d) => d.map_extra === 0n);
const percpuFits = tooBig(`a value_size up to ${PERCPU_MAX} (percpu)`, (d) => round8(d.value_size) <= PERCPU_MAX);
const only = (flags: number) =>
  invalid(`no other map_flags than ${flagNames(flags)}`, (d) => (d.map_flags & ~flags) === 0);

function flagNames(flags: number): string {
  const names = Object.entries(MAP_FLAG).filter(([, bit]) => (flags & bit) !== 0);
  return names.map(([name]) => `BPF_F_${name}`).join(', ');
}

/** The part of map_create that comes before the type's own checks. */
const COMMON: readonly CreateRule[] = [
  invalid(
    'at most one of BPF_F_RDONLY and BPF_F_WRONLY',
    (d) => (d.map_flags & (RDONLY | WRONLY)) !== (RDONLY | WRONLY),
  ),
];

function arrayRules(extraFlags: number, percpu: boolean): CreateRule[] {
  const rules = [entries, u32Key, valued, only(NUMA_NODE | ACCESS | extraFlags), access];
  rules.push(tooBig('a value_size below 2 GiB', (d) => d.value_size <= INT_MAX));
  if (percpu) {
    rules.push(
      invalid('no BPF_F_NUMA_NODE (percpu)', (d) => (d.map_flags & NUMA_NODE) === 0),
      percpuFits,
    );
  }
  return rules;
}

function fdArrayRules(extraFlags: number): CreateRule[] {
  return [fdValue, noProgAccess, ...arrayRules(extraFlags, false)];
}

function hashRules(percpu: boolean, lru: boolean): CreateRule[] {
  const flags = MAP_FLAG.NO_PREALLOC | MAP_FLAG.NO_COMMON_LRU | NUMA_NODE | ACCESS | MAP_FLAG.ZERO_SEED;
  const rules = [only(flags), access];
  if (lru) {
    const needs = 'no BPF_F_NO_PREALLOC (LRU maps are always preallocated)';
    rules.push(rule(ERRNO.ENOTSUPP, needs, (d) => (d.map_flags & MAP_FLAG.NO_PREALLOC) === 0));
  } else {
    rules.push(invalid('no BPF_F_NO_COMMON_LRU', (d) => (d.map_flags & MAP_FLAG.NO_COMMON_LRU) === 0));
  }
  const single = MAP_FLAG.NO_COMMON_LRU | NUMA_NODE;
  rules.push(
    invalid(
      'no BPF_F_NUMA_NODE here',
      (d) => (d.map_flags & NUMA_NODE) === 0 || (!percpu && (d.map_flags & single) !== single),
    ),
    entries,
    invalid('a key_size above 0', (d) => d.key_size > 0),
    valued,
    tooBig('key and value together below 4 MiB', (d) => d.key_size + d.value_size < KMALLOC_MAX - HTAB_ELEM),
  );
  if (percpu) rules.push(percpuFits);
  rules.push(tooBig('max_entries up to 2^31', (d) => d.max_entries <= 2 ** 31));
  return rules;
}

const LPM: readonly CreateRule[] = [
  entries,
  invalid('BPF_F_NO_PREALLOC', (d) => (d.map_flags & MAP_FLAG.NO_PREALLOC) !== 0),
  only(MAP_FLAG.NO_PREALLOC | NUMA_NODE | ACCESS),
  access,
  invalid('a key_size of 5 to 260 (u32 prefixlen, then 1 to 256 bytes)', (d) => d.key_size >= 5 && d.key_size <= 260),
  invalid('a value_size of 1 byte to 4 MiB', (d) => d.value_size >= 1 && d.value_size <= KMALLOC_MAX - 256 - LPM_NODE),
];

const QUEUE: readonly CreateRule[] = [
  entries,
  noKey,
  valued,
  only(NUMA_NODE | ACCESS),
  access,
  tooBig('a value_size up to 4 MiB', (d) => d.value_size <= KMALLOC_MAX),
];

const RINGBUF: readonly CreateRule[] = [
  only(NUMA_NODE),
  noKey,
  invalid('value_size 0', (d) => d.value_size === 0),
  invalid(
    'max_entries that is a power of two and a multiple of the 4096-byte page',
    (d) => d.max_entries > 0 && (d.max_entries & (d.max_entries - 1)) === 0 && d.max_entries % 4096 === 0,
  ),
];

const DEV: readonly CreateRule[] = [
  entries,
  u32Key,
  invalid('value_size 4 (ifindex) or 8 (ifindex and program)', (d) => d.value_size === 4 || d.value_size === 8),
  only(NUMA_NODE | RDONLY | WRONLY),
];

const STORAGE: readonly CreateRule[] = [
  invalid('key_size 16 (struct bpf_cgroup_storage_key) or 8', (d) => d.key_size === 16 || d.key_size === 8),
  valued,
  tooBig('a value_size below 64 KiB', (d) => d.value_size <= 0xffff - 8 * 16),
  only(NUMA_NODE | ACCESS),
  access,
  invalid('max_entries 0', (d) => d.max_entries === 0),
];

const cookieValue = invalid('value_size 4 or 8', (d) => d.value_size === 4 || d.value_size === 8);
const sockFlags = only(NUMA_NODE | RDONLY | WRONLY);

/** Rules by MAP_TYPE. */
const BY_TYPE: ReadonlyMap<number, readonly CreateRule[]> = new Map<number, readonly CreateRule[]>([
  [MAP_TYPE.ARRAY, arrayRules(MAP_FLAG.MMAPABLE | MAP_FLAG.INNER_MAP, false)],
  [MAP_TYPE.PERCPU_ARRAY, arrayRules(0, true)],
  [MAP_TYPE.HASH, hashRules(false, false)],
  [MAP_TYPE.PERCPU_HASH, hashRules(true, false)],
  [MAP_TYPE.LRU_HASH, hashRules(false, true)],
  [MAP_TYPE.LRU_PERCPU_HASH, hashRules(true, true)],
  [MAP_TYPE.LPM_TRIE, LPM],
  [MAP_TYPE.PROG_ARRAY, fdArrayRules(0)],
  [MAP_TYPE.PERF_EVENT_ARRAY, fdArrayRules(MAP_FLAG.PRESERVE_ELEMS)],
  [MAP_TYPE.ARRAY_OF_MAPS, fdArrayRules(0)],
  [MAP_TYPE.HASH_OF_MAPS, [fdValue, ...hashRules(false, false)]],
  [MAP_TYPE.QUEUE, QUEUE],
  [MAP_TYPE.STACK, QUEUE],
  [MAP_TYPE.RINGBUF, RINGBUF],
  [MAP_TYPE.DEVMAP, DEV],
  [MAP_TYPE.DEVMAP_HASH, [...DEV, invalid('max_entries up to 2^31', (d) => d.max_entries <= 2 ** 31)]],
  [
    MAP_TYPE.CPUMAP,
    [
      entries,
      u32Key,
      invalid('value_size 4 (qsize) or 8 (qsize and program)', (d) => d.value_size === 4 || d.value_size === 8),
      only(NUMA_NODE),
      tooBig(`max_entries up to ${NR_CPUS} (NR_CPUS)`, (d) => d.max_entries <= NR_CPUS),
    ],
  ],
  [MAP_TYPE.SOCKMAP, [entries, u32Key, cookieValue, sockFlags]],
  [
    MAP_TYPE.SOCKHASH,
    [
      entries,
      invalid('a key_size above 0', (d) => d.key_size > 0),
      ...[cookieValue, sockFlags, tooBig('a key_size up to 512', (d) => d.key_size <= 512)],
    ],
  ],
  [MAP_TYPE.CGROUP_ARRAY, fdArrayRules(0)],
  [
    MAP_TYPE.SK_STORAGE,
    [
      only(MAP_FLAG.NO_PREALLOC | MAP_FLAG.CLONE),
      invalid('BPF_F_NO_PREALLOC', (d) => (d.map_flags & MAP_FLAG.NO_PREALLOC) !== 0),
      ...[invalid('max_entries 0', (d) => d.max_entries === 0), u32Key, valued],
      tooBig('a value_size below 64 KiB', (d) => d.value_size <= LOCAL_STORAGE_MAX),
    ],
  ],
  [MAP_TYPE.XSKMAP, [entries, u32Key, fdValue, only(NUMA_NODE | RDONLY | WRONLY)]],
  [
    MAP_TYPE.STACK_TRACE,
    [
      only(NUMA_NODE | RDONLY | WRONLY | MAP_FLAG.STACK_BUILD_ID),
      entries,
      u32Key,
      invalid('a value_size that is a multiple of 8, 8 or more', (d) => d.value_size >= 8 && d.value_size % 8 === 0),
      invalid(`at most ${MAX_STACK} frames (kernel.perf_event_max_stack)`, stackFits),
      tooBig('max_entries up to 2^31', (d) => d.max_entries <= 2 ** 31),
    ],
  ],
  [MAP_TYPE.CGROUP_STORAGE, STORAGE],
  [
    MAP_TYPE.PERCPU_CGROUP_STORAGE,
    [
      ...STORAGE.slice(0, 2),
      tooBig(`a value_size up to ${PERCPU_MAX} (percpu)`, (d) => d.value_size <= PERCPU_MAX),
      ...STORAGE.slice(3),
    ],
  ],
  [
    MAP_TYPE.BLOOM_FILTER,
    [
      tooBig('a value_size up to 4 MiB', (d) => d.value_size <= KMALLOC_MAX),
      noKey,
      valued,
      entries,
      only(NUMA_NODE | MAP_FLAG.ZERO_SEED | ACCESS),
      access,
      invalid('map_extra of 0 to 15 (hash functions)', (d) => d.map_extra <= 15n),
    ],
  ],
]);

function stackFits(def: MapDef): boolean {
  const frame = (def.map_flags & MAP_FLAG.STACK_BUILD_ID) !== 0 ? 32 : 8;
  return def.value_size % frame === 0 && def.value_size / frame <= MAX_STACK;
}

/** The first rule that a definition of a type the engine has breaks, or undefined. */
export function brokenRule(def: MapDef): CreateRule | undefined {
  const common = def.type === MAP_TYPE.BLOOM_FILTER ? COMMON : [noExtra, ...COMMON];
  return [...common, ...(BY_TYPE.get(def.type) ?? [])].find((r) => !r.holds(def));
}
