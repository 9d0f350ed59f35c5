/** `run --why` and `run --trace`: the same run once more, traced; its explanation for the report, its instructions for a file. */
import type { Trace } from '../../engine/index.ts';
import type { RunRequest } from '../backends/backend.ts';
import type { World } from '../backends/world-names.ts';
import { clip } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import { InputError } from '../input-error.ts';
import { explain } from '../why/explain.ts';
import { metaBytes, typeOfStep } from '../why/rerun.ts';
import { traceLines } from '../why/trace-lines.ts';
import { TracedObjects } from '../why/traced-objects.ts';
import type { Why, WhyBranch, WhyPlace, WhyValue } from '../why/types.ts';
import type { CommandIo } from './command.ts';
import type { RunInput } from './run-job.ts';
import { writeTo } from './write-to.ts';

/** More would be gigabytes of text. */
const STEPS_MAX = 100_000;
const WIDTH = 140;

export interface Traced {
  readonly trace: Trace;
  readonly why: Why;
}

/** The request once more, for its trace; null when nothing asks for it. Throws InputError where there are no traces. */
export function tracedRequest(input: RunInput, request: RunRequest, backend: string): RunRequest | null {
  if (!input.why && input.trace === null) return null;
  if (backend !== 'engine')
    throw new InputError('--why and --trace are of the engine: the kernel does not say what it executes');
  return { ...request, opts: { ...request.opts, trace: { max: STEPS_MAX } } };
}

/** `world`: the object that was run first. */
export function tracedOf(world: World, request: RunRequest, trace: Trace | undefined): Traced | null {
  const [spec, ...further] = world.map((one) => one.spec);
  if (trace === undefined || spec === undefined) return null;
  const data_in = request.opts.data_in ?? null;
  const type = typeOfStep(spec, request);
  return { trace, why: explain({ spec, further, type, trace, data_in, meta_bytes: metaBytes(request, type) }) };
}

/** Writes all instructions where `--trace` says. */
export function writeTrace(world: World, { trace }: Traced, target: string, io: CommandIo): void {
  const [spec, ...further] = world.map((one) => one.spec);
  const objects = new TracedObjects(spec!, further);
  const before = trace.total - trace.steps.length;
  const head = before > 0 ? [`; ${before} instructions before these`] : [];
  const text = `${[...head, ...traceLines(objects, trace)].join('\n')}\n`;
  writeTo(target, new TextEncoder().encode(text), io);
}

function at(place: WhyPlace): string {
  return place.line > 0 ? `${place.file}:${place.line}` : `${place.program}, insn ${place.insn}`;
}

function branchLine(branch: WhyBranch, style: Style): string {
  return `${clip(branch.condition, WIDTH)}: ${branch.taken ? 'taken' : 'not taken'}  ${style.dim(`${at(branch)} ${branch.text}`)}`;
}

function valueLine({ name, value, where }: WhyValue, style: Style): string {
  return `${name} = ${value}${where === '' ? '' : style.dim(`  (${where})`)}`;
}

/** Label and lines of each part of the explanation. */
export function whyParts(why: Why, faulted: boolean, style: Style): [string, string[]][] {
  if (why.returned === null) return [];
  const width = String(why.source.at(-1)?.line ?? 0).length;
  const source = why.source.map((one) => {
    const text = `${one.returned ? style.red('▸') : ' '} ${String(one.line).padStart(width)} ${one.text}`;
    return one.executed ? text : style.dim(text);
  });
  return [
    [faulted ? 'stopped' : 'returned', [`at ${style.bold(at(why.returned))}`, ...source]],
    ['branches', why.branches.map((one) => branchLine(one, style))],
    ['values', why.values.map((one) => valueLine(one, style))],
    ['calls', why.calls.map((one) => `${one.failed ? style.yellow(one.said) : one.said}  ${style.dim(at(one))}`)],
    ['note', why.note === '' ? [] : [why.note]],
  ];
}
