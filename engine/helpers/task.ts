/** Who runs, and on which CPU (kernel/bpf/helpers.c): what the environment hands in. */
import { PRIV } from '../layout.ts';
import { checkWrite } from './check-mem.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;

const encoder = new TextEncoder();

function pair(rc: RunCtx, lo: number, hi: number): 0 {
  rc.mem.u32[R0] = lo;
  rc.mem.u32[R0 + 1] = hi;
  return 0;
}

const processorId: HelperMaker = (rc) => () => rc.env.cpu;

/** One node holds all CPUs. */
const numaNode: HelperMaker = () => () => 0;

const pidTgid: HelperMaker = (rc) => () => pair(rc, rc.env.pid, rc.env.tgid);

const uidGid: HelperMaker = (rc) => () => pair(rc, rc.env.uid, rc.env.gid);

/** strscpy_pad: as much as fits, a NUL behind it, zeros to the end. */
const comm: HelperMaker = (rc) => (to, size) => {
  const at = to! >>> 0;
  const bytes = size! >>> 0;
  if (!checkWrite(rc, at, bytes) || bytes === 0) return 0;
  const name = encoder.encode(rc.env.comm).subarray(0, bytes - 1);
  rc.mem.u8.fill(0, at, at + bytes);
  rc.mem.u8.set(name, at);
  return 0;
};

/** By helper name. */
export const TASK_HELPERS: Readonly<Record<string, HelperMaker>> = {
  get_smp_processor_id: processorId,
  get_numa_node_id: numaNode,
  get_current_pid_tgid: pidTgid,
  get_current_uid_gid: uidGid,
  get_current_comm: comm,
};
