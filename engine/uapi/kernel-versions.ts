/** The first kernel with each helper, map type, program type and instruction: what an object needs at least. */
import { MAP_TYPE, type MapTypeName } from './map-types.ts';
import { PROG_TYPE, type ProgTypeName } from './prog-types.ts';

/** Helpers came in the order of their numbers: the last number of each release that added some. */
const HELPERS_UNTIL: readonly (readonly [version: string, last: number])[] = [
  ['3.19', 3],
  ['4.1', 11],
  ['4.2', 16],
  ['4.3', 22],
  ['4.4', 25],
  ['4.5', 26],
  ['4.6', 30],
  ['4.8', 36],
  ['4.9', 41],
  ['4.10', 44],
  ['4.11', 45],
  ['4.12', 47],
  ['4.13', 50],
  ['4.14', 53],
  ['4.15', 57],
  ['4.16', 59],
  ['4.17', 64],
  ['4.18', 80],
  ['4.19', 83],
  ['4.20', 90],
  ['5.0', 92],
  ['5.1', 98],
  ['5.2', 108],
  ['5.3', 110],
  ['5.5', 115],
  ['5.6', 118],
  ['5.7', 124],
  ['5.8', 135],
  ['5.9', 141],
  ['5.10', 155],
  ['5.11', 162],
  ['5.12', 163],
  ['5.13', 165],
  ['5.14', 168],
  ['5.15', 175],
  ['5.16', 179],
  ['5.17', 185],
  ['5.18', 193],
  ['5.19', 203],
  ['6.0', 207],
  ['6.1', 209],
  ['6.2', 211],
];

const MAP_TYPES: Readonly<Record<string, string>> = {
  '3.19': 'HASH ARRAY',
  '4.2': 'PROG_ARRAY',
  '4.3': 'PERF_EVENT_ARRAY',
  '4.6': 'PERCPU_HASH PERCPU_ARRAY STACK_TRACE',
  '4.8': 'CGROUP_ARRAY',
  '4.10': 'LRU_HASH LRU_PERCPU_HASH',
  '4.11': 'LPM_TRIE',
  '4.12': 'ARRAY_OF_MAPS HASH_OF_MAPS',
  '4.14': 'DEVMAP SOCKMAP',
  '4.15': 'CPUMAP',
  '4.18': 'XSKMAP SOCKHASH',
  '4.19': 'CGROUP_STORAGE REUSEPORT_SOCKARRAY',
  '4.20': 'PERCPU_CGROUP_STORAGE QUEUE STACK',
  '5.2': 'SK_STORAGE',
  '5.4': 'DEVMAP_HASH',
  '5.6': 'STRUCT_OPS',
  '5.8': 'RINGBUF',
  '5.10': 'INODE_STORAGE',
  '5.11': 'TASK_STORAGE',
  '5.16': 'BLOOM_FILTER',
  '6.1': 'USER_RINGBUF',
  '6.2': 'CGRP_STORAGE',
  '6.9': 'ARENA',
};

const PROG_TYPES: Readonly<Record<string, string>> = {
  '3.19': 'SOCKET_FILTER',
  '4.1': 'KPROBE SCHED_CLS SCHED_ACT',
  '4.7': 'TRACEPOINT',
  '4.8': 'XDP',
  '4.9': 'PERF_EVENT',
  '4.10': 'CGROUP_SKB CGROUP_SOCK LWT_IN LWT_OUT LWT_XMIT',
  '4.13': 'SOCK_OPS',
  '4.14': 'SK_SKB',
  '4.15': 'CGROUP_DEVICE',
  '4.17': 'SK_MSG RAW_TRACEPOINT CGROUP_SOCK_ADDR',
  '4.18': 'LWT_SEG6LOCAL LIRC_MODE2',
  '4.19': 'SK_REUSEPORT',
  '4.20': 'FLOW_DISSECTOR',
  '5.2': 'CGROUP_SYSCTL RAW_TRACEPOINT_WRITABLE',
  '5.3': 'CGROUP_SOCKOPT',
  '5.5': 'TRACING',
  '5.6': 'STRUCT_OPS EXT',
  '5.7': 'LSM',
  '5.9': 'SK_LOOKUP',
  '5.14': 'SYSCALL',
  '6.4': 'NETFILTER',
};

/** Types that BPF_PROG_RUN runs, by the first kernel where it does. LWT_SEG6LOCAL is run by none yet. */
const PROG_RUNS: Readonly<Record<string, string>> = {
  '4.12': 'SOCKET_FILTER SCHED_CLS SCHED_ACT XDP CGROUP_SKB LWT_IN LWT_OUT LWT_XMIT',
  '5.1': 'FLOW_DISSECTOR',
  '5.7': 'TRACING',
  '5.10': 'RAW_TRACEPOINT',
  '5.13': 'SK_LOOKUP',
  '5.14': 'SYSCALL',
  '5.17': 'STRUCT_OPS',
  '6.4': 'NETFILTER',
};

/** What needs a newer kernel than the program's type, maps and helpers say. */
export const SINCE = {
  FUNCTION_CALLS: '4.16',
  JMP32: '5.1',
  GLOBAL_DATA: '5.2',
  FUNCTION_POINTERS: '5.13',
  FETCH_ATOMICS: '5.12',
  XDP_FRAGS: '5.18',
  /** BPF_F_TEST_XDP_LIVE_FRAMES. */
  LIVE_FRAMES: '5.18',
  /** movsx, ldsx, bswap, sdiv, smod, gotol. */
  CPU_V4: '6.6',
  MAY_GOTO: '6.9',
  LOAD_ACQUIRE: '6.15',
} as const;

function invert<Name extends string>(
  table: Readonly<Record<string, string>>,
  numbers: Readonly<Record<Name, number>>,
): ReadonlyMap<number, string> {
  const versions = new Map<number, string>();
  for (const [version, names] of Object.entries(table)) {
    for (const name of names.split(' ')) versions.set(numbers[name as Name], version);
  }
  return versions;
}

const MAP_SINCE = invert<MapTypeName>(MAP_TYPES, MAP_TYPE);
const PROG_SINCE = invert<ProgTypeName>(PROG_TYPES, PROG_TYPE);
const RUN_SINCE = invert<ProgTypeName>(PROG_RUNS, PROG_TYPE);

/** First kernel with a helper, null when none has that number. */
export function helperSince(id: number): string | null {
  return id <= 0 ? null : (HELPERS_UNTIL.find(([, last]) => id <= last)?.[0] ?? null);
}

/** First kernel with a map type, null when it is not known. */
export function mapTypeSince(type: number): string | null {
  return MAP_SINCE.get(type) ?? null;
}

/** First kernel with a program type, null when it is not known. */
export function progTypeSince(type: number): string | null {
  return PROG_SINCE.get(type) ?? null;
}

/** First kernel whose BPF_PROG_RUN runs a program type, null when none does. */
export function progRunSince(type: number): string | null {
  return RUN_SINCE.get(type) ?? null;
}

/** The newest of some versions, null when there are none. */
export function newest(versions: readonly (string | null)[]): string | null {
  const rank = (version: string): number => {
    const [major, minor] = version.split('.');
    return Number(major) * 1000 + Number(minor);
  };
  let best: string | null = null;
  for (const one of versions) if (one !== null && (best === null || rank(one) > rank(best))) best = one;
  return best;
}
