/** Where a packet differs from the expected one: its size, header fields by name, bytes where no field says it. */

import type { Difference } from '../outcome.ts';
import { type ByteRange, diffPackets, type LayerChange, type PacketDiff } from '../packet/diff.ts';
import { dissect } from '../packet/dissect.ts';
import { fieldHolds, fieldOf } from '../packet/fields.ts';
import { toHex } from '../packet/hex.ts';
import type { Field, Layer } from '../packet/layers.ts';
import type { PacketFields } from '../test-case.ts';
import type { Fix } from './fix.ts';

const FIELDS_MAX = 16;
const BYTES_SHOWN = 16;

function entry(at: string, expected: string, received: string, fix?: Fix): Difference {
  return { field: 'data_out', at, expected, received, ...(fix === undefined ? {} : { fix }) };
}

function sameBytes(a: Uint8Array, b: Uint8Array | null): boolean {
  return b !== null && a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function layerText(layer: Layer | null): string {
  if (!layer) return '(absent)';
  return layer.summary === '' ? `${layer.end - layer.start} bytes` : layer.summary;
}

/** `nth`: of the expected packet's layers of the kind, from 1. */
function layerDifferences(change: LayerChange, nth: number, whole: Fix): Difference[] {
  if (change.kind === 'same') return [];
  if (change.kind !== 'changed') return [entry(change.proto, layerText(change.before), layerText(change.after), whole)];
  return change.fields.map((f) => {
    const at = f.name === 'bytes' ? change.proto : `${change.proto}.${f.name}`;
    const header = { layer: change.proto, nth, field: f.name, value: f.after ?? '' };
    const fix = f.name === 'bytes' || f.before === null || f.after === null ? whole : { ...whole, header };
    return entry(at, f.before ?? '(absent)', f.after ?? '(absent)', fix);
  });
}

/** Each layer's number among those of its kind in the expected packet. */
function numbered(layers: readonly LayerChange[]): (readonly [LayerChange, number])[] {
  const seen = new Map<string, number>();
  return layers.map((change) => {
    const nth = (seen.get(change.proto) ?? 0) + (change.before === null ? 0 : 1);
    seen.set(change.proto, nth);
    return [change, nth] as const;
  });
}

function bytesText(bytes: Uint8Array, range: ByteRange): string {
  const end = Math.min(range.end, range.start + BYTES_SHOWN, bytes.length);
  if (end <= range.start) return '(ends before)';
  return toHex(bytes.subarray(range.start, end)) + (end < Math.min(range.end, bytes.length) ? '…' : '');
}

function rangeDifference(expected: Uint8Array, received: Uint8Array, diff: PacketDiff, whole: Fix): Difference[] {
  const first = diff.ranges[0];
  if (!first) return [];
  const more = diff.ranges.length > 1 ? `, first of ${diff.ranges.length} ranges` : '';
  const where = first.end - first.start === 1 ? `byte ${first.start}` : `bytes ${first.start} to ${first.end - 1}`;
  const at = where + more;
  return [entry(at, bytesText(expected, first), bytesText(received, first), whole)];
}

/** Differences of data_out from the packet expected; `sent` is data_in, to say so when nothing was changed at all. */
export function expectPacket(expected: Uint8Array, sent: Uint8Array | null, received: Uint8Array | null): Difference[] {
  if (!received) return [entry('', `${expected.length} bytes`, 'no packet')];
  const diff = diffPackets(expected, received);
  if (diff.equal) return [];
  const whole: Fix = { path: ['data_out'], value: `hex:${toHex(received)}` };
  const out: Difference[] = [];
  const asSent = sameBytes(received, sent);
  if (expected.length !== received.length || asSent) {
    const size: Fix = expected.length === received.length ? { ...whole, aside: true } : whole;
    out.push(entry('', `${expected.length} bytes`, `${received.length} bytes${asSent ? ', as sent' : ''}`, size));
  }
  const fields = numbered(diff.layers).flatMap(([change, nth]) => layerDifferences(change, nth, whole));
  out.push(...fields.slice(0, FIELDS_MAX));
  if (fields.length > FIELDS_MAX) out.push(entry('', `${fields.length - FIELDS_MAX} more fields`, 'differ', whole));
  return fields.length > 0 ? out : [...out, ...rangeDifference(expected, received, diff, whole)];
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

/** `0x0800 (IPv4)` is a number, and a name; payloads are text where they are, else bytes. */
function fieldFix(path: Fix['path'], field: Field, bytes: Uint8Array): Fix {
  if (field.name === 'bytes') {
    const text = new TextDecoder('latin1').decode(bytes);
    return { path, value: /^[\x20-\x7e]+$/.test(text) ? text : { hex: toHex(bytes) } };
  }
  const [, value = field.value, inside] = /^(\S+) \((.*)\)$/.exec(field.value) ?? [];
  const named = field.name === 'flags' ? inside : inside?.split(',')[0];
  const number = /^(\d+|0x[\da-f]+)$/i.test(value) ? Number(value) : value;
  return { path, value: number, ...(named === undefined ? {} : { named }) };
}

/** Header fields of data_out that do not hold what is expected; `meta_bytes`: XDP metadata in front of the packet. */
export function expectFields({ fields }: PacketFields, received: Uint8Array | null, meta_bytes = 0): Difference[] {
  if (!received) return [entry('', Object.keys(fields).join(', '), 'no packet')];
  const { bytes, layers } = dissected(received, meta_bytes);
  return Object.entries(fields).flatMap(([path, expected]) => {
    const field = fieldOf(layers, path);
    const at = ['data_out', path];
    if (!field)
      return expected === null ? [] : [entry(path, fieldText(expected), '(absent)', { path: at, value: null })];
    if (expected !== null && fieldHolds(bytes, field, expected)) return [];
    const fix = fieldFix(at, field, bytes.subarray(field.start, field.end));
    return [entry(path, expected === null ? '(absent)' : fieldText(expected), field.value, fix)];
  });
}
