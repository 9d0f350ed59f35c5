/** Which program types BPF_PROG_RUN takes, and how each runs. */
import { PROG_TYPE, type ProgTypeName } from '../uapi/prog-types.ts';
import type { RunFamily } from './run.ts';
import { runSkb } from './skb.ts';
import { runXdp } from './xdp.ts';

export const FAMILIES: ReadonlyMap<number, RunFamily> = new Map<number, RunFamily>([
  [PROG_TYPE.XDP, runXdp],
  [PROG_TYPE.SOCKET_FILTER, runSkb],
  [PROG_TYPE.SCHED_CLS, runSkb],
  [PROG_TYPE.SCHED_ACT, runSkb],
  [PROG_TYPE.CGROUP_SKB, runSkb],
  [PROG_TYPE.LWT_IN, runSkb],
  [PROG_TYPE.LWT_OUT, runSkb],
  [PROG_TYPE.LWT_XMIT, runSkb],
]);

/** Types without a test_run operation in the kernel: the call answers ENOTSUPP. */
const NO_TEST_RUN: readonly ProgTypeName[] = [
  ...(['LWT_SEG6LOCAL', 'RAW_TRACEPOINT_WRITABLE', 'KPROBE', 'TRACEPOINT', 'PERF_EVENT', 'CGROUP_SOCK'] as const),
  ...(['SOCK_OPS', 'SK_SKB', 'SK_MSG', 'CGROUP_DEVICE', 'CGROUP_SOCK_ADDR', 'CGROUP_SYSCTL'] as const),
  ...(['CGROUP_SOCKOPT', 'SK_REUSEPORT', 'LIRC_MODE2', 'EXT'] as const),
];
const ENOTSUPP_TYPES: ReadonlySet<number> = new Set(NO_TEST_RUN.map((name) => PROG_TYPE[name]));

/** Whether the kernel itself cannot run this type. */
export function hasNoTestRun(type: number): boolean {
  return ENOTSUPP_TYPES.has(type);
}
