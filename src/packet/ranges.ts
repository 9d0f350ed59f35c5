/** Values of a header field that take turns: numbers, addresses, ranges and prefixes of them, as people write them. */
import { InputError } from '../input-error.ts';
import { parseIpv4, parseIpv6, parseMac } from './addresses.ts';

/** From the first to the last one, both included. */
interface Range {
  readonly first: bigint;
  readonly last: bigint;
}

export interface Values {
  readonly count: bigint;
  /** The n-th of them, from 0. */
  readonly at: (n: bigint) => bigint;
}

const NUMBER = /^(0x[0-9a-f]+|\d[\d_]*)$/i;
/** Parsers of addresses by the bits of the field. */
const ADDRESSES: Readonly<Record<number, readonly [parse: (text: string) => Uint8Array | null, what: string]>> = {
  32: [parseIpv4, 'an IPv4 address'],
  48: [parseMac, 'a MAC address'],
  128: [parseIpv6, 'an IPv6 address'],
};

export function bigOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function numberOf(text: string, bits: number, what: string): bigint {
  const [parse, kind] = ADDRESSES[bits] ?? [];
  const bytes = NUMBER.test(text) ? null : (parse?.(text) ?? null);
  if (bytes !== null) return bigOf(bytes);
  const most = (1n << BigInt(bits)) - 1n;
  const value = NUMBER.test(text) ? BigInt(text.replaceAll('_', '')) : null;
  if (value !== null && value <= most) return value;
  const words = kind === undefined ? '' : `${kind} or `;
  throw new InputError(`${what}: ${JSON.stringify(text)} is not ${words}a number from 0 to ${most}`);
}

/** `10.1.0.0/16`: all addresses with that prefix. */
function prefixRange(text: string, at: number, bits: number, what: string): Range {
  const length = Number(text.slice(at + 1));
  if (!/^\d+$/.test(text.slice(at + 1)) || length > bits)
    throw new InputError(`${what}: ${JSON.stringify(text)}: a prefix has 0 to ${bits} bits`);
  const size = 1n << BigInt(bits - length);
  const first = (numberOf(text.slice(0, at), bits, what) / size) * size;
  return { first, last: first + size - 1n };
}

function rangeOf(text: string, bits: number, what: string): Range {
  const slash = text.indexOf('/');
  if (slash >= 0) return prefixRange(text, slash, bits, what);
  const [from = '', to = from, ...more] = text.split('-');
  if (more.length > 0) throw new InputError(`${what}: write ${JSON.stringify(text)} as FIRST-LAST`);
  const [first, last] = [numberOf(from.trim(), bits, what), numberOf(to.trim(), bits, what)];
  if (last < first) throw new InputError(`${what}: ${JSON.stringify(text)} ends before it begins`);
  return { first, last };
}

/** `80,443,8000-8080` for a field of so many bits. Throws InputError. */
export function parseValues(text: string, bits: number, what: string): Values {
  const ranges = text.split(',').map((part) => rangeOf(part.trim(), bits, what));
  const count = ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
  const at = (n: bigint): bigint => {
    let left = n;
    for (const { first, last } of ranges) {
      const size = last - first + 1n;
      if (left < size) return first + left;
      left -= size;
    }
    throw new RangeError(`there are ${count} values, not ${n}`);
  };
  return { count, at };
}
