/** BPF_PROG_RUN with programs in their traced forms: the same run, and what it did instruction by instruction. */
import type { Result } from '../../errors.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import type { ProgRunResult } from '../types.ts';
import { TraceRecord } from './record.ts';
import { lastRegisters, stepsOf } from './steps.ts';
import { TRACE_MAX, type TraceOpts } from './types.ts';

/** Runs `run` traced; its result gets the trace. Runs are deterministic, so that it is the trace of any run given the same. */
export function traced(
  world: World,
  program: LoadedProgram,
  opts: TraceOpts,
  run: () => Result<ProgRunResult>,
): Result<ProgRunResult> {
  const record = new TraceRecord(world, Math.max(1, opts.max ?? TRACE_MAX));
  const done = world.programs.traced(record.step, run);
  if (!done.ok) return done;
  const trace = {
    steps: stepsOf(world, record, program),
    registers: lastRegisters(world, record, program),
    total: record.total,
  };
  return { ok: true, value: { ...done.value, trace } };
}
