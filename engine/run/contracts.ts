/** What BPF_PROG_RUN takes and gives, type by type, as one table: limits that the runs go by, and what a user reads about them. */
import { XDP_FRAGS_MAX, XDP_LINEAR_MAX, XDP_PAGE } from '../net/xdp-buff.ts';
import { BPF_F_TEST_SKB_CHECKSUM_COMPLETE, BPF_F_TEST_XDP_LIVE_FRAMES } from '../uapi/bpf-commands.ts';
import type { ErrnoName } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import type { DataRules, OptRules } from './opts.ts';
import { SETTABLE } from './skb-ctx.ts';

const PAGE = 4096;
/** A page less NET_SKB_PAD and struct skb_shared_info. */
const SKB_DATA_MAX = PAGE - 64 - 320;
const ETH_HLEN = 14;
const ANY_FLAGS = 0xffff_ffff;

/** What BPF_PROG_RUN takes and gives for a program type: sizes in bytes, errnos positive. */
export interface RunContract extends OptRules, DataRules {
  /** Bytes of ctx_in, and whether it must be there; `least` as the program reads it is NaN. */
  readonly ctx: { readonly required: boolean; readonly most: number; readonly note: string };
  /** Fields of ctx_in that may be other than 0, where not all may. */
  readonly settable: readonly string[] | null;
  /** Whether ctx_out may be asked for. */
  readonly ctx_out: boolean;
  /** What data_out holds; null: nothing comes out. */
  readonly data_out: string | null;
  readonly repeat: 'any' | 'must be 0' | 'ignored';
  readonly batch_size: 'must be 0' | 'with live frames' | 'ignored';
  readonly retval: string;
  readonly errors: readonly (readonly [ErrnoName, string])[];
}

const NO_ROOM: RunContract['errors'][number] = [
  'ENOSPC',
  'data_out or ctx_out does not fit its room; what fits is written',
];
const LONG_CTX: RunContract['errors'][number] = [
  'E2BIG',
  'ctx_in has bytes other than 0 behind its struct, or is longer than a page',
];
const STOPPED: RunContract['errors'][number] = ['EINTR', 'the run was cancelled; nothing is written'];

const SKB: RunContract = {
  data: { least: ETH_HLEN, most: SKB_DATA_MAX, note: '34 with an IPv4, 54 with an IPv6 Ethernet type' },
  ctx: { required: false, most: PAGE, note: 'shorter ones are filled with zeros' },
  ...{ settable: [...SETTABLE], ctx_out: true, data_out: 'the packet', flags: BPF_F_TEST_SKB_CHECKSUM_COMPLETE },
  ...{ cpu: 'must be 0', repeat: 'any', batch_size: 'must be 0', retval: 'what the program returns' },
  errors: [
    ['EINVAL', 'a size, flag or context field outside of these rules'],
    LONG_CTX,
    ['ENODEV', 'ctx_in.ifindex names no device'],
    NO_ROOM,
    ['EBADMSG', 'with BPF_F_TEST_SKB_CHECKSUM_COMPLETE: the sum was not kept up'],
    STOPPED,
  ],
};
/** Types whose programs see the packet from the network header on. */
const SKB_NETWORK: RunContract = { ...SKB, data_out: 'the packet behind an Ethernet header of zeros' };

const XDP: RunContract = {
  data: {
    ...{ least: ETH_HLEN, most: XDP_LINEAR_MAX + XDP_FRAGS_MAX * XDP_PAGE },
    note: `${XDP_LINEAR_MAX} in the linear part, the rest in fragments; live frames: at most 3408`,
  },
  ctx: {
    required: false,
    most: PAGE,
    note: 'data_end cuts the linear part, data is metadata in front (at most 216, a multiple of 4)',
  },
  ...{ settable: ['data', 'data_end', 'ingress_ifindex', 'rx_queue_index'], ctx_out: true },
  ...{ data_out: 'metadata, then the packet', flags: BPF_F_TEST_XDP_LIVE_FRAMES },
  ...{
    cpu: 'ignored',
    repeat: 'any',
    batch_size: 'with live frames',
    retval: 'what the program returns; with live frames 0',
  },
  errors: [
    ['EINVAL', 'a size, flag or context field outside of these rules, or a program for a devmap or cpumap entry'],
    LONG_CTX,
    ['ENODEV', 'ctx_in.ingress_ifindex names no device'],
    ['ENOMEM', 'more data than the linear part and 17 fragments hold'],
    NO_ROOM,
    STOPPED,
  ],
};

const FLOW_DISSECTOR: RunContract = {
  data: { least: ETH_HLEN, most: PAGE, note: '' },
  ctx: { required: false, most: PAGE, note: 'comes back as it was' },
  ...{
    settable: ['flags'],
    ctx_out: true,
    data_out: 'struct bpf_flow_keys, its offsets clamped to the frame',
    flags: 0,
  },
  ...{ cpu: 'must be 0', repeat: 'any', batch_size: 'must be 0', retval: 'what the program returns' },
  errors: [['EINVAL', 'a size, flag or context field outside of these rules'], LONG_CTX, NO_ROOM, STOPPED],
};

const SK_LOOKUP: RunContract = {
  data: null,
  ctx: { required: true, most: PAGE, note: 'the addresses of one family, family and protocol of 16 bits' },
  settable: ['family', 'protocol', 'remote_ip4', 'remote_ip6', 'remote_port', 'local_ip4', 'local_ip6', 'local_port'],
  ...{ ctx_out: true, data_out: null, flags: 0, cpu: 'must be 0', repeat: 'any', batch_size: 'must be 0' },
  retval: '0 (SK_DROP) or 1 (SK_PASS); ctx_out.sk is the cookie of the socket selected',
  errors: [
    ['EINVAL', 'data, no ctx_in, or a context field outside of these rules'],
    LONG_CTX,
    ['ERANGE', 'ctx_in.local_port has more than 16 bits'],
    ['EAFNOSUPPORT', 'ctx_in.family is neither IPv4 nor IPv6'],
    ['EOPNOTSUPP', 'the socket selected belongs to a reuseport group that would be asked'],
    NO_ROOM,
    STOPPED,
  ],
};

const RAW_TRACEPOINT: RunContract = {
  data: null,
  ctx: { required: false, most: 96, note: 'u64 arguments, at least those that the program reads' },
  ...{ settable: null, ctx_out: false, data_out: null, flags: ANY_FLAGS, cpu: 'needs BPF_F_TEST_RUN_ON_CPU' },
  ...{ repeat: 'must be 0', batch_size: 'must be 0', retval: 'what the program returns' },
  errors: [
    ['EINVAL', 'an attribute that this type does not take, or a context of a wrong size'],
    ['ENXIO', 'the CPU is not online'],
    STOPPED,
  ],
};

const SYSCALL: RunContract = {
  data: null,
  ctx: { required: false, most: 0xffff, note: 'any bytes, at least those that the program reads; changed in place' },
  ...{ settable: null, ctx_out: false, data_out: null, flags: 0, cpu: 'ignored' },
  ...{ repeat: 'must be 0', batch_size: 'must be 0', retval: 'what the program returns' },
  errors: [['EINVAL', 'an attribute that this type does not take, or a context of a wrong size'], STOPPED],
};

const STRUCT_OPS: RunContract = {
  data: null,
  ctx: {
    required: true,
    most: 40,
    note: 'exactly the u64 arguments of the member: test_1 and test_sleepable 8 bytes, test_2 40',
  },
  ...{ settable: null, ctx_out: false, data_out: null, flags: ANY_FLAGS, cpu: 'ignored', repeat: 'ignored' },
  ...{ batch_size: 'ignored', retval: 'what the program returns; the state its first argument points to comes back' },
  errors: [
    ['EINVAL', 'a context of another size, or NULL for a state that must be there'],
    ['EFAULT', 'the state lies in no memory given'],
    ['EOPNOTSUPP', 'the program implements another struct than bpf_dummy_ops'],
    STOPPED,
  ],
};

const NETFILTER: RunContract = {
  data: { least: 20, most: SKB_DATA_MAX, note: '34 (IPv6: 54) with a context whose hook is not LOCAL_OUT' },
  ctx: { required: false, most: PAGE, note: 'without one: hook LOCAL_OUT (3), pf IPv4 (2)' },
  ...{ settable: ['hook', 'pf'], ctx_out: false, data_out: null, flags: 0 },
  ...{ cpu: 'must be 0', repeat: 'any', batch_size: 'must be 0', retval: '0 (NF_DROP) or 1 (NF_ACCEPT)' },
  errors: [
    ['EINVAL', "a size, flag or context field outside of these rules, or a pf that is not the packet's"],
    ['EPROTO', 'the Ethernet type is neither IPv4 nor IPv6, at another hook than LOCAL_OUT'],
    LONG_CTX,
    STOPPED,
  ],
};

const CONTRACTS: ReadonlyMap<number, RunContract> = new Map([
  [PROG_TYPE.SOCKET_FILTER, SKB_NETWORK],
  [PROG_TYPE.SCHED_CLS, SKB],
  [PROG_TYPE.SCHED_ACT, SKB],
  [PROG_TYPE.XDP, XDP],
  [PROG_TYPE.SK_LOOKUP, SK_LOOKUP],
  [PROG_TYPE.CGROUP_SKB, SKB_NETWORK],
  [PROG_TYPE.LWT_IN, SKB_NETWORK],
  [PROG_TYPE.LWT_OUT, SKB_NETWORK],
  [PROG_TYPE.LWT_XMIT, SKB_NETWORK],
  [PROG_TYPE.LWT_SEG6LOCAL, SKB_NETWORK],
  [PROG_TYPE.FLOW_DISSECTOR, FLOW_DISSECTOR],
  [PROG_TYPE.STRUCT_OPS, STRUCT_OPS],
  [PROG_TYPE.RAW_TRACEPOINT, RAW_TRACEPOINT],
  [PROG_TYPE.SYSCALL, SYSCALL],
  [PROG_TYPE.NETFILTER, NETFILTER],
]);

/** The contract of a type; undefined for types that BPF_PROG_RUN does not run. */
export function contractOf(type: number): RunContract | undefined {
  return CONTRACTS.get(type);
}

/** Types that have one, in the order of the kernel's document. */
export function runnableTypes(): number[] {
  return [...CONTRACTS.keys()];
}
