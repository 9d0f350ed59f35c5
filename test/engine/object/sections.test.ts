/** Section names: what libbpf 1.x knows, what is guessed, what says nothing. */
import { expect, test } from 'bun:test';
import { readSectionName } from '../../../engine/object/sections.ts';
import { PROG_TYPE as T } from '../../../engine/uapi/prog-types.ts';

/** name, type, attach type, flags, target */
const KNOWN: [string, number, number, number, string][] = [
  ['xdp', T.XDP, 37, 0, ''],
  ['xdp.frags', T.XDP, 37, 32, ''],
  ['xdp/devmap', T.XDP, 33, 0, ''],
  ['xdp.frags/cpumap', T.XDP, 35, 32, ''],
  ['tc', T.SCHED_CLS, 0, 0, ''],
  ['tcx/ingress', T.SCHED_CLS, 46, 0, ''],
  ['tc/egress', T.SCHED_CLS, 47, 0, ''],
  ['netkit/peer', T.SCHED_CLS, 55, 0, ''],
  ['classifier', T.SCHED_CLS, 0, 0, ''],
  ['action', T.SCHED_ACT, 0, 0, ''],
  ['socket', T.SOCKET_FILTER, 0, 0, ''],
  ['cgroup_skb/egress', T.CGROUP_SKB, 1, 0, ''],
  ['cgroup/skb', T.CGROUP_SKB, 0, 0, ''],
  ['cgroup/connect6', T.CGROUP_SOCK_ADDR, 11, 0, ''],
  ['lwt_xmit', T.LWT_XMIT, 0, 0, ''],
  ['flow_dissector', T.FLOW_DISSECTOR, 17, 0, ''],
  ['sk_lookup', T.SK_LOOKUP, 36, 0, ''],
  ['sk_reuseport/migrate', T.SK_REUSEPORT, 40, 0, ''],
  ['syscall', T.SYSCALL, 0, 16, ''],
  ['raw_tp/sched_switch', T.RAW_TRACEPOINT, 0, 0, 'sched_switch'],
  ['raw_tracepoint.w/x', T.RAW_TRACEPOINT_WRITABLE, 0, 0, 'x'],
  ['kprobe', T.KPROBE, 0, 0, ''],
  ['fentry.s/do_exit', T.TRACING, 24, 16, 'do_exit'],
  ['tp/a/b', T.TRACEPOINT, 0, 0, 'a/b'],
  ['struct_ops.s/test_1', T.STRUCT_OPS, 0, 16, 'test_1'],
  ['freplace/handler', T.EXT, 0, 0, 'handler'],
  ['netfilter', T.NETFILTER, 45, 0, ''],
];

for (const [name, type, attach_type, prog_flags, attach_target] of KNOWN) {
  test(name, () => {
    const meaning = { type, attach_type, prog_flags, attach_target, guessed: false };
    expect(readSectionName(name)).toEqual({ ...meaning, autoload: true });
    expect(readSectionName(`?${name}`)).toEqual({ ...meaning, autoload: false });
  });
}

const GUESSED: [string, number][] = [
  ['xdp_pass', T.XDP],
  ['xdp/one', T.XDP],
  ['filter', T.SOCKET_FILTER],
  ['loadbalancer', T.SOCKET_FILTER],
  ['socket1', T.SOCKET_FILTER],
  ['tc_cls', T.SCHED_CLS],
  ['from-container', T.SCHED_CLS],
  ['classifier/ingress', T.SCHED_CLS],
  ['action_mark', T.SCHED_ACT],
  ['cgroup_skb', T.CGROUP_SKB],
];

for (const [name, type] of GUESSED) {
  test(`${name} is guessed`, () => expect(readSectionName(name)).toMatchObject({ type, guessed: true }));
}

for (const name of ['5', '2/7', 'prog', 'tcp', '']) {
  test(`${JSON.stringify(name)} says nothing`, () => expect(readSectionName(name).type).toBe(0));
}
