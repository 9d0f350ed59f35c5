/** The detail as lines of a width: labels in a column of their own, text wrapped beside them, code cut at the edge. */
import type { DetailItem, Line, Span } from '../src/view.ts';
import { cut, wrap } from './cells.ts';

const LABEL = 10;

function labelSpan(text: string, width: number): Span {
  return { text: text.padEnd(width).slice(0, width), tag: 'strong' };
}

function itemLines(item: DetailItem, width: number): Line[] {
  if (item.least_columns !== undefined && width < item.least_columns) return [];
  const fit = (line: Line, room: number) => (item.code ? [cut(line, room)] : wrap(line, room));
  const { indent = 0 } = item;
  const blank: Span = { text: ' '.repeat(indent), tag: 'plain' };
  const indented = (line: Line): Line => (indent > 0 ? [blank, ...line] : line);
  if (item.label === '') return item.lines.flatMap((line) => fit(line, Math.max(1, width - indent)).map(indented));
  const column = Math.max(LABEL, item.label.length + 1);
  const lines = item.lines.flatMap((line) => fit(line, Math.max(1, width - column)));
  return lines.map((line, i) => [labelSpan(i === 0 ? item.label : '', column), ...line]);
}

export function detailLines(items: readonly DetailItem[], width: number): Line[] {
  return items.flatMap((item) => itemLines(item, width));
}

/** The part from line `scroll` that fits; the last line says how much is below. */
export function visiblePart(lines: readonly Line[], scroll: number, height: number, hint: string): Line[] {
  const first = Math.max(0, Math.min(scroll, lines.length - height));
  const part = lines.slice(first, first + height);
  const below = lines.length - first - height;
  if (below <= 0 || height < 2) return part;
  return [...part.slice(0, -1), [{ text: `↓ ${below + 1} more lines${hint}`, tag: 'dim' }]];
}
