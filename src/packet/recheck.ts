/**
 * Keeps checksums right while fields of a packet change, by the difference (RFC 1624). Those that were wrong before, or not there (0 in
 * UDP), stay as they are.
 *
 * UDP in IPv4: `ipv4.check` covers its own header; `udp.check` covers the UDP header, what follows it, and the two addresses. Another
 * source address changes both.
 */
import { sum16, swap32 } from './checksum.ts';
import { crc32c } from './crc32c.ts';
import { dissect } from './dissect.ts';
import type { Field, Layer } from './layers.ts';

interface Bytes {
  readonly start: number;
  readonly end: number;
}

/** A checksum that was right. */
interface Checksum {
  readonly layer: Layer;
  /** Where it is. */
  readonly at: number;
  /** What it covers; the first part holds the checksum. */
  readonly parts: readonly Bytes[];
}

const CHECKS = ['check', 'checksum', 'csum'];
const RIGHT = /\((right)\)$/;
const UDP = 'udp';
const SCTP = 'sctp';
/** Checksums that cover the addresses of the IP header around. */
const PSEUDO: readonly string[] = ['tcp', UDP, 'icmpv6'];

function checkOf(layer: Layer): Field | null {
  return layer.fields.find(({ name, value }) => CHECKS.includes(name) && RIGHT.test(value)) ?? null;
}

function numberOf(layer: Layer, name: string): number {
  return Number(layer.fields.find((field) => field.name === name)?.value ?? 0);
}

/** End of the IP packet that begins with this header. */
function ipEnd(ip: Layer, size: number): number {
  const length = ip.proto === 'ipv4' ? numberOf(ip, 'tot_len') : 40 + numberOf(ip, 'payload_len');
  return length === 0 ? size : Math.min(size, ip.start + length);
}

function coveredBy(layers: readonly Layer[], i: number, size: number): Bytes[] {
  const layer = layers[i]!;
  if (layer.proto === 'ipv4') return [layer];
  const ip = layers.slice(0, i).findLast(({ proto }) => proto === 'ipv4' || proto === 'ipv6');
  const length = layer.proto === UDP ? numberOf(layer, 'len') : 0;
  const end = length > 0 ? Math.min(size, layer.start + length) : ip === undefined ? size : ipEnd(ip, size);
  const addresses = ip?.fields.filter(({ name }) => name === 'saddr' || name === 'daddr') ?? [];
  return [{ start: layer.start, end }, ...(PSEUDO.includes(layer.proto) ? addresses : [])];
}

function sumOf(bytes: Uint8Array, parts: readonly Bytes[]): number {
  return parts.reduce((sum, { start, end }) => sum16(bytes.subarray(start, end), sum), 0);
}

export class Recheck {
  private readonly before: Uint8Array;
  /** Inner ones first: outer ones cover them. */
  private readonly checksums: readonly Checksum[];

  constructor(before: Uint8Array) {
    this.before = before;
    const layers = dissect(before);
    this.checksums = layers
      .flatMap((layer, i): Checksum[] => {
        const field = checkOf(layer);
        return field === null ? [] : [{ layer, at: field.start, parts: coveredBy(layers, i, before.length) }];
      })
      .reverse();
  }

  /** Rights the checksums of a packet that differs in fields from the one before. */
  right(packet: Uint8Array): void {
    for (const one of this.checksums) {
      if (one.layer.proto === SCTP) this.rightSctp(packet, one);
      else this.rightSum(packet, one);
    }
  }

  private rightSum(packet: Uint8Array, { layer, at, parts }: Checksum): void {
    const old = (packet[at]! << 8) | packet[at + 1]!;
    const difference = sumOf(packet, parts) + (0xffff - sumOf(this.before, parts));
    if (difference === 0xffff) return;
    const sum = 0xffff - old + difference;
    const folded = sum16(Uint8Array.of(), sum);
    const value = 0xffff - folded;
    // In UDP zero stands for none.
    const sent = value === 0 && layer.proto === UDP ? 0xffff : value;
    packet[at] = sent >> 8;
    packet[at + 1] = sent & 0xff;
  }

  private rightSctp(packet: Uint8Array, { at, parts: [body] }: Checksum): void {
    const { start, end } = body!;
    const value = swap32(crc32c(packet.subarray(start, end), at - start));
    new DataView(packet.buffer, packet.byteOffset).setUint32(at, value, false);
  }

  /** The first checksum that was right and is not in this packet any more, as `udp.check`; null: none. */
  wrongIn(packet: Uint8Array): string | null {
    const layers = dissect(packet);
    const lost = this.checksums.find(({ layer }) => {
      const now = layers.find(({ proto, start }) => proto === layer.proto && start === layer.start);
      return now === undefined || checkOf(now) === null;
    });
    return lost === undefined ? null : `${lost.layer.proto}.${checkOf(lost.layer)?.name}`;
  }
}
