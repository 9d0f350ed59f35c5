/** Context structs of the program types: one row a field, from which the JIT makes checks and stores, and the runner fills and reads back. */
import { PROG_TYPE } from './prog-types.ts';

/** What a load of the field yields, beyond a plain number. */
export type CtxPointer = 'packet' | 'packet_end' | 'packet_meta' | 'sock' | 'flow_keys' | 'kernel';

/**
 * Widths a program may use, each at a multiple of itself. narrow: loads of the whole element or less, stores of the whole.
 * whole: the whole element only. start: loads of the whole element or less that begin where it begins.
 * any: loads and stores of 1 to 8 bytes anywhere inside the field, all its elements together.
 */
export type CtxWidths = 'narrow' | 'whole' | 'start' | 'any';

/**
 * no: a store is refused. as-is: stored whole. u16: the kernel's field has 16 bits, upper bits are lost.
 * queue: u16, and ignored when the 64-bit register (or the sign-extended immediate, as a u32) is 0xffff or more.
 */
export type CtxWrite = 'no' | 'as-is' | 'u16' | 'queue';

/** A field of a context struct: where it lies, in bytes, and what programs may do with it. */
export interface CtxField {
  /** Name as in the uapi struct; arrays as `cb`, `remote_ip6` with `count`; '' for bytes that programs may load but nobody names. */
  readonly name: string;
  readonly offset: number;
  /** Bytes of one element: 1, 2, 4 or 8. */
  readonly size: number;
  /** Elements, 1 if absent. */
  readonly count?: number;
  /** Loading it yields a pointer of this kind (a u32 field holds the 32-bit address). */
  readonly pointer?: CtxPointer;
  /** Absent: narrow. */
  readonly widths?: CtxWidths;
  /** false: a program of this type must not load it. */
  readonly read: boolean;
  readonly write: CtxWrite;
}

/** A context as programs of a type see it (is_valid_access of the type). */
export interface CtxStruct {
  /** C name: `__sk_buff`, `xdp_md`, … */
  readonly name: string;
  /** sizeof in the uapi header of 6.18; the most there can be where `open`. */
  readonly size: number;
  readonly fields: readonly CtxField[];
  /** The user decides how many bytes there are, and a program must not reach behind them (max_ctx_offset). */
  readonly open?: true;
}

/** The shape of a field, the same for every program type. */
type Shape = Omit<CtxField, 'read' | 'write'>;

/** struct __sk_buff; padding between fields belongs to none of them. */
const SK_BUFF: readonly Shape[] = [
  { name: 'len', offset: 0, size: 4 },
  { name: 'pkt_type', offset: 4, size: 4 },
  { name: 'mark', offset: 8, size: 4 },
  { name: 'queue_mapping', offset: 12, size: 4 },
  { name: 'protocol', offset: 16, size: 4 },
  { name: 'vlan_present', offset: 20, size: 4 },
  { name: 'vlan_tci', offset: 24, size: 4 },
  { name: 'vlan_proto', offset: 28, size: 4 },
  { name: 'priority', offset: 32, size: 4 },
  { name: 'ingress_ifindex', offset: 36, size: 4 },
  { name: 'ifindex', offset: 40, size: 4 },
  { name: 'tc_index', offset: 44, size: 4 },
  { name: 'cb', offset: 48, size: 4, count: 5, widths: 'any' },
  { name: 'hash', offset: 68, size: 4 },
  { name: 'tc_classid', offset: 72, size: 4 },
  { name: 'data', offset: 76, size: 4, pointer: 'packet', widths: 'whole' },
  { name: 'data_end', offset: 80, size: 4, pointer: 'packet_end', widths: 'whole' },
  { name: 'napi_id', offset: 84, size: 4 },
  { name: 'family', offset: 88, size: 4 },
  { name: 'remote_ip4', offset: 92, size: 4, widths: 'whole' },
  { name: 'local_ip4', offset: 96, size: 4, widths: 'whole' },
  { name: 'remote_ip6', offset: 100, size: 4, count: 4, widths: 'whole' },
  { name: 'local_ip6', offset: 116, size: 4, count: 4, widths: 'whole' },
  { name: 'remote_port', offset: 132, size: 4 },
  { name: 'local_port', offset: 136, size: 4 },
  { name: 'data_meta', offset: 140, size: 4, pointer: 'packet_meta', widths: 'whole' },
  { name: 'flow_keys', offset: 144, size: 8, pointer: 'flow_keys', widths: 'whole' },
  { name: 'tstamp', offset: 152, size: 8, widths: 'whole' },
  { name: 'wire_len', offset: 160, size: 4 },
  { name: 'gso_segs', offset: 164, size: 4 },
  { name: 'sk', offset: 168, size: 8, pointer: 'sock', widths: 'whole' },
  { name: 'gso_size', offset: 176, size: 4 },
  { name: 'tstamp_type', offset: 180, size: 1, widths: 'whole' },
  { name: 'hwtstamp', offset: 184, size: 8, widths: 'whole' },
];
const SK_BUFF_SIZE = 192;

/** struct xdp_md; programs read whole words. */
const XDP_MD: readonly Shape[] = [
  { name: 'data', offset: 0, size: 4, pointer: 'packet', widths: 'whole' },
  { name: 'data_end', offset: 4, size: 4, pointer: 'packet_end', widths: 'whole' },
  { name: 'data_meta', offset: 8, size: 4, pointer: 'packet_meta', widths: 'whole' },
  { name: 'ingress_ifindex', offset: 12, size: 4, widths: 'whole' },
  { name: 'rx_queue_index', offset: 16, size: 4, widths: 'whole' },
  { name: 'egress_ifindex', offset: 20, size: 4, widths: 'whole' },
];
const XDP_MD_SIZE = 24;

/** struct bpf_sk_lookup; four bytes may be loaded at remote_port, for programs older than its two. */
const SK_LOOKUP: readonly Shape[] = [
  { name: 'sk', offset: 0, size: 8, pointer: 'sock', widths: 'whole' },
  { name: 'family', offset: 8, size: 4 },
  { name: 'protocol', offset: 12, size: 4 },
  { name: 'remote_ip4', offset: 16, size: 4 },
  { name: 'remote_ip6', offset: 20, size: 4, count: 4 },
  { name: 'remote_port', offset: 36, size: 2 },
  { name: '', offset: 38, size: 2 },
  { name: '', offset: 36, size: 4, widths: 'whole' },
  { name: 'local_ip4', offset: 40, size: 4 },
  { name: 'local_ip6', offset: 44, size: 4, count: 4 },
  { name: 'local_port', offset: 60, size: 4 },
  { name: 'ingress_ifindex', offset: 64, size: 4 },
];
const SK_LOOKUP_SIZE = 72;

/** struct bpf_flow_keys, as user space sees it: IPv4 and IPv6 addresses lie in the same place. */
const FLOW_KEYS: readonly Shape[] = [
  { name: 'nhoff', offset: 0, size: 2 },
  { name: 'thoff', offset: 2, size: 2 },
  { name: 'addr_proto', offset: 4, size: 2 },
  { name: 'is_frag', offset: 6, size: 1 },
  { name: 'is_first_frag', offset: 7, size: 1 },
  { name: 'is_encap', offset: 8, size: 1 },
  { name: 'ip_proto', offset: 9, size: 1 },
  { name: 'n_proto', offset: 10, size: 2 },
  { name: 'sport', offset: 12, size: 2 },
  { name: 'dport', offset: 14, size: 2 },
  { name: 'ipv4_src', offset: 16, size: 4 },
  { name: 'ipv4_dst', offset: 20, size: 4 },
  { name: 'ipv6_src', offset: 16, size: 4, count: 4 },
  { name: 'ipv6_dst', offset: 32, size: 4, count: 4 },
  { name: 'flags', offset: 48, size: 4 },
  { name: 'flow_label', offset: 52, size: 4 },
];
const FLOW_KEYS_SIZE = 56;

/** struct bpf_nf_ctx, which NETFILTER programs get. */
const NF_CTX: readonly Shape[] = [
  { name: 'state', offset: 0, size: 8, pointer: 'kernel', widths: 'whole' },
  { name: 'skb', offset: 8, size: 8, pointer: 'kernel', widths: 'whole' },
];
/** struct nf_hook_state, which user space gives for them. */
const NF_STATE: readonly Shape[] = [
  { name: 'hook', offset: 0, size: 1 },
  { name: 'pf', offset: 1, size: 1 },
  { name: 'in', offset: 8, size: 8 },
  { name: 'out', offset: 16, size: 8 },
  { name: 'sk', offset: 24, size: 8 },
  { name: 'net', offset: 32, size: 8 },
  { name: 'okfn', offset: 40, size: 8 },
];
const NF_STATE_SIZE = 48;

/** MAX_BPF_FUNC_ARGS */
const ARGS_MAX = 12;
const RAW_TP_ARGS: readonly Shape[] = [{ name: 'args', offset: 0, size: 8, count: ARGS_MAX, widths: 'any' }];
/** Arguments of bpf_dummy_ops' members: a struct bpf_dummy_ops_state, then up to four numbers. */
const DUMMY_OPS_ARGS: readonly Shape[] = [
  { name: 'state', offset: 0, size: 8, pointer: 'kernel', widths: 'whole' },
  { name: 'args', offset: 8, size: 8, count: 4, widths: 'start' },
];
/** The context of SYSCALL programs is what user space likes: U16_MAX bytes at most. */
const SYSCALL_BYTES: readonly Shape[] = [{ name: 'bytes', offset: 0, size: 1, count: 0xffff, widths: 'any' }];

/** Which fields of its struct a program type must not load, and which it may store to (the type's is_valid_access). */
interface Access {
  readonly hidden: readonly string[];
  readonly writes: { readonly [field: string]: CtxWrite };
}

/** Filled for programs attached to sockets; `family` to `local_port` in the struct. */
const SOCKET_FIELDS = 'family remote_ip4 local_ip4 remote_ip6 local_ip6 remote_port local_port'.split(' ');
const MARKS: Access['writes'] = { mark: 'as-is', priority: 'as-is', cb: 'as-is' };

/** sk_filter_is_valid_access */
const SOCKET_FILTER: Access = {
  hidden: [...SOCKET_FIELDS, 'tc_classid', 'data', 'data_meta', 'data_end', 'flow_keys'].concat(
    ...['tstamp', 'wire_len', 'tstamp_type', 'hwtstamp'],
  ),
  writes: { cb: 'as-is' },
};
/** tc_cls_act_is_valid_access */
const TC: Access = {
  hidden: [...SOCKET_FIELDS, 'flow_keys'],
  writes: { ...MARKS, tc_index: 'u16', tc_classid: 'u16', tstamp: 'as-is', queue_mapping: 'queue' },
};
/** cg_skb_is_valid_access */
const CGROUP_SKB: Access = {
  hidden: ['tc_classid', 'data_meta', 'wire_len', 'flow_keys', 'tstamp_type'],
  writes: { ...MARKS, tstamp: 'as-is' },
};
/** lwt_is_valid_access */
const LWT: Access = {
  hidden: [...SOCKET_FIELDS, 'tc_classid', 'data_meta', 'flow_keys', 'tstamp', 'wire_len', 'tstamp_type', 'hwtstamp'],
  writes: MARKS,
};
/** xdp_is_valid_access; egress_ifindex is for programs behind a devmap. */
const XDP: Access = { hidden: ['egress_ifindex'], writes: {} };
const XDP_DEVMAP: Access = { hidden: [], writes: {} };

function structOf(name: string, size: number, shapes: readonly Shape[], access: Access): CtxStruct {
  const fields = shapes.map((shape) => ({
    ...shape,
    read: !access.hidden.includes(shape.name),
    write: access.writes[shape.name] ?? 'no',
  }));
  return { name, size, fields };
}

const skBuff = (access: Access): CtxStruct => structOf('__sk_buff', SK_BUFF_SIZE, SK_BUFF, access);
const xdpMd = (access: Access): CtxStruct => structOf('xdp_md', XDP_MD_SIZE, XDP_MD, access);

/** flow_dissector_is_valid_access */
const FLOW_DISSECTOR: Access = {
  hidden: SK_BUFF.map((shape) => shape.name).filter((name) => !['data', 'data_end', 'flow_keys'].includes(name)),
  writes: {},
};
const READ_ALL: Access = { hidden: [], writes: {} };

const TC_STRUCT = skBuff(TC);
const LWT_STRUCT = skBuff(LWT);

const STRUCTS: ReadonlyMap<number, CtxStruct> = new Map([
  [PROG_TYPE.SOCKET_FILTER, skBuff(SOCKET_FILTER)],
  [PROG_TYPE.SCHED_CLS, TC_STRUCT],
  [PROG_TYPE.SCHED_ACT, TC_STRUCT],
  [PROG_TYPE.CGROUP_SKB, skBuff(CGROUP_SKB)],
  [PROG_TYPE.LWT_IN, LWT_STRUCT],
  [PROG_TYPE.LWT_OUT, LWT_STRUCT],
  [PROG_TYPE.LWT_XMIT, LWT_STRUCT],
  [PROG_TYPE.LWT_SEG6LOCAL, LWT_STRUCT],
  [PROG_TYPE.XDP, xdpMd(XDP)],
  [PROG_TYPE.FLOW_DISSECTOR, skBuff(FLOW_DISSECTOR)],
  [PROG_TYPE.SK_LOOKUP, structOf('bpf_sk_lookup', SK_LOOKUP_SIZE, SK_LOOKUP, READ_ALL)],
  [PROG_TYPE.NETFILTER, structOf('bpf_nf_ctx', 16, NF_CTX, READ_ALL)],
  [PROG_TYPE.RAW_TRACEPOINT, { ...structOf('u64[]', ARGS_MAX * 8, RAW_TP_ARGS, READ_ALL), open: true }],
  [PROG_TYPE.STRUCT_OPS, { ...structOf('u64[]', 40, DUMMY_OPS_ARGS, READ_ALL), open: true }],
  [
    PROG_TYPE.SYSCALL,
    { ...structOf('context', 0xffff, SYSCALL_BYTES, { hidden: [], writes: { bytes: 'as-is' } }), open: true },
  ],
]);

/** Types whose ctx_in is another struct than the one their programs see. */
const USER_STRUCTS: ReadonlyMap<number, CtxStruct> = new Map([
  [PROG_TYPE.FLOW_DISSECTOR, structOf('bpf_flow_keys', FLOW_KEYS_SIZE, FLOW_KEYS, READ_ALL)],
  [PROG_TYPE.NETFILTER, structOf('nf_hook_state', NF_STATE_SIZE, NF_STATE, READ_ALL)],
]);

/** BPF_XDP_DEVMAP of enum bpf_attach_type. */
const ATTACH_XDP_DEVMAP = 33;
const XDP_DEVMAP_STRUCT = xdpMd(XDP_DEVMAP);

/** What members of bpf_dummy_ops with the state as their only argument get. */
const STATE_ONLY: CtxStruct = { ...structOf('u64[]', 8, DUMMY_OPS_ARGS.slice(0, 1), READ_ALL), open: true };
const STATE_MEMBERS: readonly string[] = ['test_1', 'test_sleepable'];

/**
 * The context struct of a program type with that type's access rules; null for types whose context is no struct known here.
 * `member`: which one of bpf_dummy_ops a STRUCT_OPS program implements.
 */
export function ctxStructOf(progType: number, attachType = 0, member = ''): CtxStruct | null {
  if (progType === PROG_TYPE.STRUCT_OPS && STATE_MEMBERS.includes(member)) return STATE_ONLY;
  if (progType === PROG_TYPE.XDP && attachType === ATTACH_XDP_DEVMAP) return XDP_DEVMAP_STRUCT;
  return STRUCTS.get(progType) ?? null;
}

/** The struct of ctx_in and ctx_out for a program type; null for types whose context is no struct known here. */
export function userCtxOf(progType: number): CtxStruct | null {
  return USER_STRUCTS.get(progType) ?? STRUCTS.get(progType) ?? null;
}
