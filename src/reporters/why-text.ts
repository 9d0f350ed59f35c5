/** Why a case failed, short: the line it returned from with those around it, the branch that led there, lookups that found nothing. */
import { clip, plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import type { Why, WhyCall, WhyPlace } from '../why-types.ts';

const SOURCE_SHOWN = 4;
const FAILED_SHOWN = 3;
const WIDTH = 110;

function placeText(place: WhyPlace): string {
  return place.line > 0 ? `${plain(place.file)}:${place.line}` : `${plain(place.program)}, insn ${place.insn}`;
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
function callLines(call: WhyCall, style: Style): string[] {
  const place = style.dim(`  ${placeText(call)}`);
  const said = plain(call.said);
  const arrow = said.lastIndexOf(' → ');
  if (said.length <= WIDTH || arrow < 0) return [`${style.yellow(clip(said, WIDTH))}${place}`];
  const [called, result] = [said.slice(0, arrow), said.slice(arrow + 1)];
  return [`${style.yellow(clip(called, WIDTH))}${place}`, `  ${style.yellow(clip(result, WIDTH))}`];
}

/** Nothing when nothing is known. */
export function whyLines(why: Why, style: Style): string[] {
  if (why.returned === null) return [];
  const branch = why.decisive;
  const failed = why.calls.filter((one) => one.failed).slice(-FAILED_SHOWN);
  const verdict = why.registers[0]?.value ?? '';
  return [
    `returned ${verdict} at ${style.bold(placeText(why.returned))}`,
    ...sourceLines(why, style),
    ...(branch
      ? [`${plain(branch.condition)}: ${branch.taken ? 'taken' : 'not taken'}${style.dim(`  ${placeText(branch)}`)}`]
      : []),
    ...failed.flatMap((one) => callLines(one, style)),
    ...(why.note === '' ? [] : [style.dim(why.note)]),
  ];
}
