/** Packets for tests, put together from headers. */

const u16 = (v: number): number[] => [(v >> 8) & 255, v & 255];
const u32 = (v: number): number[] => [...u16(v >>> 16), ...u16(v & 0xffff)];

export const MAC_A = [2, 0, 0, 0, 0, 1];
export const MAC_B = [2, 0, 0, 0, 0, 2];

export interface Link {
  readonly dst?: readonly number[];
  readonly src?: readonly number[];
  /** VLAN tags from the outside, as [tpid, tci]. */
  readonly vlans?: readonly (readonly [number, number])[];
}

export function ethernet(type: number, payload: readonly number[], link: Link = {}): Uint8Array {
  const tags = (link.vlans ?? []).flatMap(([tpid, tci]) => [...u16(tpid), ...u16(tci)]);
  return Uint8Array.from([...(link.dst ?? MAC_B), ...(link.src ?? MAC_A), ...tags, ...u16(type), ...payload]);
}

function foldedSum(bytes: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
const checksum = (bytes: readonly number[]): number => ~foldedSum(bytes) & 0xffff;

function v4(text: string): number[] {
  return text.split('.').map(Number);
}

/** Eight groups, written out in full. */
function v6(text: string): number[] {
  return text.split(':').flatMap((group) => u16(Number.parseInt(group, 16)));
}

export interface Ip {
  readonly src?: string;
  readonly dst?: string;
  readonly ttl?: number;
  readonly frag?: number;
  readonly options?: readonly number[];
}

export function ipv4(protocol: number, payload: readonly number[], ip: Ip = {}): number[] {
  const { src = '10.0.0.1', dst = '10.0.0.2', ttl = 64, frag = 0, options = [] } = ip;
  const words = 5 + options.length / 4;
  const length = words * 4 + payload.length;
  const head = (sum: number) => [
    ...[0x40 | words, 0, ...u16(length), 0, 1, ...u16(frag), ttl, protocol, ...u16(sum)],
    ...[...v4(src), ...v4(dst), ...options],
  ];
  return [...head(checksum(head(0))), ...payload];
}

export function ipv6(protocol: number, payload: readonly number[], ip: Ip = {}): number[] {
  const { src = '2001:db8:0:0:0:0:0:1', dst = '2001:db8:0:0:0:0:0:2', ttl = 64 } = ip;
  return [0x60, 0, 0, 0, ...u16(payload.length), protocol, ttl, ...v6(src), ...v6(dst), ...payload];
}

export function udp(sport: number, dport: number, payload: readonly number[] = []): number[] {
  return [...u16(sport), ...u16(dport), ...u16(8 + payload.length), 0, 0, ...payload];
}

export function tcp(sport: number, dport: number, flags: number, payload: readonly number[] = []): number[] {
  return [...u16(sport), ...u16(dport), ...u32(1), ...u32(2), 0x50, flags, ...u16(8192), 0, 0, 0, 0, ...payload];
}

export function icmpEcho(id: number, sequence: number, payload: readonly number[] = []): number[] {
  const head = (sum: number) => [8, 0, ...u16(sum), ...u16(id), ...u16(sequence), ...payload];
  return head(checksum(head(0)));
}

export function arp(): number[] {
  return [0, 1, 8, 0, 6, 4, 0, 1, ...MAC_A, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2];
}

/** 0, 1, 2, … */
export const counting = (length: number): number[] => Array.from({ length }, (_, i) => i & 255);

/** The frame with zeros behind it (or cut) to a length. */
export function sized(frame: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(frame.subarray(0, length));
  return out;
}
