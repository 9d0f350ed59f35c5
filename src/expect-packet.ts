/** Where a packet differs from the expected one: its size, header fields by name, bytes where no field says it. */
import type { Difference } from './outcome.ts';
import { type ByteRange, diffPackets, type LayerChange, type PacketDiff } from './packet/diff.ts';
import { dissect } from './packet/dissect.ts';
import { fieldHolds, fieldOf } from './packet/fields.ts';
import { toHex } from './packet/hex.ts';
import type { Layer } from './packet/layers.ts';
import type { PacketFields } from './test-case.ts';

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

const ETHERNET_BYTES = 14;

/** Programs that see packets from the IP header on get them back behind an Ethernet header of zeros. */
function dissected(packet: Uint8Array, meta_bytes: number): { readonly bytes: Uint8Array; readonly layers: Layer[] } {
  const version = (packet[ETHERNET_BYTES] ?? 0) >> 4;
  const blank = packet.length > ETHERNET_BYTES && packet.subarray(0, ETHERNET_BYTES).every((byte) => byte === 0);
  if (!blank || (version !== 4 && version !== 6)) return { bytes: packet, layers: dissect(packet, { meta_bytes }) };
  const bytes = packet.subarray(ETHERNET_BYTES);
  return { bytes, layers: dissect(bytes, { first: version === 4 ? 'ipv4' : 'ipv6' }) };
}

function fieldText(expected: unknown): string {
  if (expected instanceof RegExp) return String(expected);
  if (expected instanceof Uint8Array) return toHex(expected);
  if (typeof expected === 'bigint') return expected.toString();
  return typeof expected === 'object' ? JSON.stringify(expected) : String(expected);
}

/** Header fields of data_out that do not hold what is expected; `meta_bytes`: XDP metadata in front of the packet. */
export function expectFields({ fields }: PacketFields, received: Uint8Array | null, meta_bytes = 0): Difference[] {
  if (!received) return [entry('', Object.keys(fields).join(', '), 'no packet')];
  const { bytes, layers } = dissected(received, meta_bytes);
  return Object.entries(fields).flatMap(([path, expected]) => {
    const field = fieldOf(layers, path);
    if (expected === null) return field ? [entry(path, '(absent)', field.value)] : [];
    if (!field) return [entry(path, fieldText(expected), '(absent)')];
    return fieldHolds(bytes, field, expected) ? [] : [entry(path, fieldText(expected), field.value)];
  });
}
