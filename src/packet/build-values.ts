/** Checked reading of what users give for a layer's fields: a mistake is one sentence that names the layer and the field. */
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import { parseIpv4, parseIpv6, parseMac } from './addresses.ts';
import { parseHex } from './hex.ts';

type Fields = { readonly [name: string]: unknown };

function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

function isByteList(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((b) => Number.isInteger(b) && b >= 0 && b <= 255);
}

/** Bytes of text (UTF-8), a list, `{hex}` or bytes; null when the value is none of them. */
export function bytesOrNull(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  if (typeof value === 'string') return new TextEncoder().encode(value);
  if (isByteList(value)) return Uint8Array.from(value);
  const hex = (value as { hex?: unknown } | null)?.hex;
  return typeof hex === 'string' ? parseHex(hex) : null;
}

export function isRecord(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function plainWords(text: string): string {
  return text.toLowerCase().replace(/[\s_-]+/g, ' ');
}

/** Big-endian bytes of the low `size` bytes of a number. */
export function be(value: number, size: 1 | 2 | 3 | 4): number[] {
  const out: number[] = [];
  for (let shift = 8 * (size - 1); shift >= 0; shift -= 8) out.push((value >>> shift) & 0xff);
  return out;
}

/** One layer's (or option's) given fields; a field that is undefined counts as not given. */
export class Given {
  readonly where: string;
  private readonly values: Fields;

  /** Throws InputError when a field is none of `known`. */
  constructor(where: string, values: unknown, known: readonly string[]) {
    if (!isRecord(values)) throw new InputError(`${where} must be given an object of fields`);
    this.where = where;
    this.values = values;
    const wrong = Object.keys(values).find((name) => !known.includes(name));
    if (wrong === undefined) return;
    throw new InputError(
      `${where} has no field \`${wrong}\`${didYouMean(wrong, known) || `: one of ${known.join(', ')}`}`,
    );
  }

  fail(name: string, why: string): never {
    throw new InputError(`${this.where}.${name} is ${shown(this.values[name])}: ${why}`);
  }

  has(name: string): boolean {
    return this.values[name] !== undefined;
  }

  raw(name: string): unknown {
    return this.values[name];
  }

  /** A whole number of `bits` bits, at most 32. */
  uint(name: string, bits: number, fallback = 0): number {
    const given = this.values[name];
    if (given === undefined) return fallback;
    const value = typeof given === 'bigint' ? Number(given) : typeof given === 'boolean' ? Number(given) : given;
    const most = 2 ** bits - 1;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
    return this.fail(name, `a whole number from 0 to ${most}`);
  }

  /** A number that was counted unless given; what was counted may be too much for the field. */
  counted(name: string, bits: number, counted: number): number {
    const most = 2 ** bits - 1;
    if (this.has(name) || counted <= most) return this.uint(name, bits, counted);
    throw new InputError(`${this.where}.${name} would be ${counted}, more than ${most}: give it, or a shorter payload`);
  }

  /** A number, or its name in a table. */
  named(name: string, bits: number, table: { readonly [value: number]: string }, fallback: number): number {
    const given = this.values[name];
    if (typeof given !== 'string') return this.uint(name, bits, fallback);
    const found = Object.entries(table).find(([, word]) => plainWords(word) === plainWords(given));
    return found ? Number(found[0]) : this.fail(name, `a number, or one of ${Object.values(table).join(', ')}`);
  }

  private address(name: string, size: number, parse: (text: string) => Uint8Array | null, what: string): Uint8Array {
    const given = this.values[name];
    const bytes = typeof given === 'string' ? parse(given) : bytesOrNull(given);
    return bytes?.length === size ? bytes : this.fail(name, `${what}, as text or ${size} bytes`);
  }

  mac(name: string, fallback: string): Uint8Array {
    return this.has(name) ? this.address(name, 6, parseMac, 'a MAC address') : parseMac(fallback)!;
  }

  ipv4(name: string, fallback: string): Uint8Array {
    return this.has(name) ? this.address(name, 4, parseIpv4, 'an IPv4 address') : parseIpv4(fallback)!;
  }

  ipv6(name: string, fallback: string): Uint8Array {
    return this.has(name) ? this.address(name, 16, parseIpv6, 'an IPv6 address') : parseIpv6(fallback)!;
  }

  /** Bytes in one of the forms of `Bytes`, none unless given. */
  bytes(name: string): Uint8Array {
    if (!this.has(name)) return new Uint8Array(0);
    return bytesOrNull(this.values[name]) ?? this.fail(name, 'bytes, text or {hex}');
  }

  list(name: string): readonly unknown[] {
    const given = this.values[name];
    if (given === undefined) return [];
    return Array.isArray(given) ? given : this.fail(name, 'a list');
  }

  /** The fields of an object in a field. */
  inner(name: string, known: readonly string[]): Given {
    return new Given(`${this.where}.${name}`, this.values[name], known);
  }

  /** The objects of a list. */
  items(name: string, known: readonly string[]): Given[] {
    return this.list(name).map((item, i) => new Given(`${this.where}.${name}[${i + 1}]`, item, known));
  }

  /** The names given, in the order they were. */
  names(): string[] {
    return Object.keys(this.values).filter((name) => this.has(name));
  }
}
