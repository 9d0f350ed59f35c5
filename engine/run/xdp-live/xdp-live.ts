/** BPF_PROG_RUN of XDP programs with BPF_F_TEST_XDP_LIVE_FRAMES: a whole live run in one call (bpf_test_run_xdp_live). */
import { ok, type Result } from '../../errors.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import { ERRNO } from '../../uapi/errno.ts';
import { notRun } from '../finish.ts';
import type { ProgRunOpts, ProgRunResult } from '../types.ts';
import { openLiveProgram } from './open.ts';
import type { LiveRun } from './run.ts';

/** Runs all repeats; verdicts are acted upon in the namespace of `opts`, whose devices are no veths: openLive() takes those. */
export function runXdpLive(world: World, program: LoadedProgram, opts: ProgRunOpts): Result<ProgRunResult> {
  const { user_memory, ...given } = opts;
  const opened = openLiveProgram(world, program, given);
  if (!opened.ok) {
    const { stage, errno, message } = opened.error;
    return stage === 'run' && errno !== 0 ? ok(notRun({ errno, reason: message })) : opened;
  }
  const run = opened.value;
  run.runFor({});
  run.close();
  return ok(resultOf(run, opts));
}

function resultOf(run: LiveRun, opts: ProgRunOpts): ProgRunResult {
  const { printk, records } = run.takeOutput();
  const common = {
    ...{ duration_ns: Math.round(run.duration_ns), ctx_out: null, ctx_size_out: null, ctx_in_after: null },
    ...{ insns_executed: run.report().insns_executed, printk, records, redirect: null, fault: run.fault },
  };
  const nothing = { retval: null, data_out: null, data_size_out: null };
  if (run.fault !== null) return { ...common, ...nothing, errno: 0, reason: '' };
  if (run.errno !== 0) {
    const reason = run.errno === ERRNO.EINTR ? 'the run was cancelled' : 'the page pool found no page';
    return { ...common, ...nothing, errno: run.errno, reason };
  }
  return { ...common, ...copyOut(opts) };
}

/** bpf_test_finish: the packet as it was given, for live frames are not given back. */
function copyOut(opts: ProgRunOpts): Pick<ProgRunResult, 'errno' | 'reason' | 'retval' | 'data_out' | 'data_size_out'> {
  const data_in = opts.data_in ?? new Uint8Array(0);
  const size = data_in.length;
  const room = opts.data_size_out ?? 0;
  const short = room !== 0 && size > room;
  const wanted = opts.data_out !== false && opts.ctx_in === undefined;
  return {
    errno: short ? ERRNO.ENOSPC : 0,
    reason: short ? `data_size_out is ${room}, the packet has ${size} bytes` : '',
    ...{ retval: 0, data_out: wanted ? data_in.slice(0, short ? room : size) : null, data_size_out: size },
  };
}
