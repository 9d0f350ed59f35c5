/** What a program's section name says about its type and attachment: libbpf 1.x's section_defs, then a guess for older names. */
import { PROG_TYPE as T } from '../uapi/prog-types.ts';

/** BPF_F_SLEEPABLE, BPF_F_XDP_HAS_FRAGS of BPF_PROG_LOAD. */
export const PROG_FLAG = { SLEEPABLE: 1 << 4, XDP_HAS_FRAGS: 1 << 5 } as const;

/** The numbers of enum bpf_attach_type that section names lead to. */
const A = {
  CGROUP_INET_INGRESS: 0,
  CGROUP_INET_EGRESS: 1,
  CGROUP_INET_SOCK_CREATE: 2,
  CGROUP_SOCK_OPS: 3,
  SK_SKB_STREAM_PARSER: 4,
  SK_SKB_STREAM_VERDICT: 5,
  CGROUP_DEVICE: 6,
  SK_MSG_VERDICT: 7,
  CGROUP_INET4_BIND: 8,
  CGROUP_INET6_BIND: 9,
  CGROUP_INET4_CONNECT: 10,
  CGROUP_INET6_CONNECT: 11,
  CGROUP_INET4_POST_BIND: 12,
  CGROUP_INET6_POST_BIND: 13,
  CGROUP_UDP4_SENDMSG: 14,
  CGROUP_UDP6_SENDMSG: 15,
  LIRC_MODE2: 16,
  FLOW_DISSECTOR: 17,
  CGROUP_SYSCTL: 18,
  CGROUP_UDP4_RECVMSG: 19,
  CGROUP_UDP6_RECVMSG: 20,
  CGROUP_GETSOCKOPT: 21,
  CGROUP_SETSOCKOPT: 22,
  TRACE_RAW_TP: 23,
  TRACE_FENTRY: 24,
  TRACE_FEXIT: 25,
  MODIFY_RETURN: 26,
  LSM_MAC: 27,
  TRACE_ITER: 28,
  CGROUP_INET4_GETPEERNAME: 29,
  CGROUP_INET6_GETPEERNAME: 30,
  CGROUP_INET4_GETSOCKNAME: 31,
  CGROUP_INET6_GETSOCKNAME: 32,
  XDP_DEVMAP: 33,
  CGROUP_INET_SOCK_RELEASE: 34,
  XDP_CPUMAP: 35,
  SK_LOOKUP: 36,
  XDP: 37,
  SK_SKB_VERDICT: 38,
  SK_REUSEPORT_SELECT: 39,
  SK_REUSEPORT_SELECT_OR_MIGRATE: 40,
  TRACE_KPROBE_MULTI: 42,
  LSM_CGROUP: 43,
  NETFILTER: 45,
  TCX_INGRESS: 46,
  TCX_EGRESS: 47,
  TRACE_UPROBE_MULTI: 48,
  CGROUP_UNIX_CONNECT: 49,
  CGROUP_UNIX_SENDMSG: 50,
  CGROUP_UNIX_RECVMSG: 51,
  CGROUP_UNIX_GETPEERNAME: 52,
  CGROUP_UNIX_GETSOCKNAME: 53,
  NETKIT_PRIMARY: 54,
  NETKIT_PEER: 55,
  TRACE_KPROBE_SESSION: 56,
  TRACE_UPROBE_SESSION: 57,
} as const;

const S = PROG_FLAG.SLEEPABLE;
const FRAGS = PROG_FLAG.XDP_HAS_FRAGS;

/** Name, type, expected attach type, flags. `name+` also takes `name/target`; all others are taken exactly. */
type SectionDef = readonly [name: string, type: number, attach_type: number, prog_flags: number];

const SECTION_DEFS: readonly SectionDef[] = [
  ['socket', T.SOCKET_FILTER, 0, 0],
  ['sk_reuseport/migrate', T.SK_REUSEPORT, A.SK_REUSEPORT_SELECT_OR_MIGRATE, 0],
  ['sk_reuseport', T.SK_REUSEPORT, A.SK_REUSEPORT_SELECT, 0],
  ['kprobe+', T.KPROBE, 0, 0],
  ['uprobe+', T.KPROBE, 0, 0],
  ['uprobe.s+', T.KPROBE, 0, S],
  ['kretprobe+', T.KPROBE, 0, 0],
  ['uretprobe+', T.KPROBE, 0, 0],
  ['uretprobe.s+', T.KPROBE, 0, S],
  ['kprobe.multi+', T.KPROBE, A.TRACE_KPROBE_MULTI, 0],
  ['kretprobe.multi+', T.KPROBE, A.TRACE_KPROBE_MULTI, 0],
  ['kprobe.session+', T.KPROBE, A.TRACE_KPROBE_SESSION, 0],
  ['uprobe.multi+', T.KPROBE, A.TRACE_UPROBE_MULTI, 0],
  ['uretprobe.multi+', T.KPROBE, A.TRACE_UPROBE_MULTI, 0],
  ['uprobe.session+', T.KPROBE, A.TRACE_UPROBE_SESSION, 0],
  ['uprobe.multi.s+', T.KPROBE, A.TRACE_UPROBE_MULTI, S],
  ['uretprobe.multi.s+', T.KPROBE, A.TRACE_UPROBE_MULTI, S],
  ['uprobe.session.s+', T.KPROBE, A.TRACE_UPROBE_SESSION, S],
  ['ksyscall+', T.KPROBE, 0, 0],
  ['kretsyscall+', T.KPROBE, 0, 0],
  ['usdt+', T.KPROBE, 0, 0],
  ['usdt.s+', T.KPROBE, 0, S],
  ['tc/ingress', T.SCHED_CLS, A.TCX_INGRESS, 0],
  ['tc/egress', T.SCHED_CLS, A.TCX_EGRESS, 0],
  ['tcx/ingress', T.SCHED_CLS, A.TCX_INGRESS, 0],
  ['tcx/egress', T.SCHED_CLS, A.TCX_EGRESS, 0],
  ['tc', T.SCHED_CLS, 0, 0],
  ['classifier', T.SCHED_CLS, 0, 0],
  ['action', T.SCHED_ACT, 0, 0],
  ['netkit/primary', T.SCHED_CLS, A.NETKIT_PRIMARY, 0],
  ['netkit/peer', T.SCHED_CLS, A.NETKIT_PEER, 0],
  ['tracepoint+', T.TRACEPOINT, 0, 0],
  ['tp+', T.TRACEPOINT, 0, 0],
  ['raw_tracepoint+', T.RAW_TRACEPOINT, 0, 0],
  ['raw_tp+', T.RAW_TRACEPOINT, 0, 0],
  ['raw_tracepoint.w+', T.RAW_TRACEPOINT_WRITABLE, 0, 0],
  ['raw_tp.w+', T.RAW_TRACEPOINT_WRITABLE, 0, 0],
  ['tp_btf+', T.TRACING, A.TRACE_RAW_TP, 0],
  ['fentry+', T.TRACING, A.TRACE_FENTRY, 0],
  ['fmod_ret+', T.TRACING, A.MODIFY_RETURN, 0],
  ['fexit+', T.TRACING, A.TRACE_FEXIT, 0],
  ['fentry.s+', T.TRACING, A.TRACE_FENTRY, S],
  ['fmod_ret.s+', T.TRACING, A.MODIFY_RETURN, S],
  ['fexit.s+', T.TRACING, A.TRACE_FEXIT, S],
  ['freplace+', T.EXT, 0, 0],
  ['lsm+', T.LSM, A.LSM_MAC, 0],
  ['lsm.s+', T.LSM, A.LSM_MAC, S],
  ['lsm_cgroup+', T.LSM, A.LSM_CGROUP, 0],
  ['iter+', T.TRACING, A.TRACE_ITER, 0],
  ['iter.s+', T.TRACING, A.TRACE_ITER, S],
  ['syscall', T.SYSCALL, 0, S],
  ['xdp.frags/devmap', T.XDP, A.XDP_DEVMAP, FRAGS],
  ['xdp/devmap', T.XDP, A.XDP_DEVMAP, 0],
  ['xdp.frags/cpumap', T.XDP, A.XDP_CPUMAP, FRAGS],
  ['xdp/cpumap', T.XDP, A.XDP_CPUMAP, 0],
  ['xdp.frags', T.XDP, A.XDP, FRAGS],
  ['xdp', T.XDP, A.XDP, 0],
  ['perf_event', T.PERF_EVENT, 0, 0],
  ['lwt_in', T.LWT_IN, 0, 0],
  ['lwt_out', T.LWT_OUT, 0, 0],
  ['lwt_xmit', T.LWT_XMIT, 0, 0],
  ['lwt_seg6local', T.LWT_SEG6LOCAL, 0, 0],
  ['sockops', T.SOCK_OPS, A.CGROUP_SOCK_OPS, 0],
  ['sk_skb/stream_parser', T.SK_SKB, A.SK_SKB_STREAM_PARSER, 0],
  ['sk_skb/stream_verdict', T.SK_SKB, A.SK_SKB_STREAM_VERDICT, 0],
  ['sk_skb/verdict', T.SK_SKB, A.SK_SKB_VERDICT, 0],
  ['sk_skb', T.SK_SKB, 0, 0],
  ['sk_msg', T.SK_MSG, A.SK_MSG_VERDICT, 0],
  ['lirc_mode2', T.LIRC_MODE2, A.LIRC_MODE2, 0],
  ['flow_dissector', T.FLOW_DISSECTOR, A.FLOW_DISSECTOR, 0],
  ['cgroup_skb/ingress', T.CGROUP_SKB, A.CGROUP_INET_INGRESS, 0],
  ['cgroup_skb/egress', T.CGROUP_SKB, A.CGROUP_INET_EGRESS, 0],
  ['cgroup/skb', T.CGROUP_SKB, 0, 0],
  ['cgroup/sock_create', T.CGROUP_SOCK, A.CGROUP_INET_SOCK_CREATE, 0],
  ['cgroup/sock_release', T.CGROUP_SOCK, A.CGROUP_INET_SOCK_RELEASE, 0],
  ['cgroup/sock', T.CGROUP_SOCK, A.CGROUP_INET_SOCK_CREATE, 0],
  ['cgroup/post_bind4', T.CGROUP_SOCK, A.CGROUP_INET4_POST_BIND, 0],
  ['cgroup/post_bind6', T.CGROUP_SOCK, A.CGROUP_INET6_POST_BIND, 0],
  ['cgroup/bind4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_BIND, 0],
  ['cgroup/bind6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_BIND, 0],
  ['cgroup/connect4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_CONNECT, 0],
  ['cgroup/connect6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_CONNECT, 0],
  ['cgroup/connect_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_CONNECT, 0],
  ['cgroup/sendmsg4', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP4_SENDMSG, 0],
  ['cgroup/sendmsg6', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP6_SENDMSG, 0],
  ['cgroup/sendmsg_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_SENDMSG, 0],
  ['cgroup/recvmsg4', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP4_RECVMSG, 0],
  ['cgroup/recvmsg6', T.CGROUP_SOCK_ADDR, A.CGROUP_UDP6_RECVMSG, 0],
  ['cgroup/recvmsg_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_RECVMSG, 0],
  ['cgroup/getpeername4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_GETPEERNAME, 0],
  ['cgroup/getpeername6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_GETPEERNAME, 0],
  ['cgroup/getpeername_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_GETPEERNAME, 0],
  ['cgroup/getsockname4', T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_GETSOCKNAME, 0],
  ['cgroup/getsockname6', T.CGROUP_SOCK_ADDR, A.CGROUP_INET6_GETSOCKNAME, 0],
  ['cgroup/getsockname_unix', T.CGROUP_SOCK_ADDR, A.CGROUP_UNIX_GETSOCKNAME, 0],
  ['cgroup/sysctl', T.CGROUP_SYSCTL, A.CGROUP_SYSCTL, 0],
  ['cgroup/getsockopt', T.CGROUP_SOCKOPT, A.CGROUP_GETSOCKOPT, 0],
  ['cgroup/setsockopt', T.CGROUP_SOCKOPT, A.CGROUP_SETSOCKOPT, 0],
  ['cgroup/dev', T.CGROUP_DEVICE, A.CGROUP_DEVICE, 0],
  ['struct_ops+', T.STRUCT_OPS, 0, 0],
  ['struct_ops.s+', T.STRUCT_OPS, 0, S],
  ['sk_lookup', T.SK_LOOKUP, A.SK_LOOKUP, 0],
  ['netfilter', T.NETFILTER, A.NETFILTER, 0],
];

/** Prefixes of names that libbpf before 1.0, iproute2 and others took, longest meaning first. */
const GUESSES: readonly (readonly [prefix: RegExp, type: number, attach_type: number])[] = [
  [/^xdp/, T.XDP, A.XDP],
  [/^(classifier|cls|tc(?![a-z])|tcx|netkit|(to|from)-|ingress|egress|schedcls|sched_cls)/, T.SCHED_CLS, 0],
  [/^(action|act_|sched_act)/, T.SCHED_ACT, 0],
  [/^cgroup[_/]skb/, T.CGROUP_SKB, 0],
  [/^cgroup[_/]sock_addr/, T.CGROUP_SOCK_ADDR, 0],
  [/^(sk_reuseport|reuseport)/, T.SK_REUSEPORT, A.SK_REUSEPORT_SELECT],
  [/^sk_lookup/, T.SK_LOOKUP, A.SK_LOOKUP],
  [/^sk_skb/, T.SK_SKB, 0],
  [/^sk_msg/, T.SK_MSG, A.SK_MSG_VERDICT],
  [/^sockops/, T.SOCK_OPS, A.CGROUP_SOCK_OPS],
  [/^(socket|filter|loadbalancer|sock_filter)/, T.SOCKET_FILTER, 0],
  [/^lwt_in/, T.LWT_IN, 0],
  [/^lwt_out/, T.LWT_OUT, 0],
  [/^lwt_xmit/, T.LWT_XMIT, 0],
  [/^lwt_seg6local/, T.LWT_SEG6LOCAL, 0],
  [/^flow_dissector/, T.FLOW_DISSECTOR, A.FLOW_DISSECTOR],
  [/^(kprobe|kretprobe|uprobe|uretprobe)/, T.KPROBE, 0],
  [/^(tracepoint|tp)\//, T.TRACEPOINT, 0],
  [/^raw_tracepoint/, T.RAW_TRACEPOINT, 0],
  [/^perf_event/, T.PERF_EVENT, 0],
];

export interface SectionMeaning {
  /** PROG_TYPE, 0 when the name says nothing. */
  readonly type: number;
  readonly attach_type: number;
  readonly attach_target: string;
  readonly prog_flags: number;
  readonly autoload: boolean;
  /** The type was guessed: libbpf 1.x does not know the name. */
  readonly guessed: boolean;
}

/** Reads a program's section name, `?` included. */
export function readSectionName(section: string): SectionMeaning {
  const autoload = !section.startsWith('?');
  const name = autoload ? section : section.slice(1);
  for (const [pattern, type, attach_type, prog_flags] of SECTION_DEFS) {
    const open = pattern.endsWith('+');
    const word = open ? pattern.slice(0, -1) : pattern;
    if (name !== word && !(open && name.startsWith(`${word}/`))) continue;
    return { type, attach_type, attach_target: name.slice(word.length + 1), prog_flags, autoload, guessed: false };
  }
  const guess = GUESSES.find(([prefix]) => prefix.test(name));
  return {
    type: guess?.[1] ?? 0,
    attach_type: guess?.[2] ?? 0,
    attach_target: '',
    prog_flags: 0,
    autoload,
    guessed: guess !== undefined,
  };
}
