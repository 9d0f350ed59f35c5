/** BPF_PROG_RUN of a program in hand, by an executor handed in (bpf_prog_test_run in kernel/bpf/syscall.c). */
import { ok, type Result, refuse } from '../errors.ts';
import type { LoadedProgram, World } from '../load/types.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE, progTypeName } from '../uapi/prog-types.ts';
import { counted } from './coverage.ts';
import { FAMILIES, hasNoTestRun, runsAttachedOnly } from './families.ts';
import { notRun } from './finish.ts';
import { enterNetns } from './netns.ts';
import { checkBuffers, F_XDP_LIVE_FRAMES } from './opts.ts';
import { beginRun, type Executor } from './run.ts';
import { traced } from './trace/trace.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';
import { runXdpLive } from './xdp-live/xdp-live.ts';

/** Refuses what the engine cannot run (stage `unsupported`, by name); an errno is part of the result. */
export function runProgram(
  world: World,
  program: LoadedProgram,
  opts: ProgRunOpts,
  executor: Executor,
): Result<ProgRunResult> {
  const entered = enterNetns({ world }, opts.netns);
  if (!entered.ok) return entered;
  const failure = checkBuffers(opts);
  if (failure !== null) return ok(notRun(failure));
  const { type } = program;
  if (hasNoTestRun(type)) {
    return ok(
      notRun({ errno: ERRNO.ENOTSUPP, reason: `the kernel does not run ${progTypeName(type)} programs on demand` }),
    );
  }
  const family = FAMILIES.get(type);
  if (family === undefined) return unsupported(program, `running ${progTypeName(type)} programs`);
  if (runsAttachedOnly(type, program.spec.attach_type)) {
    return unsupported(program, 'running fentry, fexit and fmod_ret programs');
  }
  if (type === PROG_TYPE.XDP && opts.flags === F_XDP_LIVE_FRAMES) {
    return runXdpLive(world, program, opts);
  }
  const run = () => ok(family(beginRun(world, program, executor), opts));
  if (opts.trace !== undefined) return traced(world, program, opts.trace, run);
  return opts.coverage === undefined ? run() : counted(world, opts.coverage, run);
}

function unsupported(program: LoadedProgram, what: string): Result<ProgRunResult> {
  return refuse('unsupported', 0, `${what} is not supported`, { program: program.spec.name });
}
