/** Why a case failed, short: the line it returned from with those around it, the branch that led there, lookups that found nothing. */
import { isAbsolute, relative } from 'node:path';
import { clip, plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import type { Why, WhyBranch, WhyCall, WhyPlace } from '../why/types.ts';

const SOURCE_SHOWN = 4;
const FAILED_SHOWN = 3;
const WIDTH = 110;

/** A source file as the compiler named it; one of the project from its root. */
export function sourceName(file: string, root: string): string {
  const inside = isAbsolute(file) ? relative(root, file) : file;
  return plain(inside.startsWith('..') ? file : inside).replace(/^(\.\/)+/, '');
}

function placeText(place: WhyPlace, root: string): string {
  return place.line > 0
    ? `${sourceName(place.file, root)}:${place.line}`
    : `${plain(place.program)}, insn ${place.insn}`;
}

function branchText(branch: WhyBranch): string {
  return `${plain(branch.condition)}: ${branch.taken ? 'taken' : 'not taken'}`;
}

/** The last calls that found nothing or failed. */
function failedCalls(why: Why): readonly WhyCall[] {
  return why.calls.filter((one) => one.failed).slice(-FAILED_SHOWN);
}

/** Source lines with numbers; `▸` marks the one returned from, dim ones were not executed. */
function sourceLines(why: Why, style: Style): string[] {
  const at = why.source.findIndex((one) => one.returned);
  const from = Math.max(0, at - SOURCE_SHOWN + 1);
  const shown = why.source.slice(from, at + 1);
  const width = String(shown.at(-1)?.line ?? 0).length;
  return shown.map((one) => {
    const text = clip(`${String(one.line).padStart(width)} ${one.text}`, WIDTH);
    if (one.returned) return `${style.red('▸')} ${text}`;
    return one.executed ? `  ${text}` : `  ${style.dim(text)}`;
  });
}

/** A call; what came of it in a line of its own where both are long. */
function callLines(call: WhyCall, root: string, style: Style): string[] {
  const place = style.dim(`  ${placeText(call, root)}`);
  const said = plain(call.said);
  const arrow = said.lastIndexOf(' → ');
  if (said.length <= WIDTH || arrow < 0) return [`${style.yellow(clip(said, WIDTH))}${place}`];
  const [called, result] = [said.slice(0, arrow), said.slice(arrow + 1)];
  return [`${style.yellow(clip(called, WIDTH))}${place}`, `  ${style.yellow(clip(result, WIDTH))}`];
}

/** For people; nothing when nothing is known. Of a fault, only what led there: where it is, the fault itself says. */
export function whyLines(why: Why, faulted: boolean, root: string, style: Style): string[] {
  if (why.returned === null) return [];
  const branch = why.decisive;
  const verdict = why.registers[0]?.value ?? '';
  const end = [`returned ${verdict} at ${style.bold(placeText(why.returned, root))}`, ...sourceLines(why, style)];
  return [
    ...(faulted ? [] : end),
    ...(branch ? [`${branchText(branch)}${style.dim(`  ${placeText(branch, root)}`)}`] : []),
    ...failedCalls(why).flatMap((one) => callLines(one, root, style)),
    ...(why.note === '' ? [] : [style.dim(why.note)]),
  ];
}

/** For machines' reports, a fact a line: `returned XDP_PASS (2) at lb.bpf.c:12: return XDP_PASS;`. */
export function whyTexts(why: Why, faulted: boolean, root: string): string[] {
  if (why.returned === null) return [];
  const { text } = why.returned;
  const end = `returned ${why.registers[0]?.value ?? ''} at ${placeText(why.returned, root)}`;
  const branch = why.decisive;
  return [
    ...(faulted ? [] : [text === '' ? end : `${end}: ${text}`]),
    ...(branch ? [`${branchText(branch)} at ${placeText(branch, root)}`] : []),
    ...failedCalls(why).map((one) => `${one.said} at ${placeText(one, root)}`),
    ...(why.note === '' ? [] : [why.note]),
  ].map(plain);
}
