/** Checksums of headers and of transport data under its pseudo header (RFC 1071, CRC-32C for SCTP): the value, and whether a field is right. */
import { crc32c } from './crc32c.ts';
import { hexNumber, type IpScope, type Packet } from './layers.ts';

/** Ones' complement sum of big-endian words, folded to 16 bits; an odd last byte is padded with zero. */
export function sum16(bytes: Uint8Array, seed = 0): number {
  let sum = seed;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (bytes.length & 1) sum += bytes[bytes.length - 1]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** What the checksum field at `field` should hold so that the whole adds up, whatever it holds now. */
export function internetChecksum(bytes: Uint8Array, field: number, seed = 0): number {
  const stored = (bytes[field]! << 8) | bytes[field + 1]!;
  const rest = sum16(bytes, seed + (0xffff - stored));
  return 0xffff - rest;
}

/** Sum over the pseudo header of IPv4 (RFC 768) or IPv6 (RFC 8200). */
export function pseudoHeaderSum(source: Uint8Array, destination: Uint8Array, protocol: number, length: number): number {
  return sum16(source) + sum16(destination) + protocol + (length >>> 16) + (length & 0xffff);
}

function verdict(stored: number, right: number, same: boolean, digits: number): string {
  const text = hexNumber(stored, digits);
  return same ? `${text} (right)` : `${text} (wrong, should be ${hexNumber(right, digits)})`;
}

function describe(stored: number, right: number): string {
  const same = stored === right || (stored === 0xffff && right === 0) || (stored === 0 && right === 0xffff);
  return verdict(stored, right, same, 4);
}

/** Text for the checksum field of bytes that it covers alone, no pseudo header. */
export function headerChecksum(header: Uint8Array, field: number): string {
  return describe((header[field]! << 8) | header[field + 1]!, internetChecksum(header, field));
}

/** What a transport checksum covers, null when not all of it is there (a fragment, a cut capture). */
function covered(packet: Packet, at: number, size: number): { body: Uint8Array; ip: IpScope } | null {
  const ip = packet.ip;
  if (!ip || ip.fragment || ip.end > packet.bytes.length || ip.end - at < size) return null;
  return { body: packet.bytes.subarray(at, ip.end), ip };
}

interface Transport {
  /** Offset of the header, and of the checksum in it. */
  readonly at: number;
  readonly field: number;
  readonly protocol: number;
  /** False for ICMPv4 and GRE, whose checksums cover no addresses. */
  readonly pseudo: boolean;
  /** Bytes covered when the header says so itself; to the end of the IP packet if not. */
  readonly length?: number;
}

/** Text for a transport checksum field: the number alone when not all that it covers is there. */
export function transportChecksum(packet: Packet, t: Transport): string {
  const stored = (packet.bytes[t.at + t.field]! << 8) | packet.bytes[t.at + t.field + 1]!;
  const found = covered(packet, t.at, Math.max(t.field + 2, t.length ?? 0));
  if (!found) return hexNumber(stored, 4);
  const body = t.length === undefined ? found.body : found.body.subarray(0, t.length);
  const { source, destination } = found.ip;
  return describe(
    stored,
    internetChecksum(body, t.field, t.pseudo ? pseudoHeaderSum(source, destination, t.protocol, body.length) : 0),
  );
}

/** Text for a UDP checksum: zero means none, which RFC 8200 forbids over IPv6 (RFC 6936 lets tunnels). */
export function udpChecksum(packet: Packet, at: number, length: number): string {
  const stored = (packet.bytes[at + 6]! << 8) | packet.bytes[at + 7]!;
  if (stored === 0) return packet.ip?.version === 6 ? '0x0000 (none, though IPv6 asks for one)' : '0x0000 (none)';
  const size = length >= 8 ? { length } : {};
  return transportChecksum(packet, { at, field: 6, protocol: 17, pseudo: true, ...size });
}

/** Text for SCTP's CRC-32C, which lies in the packet little-endian; shown as the bytes are. */
export function sctpChecksum(packet: Packet, at: number): string {
  const view = new DataView(packet.bytes.buffer, packet.bytes.byteOffset, packet.bytes.byteLength);
  const stored = view.getUint32(at + 8, false);
  const found = covered(packet, at, 12);
  if (!found) return hexNumber(stored, 8);
  const right = swap32(crc32c(found.body, 8));
  return verdict(stored, right, stored === right, 8);
}

export function swap32(word: number): number {
  return (((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24)) >>> 0;
}
