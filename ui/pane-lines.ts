/** The lines of a pane of text at a width: wrapped or cut, and what gives way where there is no room for all of them. Pure. */
import type { Line, PaneLine, TextPane } from '../src/view.ts';
import { cut, lineCells, wrap } from './cells.ts';

const GAP = 3;
/** Text under the one that it belongs to. */
const UNDER: Line = [{ text: '      ', tag: 'plain' }];

function drawn({ text, code, tail }: PaneLine, width: number): Line[] {
  const lines = code ? [cut(text, width)] : wrap(text, width);
  if (tail === undefined) return lines;
  const beside = lineCells(text) + GAP + lineCells(tail) <= width;
  if (beside) return [[...text, { text: ' '.repeat(GAP), tag: 'plain' }, ...tail]];
  const under = wrap(tail, Math.max(1, width - lineCells(UNDER)));
  return [...lines, ...under.map((line) => [...UNDER, ...line])];
}

/** All lines. */
export function paneLines(pane: TextPane, width: number): Line[] {
  return pane.lines.flatMap((line) => drawn(line, width));
}

/** At most `height` lines, if it can be done by leaving out those that may be left out. */
export function fittedLines(pane: TextPane, width: number, height: number): Line[] {
  const kept = pane.lines.map((line) => ({ spare: line.spare ?? 0, lines: drawn(line, width) }));
  const size = () => kept.reduce((sum, one) => sum + one.lines.length, 0);
  while (size() > height) {
    const least = kept.reduce((low, one, i) => (one.spare >= (kept[low]?.spare ?? 0) ? i : low), 0);
    if ((kept[least]?.spare ?? 0) === 0) break;
    kept.splice(least, 1);
  }
  return kept.flatMap((one) => one.lines);
}
