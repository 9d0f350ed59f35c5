/** What `run` shows people: the verdict first, then where the packet would go, what changed, what was said, and a fault with its source. */
import type { Fault, OutputRecord } from '../../engine/index.ts';
import { ctxToFields, PROG_TYPE } from '../../engine/index.ts';
import { dumpsOf, worldName } from '../backends/world-names.ts';
import { mismatchDifferences } from '../expect/mismatch-differences.ts';
import { errnoText } from '../format/errnos.ts';
import { progTypeName } from '../format/prog-types.ts';
import { clip, plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import { valueChanges, valueText } from '../format/values.ts';
import { retvalText } from '../format/verdicts.ts';
import { mapChanges } from '../maps/changes.ts';
import { toHex } from '../packet/hex.ts';
import { packetReport } from './packet-report.ts';
import { redirectText } from './redirect-text.ts';
import type { RunDone } from './run-done.ts';
import { cloneLines, flowKeyLines, memoryLines } from './run-more.ts';
import { contextAfter } from './run-outputs.ts';
import { whyParts } from './run-trace.ts';

const LABEL = 10;
const RECORDS_MAX = 16;
const RECORD_BYTES = 32;
const PRINTK_MAX = 200;
const SIDE_SHOWN = 200;

/** A label in its own column, the lines beside it; nothing for no lines. */
export function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, i) => `${(i === 0 ? label : '').padEnd(LABEL)}${line}`);
}

function verdictLine(done: RunDone, style: Style): string {
  const result = done.reply.result!;
  const what = style.dim(`${plain(done.program)} · ${progTypeName(done.type)}`);
  if (result.fault !== null) return `${style.bold(style.red(`fault: ${plain(result.fault.kind)}`))}  ${what}`;
  if (result.errno !== 0) return `${style.bold(style.red(errnoText(result.errno)))}  ${what}`;
  const verdict = result.retval === null ? 'no return value' : retvalText(done.type, result.retval);
  return `${style.bold(style.green(verdict))}  ${what}`;
}

function errnoLines(done: RunDone): string[] {
  const result = done.reply.result!;
  if (result.errno === 0 || result.fault !== null) return [];
  const missing = done.input.data_in === null ? ' (no --data-in was given)' : '';
  const lines = labelled('because', [`${plain(result.reason)}${missing}`]);
  return result.retval === null ? lines : [...lines, ...labelled('returned', [retvalText(done.type, result.retval)])];
}

/** `87 ns`, `12.3 µs`, `5.96 ms`. */
function timeText(ns: number): string {
  if (ns < 10_000) return `${Math.round(ns)} ns`;
  return ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(2)} ms`;
}

function durationLines(done: RunDone): string[] {
  const result = done.reply.result!;
  if (result.errno !== 0 && result.retval === null && result.fault === null) return [];
  const repeat = Math.max(done.input.opts.repeat ?? 1, 1);
  const mean = repeat > 1 ? ` a run, mean of ${repeat}` : '';
  const executed = done.backend === 'kernel' ? '' : ` · ${result.insns_executed} instructions`;
  return labelled('took', [`${timeText(result.duration_ns)}${mean}${executed}`]);
}

/** Context fields that differ from what went in; all that are not zero when the input is not known by bytes. */
function contextLines(done: RunDone): string[] {
  const after = contextAfter(done);
  if (after === null) return [];
  const before = done.input.ctx_in ?? new Uint8Array(after.length);
  const padded = new Uint8Array(after.length);
  padded.set(before.subarray(0, after.length));
  const changes = valueChanges(ctxToFields(done.type, padded), ctxToFields(done.type, after));
  const text = (value: Parameters<typeof valueText>[0] | undefined) => (value === undefined ? '-' : valueText(value));
  return labelled(
    'context',
    changes.map((c) => {
      const name = c.path.replace(/^\./, '');
      return done.input.ctx_in === null ? `${name} ${text(c.after)}` : `${name}  ${text(c.before)} → ${text(c.after)}`;
    }),
  );
}

function recordLines(records: readonly OutputRecord[], style: Style): string[] {
  const lines = records.slice(0, RECORDS_MAX).map((record) => {
    const hex = toHex(record.data.subarray(0, RECORD_BYTES));
    const more = record.data.length > RECORD_BYTES ? '…' : '';
    return `${plain(record.map)} ${style.dim(`${record.kind}, cpu ${record.cpu}, ${record.data.length} bytes`)}  ${hex}${more}`;
  });
  if (records.length > RECORDS_MAX) lines.push(style.dim(`${records.length - RECORDS_MAX} more`));
  return labelled('records', lines);
}

function printkLines(lines: readonly string[], style: Style): string[] {
  const shown = lines.slice(0, PRINTK_MAX).map(plain);
  if (lines.length > PRINTK_MAX) shown.push(style.dim(`${lines.length - PRINTK_MAX} more`));
  return labelled('printk', shown);
}

const REGISTERS_A_LINE = 4;

function registerText(value: bigint, index: number): string {
  return `r${index}=${value < 4096n ? value : `0x${value.toString(16)}`}`;
}

function faultLines(fault: Fault, style: Style): string[] {
  const at = fault.file === undefined ? '' : `${plain(fault.file)}${fault.line === undefined ? '' : `:${fault.line}`}`;
  const section = fault.section === undefined ? '' : ` in ${plain(fault.section)}`;
  const place = `${at === '' ? plain(fault.program) : style.bold(at)}, insn ${fault.insn}${section}`;
  const source = plain(fault.source).trim();
  const registers = fault.registers.map(registerText);
  const rows: string[] = [];
  for (let i = 0; i < registers.length; i += REGISTERS_A_LINE) {
    rows.push(registers.slice(i, i + REGISTERS_A_LINE).join('  '));
  }
  return [
    ...labelled('because', [plain(fault.message)]),
    ...labelled('at', [place]),
    ...(source === '' ? [] : labelled('', [`${style.red('▸')} ${source}`])),
    ...labelled('', [style.dim(`  ${plain(fault.text)}`)]),
    ...labelled('registers', rows.map(style.dim)),
  ];
}

function whyText({ input, reply, traced }: RunDone, style: Style): string[] {
  if (!input.why || traced === null) return [];
  return whyParts(traced.why, reply.result!.fault !== null, style).flatMap(([label, lines]) => labelled(label, lines));
}

function sideText(text: string): string {
  return clip(plain(text), SIDE_SHOWN);
}

/** Whether the kernel says the same, and if not, every field in which it does not. */
function judgedLines({ judged, world, type, reply }: RunDone, style: Style): string[] {
  if (judged === null) return [];
  const { mismatches } = judged;
  if (mismatches.length === 0) return labelled('kernel', [style.green('says the same')]);
  const differences = mismatchDifferences(mismatches, { world, type, maps: reply.maps });
  const lines = differences.flatMap(({ at, expected, received }) => [
    style.bold(plain(at)),
    `  engine  ${style.red(sideText(received))}`,
    `  kernel  ${style.green(sideText(expected))}`,
  ]);
  return labelled('kernel', [style.red('differs'), ...lines]);
}

/** The packet, or what a dissector made of it. */
function packetLines({ type, input, reply }: RunDone, style: Style): string[] {
  const result = reply.result!;
  if (type === PROG_TYPE.FLOW_DISSECTOR) return labelled('keys', flowKeyLines(type, result));
  return labelled('packet', packetReport(type, input.data_in, result, style));
}

/** What changed in the maps of every object, those of the object itself first. */
function changedMaps({ world, reply }: RunDone): string[] {
  const lines = world.flatMap(({ label, spec }) => {
    const changes = mapChanges(spec, dumpsOf(label, reply.maps_before), dumpsOf(label, reply.maps));
    return changes.map((line) => worldName(label, line));
  });
  return lines.map((line) => clip(plain(line), 240));
}

/** Everything worth saying about a run, safe to print, ending with a newline. */
export function runReport(done: RunDone, style: Style): string {
  const { reply, spec, input } = done;
  const result = reply.result!;
  const lines = [
    verdictLine(done, style),
    ...errnoLines(done),
    ...(result.fault === null ? [] : faultLines(result.fault, style)),
    ...(result.redirect === null ? [] : labelled('redirect', [`to ${redirectText(result.redirect, spec)}`])),
    ...durationLines(done),
    ...packetLines(done, style),
    ...labelled('copies', cloneLines(result)),
    ...labelled('memory', memoryLines(input.opts.user_memory, result.user_memory_after)),
    ...contextLines(done),
    ...labelled('maps', changedMaps(done)),
    ...printkLines(result.printk, style),
    ...recordLines(result.records, style),
    ...whyText(done, style),
    ...judgedLines(done, style),
  ];
  return `${lines.join('\n')}\n`;
}
