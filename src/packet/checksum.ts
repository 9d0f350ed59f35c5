/** The Internet checksum (RFC 1071) of headers and of transport data under its pseudo header, to say whether a field is right. */
import { hexNumber, type IpScope, type Packet } from './layers.ts';

/** Ones' complement sum of big-endian words, folded to 16 bits; an odd last byte is padded with zero. */
export function sum16(bytes: Uint8Array, seed = 0): number {
  let sum = seed;
  for (let i = 0; i + 1 < bytes.length; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  if (bytes.length & 1) sum += bytes[bytes.length - 1]! << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return sum;
}

/** What the checksum field at `field` should hold so that the whole adds up. */
function wanted(bytes: Uint8Array, field: number, seed: number): number {
  const stored = (bytes[field]! << 8) | bytes[field + 1]!;
  const rest = sum16(bytes, seed + (0xffff - stored));
  return 0xffff - rest;
}

function describe(stored: number, right: number): string {
  const same = stored === right || (stored === 0xffff && right === 0) || (stored === 0 && right === 0xffff);
  return same ? `${hexNumber(stored, 4)} (right)` : `${hexNumber(stored, 4)} (wrong, ${hexNumber(right, 4)} is right)`;
}

/** Text for the checksum field of a header that covers itself alone. */
export function headerChecksum(header: Uint8Array, field: number): string {
  return describe((header[field]! << 8) | header[field + 1]!, wanted(header, field, 0));
}

function pseudoHeaderSum(ip: IpScope, protocol: number, length: number): number {
  return sum16(ip.source) + sum16(ip.destination) + protocol + (length >>> 16) + (length & 0xffff);
}

/**
 * Text for a transport checksum field. `pseudo` false for ICMPv4. Without the whole datagram (fragment, cut capture)
 * it gives the number alone; an IPv4 UDP checksum of zero means none.
 */
export function transportChecksum(
  packet: Packet,
  at: number,
  field: number,
  protocol: number,
  pseudo: boolean,
): string {
  const ip = packet.ip;
  const stored = (packet.bytes[at + field]! << 8) | packet.bytes[at + field + 1]!;
  if (!ip || ip.fragment || ip.end > packet.bytes.length || ip.end < at + field + 2) return hexNumber(stored, 4);
  if (protocol === 17 && ip.version === 4 && stored === 0) return '0x0000 (none)';
  const body = packet.bytes.subarray(at, ip.end);
  return describe(stored, wanted(body, field, pseudo ? pseudoHeaderSum(ip, protocol, body.length) : 0));
}
