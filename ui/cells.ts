/** Arithmetic on lines of tagged text by terminal cells: measure, cut, pad, wrap. Pure. */
import type { Line, Span } from '../src/view.ts';

/** Cells that text takes: East Asian characters two, combining marks none. */
export function cells(text: string): number {
  return Bun.stringWidth(text);
}

export function lineCells(line: Line): number {
  let sum = 0;
  for (const { text } of line) sum += cells(text);
  return sum;
}

/** The longest beginning of text that fits. */
function head(text: string, width: number): string {
  if (cells(text) <= width) return text;
  let out = '';
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    const size = cells(segment);
    if (used + size > width) break;
    out += segment;
    used += size;
  }
  return out;
}

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** At most `width` cells, the last one an ellipsis if something was cut. */
export function cut(line: Line, width: number): Line {
  if (lineCells(line) <= width) return line;
  if (width <= 0) return [];
  const out: Span[] = [];
  let left = width - 1;
  for (const one of line) {
    const text = head(one.text, left);
    out.push({ text: text === one.text ? text : `${text}…`, tag: one.tag });
    left -= cells(text);
    if (text !== one.text) return out;
    if (left === 0) break;
  }
  out.push({ text: '…', tag: 'dim' });
  return out;
}

/** Exactly `width` cells. */
export function fill(line: Line, width: number): Line {
  const fitted = cut(line, width);
  const missing = width - lineCells(fitted);
  return missing > 0 ? [...fitted, { text: ' '.repeat(missing), tag: 'plain' }] : fitted;
}

/** `left` at the left and `right` at the right edge of `width` cells; the left gives way, then the right goes. */
export function apart(left: Line, right: Line, width: number): Line {
  const size = lineCells(right);
  if (size === 0 || size + MIN_LEFT > width) return fill(left, width);
  return [...fill(left, width - size - 1), { text: ' ', tag: 'plain' }, ...right];
}

/** Cells the left side keeps before the right one is dropped. */
const MIN_LEFT = 12;

interface Word extends Span {
  readonly size: number;
}

function words(line: Line): Word[] {
  return line.flatMap(({ text, tag }) =>
    (text.match(/ +|[^ ]+/g) ?? []).map((part) => ({ text: part, tag, size: cells(part) })),
  );
}

/** A word longer than a line, in pieces that fit. */
function pieces(word: Word, width: number): Word[] {
  const out: Word[] = [];
  let rest = word.text;
  while (cells(rest) > width) {
    const part = head(rest, width) || rest.slice(0, 1);
    out.push({ text: part, tag: word.tag, size: cells(part) });
    rest = rest.slice(part.length);
  }
  if (rest !== '') out.push({ text: rest, tag: word.tag, size: cells(rest) });
  return out;
}

/** Breaks a line at blanks so that no part is wider than `width`; an empty line stays one. */
export function wrap(line: Line, width: number): Line[] {
  if (lineCells(line) <= width || width <= 0) return [line];
  const out: Line[] = [];
  let current: Span[] = [];
  let used = 0;
  for (const word of words(line).flatMap((w) => (w.size > width ? pieces(w, width) : [w]))) {
    if (used + word.size > width) {
      out.push(current);
      current = [];
      used = 0;
      if (word.text.trim() === '') continue;
    }
    current.push({ text: word.text, tag: word.tag });
    used += word.size;
  }
  if (current.length > 0) out.push(current);
  return out;
}
