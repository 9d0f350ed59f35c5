/** BPF_PROG_RUN of RAW_TRACEPOINT programs (bpf_prog_test_run_raw_tp): their arguments are the context. */
import { CTX_BASE } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { contractOf } from './contracts.ts';
import { endedEarly, finishVerdict, notRun } from './finish.ts';
import { type Failure, invalid } from './opts.ts';
import { checkPlain, checkReach, putContext } from './plain-ctx.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

/** BPF_F_TEST_RUN_ON_CPU: the only flag that does anything; all others are taken. */
const F_RUN_ON_CPU = 1;
const CONTRACT = contractOf(PROG_TYPE.RAW_TRACEPOINT)!;

export function runRawTp(run: Run, opts: ProgRunOpts): ProgRunResult {
  const args = opts.ctx_in ?? new Uint8Array(0);
  const failure = checkPlain(opts) ?? checkReach(run, args.length, CONTRACT.ctx.most) ?? checkCpu(run, opts);
  if (failure !== null) return notRun(failure);
  putContext(run, args);
  const onCpu = ((opts.flags ?? 0) & F_RUN_ON_CPU) !== 0;
  const env = onCpu ? { ...opts.env, cpu: opts.cpu ?? 0 } : opts.env;
  const execution = run.execute(CTX_BASE, { ...opts, ...(env === undefined ? {} : { env }) });
  return endedEarly(run.world, execution) ?? finishVerdict(run.world, execution);
}

function checkCpu(run: Run, opts: ProgRunOpts): Failure | null {
  const cpu = opts.cpu ?? 0;
  if (((opts.flags ?? 0) & F_RUN_ON_CPU) === 0) {
    return cpu === 0 ? null : invalid('cpu: needs the flag BPF_F_TEST_RUN_ON_CPU');
  }
  const { cpus } = run.world.maps;
  if (cpu >= 0 && cpu < cpus) return null;
  return { errno: ERRNO.ENXIO, reason: `cpu ${cpu} is not online: there ${cpus === 1 ? 'is 1' : `are ${cpus}`}` };
}
