/** Addresses as people write them: IPv4, IPv6, prefixes, endpoints with a port, link-layer addresses. */

/** An address in network order: 4 or 16 bytes. */
export type IpAddress = Uint8Array;

export interface IpPrefix {
  readonly address: IpAddress;
  /** Leading bits that count. */
  readonly length: number;
}

export interface Endpoint {
  /** null: any address of either family. */
  readonly address: IpAddress | null;
  readonly port: number;
}

const BYTE = /^(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$/;
const GROUP = /^[\da-f]{1,4}$/i;
const GROUPS = 8;

/** `10.0.0.1`, `2001:db8::1`; null when it is neither. */
export function parseIp(text: string): IpAddress | null {
  return text.includes(':') ? parseV6(text) : parseV4(text);
}

function parseV4(text: string): IpAddress | null {
  const parts = text.split('.');
  return parts.length === 4 && parts.every((part) => BYTE.test(part)) ? Uint8Array.from(parts, Number) : null;
}

function parseV6(text: string): IpAddress | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || head === null || tail === null) return null;
  if (tail === undefined) return head.length === GROUPS ? bytesOf(head) : null;
  const missing = GROUPS - head.length - tail.length;
  return missing < 1 ? null : bytesOf([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Groups of 16 bits between colons, the last of which may be an IPv4 address; null when they are none. */
function groupsOf(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const words = text.split(':');
  for (const [i, word] of words.entries()) {
    const v4 = i === words.length - 1 && word.includes('.') ? parseV4(word) : null;
    if (v4 !== null) groups.push((v4[0]! << 8) | v4[1]!, (v4[2]! << 8) | v4[3]!);
    else if (GROUP.test(word)) groups.push(Number.parseInt(word, 16));
    else return null;
  }
  return groups;
}

function bytesOf(groups: readonly number[]): IpAddress {
  return Uint8Array.from(groups.flatMap((group) => [group >>> 8, group & 0xff]));
}

/** `10.0.0.0/8`, `2001:db8::/32`; an address alone is a prefix of all its bits. */
export function parsePrefix(text: string): IpPrefix | null {
  const [ip = '', bits, more] = text.split('/');
  const address = parseIp(ip);
  if (address === null || more !== undefined) return null;
  if (bits === undefined) return { address, length: address.length * 8 };
  const length = /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  return length <= address.length * 8 ? { address, length } : null;
}

/** `10.0.0.1:80`, `[::1]:80`, `*:80`. */
export function parseEndpoint(text: string): Endpoint | null {
  const match = /^(\*|\[[^\]]*\]|[^:]*):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const [, host = '', port] = match;
  if (Number(port) > 0xffff) return null;
  if (host === '*') return { address: null, port: Number(port) };
  const address = parseIp(host.startsWith('[') ? host.slice(1, -1) : host);
  return address === null || host.startsWith('[') !== (address.length === 16) ? null : { address, port: Number(port) };
}

/** `02:00:00:00:00:01`. */
export function parseMac(text: string): Uint8Array | null {
  const parts = text.split(/[:-]/);
  const good = parts.length === 6 && parts.every((part) => /^[\da-f]{2}$/i.test(part));
  return good ? Uint8Array.from(parts, (part) => Number.parseInt(part, 16)) : null;
}

/** Whether the first `length` bits of two addresses of one family are the same. */
export function inPrefix(address: IpAddress, { address: base, length }: IpPrefix): boolean {
  if (address.length !== base.length) return false;
  const whole = length >> 3;
  for (let i = 0; i < whole; i++) if (address[i] !== base[i]) return false;
  const rest = length & 7;
  return rest === 0 || (address[whole]! ^ base[whole]!) >> (8 - rest) === 0;
}

export function sameIp(a: IpAddress, b: IpAddress): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
