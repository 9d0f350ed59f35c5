/** Which program types BPF_PROG_RUN takes, and how each runs. */
import { PROG_TYPE, type ProgTypeName } from '../uapi/prog-types.ts';
import { runFlowDissector } from './flow-dissector.ts';
import { runNetfilter } from './netfilter.ts';
import { runRawTp } from './raw-tp.ts';
import type { RunFamily } from './run.ts';
import { runSkLookup } from './sk-lookup.ts';
import { runSkb } from './skb.ts';
import { runStructOps } from './struct-ops.ts';
import { runSyscall } from './syscall.ts';
import { runTracing } from './tracing.ts';
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
  [PROG_TYPE.LWT_SEG6LOCAL, runSkb],
  [PROG_TYPE.FLOW_DISSECTOR, runFlowDissector],
  [PROG_TYPE.SK_LOOKUP, runSkLookup],
  [PROG_TYPE.RAW_TRACEPOINT, runRawTp],
  [PROG_TYPE.SYSCALL, runSyscall],
  [PROG_TYPE.STRUCT_OPS, runStructOps],
  [PROG_TYPE.NETFILTER, runNetfilter],
  [PROG_TYPE.TRACING, runTracing],
]);

/** BPF_TRACE_FENTRY, BPF_TRACE_FEXIT and BPF_MODIFY_RETURN: run by calling kernel functions that they are attached to. */
const ON_FUNCTIONS: readonly number[] = [24, 25, 26];

/** Whether a program is run by what it is attached to, which the engine does not have. */
export function runsAttachedOnly(type: number, attachType: number): boolean {
  return type === PROG_TYPE.TRACING && ON_FUNCTIONS.includes(attachType);
}

/** Types without a test_run operation in the kernel: the call answers ENOTSUPP. */
const NO_TEST_RUN: readonly ProgTypeName[] = [
  ...(['LSM', 'RAW_TRACEPOINT_WRITABLE', 'KPROBE', 'TRACEPOINT', 'PERF_EVENT', 'CGROUP_SOCK'] as const),
  ...(['SOCK_OPS', 'SK_SKB', 'SK_MSG', 'CGROUP_DEVICE', 'CGROUP_SOCK_ADDR', 'CGROUP_SYSCTL'] as const),
  ...(['CGROUP_SOCKOPT', 'SK_REUSEPORT', 'LIRC_MODE2', 'EXT'] as const),
];
const ENOTSUPP_TYPES: ReadonlySet<number> = new Set(NO_TEST_RUN.map((name) => PROG_TYPE[name]));

/** Whether the kernel itself cannot run this type. */
export function hasNoTestRun(type: number): boolean {
  return ENOTSUPP_TYPES.has(type);
}
