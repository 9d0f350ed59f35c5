/** Program and map types by the names people use for them: the kernel's, libbpf's sections', bpftool's. */
import { MAP_TYPE, PROG_TYPE } from '../../engine/index.ts';
import { InputError } from '../input-error.ts';

const PROG_NAMES = new Map<number, string>(Object.entries(PROG_TYPE).map(([name, number]) => [number, name]));
const MAP_NAMES = new Map<number, string>(Object.entries(MAP_TYPE).map(([name, number]) => [number, name]));

/** Section and bpftool words that are not the kernel's name in small letters. */
const WORDS: Readonly<Record<string, number>> = {
  tc: PROG_TYPE.SCHED_CLS,
  tcx: PROG_TYPE.SCHED_CLS,
  classifier: PROG_TYPE.SCHED_CLS,
  action: PROG_TYPE.SCHED_ACT,
  socket: PROG_TYPE.SOCKET_FILTER,
  'cgroup/skb': PROG_TYPE.CGROUP_SKB,
  raw_tp: PROG_TYPE.RAW_TRACEPOINT,
  sockops: PROG_TYPE.SOCK_OPS,
};

/** `XDP` for 6; `type 99` for an unknown number. */
export function progTypeName(type: number): string {
  return PROG_NAMES.get(type) ?? `type ${type}`;
}

/** `lru_hash` for 9, as bpftool writes it. */
export function mapTypeName(type: number): string {
  return MAP_NAMES.get(type)?.toLowerCase() ?? `type ${type}`;
}

/** The number of a type by any of its names. Throws InputError listing them. */
export function progTypeNumber(name: string): number {
  const bare = name.replace(/^BPF_PROG_TYPE_/i, '');
  const number = (PROG_TYPE as Readonly<Record<string, number>>)[bare.toUpperCase()] ?? WORDS[bare.toLowerCase()];
  if (number) return number;
  const names = [...PROG_NAMES.values()].filter((n) => n !== 'UNSPEC').map((n) => n.toLowerCase());
  throw new InputError(`there is no program type ${JSON.stringify(name)}: one of ${names.join(', ')}`);
}
