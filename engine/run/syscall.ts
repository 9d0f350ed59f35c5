/** BPF_PROG_RUN of SYSCALL programs (bpf_prog_test_run_syscall): the context is memory that the program changes in place. */
import { CTX_BASE } from '../layout.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { contractOf } from './contracts.ts';
import { endedEarly, finishVerdict, notRun } from './finish.ts';
import { type Failure, invalid } from './opts.ts';
import { checkPlain, checkReach, putContext } from './plain-ctx.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

const CONTRACT = contractOf(PROG_TYPE.SYSCALL)!;

/** Whatever the program returns, the context goes back to where it came from. */
export function runSyscall(run: Run, opts: ProgRunOpts): ProgRunResult {
  const { world } = run;
  const given = opts.ctx_in ?? new Uint8Array(0);
  const failure = checkPlain(opts) ?? checkFlags(opts) ?? checkReach(run, given.length, CONTRACT.ctx.most);
  if (failure !== null) return notRun(failure);
  putContext(run, given);
  const execution = run.execute(CTX_BASE, opts);
  const early = endedEarly(world, execution);
  if (early !== null) return early;
  const ctx_in_after = given.length === 0 ? null : world.mem.u8.slice(CTX_BASE, CTX_BASE + given.length);
  return finishVerdict(world, execution, { ctx_in_after });
}

function checkFlags(opts: ProgRunOpts): Failure | null {
  return (opts.flags ?? 0) === 0 ? null : invalid('flags: this program type takes none');
}
