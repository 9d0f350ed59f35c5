/** Where a packet differs from the expected one: its size, header fields by name, bytes where no field says it. */
import type { Difference } from './outcome.ts';
import { type ByteRange, diffPackets, type LayerChange, type PacketDiff } from './packet/diff.ts';
import { toHex } from './packet/hex.ts';
import type { Layer } from './packet/layers.ts';

const FIELDS_MAX = 16;
const BYTES_SHOWN = 16;

function entry(at: string, expected: string, received: string): Difference {
  return { field: 'data_out', at, expected, received };
}

function sameBytes(a: Uint8Array, b: Uint8Array | null): boolean {
  return b !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function layerText(layer: Layer | null): string {
  if (!layer) return '(absent)';
  return layer.summary === '' ? `${layer.end - layer.start} bytes` : layer.summary;
}

function layerDifferences(change: LayerChange): Difference[] {
  if (change.kind === 'same') return [];
  if (change.kind !== 'changed') return [entry(change.proto, layerText(change.before), layerText(change.after))];
  return change.fields.map((f) => {
    const at = f.name === 'bytes' ? change.proto : `${change.proto}.${f.name}`;
    return entry(at, f.before ?? '(absent)', f.after ?? '(absent)');
  });
}

function bytesText(bytes: Uint8Array, range: ByteRange): string {
  const end = Math.min(range.end, range.start + BYTES_SHOWN, bytes.length);
  if (end <= range.start) return '(ends before)';
  return toHex(bytes.subarray(range.start, end)) + (end < Math.min(range.end, bytes.length) ? '…' : '');
}

function rangeDifference(expected: Uint8Array, received: Uint8Array, diff: PacketDiff): Difference[] {
  const first = diff.ranges[0];
  if (!first) return [];
  const more = diff.ranges.length > 1 ? `, first of ${diff.ranges.length} ranges` : '';
  const where = first.end - first.start === 1 ? `byte ${first.start}` : `bytes ${first.start} to ${first.end - 1}`;
  const at = where + more;
  return [entry(at, bytesText(expected, first), bytesText(received, first))];
}

/** Differences of data_out from the packet expected; `sent` is data_in, to say so when nothing was changed at all. */
export function expectPacket(expected: Uint8Array, sent: Uint8Array | null, received: Uint8Array | null): Difference[] {
  if (!received) return [entry('', `${expected.length} bytes`, 'no packet')];
  const diff = diffPackets(expected, received);
  if (diff.equal) return [];
  const out: Difference[] = [];
  const asSent = sameBytes(received, sent);
  if (expected.length !== received.length || asSent) {
    out.push(entry('', `${expected.length} bytes`, `${received.length} bytes${asSent ? ', as sent' : ''}`));
  }
  const fields = diff.layers.flatMap(layerDifferences);
  out.push(...fields.slice(0, FIELDS_MAX));
  if (fields.length > FIELDS_MAX) out.push(entry('', `${fields.length - FIELDS_MAX} more fields`, 'differ'));
  return fields.length > 0 ? out : [...out, ...rangeDifference(expected, received, diff)];
}
