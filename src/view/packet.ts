/** Two packets beside each other: their headers as a table, their bytes over each other with every difference numbered. */

import { type ByteRange, diffPackets, type LayerChange } from '../packet/diff.ts';
import { dissect } from '../packet/dissect.ts';
import { hexDiff, hexdump } from '../packet/hexdump.ts';
import type { Layer } from '../packet/layers.ts';
import { type Line, plural, type Span, span } from './text.ts';

export interface HeaderRow {
  readonly sign: Span;
  readonly name: Span;
  readonly left: Span;
  readonly right: Span;
}

export interface HexLine {
  readonly line: Line;
  /** Differences under marks in this row: numbers from 0, the last excluded. */
  readonly from: number;
  readonly to: number;
  /** Both sides are the same here. */
  readonly same: boolean;
}

export interface PacketPane {
  readonly note: string;
  /** Headings of the two sides; null: there is one side only. */
  readonly sides: readonly [string, string] | null;
  readonly headers: readonly HeaderRow[];
  readonly hex: readonly HexLine[];
  readonly differences: number;
  /** The left side is what was expected of the right one. */
  readonly judged: boolean;
}

export interface Side {
  readonly bytes: Uint8Array;
  readonly title: string;
}

const ABSENT = '(absent)';

function layerText(layer: Layer | null): string {
  if (!layer) return ABSENT;
  const summary = layer.summary === '' ? '' : `${layer.summary}`;
  return summary === '' || layer.proto === 'payload' ? `${layer.end - layer.start} B` : summary;
}

function layerRows(change: LayerChange, judged: boolean): HeaderRow[] {
  const tags = judged ? JUDGED : CHANGED;
  const same = change.kind === 'same';
  const [left, right] = [layerText(change.before), layerText(change.after)];
  const row: HeaderRow = {
    sign: same ? span('=', 'dim') : judged ? span('✗', 'bad') : span('~', 'warn'),
    name: span(change.proto, same ? 'dim' : 'strong'),
    left: span(left, same ? 'dim' : change.before ? 'plain' : 'dim'),
    right: span(right, same ? 'dim' : change.after ? 'plain' : 'dim'),
  };
  const fields = change.fields.map(
    (field): HeaderRow => ({
      sign: span(' '),
      name: span(`  ${field.name}`, 'warn'),
      left: span(field.before ?? ABSENT, tags.before),
      right: span(field.after ?? ABSENT, tags.after),
    }),
  );
  return [row, ...fields];
}

/** What was expected and what came instead; what was sent and what became of it. */
const JUDGED = { same: 'dim', before: 'good', after: 'bad', marks: 'warn' } as const;
const CHANGED = { same: 'dim', before: 'dim', after: 'info', marks: 'warn' } as const;
const ROW = 16;
const NOTE_AT = 60;

function numbered(from: number, to: number, of: number): string {
  if (to <= from) return '';
  return to - from === 1 ? `${to} of ${of}` : `${from + 1}-${to} of ${of}`;
}

/** Differences whose first byte is in a row of sixteen. */
function startsIn(ranges: readonly ByteRange[], offset: number): readonly [number, number] {
  const from = ranges.filter((range) => range.start < offset).length;
  return [from, ranges.filter((range) => range.start < offset + ROW).length];
}

function hexLines(before: Uint8Array, after: Uint8Array, ranges: readonly ByteRange[], judged: boolean): HexLine[] {
  const tags = judged ? JUDGED : CHANGED;
  return hexDiff(before, after).map((row): HexLine => {
    const text = row.text.trimEnd();
    if (row.kind !== 'marks') return { line: [span(text, tags[row.kind])], from: 0, to: 0, same: row.kind === 'same' };
    const [from, to] = startsIn(ranges, row.offset);
    const note = numbered(from, to, ranges.length);
    return { line: [span(text.padEnd(NOTE_AT), 'warn'), span(note, 'dim')], from, to, same: false };
  });
}

function sizeNote(before: number, after: number): string {
  if (before === after) return `${after} B`;
  return after < before ? `${before - after} B short` : `${after - before} B more`;
}

/** `judged`: the left one is what the right one should be; else it is what it was before. */
export function comparePackets(left: Side, right: Side, judged: boolean): PacketPane {
  const diff = diffPackets(left.bytes, right.bytes);
  const count = diff.ranges.length;
  const what = count === 0 ? 'no difference' : `${plural(count, 'range')} differ${count === 1 ? 's' : ''}`;
  return {
    note: `${sizeNote(left.bytes.length, right.bytes.length)} · ${what}`,
    sides: [`${left.title} ${left.bytes.length} B`, `${right.title} ${right.bytes.length} B`],
    headers: diff.layers.flatMap((change) => layerRows(change, judged)),
    hex: hexLines(left.bytes, right.bytes, diff.ranges, judged),
    differences: count,
    judged,
  };
}

/** One packet alone. */
export function onePacket({ bytes, title }: Side): PacketPane {
  const headers = dissect(bytes).map(
    (layer): HeaderRow => ({
      sign: span(' '),
      name: span(layer.proto, 'strong'),
      left: span(layerText(layer)),
      right: span(''),
    }),
  );
  const hex = hexdump(bytes).map((text): HexLine => ({ line: [span(text)], from: 0, to: 0, same: false }));
  return { note: `${title} ${bytes.length} B`, sides: null, headers, hex, differences: 0, judged: false };
}
