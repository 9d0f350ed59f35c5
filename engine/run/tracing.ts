/** BPF_PROG_RUN of TRACING programs (bpf_prog_test_run_tracing): the kernel calls functions they may hang on, and never them. */
import { ERRNO } from '../uapi/errno.ts';
import { notRun } from './finish.ts';
import { checkOpts } from './opts.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

/** Iterators and programs on typed tracepoints have no function to be called by: EFAULT. */
export function runTracing(run: Run, opts: ProgRunOpts): ProgRunResult {
  const failure = checkOpts(opts, { flags: 0, cpu: 'must be 0' });
  if (failure !== null) return notRun(failure);
  const reason = `${run.program.spec.name} hangs on ${run.program.spec.attach_target || 'nothing'}, which no call on demand reaches`;
  return notRun({ errno: ERRNO.EFAULT, reason });
}
