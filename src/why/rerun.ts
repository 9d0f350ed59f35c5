/** Runs a case that failed once more, traced, and explains what came of it: the runs before the failing step stay as they were. */
import { type ObjectSpec, PROG_TYPE, type ProgRunResult } from '../../engine/index.ts';
import type { Backend, RunReply, RunRequest, RunStep } from '../backends/backend.ts';
import { progTypeNumber } from '../format/prog-types.ts';
import { plain } from '../format/sanitize.ts';
import type { TestOutcome } from '../outcome.ts';
import { explain } from './explain.ts';
import type { Why } from './types.ts';

/** Longer runs are not traced: that would take seconds. */
const INSNS_MAX = 1_000_000;
/** Of an endless loop so much is run again. */
const LOOP_BUDGET = 20_000;
const ENDLESS = 'endless loop';

/** PROG_TYPE that a step runs as. */
export function typeOfStep(spec: ObjectSpec, step: RunStep): number {
  if (step.type !== undefined) return progTypeNumber(step.type);
  return spec.programs.find((one) => one.name === step.program)?.type ?? 0;
}

/** Bytes of metadata in front of an XDP packet, as ctx_in has it. */
export function metaBytes(step: RunStep, type: number): number {
  if (type !== PROG_TYPE.XDP) return 0;
  const { ctx_in } = step.opts;
  if (ctx_in !== undefined && ctx_in.length >= 4) {
    return new DataView(ctx_in.buffer, ctx_in.byteOffset, 4).getUint32(0, true);
  }
  return typeof step.ctx?.data === 'number' ? step.ctx.data : 0;
}

/** Where there is no explanation, and why not. */
export function unexplained(note: string): Why {
  const nothing = { returned: null, decisive: null, source: [], registers: [], values: [], branches: [], calls: [] };
  return { ...nothing, trace: [], left_out: 0, note: plain(note) };
}

function tracedStep(step: RunStep, looped: boolean): RunStep {
  return { ...step, opts: { ...step.opts, trace: {}, ...(looped ? { budget: LOOP_BUDGET } : {}) } };
}

/** The request with step `nth` (from 0) traced, and no step after it. */
function tracedRequest(request: RunRequest, nth: number, looped: boolean): RunRequest {
  const { more = [], ...first } = request;
  if (nth === 0) return { ...first, ...tracedStep(first, looped) };
  const steps = more.slice(0, nth).map((step, i) => (i === nth - 1 ? tracedStep(step, looped) : step));
  return { ...first, more: steps };
}

function replyOf(reply: RunReply, nth: number): RunReply | undefined {
  return nth === 0 ? reply : reply.more?.[nth - 1];
}

function endedAlike(a: ProgRunResult, b: ProgRunResult): boolean {
  return a.retval === b.retval && a.errno === b.errno && a.fault?.insn === b.fault?.insn;
}

/** The object of a request, and those in the same world. */
export interface RunObjects {
  readonly spec: ObjectSpec;
  readonly further: readonly ObjectSpec[];
}

/**
 * Why the case of `outcome` ended as it did; undefined where that cannot be said: nothing ran, the run was long, the backend
 * has no traces.
 */
export async function whyOf(
  outcome: TestOutcome,
  request: RunRequest,
  { spec, further }: RunObjects,
  backend: Backend,
): Promise<Why | undefined> {
  const { result } = outcome;
  if (backend.name !== 'engine' || result === null || result.insns_executed === 0) return undefined;
  const looped = result.fault?.kind === ENDLESS;
  if (!looped && result.insns_executed > INSNS_MAX) return undefined;
  const nth = (outcome.step?.number ?? 1) - 1;
  const step = nth === 0 ? request : request.more?.[nth - 1];
  const again = replyOf(await backend.run(tracedRequest(request, nth, looped)), nth)?.result;
  if (!step || !again?.trace) return undefined;
  const type = typeOfStep(spec, step);
  const limits = [
    ...(looped ? [`an endless loop: its first ${again.trace.total} instructions were looked at`] : []),
    ...(looped || endedAlike(result, again) ? [] : ['run again it ended otherwise']),
  ];
  return explain({
    ...{ spec, further, type, trace: again.trace, data_in: step.opts.data_in ?? null },
    ...{ meta_bytes: metaBytes(step, type), note: limits.join('; ') },
  });
}
