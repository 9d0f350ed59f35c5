/** Where a run ended: the line of its fault or of its return, what was around it, and how it came there. */
import type { Fault } from '../../engine/index.ts';
import type { TestOutcome } from '../outcome.ts';
import { type SourceText, type State, sourceKey } from '../session/state.ts';
import type { SettledCase } from '../test-case.ts';
import type { Why } from '../why/types.ts';
import { returnPlace, type SourcePlace } from './return.ts';
import { type Line, type PaneLine, plural, span, type TextPane } from './text.ts';

export type { SourcePlace } from './return.ts';

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

/** Lines shown before and after the one that matters, where there is room. */
const BEFORE = 8;
const AFTER = 4;

interface CodeLine {
  readonly line: number;
  readonly text: string;
  readonly here: boolean;
  readonly executed: boolean;
}

/** The farther away the sooner a line gives way; one line after counts as two before. */
function spareOf(line: number, at: number): number {
  return line > at ? 2 * (line - at) : at - line;
}

function codeLines(lines: readonly CodeLine[], at: number, tail: string): PaneLine[] {
  const width = Math.max(...lines.map(({ line }) => String(line).length));
  const texts = dedented(lines.map(({ text }) => text.replaceAll('\t', '    ').trimEnd()));
  return lines.map(({ line, here, executed }, i): PaneLine => {
    const gutter = `${here ? '▸' : ' '} ${String(line).padStart(width)} │ `;
    const code = span(texts[i]!, here ? 'strong' : executed ? 'plain' : 'dim');
    return {
      text: [span(gutter, here ? 'bad' : 'dim'), code],
      code: true,
      ...(here ? (tail === '' ? {} : { tail: [span(tail, 'warn')] }) : { spare: spareOf(line, at) }),
    };
  });
}

/** What all lines are indented by is taken away. */
function dedented(texts: readonly string[]): string[] {
  const indents = texts.filter((text) => text !== '').map((text) => text.length - text.trimStart().length);
  const least = Math.min(...indents);
  return texts.map((text) => text.slice(Number.isFinite(least) ? least : 0));
}

/** Around a line as the file has it; as far as the object remembers it where the file was not found. */
function around(place: SourcePlace, source: SourceText | null, why: Why | undefined, tail: string): PaneLine[] {
  const ran = new Set(why?.source.flatMap((one) => (one.executed ? [one.line] : [])));
  const at = place.line;
  if (source && source.lines[at - 1] !== undefined) {
    const from = Math.max(1, at - BEFORE);
    const part = source.lines.slice(from - 1, at + AFTER).map((text, i) => {
      const line = from + i;
      return { line, text, here: line === at, executed: ran.size === 0 || ran.has(line) };
    });
    return codeLines(part, at, tail);
  }
  const known = (why?.source ?? []).map((one) => ({ ...one, here: one.line === at }));
  if (known.some((one) => one.here)) return codeLines(known, at, tail);
  const text = place.source.trim();
  return text === '' ? [] : codeLines([{ line: at, text, here: true, executed: true }], at, tail);
}

/** Gives way before any line of source. */
const SPARE_FIRST = 100;

function registerLines(fault: Fault): PaneLine[] {
  const texts = fault.registers.map((value, i) => `r${i}=${value < 4096n ? value : `0x${value.toString(16)}`}`);
  return texts.length === 0 ? [] : [{ text: [span(texts.join(' '), 'dim')], spare: SPARE_FIRST }];
}

const VALUES_SHOWN = 6;
const BYTE_OF = /^(.+?)(?:\+(\d+))?$/;

/** Bytes that were read one by one from one place, as one: `own_mac = 02 00 00 00 00 02`. */
function together(values: Why['values']): Why['values'] {
  const bytes = new Map<string, Map<number, string>>();
  for (const { name, value, where } of values) {
    const [, base = name, at = '0'] = BYTE_OF.exec(name) ?? [];
    if (where !== '' || !/^\d{1,3}$/.test(value) || Number(value) > 0xff) continue;
    bytes.set(base, (bytes.get(base) ?? new Map()).set(Number(at), Number(value).toString(16).padStart(2, '0')));
  }
  const whole = (base: string) => {
    const list = bytes.get(base);
    return list && list.size > 1 && [...list.keys()].every((at) => at < list.size) ? list : undefined;
  };
  return values.flatMap((one) => {
    const [, base = one.name, at = '0'] = BYTE_OF.exec(one.name) ?? [];
    const list = whole(base);
    if (!list) return [one];
    const value = [...list].sort(([a], [b]) => a - b).map(([, text]) => text);
    return at === '0' ? [{ ...one, name: base, value: value.join(' ') }] : [];
  });
}

function valueSpans({ name, value, where }: Why['values'][number], i: number): Line {
  const gap = i > 0 ? [span('  ·  ', 'dim')] : [];
  return [...gap, span(`${name} = ${value}`), span(where === '' ? '' : ` ${where}`, 'dim')];
}

/** Helper calls that found nothing, and the values read on the way: the latest first. */
function whyLines(why: Why | undefined): PaneLine[] {
  if (!why) return [];
  const calls = why.calls.filter((call) => call.failed).slice(-2);
  const values = together(why.values).slice(-VALUES_SHOWN).reverse();
  return [
    ...calls.map((call): PaneLine => ({ text: [span('! ', 'warn'), span(call.said)] })),
    ...(values.length > 0 ? [{ text: values.flatMap(valueSpans), spare: SPARE_FIRST - 1 }] : []),
    ...(why.note === '' ? [] : [{ text: [span(why.note, 'warn')] }]),
  ];
}

function decision(why: Why | undefined): string {
  const branch = why?.decisive;
  return branch ? `${branch.condition}  ${branch.taken ? 'taken' : 'not taken'}` : '';
}

const NO_LINES: PaneLine = { text: [span('no source lines: compile with -g', 'warn')] };

function faultPane(fault: Fault, outcome: TestOutcome, source: SourceText | null): TextPane {
  const where = fault.file ? `${fault.file}${fault.line ? `:${fault.line}` : ''}` : (fault.section ?? fault.program);
  const place = placeOf(outcome);
  const lines: PaneLine[] = [
    ...(place ? around(place, source, outcome.why, '') : [NO_LINES]),
    { text: [span(fault.text, 'dim')], code: true, spare: SPARE_FIRST - 2 },
    ...registerLines(fault),
    ...whyLines(outcome.why),
  ];
  return { title: 'Faulted here', note: `${where} · insn ${fault.insn}`, lines, bad: true };
}

/** Null when nothing is known of where it ended. */
export function wherePane(outcome: TestOutcome, source: SourceText | null): TextPane | null {
  const fault = outcome.result?.fault;
  if (fault) return faultPane(fault, outcome, source);
  const { why } = outcome;
  if (!why?.returned) return null;
  const known = placeOf(outcome);
  const { insn, subprogram, program } = why.returned;
  if (!known) {
    const note = `${subprogram || program} · insn ${insn}`;
    return { title: 'Returned here', note, lines: [NO_LINES, ...whyLines(why)], bad: false };
  }
  const { place, word } = returnPlace(known, outcome, source);
  const title = word === 'at' ? 'Returned here' : 'Returned after this';
  const lines = [...around(place, source, why, decision(why)), ...whyLines(why)];
  return { title, note: `${place.file}:${place.line} · insn ${insn}`, lines, bad: false };
}

/** The last instructions that ran, as far as the run was traced. */
export function insnsPane(outcome: TestOutcome): TextPane | null {
  const { why } = outcome;
  if (!why || why.trace.length === 0) return null;
  const before = why.left_out > 0 ? [{ text: [span(`${plural(why.left_out, 'instruction')} before`, 'dim')] }] : [];
  const lines = why.trace.map((text): PaneLine => {
    return { text: [span(text, text.trimStart().startsWith(';') ? 'info' : 'plain')], code: true };
  });
  return { title: 'Instructions', note: plural(why.trace.length, 'line'), lines: [...before, ...lines], bad: false };
}

/** Lines around the place where there is little room. */
const NEAR = 3;

/** The place in a few lines, for the pane beside the list. */
export function placeLines(outcome: TestOutcome, source: SourceText | null): PaneLine[] {
  const known = placeOf(outcome);
  const returned = outcome.why?.returned;
  if (!known || !returned || outcome.result?.fault) return [];
  const { place, word } = returnPlace(known, outcome, source);
  const head: Line = [span(`returned ${word} ${place.file}:${place.line}`), span(` (insn ${returned.insn})`, 'dim')];
  const calls = (outcome.why?.calls ?? []).filter((call) => call.failed).slice(-1);
  return [
    { text: head },
    ...around(place, source, outcome.why, decision(outcome.why)).filter(({ spare = 0 }) => spare <= NEAR),
    ...calls.map((call): PaneLine => ({ text: [span('! ', 'warn'), span(call.said)] })),
  ];
}
