/** A failure as lines of text: where the case is, what differed, the fault with its source, what the run left behind. */
import { relative } from 'node:path';
import type { Fault } from '../../engine/index.ts';
import { shownStep, stepText } from '../cases/steps.ts';
import { sidesOf } from '../expect/mismatch-words.ts';
import { plain } from '../format/sanitize.ts';
import { SIGN, type Style } from '../format/style.ts';
import type { Difference, FileError, TestOutcome } from '../outcome.ts';
import { hexDiff } from '../packet/hexdump.ts';
import type { SettledCase } from '../test-case.ts';
import { sourceName, whyLines } from './why-text.ts';

const LABEL = 10;
const HEX_ROWS = 9;
const MAP_LINES = 8;

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => `    ${(i === 0 ? label : '').padEnd(LABEL)}${line}`);
}

function differenceLines(d: Difference, style: Style): string[] {
  const [at, expected, received] = [d.at, d.expected, d.received].map(plain);
  const label = d.field.padEnd(LABEL);
  const head = at === '' ? [] : [style.bold(at ?? '')];
  const [left, right] = sidesOf(d).map((word) => word.padEnd(LABEL));
  const lines = [...head, `${left}${style.green(expected ?? '')}`, `${right}${style.red(received ?? '')}`];
  return labelled(label.length > LABEL ? `${label} ` : label, lines);
}

function packetLines(one: SettledCase, outcome: TestOutcome, style: Style): string[] {
  const expected = shownStep(one, outcome).expect.data_out;
  const received = outcome.result?.data_out;
  const differs = outcome.differences.some((d) => d.field === 'data_out');
  if (!differs || !(expected instanceof Uint8Array) || !received) return [];
  const rows = hexDiff(expected, received).filter((row) => row.kind !== 'same');
  return labelled('bytes', hexLines(rows, style));
}

function hexLines(rows: ReturnType<typeof hexDiff>, style: Style): string[] {
  const paint = { same: style.dim, before: style.green, after: style.red, marks: style.yellow };
  const lines = rows.slice(0, HEX_ROWS).map((row) => paint[row.kind](row.text.trimEnd()));
  if (rows.length > HEX_ROWS) lines.push(style.dim('…'));
  return [style.dim('- expected, + received'), ...lines];
}

/** File and line, the instruction, the source text: whatever of it is known. */
export function faultLines(fault: Fault, root: string, style: Style): string[] {
  const at = fault.file ? `${sourceName(fault.file, root)}${fault.line ? `:${fault.line}` : ''}` : plain(fault.program);
  const source = plain(fault.source).trim();
  return labelled('fault', [
    style.red(`${fault.kind}: ${plain(fault.message)}`),
    `at ${style.bold(at)}, insn ${fault.insn}: ${plain(fault.text)}`,
    ...(source === '' ? [] : [`${style.dim('│')} ${source}`]),
  ]);
}

/** What a live case did, and what was lost on the way. */
function liveLines({ live }: TestOutcome, style: Style): string[] {
  if (live === undefined) return [];
  const lost = live.lost.flatMap(({ sentence, mend }) => [style.red(sentence), `${style.bold('→')} ${mend}`]);
  const lines = [...labelled('frames', [live.summary]), ...labelled('lost', lost)];
  if (live.frame === null || live.frame.expected === null) return lines;
  const rows = hexDiff(live.frame.expected, live.frame.received).filter((row) => row.kind !== 'same');
  return [...lines, ...labelled('bytes', hexLines(rows, style))];
}

function listed(label: string, lines: readonly string[], most: number): string[] {
  const shown = lines.slice(0, most).map(plain);
  if (lines.length > most) shown.push(`${lines.length - most} more`);
  return labelled(label, shown);
}

/** Everything that helps to see why a case failed, without a blank line around it. */
export function failureLines(one: SettledCase, outcome: TestOutcome, root: string, style: Style): string[] {
  const title = `${plain(relative(root, one.object))} › ${plain(one.program)} › ${plain(one.name)}`;
  const lines = [
    `  ${style.red(SIGN[outcome.verdict])} ${style.bold(title)}`,
    `    ${style.dim(`${plain(relative(root, one.file))}:${one.line}`)}`,
  ];
  if (outcome.step) lines.push(...labelled('in', [style.bold(plain(stepText(outcome)))]));
  const also = (outcome.also ?? []).map(({ step }) =>
    style.dim(`${plain(stepText({ ...outcome, step }))} does not hold either`),
  );
  if (also.length > 0) lines.push(...labelled('also', also));
  if (outcome.reason !== '') lines.push(...labelled(outcome.verdict, [style.red(plain(outcome.reason))]));
  if (outcome.verifier) lines.push(...labelled('verifier', outcome.verifier.map(plain)));
  const { result } = outcome;
  for (const d of outcome.differences) {
    if (d.field !== 'fault' || !result?.fault) lines.push(...differenceLines(d, style));
    else if (d.expected !== 'none') lines.push(...labelled('fault', [`expected  ${style.green(plain(d.expected))}`]));
  }
  if (result?.fault) lines.push(...faultLines(result.fault, root, style));
  if (outcome.why) lines.push(...labelled('why', whyLines(outcome.why, Boolean(result?.fault), root, style)));
  lines.push(...packetLines(one, outcome, style));
  if (result && result.printk.length > 0) lines.push(...listed('printk', result.printk, MAP_LINES));
  lines.push(...liveLines(outcome, style));
  const changes = outcome.map_changes ?? [];
  if (changes.length > 0) lines.push(...listed('changed', changes, MAP_LINES));
  return lines;
}

/** A file that cannot be read: where, why, and the lines around it. */
export function fileErrorLines(error: FileError, root: string, style: Style): string[] {
  const name = plain(relative(root, error.file) || error.file);
  const place = error.line > 0 ? `${name}:${error.line}` : name;
  const frame = (error.frame ?? []).map((line) => `      ${plain(line)}`);
  return [`  ${style.red('✗')} ${style.bold(place)}`, `    ${style.red(plain(error.message))}`, ...frame];
}
