/** Kernel functions (kfuncs) that the engine has, as rows like the helpers', and which program types may call them; and all that can be called together. */
import { helperName } from './helper-names.ts';
import { type ArgKind, HELPERS, type HelperProto, type RetKind } from './helper-protos.ts';
import { PROG_TYPE } from './prog-types.ts';

/** Number of the first row: stands in a call's immediate once the program is patched, far above every helper's. */
const FIRST = 2_100_000_000;
const PREFIX = 'bpf_';

const SKB_TYPES: readonly number[] = [
  ...[PROG_TYPE.SOCKET_FILTER, PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.SK_SKB, PROG_TYPE.CGROUP_SKB],
  ...[PROG_TYPE.LWT_IN, PROG_TYPE.LWT_OUT, PROG_TYPE.LWT_XMIT, PROG_TYPE.LWT_SEG6LOCAL, PROG_TYPE.NETFILTER],
];
const XDP_TYPES: readonly number[] = [PROG_TYPE.XDP];
const CONNTRACK_TYPES: readonly number[] = [PROG_TYPE.XDP, PROG_TYPE.SCHED_CLS];

/** [name, arguments, result, program types or null for all] */
const ROWS: readonly (readonly [string, string, RetKind, readonly number[] | null])[] = [
  // net/core/filter.c, kernel/bpf/helpers.c: dynptrs
  ['bpf_dynptr_from_skb', 'ctx u64 ptr', 'i32', SKB_TYPES],
  ['bpf_dynptr_from_xdp', 'ctx u64 ptr', 'i32', XDP_TYPES],
  ['bpf_dynptr_slice', 'ptr u64 ptr u64', 'mem', null],
  ['bpf_dynptr_slice_rdwr', 'ptr u64 ptr u64', 'mem', null],
  ['bpf_dynptr_size', 'ptr', 'i32', null],
  ['bpf_dynptr_is_null', 'ptr', 'u32', null],
  ['bpf_dynptr_is_rdonly', 'ptr', 'u32', null],
  ['bpf_dynptr_adjust', 'ptr u64 u64', 'i32', null],
  ['bpf_dynptr_clone', 'ptr ptr', 'i32', null],
  // kernel/bpf/bpf_iter.c
  ['bpf_iter_num_new', 'ptr u32 u32', 'i32', null],
  ['bpf_iter_num_next', 'ptr', 'mem', null],
  ['bpf_iter_num_destroy', 'ptr', 'void', null],
  // kernel/bpf/helpers.c
  ['bpf_rcu_read_lock', '', 'void', null],
  ['bpf_rcu_read_unlock', '', 'void', null],
  ['bpf_preempt_disable', '', 'void', null],
  ['bpf_preempt_enable', '', 'void', null],
  // net/netfilter/nf_conntrack_bpf.c, nf_flow_table_bpf.c
  ['bpf_xdp_ct_lookup', 'ctx ptr u32 ptr u32', 'mem', XDP_TYPES],
  ['bpf_skb_ct_lookup', 'ctx ptr u32 ptr u32', 'mem', [PROG_TYPE.SCHED_CLS]],
  ['bpf_ct_release', 'ptr', 'void', CONNTRACK_TYPES],
  ['bpf_xdp_flow_lookup', 'ctx ptr ptr u32', 'mem', XDP_TYPES],
];

/** The rows by the functions' names. */
export const KFUNCS: ReadonlyMap<string, HelperProto> = new Map(
  ROWS.map(([name, args, ret], i) => {
    const kinds = args === '' ? [] : (args.split(' ') as ArgKind[]);
    return [name, { id: FIRST + i, name: name.slice(PREFIX.length), args: kinds, ret }];
  }),
);

/** Whether programs of a type may call a kernel function that the engine has. */
export function mayCallKfunc(type: number, name: string): boolean {
  const types = ROWS.find(([one]) => one === name)?.[3];
  return types === null || types?.includes(type) === true;
}

/** Everything that a patched program may call, by the number in its call: helpers, then kernel functions. */
export const CALLS: ReadonlyMap<number, HelperProto> = new Map([
  ...HELPERS,
  ...[...KFUNCS.values()].map((proto): [number, HelperProto] => [proto.id, proto]),
]);

/** What a call is of: `bpf_redirect_map`, `bpf_dynptr_from_skb`. */
export function callName(id: number): string {
  return id >= FIRST && CALLS.has(id) ? PREFIX + CALLS.get(id)!.name : helperName(id);
}
