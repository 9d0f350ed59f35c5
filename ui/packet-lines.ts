/** The packet's pane as lines of a width: headers in columns, then bytes; equal rows of bytes only where they are asked for. */
import type { Line, PacketPane, Span } from '../src/view.ts';
import { cells, cut, fill } from './cells.ts';

export interface PacketLines {
  readonly lines: readonly Line[];
  /** The line under the difference that is looked at, 0 if there is none. */
  readonly marked: number;
}

export interface PacketInput {
  readonly width: number;
  /** Bytes or headers alone; null: both. */
  readonly part: 'hex' | 'headers' | null;
  readonly difference: number;
}

const NAME_MIN = 9;
/** Blanks between columns. */
const GAP = 2;

function headerLine(sign: Span, columns: readonly (readonly [Span, number])[], width: number): Line {
  const spans = columns.flatMap(([span, size]): Line => fill(cut([span], size - GAP), size));
  return cut([sign, { text: ' ', tag: 'plain' }, ...spans], width);
}

function headerLines(packet: PacketPane, width: number): Line[] {
  const names = packet.headers.map((row) => cells(row.name.text) + 2);
  const name = Math.min(Math.max(NAME_MIN, ...names), Math.floor(width / 3));
  const room = width - 2 - name;
  const lefts = packet.headers.map((row) => cells(row.left.text) + 2);
  const title = packet.sides ? cells(packet.sides[0]) + 2 : 0;
  const left = packet.sides ? Math.min(Math.max(title, ...lefts), Math.floor(room / 2)) : room;
  const widths = (a: Span, b: Span, c: Span) =>
    [
      [a, name],
      [b, left],
      [c, room - left],
    ] as const;
  const dim = (text: string): Span => ({ text, tag: 'dim' });
  const rows = packet.headers.map((row) => headerLine(row.sign, widths(row.name, row.left, row.right), width));
  if (!packet.sides) return rows;
  const [before, after] = packet.sides;
  return [headerLine(dim(' '), widths(dim('HEADER'), dim(before), dim(after)), width), ...rows];
}

/** Bytes of a row need this much; where there is less they are left out beside the headers. */
const HEX_COLUMNS = 58;

function hexPart(packet: PacketPane, input: PacketInput): { lines: Line[]; marked: number } {
  const all = input.part === 'hex' || packet.differences === 0;
  const lines: Line[] = [];
  let marked = 0;
  let skipped = false;
  for (const row of packet.hex) {
    if (row.same && !all) {
      skipped = true;
      continue;
    }
    if (skipped) lines.push([{ text: '···', tag: 'dim' }]);
    skipped = false;
    const here = row.to > row.from && input.difference >= row.from && input.difference < row.to;
    if (here) marked = lines.length;
    lines.push(cut(here ? [...row.line, { text: '  ◂', tag: 'accent' }] : row.line, input.width));
  }
  return { lines, marked };
}

/** The first visible line: where the user scrolled to, or (-1) wherever the difference looked at is in sight. */
export function packetScroll({ lines, marked }: PacketLines, scroll: number, height: number): number {
  if (scroll >= 0) return scroll;
  const first = marked < height - 1 ? 0 : marked - height + 3;
  return Math.max(0, Math.min(first, lines.length - height));
}

export function packetLines(packet: PacketPane, input: PacketInput): PacketLines {
  const headers = input.part === 'hex' ? [] : headerLines(packet, input.width);
  if (input.part === 'headers' || input.width < HEX_COLUMNS) {
    return { lines: input.part === 'hex' ? hexPart(packet, input).lines : headers, marked: 0 };
  }
  const hex = hexPart(packet, input);
  const gap: Line[] = headers.length > 0 && hex.lines.length > 0 ? [[]] : [];
  return {
    lines: [...headers, ...gap, ...hex.lines],
    marked: hex.marked === 0 ? 0 : hex.marked + headers.length + gap.length,
  };
}
