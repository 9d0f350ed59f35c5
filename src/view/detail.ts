/** The detail of what the cursor is on, as labelled lines: what a case expected and received, why a file cannot be read. */
import { basename, relative } from 'node:path';
import type { Fault } from '../../engine/index.ts';
import { shownStep, stepText } from '../cases/steps.ts';
import { sidesOf } from '../expect/mismatch-words.ts';
import type { Difference, FileError, TestOutcome } from '../outcome.ts';
import { dissect } from '../packet/dissect.ts';
import { hexDiff } from '../packet/hexdump.ts';
import type { State } from '../session/state.ts';
import type { SettledCase } from '../test-case.ts';
import { duration, type Line, type PaneLine, plural, span } from './text.ts';
import { placeLines, sourceOf } from './where.ts';

/** A label in its own column and the lines beside it; without a label the lines take the whole width. */
export interface DetailItem {
  readonly label: string;
  readonly lines: readonly Line[];
  /** Source code: cut at the edge instead of wrapped. */
  readonly code?: boolean;
  /** Blanks in front of every line. */
  readonly indent?: number;
  /** Left out where there are fewer columns than this. */
  readonly least_columns?: number;
}

const GAP: DetailItem = { label: '', lines: [[]] };

/** Columns of `expected` and of what else sides are called. */
const SIDE = 10;

function differenceItems(outcome: TestOutcome): DetailItem[] {
  // A fault that nobody expected is told in full below.
  const told = (d: Difference) => d.field === 'fault' && d.expected === 'none' && outcome.result?.fault;
  const shown = outcome.differences.filter((d) => !told(d));
  return shown.map((d, i) => {
    const repeated = shown[i - 1]?.field === d.field;
    const [left, right] = sidesOf(d);
    const lines: Line[] = [
      [span(left.padEnd(SIDE), 'dim'), span(d.expected, 'good')],
      [span(right.padEnd(SIDE), 'dim'), span(d.received, 'bad')],
    ];
    if (d.at !== '') lines.unshift([span(d.at, 'strong')]);
    return { label: repeated ? ' ' : d.field, lines };
  });
}

const HEX_COLUMNS = 76;
const HEX_TAGS = { same: 'dim', before: 'good', after: 'bad', marks: 'warn' } as const;

/** Expected and received packet over each other, where there is room for sixteen bytes a line. */
function packetItems(one: SettledCase, outcome: TestOutcome): DetailItem[] {
  const expected = one.expect.data_out;
  const received = outcome.result?.data_out;
  const differs = outcome.differences.some((d) => d.field === 'data_out');
  if (!differs || !(expected instanceof Uint8Array) || !received) return [];
  const lines = hexDiff(expected, received).map((row): Line => [span(row.text.trimEnd(), HEX_TAGS[row.kind])]);
  const head: Line = [span('- expected', 'good'), span('  + received', 'bad')];
  return [{ label: '', lines: [[], head, ...lines], code: true, least_columns: HEX_COLUMNS }];
}

function faultItems(fault: Fault): DetailItem[] {
  const where = fault.file ? `${fault.file}${fault.line ? `:${fault.line}` : ''}` : (fault.section ?? fault.program);
  const items: DetailItem[] = [
    { label: 'fault', lines: [[span(fault.kind, 'bad')], [span(fault.message)]] },
    { label: 'at', lines: [[span(where, 'strong'), span(` insn ${fault.insn}`, 'dim')]] },
  ];
  const source = fault.source.trim();
  if (source !== '') {
    items.push({ label: '', code: true, lines: [[span(`▸ ${fault.line ?? ''} │ `, 'bad'), span(source)]] });
  }
  items.push({ label: '', code: true, lines: [[span(`  ${fault.text}`, 'dim')]] });
  const registers = fault.registers.map((value, i) => `r${i}=${value < 4096n ? value : `0x${value.toString(16)}`}`);
  if (registers.length > 0) items.push({ label: 'registers', lines: [[span(registers.join(' '), 'dim')]] });
  return items;
}

function packetLine(bytes: Uint8Array): Line {
  const layers = dissect(bytes)
    .map((layer) => layer.proto)
    .filter((proto) => proto !== 'payload' && proto !== 'padding');
  return [span(`${bytes.length} B`), span(layers.length > 0 ? `  ${layers.join(' ▸ ')}` : '', 'dim')];
}

function resultItems(one: SettledCase, outcome: TestOutcome): DetailItem[] {
  const items: DetailItem[] = [];
  const result = outcome.result;
  const changes = outcome.map_changes ?? [];
  if (changes.length > 0) {
    items.push({ label: 'maps', lines: changes.map((text) => [span('~ ', 'warn'), span(text)]) });
  }
  if (result && result.printk.length > 0) {
    items.push({ label: 'printk', lines: result.printk.map((text) => [span(text)]) });
  }
  if (one.data_in) items.push({ label: 'data_in', lines: [packetLine(one.data_in)] });
  if (result?.data_out && result.data_out.length > 0) {
    items.push({ label: 'data_out', lines: [packetLine(result.data_out)] });
  }
  const redirect = result?.redirect;
  if (redirect) {
    const target = redirect.map === null ? `ifindex ${redirect.target}` : `${redirect.map}[${redirect.key}]`;
    items.push({ label: 'redirect', lines: [[span(`${redirect.helper} → ${target}`)]] });
  }
  if (result) {
    const times = one.repeat > 1 ? ` · repeat ${one.repeat}` : '';
    const text = `${duration(outcome.took_ms)} · ${plural(result.insns_executed, 'insn')}${times}`;
    items.push({ label: 'took', lines: [[span(text, 'dim')]] });
  }
  return items;
}

/** What belongs to a line of source stands under its text. */
const UNDER = 6;

function placeItems({ text, code, tail }: PaneLine): DetailItem[] {
  const line: DetailItem = { label: '', lines: [text], ...(code ? { code } : {}) };
  return tail ? [line, { label: '', lines: [tail], indent: UNDER }] : [line];
}

/** The verifier's log from its end: source lines stand out from instructions and states. */
function verifierItem(lines: readonly string[]): DetailItem {
  return {
    label: 'verifier',
    code: true,
    lines: lines.map((text) => [span(text, text.startsWith(';') ? 'strong' : 'dim')]),
  };
}

const WORD = { pass: 'passed', fail: 'failed', error: 'error', skip: 'skipped', todo: 'still to do' } as const;
const WORD_TAG = { pass: 'good', fail: 'bad', error: 'bad', skip: 'warn', todo: 'info' } as const;

/** Everything known about a case, the reason it failed first. */
export function caseDetail(state: State, one: SettledCase): DetailItem[] {
  const outcome = state.outcomes.get(one.id);
  const place = `${relative(state.root, one.file)}:${one.line}`;
  const head: DetailItem = { label: '', lines: [[span(one.name, 'strong')], [span(place, 'dim')]] };
  const absent = state.absent.get(one.object);
  if (!outcome || absent) {
    const object = relative(state.root, one.object);
    const why = absent === 'missing' ? `waiting for ${object}` : absent ? `${object} is half written` : 'not run yet';
    return [head, GAP, { label: '', lines: [[span(why, 'warn')]] }];
  }
  const items: DetailItem[] = [head, GAP];
  const because = outcome.reason || outcome.refusal?.message || '';
  const shown = outcome.differences.length === 0 || outcome.verdict === 'error';
  const tag = WORD_TAG[outcome.verdict];
  items.push({ label: WORD[outcome.verdict], lines: [[span(shown ? because : '', shown ? tag : 'dim')]] });
  if (outcome.verdict === 'pass' || (outcome.differences.length > 0 && !because)) items.pop();
  if (outcome.verifier) items.push(verifierItem(outcome.verifier));
  if (outcome.step && outcome.verdict !== 'pass')
    items.push({ label: 'in', lines: [[span(stepText(outcome), 'strong')]] });
  items.push(...differenceItems(outcome));
  const fault = outcome.result?.fault;
  if (fault) items.push(...faultItems(fault));
  const step = shownStep(one, outcome);
  items.push(...packetItems(step, outcome));
  const returned = placeLines(outcome, sourceOf(state, one));
  if (returned.length > 0) items.push(GAP, ...returned.flatMap(placeItems));
  if (items.length > 2) items.push(GAP);
  items.push(...resultItems(step, outcome));
  const since = state.badSince.get(one.id);
  if (since && since.run > 1) {
    items.push(GAP, { label: '', lines: [[span(`failing since run ${since.run}: ${since.cause}`, 'dim')]] });
  }
  return items;
}

/** A file that gave no cases: the message and the lines around it. */
export function errorDetail(state: State, error: FileError): DetailItem[] {
  const line = error.line > 0 ? `:${error.line}` : '';
  const place = `${relative(state.root, error.file) || basename(error.file)}${line}`;
  const next = error.build
    ? 'It is built again as soon as a source is saved.'
    : error.object
      ? 'It is opened again as soon as it is rebuilt.'
      : 'Its cases come back as soon as it is saved without the mistake.';
  const frame = error.frame ?? [];
  const code = frame.map((text): Line => [span(text, text.startsWith('▸') ? 'bad' : 'plain')]);
  return [
    { label: '', lines: [[span(place, 'strong')]] },
    GAP,
    { label: '', lines: [[span(error.message, 'bad')]] },
    GAP,
    ...(code.length > 0 ? [{ label: '', lines: code, code: true }, GAP] : []),
    { label: '', lines: [[span(next, 'dim')]] },
  ];
}

/** More than a screen holds; the list of cases has them all. */
const LISTED_MAX = 100;

/** What stands beside a group in the list of its cases' failures. */
export function groupFailures(
  state: State,
  cases: readonly SettledCase[],
  reason: (o: TestOutcome) => string,
): DetailItem[] {
  const bad = cases.filter((one) => state.badSince.has(one.id));
  if (bad.length === 0) return [];
  const items: DetailItem[] = [{ label: '', lines: [[span(plural(bad.length, 'failing case'), 'bad')]] }];
  for (const one of bad.slice(0, LISTED_MAX)) {
    const outcome = state.outcomes.get(one.id);
    const lines: Line[] = [[span('✗ ', 'bad'), span(one.name)]];
    if (outcome) lines.push([span(`  ${reason(outcome)}`, 'dim')]);
    items.push({ label: '', lines });
  }
  const more = bad.length - LISTED_MAX;
  if (more > 0) items.push({ label: '', lines: [[span(`${more} more`, 'dim')]] });
  return items;
}
