/** What changed between two packets, header by header and field by field, and as byte ranges. */
import { type DissectOptions, dissect } from './dissect.ts';
import { toHex } from './hex.ts';
import type { Field, Layer } from './layers.ts';

export interface FieldChange {
  readonly name: string;
  /** null: the field is not there on that side. */
  readonly before: string | null;
  readonly after: string | null;
  /** Offset of its first byte on the side that has it (after, if both). */
  readonly offset: number;
}

export interface LayerChange {
  readonly proto: string;
  readonly kind: 'same' | 'changed' | 'added' | 'removed';
  readonly before: Layer | null;
  readonly after: Layer | null;
  /** Only the fields that differ; empty for added and removed layers. */
  readonly fields: readonly FieldChange[];
}

export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface PacketDiff {
  readonly equal: boolean;
  readonly before_size: number;
  readonly after_size: number;
  readonly layers: readonly LayerChange[];
  /** Ranges of offsets at which the two differ, byte by byte from the start; the longer one's tail included. */
  readonly ranges: readonly ByteRange[];
}

const BLOBS = new Set(['payload', 'padding', 'meta']);
const SHOWN_BYTES = 16;

function rawText(bytes: Uint8Array, layer: Layer): string {
  const part = toHex(bytes.subarray(layer.start, Math.min(layer.end, layer.start + SHOWN_BYTES)));
  return `${layer.end - layer.start} bytes ${part}${layer.end - layer.start > SHOWN_BYTES ? '…' : ''}`;
}

function sameBytes(a: Uint8Array, x: Layer, b: Uint8Array, y: Layer): boolean {
  if (x.end - x.start !== y.end - y.start) return false;
  for (let i = 0; i < x.end - x.start; i++) if (a[x.start + i] !== b[y.start + i]) return false;
  return true;
}

/** How alike two layers of one kind are: 1 for the kind, and 1 for each equal field. */
function likeness(x: Layer, y: Layer): number {
  if (x.proto !== y.proto) return 0;
  let score = 1;
  for (const f of x.fields) if (y.fields.some((g) => g.name === f.name && g.value === f.value)) score++;
  return score;
}

/** Pairs of layers in order with the greatest likeness in sum (a longest common subsequence with weights). */
function align(xs: readonly Layer[], ys: readonly Layer[]): (readonly [Layer | null, Layer | null])[] {
  const best: number[][] = Array.from({ length: xs.length + 1 }, () => new Array<number>(ys.length + 1).fill(0));
  for (let i = xs.length - 1; i >= 0; i--) {
    for (let j = ys.length - 1; j >= 0; j--) {
      const like = likeness(xs[i]!, ys[j]!);
      const pair = like > 0 ? like + best[i + 1]![j + 1]! : 0;
      best[i]![j] = Math.max(pair, best[i + 1]![j]!, best[i]![j + 1]!);
    }
  }
  const out: (readonly [Layer | null, Layer | null])[] = [];
  let i = 0;
  let j = 0;
  while (i < xs.length || j < ys.length) {
    const x = xs[i] ?? null;
    const y = ys[j] ?? null;
    const like = x && y ? likeness(x, y) : 0;
    if (like > 0 && best[i]![j] === like + best[i + 1]![j + 1]!) {
      out.push([x, y]);
      i++;
      j++;
    } else if (x && (!y || best[i + 1]![j]! >= best[i]![j + 1]!)) {
      out.push([x, null]);
      i++;
    } else {
      out.push([null, y]);
      j++;
    }
  }
  return out;
}

function numbered(fields: readonly Field[]): Map<string, Field> {
  const out = new Map<string, Field>();
  for (const f of fields) {
    let name = f.name;
    for (let n = 2; out.has(name); n++) name = `${f.name}[${n}]`;
    out.set(name, f);
  }
  return out;
}

function fieldChanges(x: Layer, y: Layer): FieldChange[] {
  const before = numbered(x.fields);
  const after = numbered(y.fields);
  const out: FieldChange[] = [];
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const b = before.get(name);
    const a = after.get(name);
    if (b?.value === a?.value) continue;
    out.push({ name, before: b?.value ?? null, after: a?.value ?? null, offset: (a ?? b)!.start });
  }
  return out;
}

function blobChange(before: Uint8Array, x: Layer, after: Uint8Array, y: Layer): FieldChange {
  return { name: 'bytes', before: rawText(before, x), after: rawText(after, y), offset: y.start };
}

function changeOf(before: Uint8Array, x: Layer | null, after: Uint8Array, y: Layer | null): LayerChange {
  const proto = (y ?? x)!.proto;
  if (!x || !y) return { proto, kind: x ? 'removed' : 'added', before: x, after: y, fields: [] };
  const same = sameBytes(before, x, after, y);
  const fields = BLOBS.has(proto) ? (same ? [] : [blobChange(before, x, after, y)]) : fieldChanges(x, y);
  return { proto, kind: fields.length === 0 && same ? 'same' : 'changed', before: x, after: y, fields };
}

export function byteRanges(a: Uint8Array, b: Uint8Array): ByteRange[] {
  const out: ByteRange[] = [];
  const length = Math.max(a.length, b.length);
  for (let i = 0; i < length; i++) {
    if (a[i] === b[i]) continue;
    const start = i;
    while (i < length && a[i] !== b[i]) i++;
    out.push({ start, end: i });
  }
  return out;
}

export interface DiffOptions {
  readonly before?: DissectOptions;
  readonly after?: DissectOptions;
}

export function diffPackets(before: Uint8Array, after: Uint8Array, options: DiffOptions = {}): PacketDiff {
  const ranges = byteRanges(before, after);
  const pairs = align(dissect(before, options.before), dissect(after, options.after));
  return {
    equal: ranges.length === 0,
    before_size: before.length,
    after_size: after.length,
    layers: pairs.map(([x, y]) => changeOf(before, x, after, y)),
    ranges,
  };
}
