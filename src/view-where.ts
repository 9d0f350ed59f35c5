/** Where a run ended: the line of its fault or of its return, what was around it, and how it came there. */
import type { Fault } from '../engine/index.ts';
import type { TestOutcome } from './outcome.ts';
import { type SourceText, type State, sourceKey } from './session-state.ts';
import type { SettledCase } from './test-case.ts';
import { type Line, plural, span, type TextPane } from './view-text.ts';
import type { Why } from './why-types.ts';

/** A line of source as debug information names it. */
export interface SourcePlace {
  readonly file: string;
  readonly line: number;
  /** Its text, '' if unknown. */
  readonly source: string;
}

/** Where the fault is, or the return; null where the object has no lines for it. */
export function placeOf(outcome: TestOutcome | undefined): SourcePlace | null {
  const fault = outcome?.result?.fault;
  if (fault) return fault.file ? { file: fault.file, line: fault.line ?? 0, source: fault.source } : null;
  const returned = outcome?.why?.returned;
  return returned && returned.file !== '' ? { file: returned.file, line: returned.line, source: returned.text } : null;
}

/** The source file of that place, where it was found. */
export function sourceOf(state: State, one: SettledCase, outcome = state.outcomes.get(one.id)): SourceText | null {
  const place = placeOf(outcome);
  return place === null ? null : (state.sources.get(sourceKey(one.object, place.file)) ?? null);
}

const AROUND = 3;

interface CodeLine {
  readonly line: number;
  readonly text: string;
  readonly here: boolean;
  readonly executed: boolean;
}

function codeLines(lines: readonly CodeLine[], note: string): Line[] {
  const width = Math.max(...lines.map(({ line }) => String(line).length));
  return lines.map(({ line, text, here, executed }): Line => {
    const gutter = `${here ? '▸' : ' '} ${String(line).padStart(width)} │ `;
    const code = span(text.replaceAll('\t', '    '), here ? 'strong' : executed ? 'plain' : 'dim');
    const end = here && note !== '' ? [span(`    ${note}`, 'warn')] : [];
    return [span(gutter, here ? 'bad' : 'dim'), code, ...end];
  });
}

/** Around a line as the file has it; as far as the object remembers it where the file was not found. */
function around(place: SourcePlace, source: SourceText | null, why: Why | undefined, note: string): Line[] {
  const ran = new Set(why?.source.flatMap((one) => (one.executed ? [one.line] : [])));
  const at = place.line;
  if (source && source.lines[at - 1] !== undefined) {
    const from = Math.max(1, at - AROUND);
    const part = source.lines.slice(from - 1, at + 1).map((text, i) => {
      const line = from + i;
      return { line, text, here: line === at, executed: ran.size === 0 || ran.has(line) };
    });
    return codeLines(part, note);
  }
  const known = (why?.source ?? []).map((one) => ({ ...one, here: one.line === at }));
  if (known.some((one) => one.here)) return codeLines(known, note);
  const text = place.source.trim();
  return text === '' ? [] : codeLines([{ line: at, text, here: true, executed: true }], note);
}

function registerLines(fault: Fault): Line[] {
  const texts = fault.registers.map((value, i) => `r${i}=${value < 4096n ? value : `0x${value.toString(16)}`}`);
  return texts.length === 0 ? [] : [[span(texts.join(' '), 'dim')]];
}

const VALUES_SHOWN = 6;

function valueSpans({ name, value, where }: Why['values'][number], i: number): Line {
  const gap = i > 0 ? [span('  ·  ', 'dim')] : [];
  return [...gap, span(`${name} = ${value}`), span(where === '' ? '' : ` ${where}`, 'dim')];
}

/** Helper calls that found nothing, and the values read on the way: the latest first. */
function whyLines(why: Why | undefined): Line[] {
  if (!why) return [];
  const calls = why.calls.filter((call) => call.failed).slice(-2);
  const values = why.values.slice(-VALUES_SHOWN).reverse();
  return [
    ...calls.map((call): Line => [span('! ', 'warn'), span(call.said)]),
    ...(values.length > 0 ? [values.flatMap(valueSpans)] : []),
    ...(why.note === '' ? [] : [[span(why.note, 'warn')]]),
  ];
}

function decision(why: Why | undefined): string {
  const branch = why?.decisive;
  return branch ? `${branch.condition}  ${branch.taken ? 'taken' : 'not taken'}` : '';
}

function faultPane(fault: Fault, outcome: TestOutcome, source: SourceText | null): TextPane {
  const where = fault.file ? `${fault.file}${fault.line ? `:${fault.line}` : ''}` : (fault.section ?? fault.program);
  const place = placeOf(outcome);
  const lines: Line[] = [
    [span(`${fault.kind}: `, 'bad'), span(fault.message)],
    ...(place ? around(place, source, outcome.why, '') : [[span('no source lines: compile with -g', 'warn')]]),
    [span(fault.text, 'dim')],
    ...registerLines(fault),
    ...whyLines(outcome.why),
  ];
  return { title: 'Faulted here', note: `${where} · insn ${fault.insn}`, lines, code: true };
}

/** Null when nothing is known of where it ended. */
export function wherePane(outcome: TestOutcome, source: SourceText | null): TextPane | null {
  const fault = outcome.result?.fault;
  if (fault) return faultPane(fault, outcome, source);
  const { why } = outcome;
  if (!why?.returned) return null;
  const place = placeOf(outcome);
  const { file, line, insn, subprogram, program } = why.returned;
  const where = place ? `${file}:${line}` : subprogram || program;
  const code = place ? around(place, source, why, decision(why)) : [[span('no source lines: compile with -g', 'warn')]];
  return { title: 'Returned here', note: `${where} · insn ${insn}`, lines: [...code, ...whyLines(why)], code: true };
}

/** The last instructions that ran, as far as the run was traced. */
export function insnsPane(outcome: TestOutcome): TextPane | null {
  const { why } = outcome;
  if (!why || why.trace.length === 0) return null;
  const before: Line[] = why.left_out > 0 ? [[span(`${plural(why.left_out, 'instruction')} before`, 'dim')]] : [];
  const note = `${plural(why.trace.length, 'instruction')}`;
  return {
    title: 'Instructions',
    note,
    lines: [...before, ...why.trace.map((text): Line => [span(text)])],
    code: true,
  };
}

/** The place in a few lines, for the pane beside the list. */
export function placeLines(outcome: TestOutcome, source: SourceText | null): Line[] {
  const place = placeOf(outcome);
  const returned = outcome.why?.returned;
  if (!place || !returned || outcome.result?.fault) return [];
  const head: Line = [span(`returned at ${place.file}:${place.line}`), span(` (insn ${returned.insn})`, 'dim')];
  const calls = (outcome.why?.calls ?? []).filter((call) => call.failed).slice(-1);
  return [
    head,
    ...around(place, source, outcome.why, ''),
    ...calls.map((c): Line => [span('! ', 'warn'), span(c.said)]),
  ];
}
