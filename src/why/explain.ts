/** Why a program returned what it returned: a trace read forwards, with names for what it read, and cut to what is near the end. */
import { type ObjectSpec, PROG_TYPE, type Trace, type TraceBranch, type TraceStep } from '../../engine/index.ts';
import { clip, plain } from '../format/sanitize.ts';
import { retvalText } from '../format/verdicts.ts';
import { Names } from './names.ts';
import { heldText } from './places.ts';
import { placeOfStep, returnedFrom, sourceAround } from './source.ts';
import { traceLines } from './trace-lines.ts';
import { TracedObjects } from './traced-objects.ts';
import type { Why, WhyBranch, WhyCall, WhyValue } from './types.ts';

const BRANCHES_MAX = 10;
const CALLS_MAX = 20;
const VALUES_MAX = 24;
const TRACE_LINES_MAX = 400;
const LINE_MAX = 160;
const ETH_HLEN = 14;
const FRAME_POINTER = 10;
/** Types whose data begins with the Ethernet header; that of the others begins after it. */
const LINK_LAYER: ReadonlySet<number> = new Set<number>([
  ...[PROG_TYPE.XDP, PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.FLOW_DISSECTOR],
]);

export interface Explained {
  readonly spec: ObjectSpec;
  /** Further objects in its world. */
  readonly further?: readonly ObjectSpec[];
  /** PROG_TYPE that the program ran as. */
  readonly type: number;
  readonly trace: Trace;
  readonly data_in: Uint8Array | null;
  /** Bytes of XDP metadata in front of the packet in data_in. */
  readonly meta_bytes?: number;
  /** What limits the explanation, from whoever made the trace. */
  readonly note?: string;
}

/** Reads a trace. Plain data, bounded whatever ran. */
export function explain(run: Explained): Why {
  const { trace } = run;
  const objects = new TracedObjects(run.spec, run.further);
  const names = namesOf(run, objects);
  const branches: WhyBranch[] = [];
  const at = returnedFrom(objects, trace.steps);
  const from = trace.steps[at];
  let before = 0;
  const called: WhyCall[] = [];
  for (const [i, step] of trace.steps.entries()) {
    const condition = conditionText(step, names);
    names.see(step);
    if (step.branch !== null) branches.push({ ...placeOfStep(step), condition, taken: step.branch.taken });
    if (i === at) before = branches.length;
    if (step.call?.helper) {
      const calls = objects.calls(step);
      called.push({ ...placeOfStep(step), said: calls.text(step.call), failed: calls.failed(step.call) });
    }
  }
  const lines = traceLines(objects, trace).map((line) => clip(line, LINE_MAX));
  const shown = lines.slice(-TRACE_LINES_MAX);
  return {
    returned: from === undefined ? null : placeOfStep(from),
    source: from === undefined ? [] : sourceAround(objects, trace.steps, from),
    registers: registersOf(run, names),
    values: names.values.slice(-VALUES_MAX),
    decisive: decisiveOf(branches.slice(0, before), from),
    branches: branches.slice(-BRANCHES_MAX),
    calls: called.slice(-CALLS_MAX),
    trace: shown,
    left_out: trace.total - shown.filter((line) => !line.trimStart().startsWith(';')).length,
    note: noteOf(run),
  };
}

/** `branches` are those before the step returned from. */
function decisiveOf(branches: readonly WhyBranch[], from: TraceStep | undefined): WhyBranch | null {
  if (from === undefined) return null;
  const { file, line } = placeOfStep(from);
  return branches.findLast((one) => one.file === file && one.line === line) ?? branches.at(-1) ?? null;
}

function namesOf({ type, data_in, meta_bytes }: Explained, objects: TracedObjects): Names {
  const packet = data_in ?? new Uint8Array(0);
  if (LINK_LAYER.has(type)) return new Names(objects, packet.subarray(meta_bytes ?? 0), 'eth');
  const inside = packet.subarray(ETH_HLEN);
  return new Names(objects, inside, (inside[0] ?? 0) >> 4 === 6 ? 'ipv6' : 'ipv4');
}

/** `ip6->nexthdr (17) != 6`: what was compared, by name where it has one. */
function conditionText(step: TraceStep, names: Names): string {
  const { branch } = step;
  if (branch === null) return '';
  return plain(`${sideText(step, branch, names, 'left')} ${branch.sign} ${sideText(step, branch, names, 'right')}`);
}

function sideText(step: TraceStep, branch: TraceBranch, names: Names, side: 'left' | 'right'): string {
  const operand = branch[side];
  const value = branch[`${side}_value`];
  const place = branch[`${side}_place`];
  const other = names.registerName(step, branch.left);
  const pointer = other !== undefined && names.isPointer(other);
  if (!/^[rw]\d/.test(operand)) return pointer && operand === '0' ? 'NULL' : operand;
  const name = names.registerName(step, operand) ?? operand;
  const text = names.isPointer(name) && value === 0n ? 'NULL' : heldText(value, place, names.keyAt(place));
  return `${name} (${text})`;
}

function registersOf({ trace, type }: Explained, names: Names): WhyValue[] {
  const last = trace.steps.at(-1);
  if (last === undefined) return [];
  return trace.registers.slice(0, FRAME_POINTER).map(({ register, value, place }) => {
    const verdict = register === 0 && last.returns !== null && last.depth === 0;
    const text = verdict
      ? retvalText(type, Number(BigInt.asUintN(32, value)))
      : heldText(value, place, names.keyAt(place));
    return { name: `r${register}`, value: plain(text), where: plain(names.registerName(last, `r${register}`) ?? '') };
  });
}

function noteOf({ trace, note }: Explained): string {
  if (note !== undefined && note !== '') return note;
  const kept = trace.steps.length;
  return kept < trace.total ? `only the last ${kept} of ${trace.total} instructions were looked at` : '';
}
