/** Decoded BTF values as text for people and as JSON for programs, and the paths at which two of them differ. */
import type { Decoded } from '../../engine/index.ts';
import { plain } from './sanitize.ts';

const PLAIN_NAME = /^[A-Za-z_]\w*$/;

function isRecord(value: Decoded): value is { readonly [field: string]: Decoded } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** char arrays come as numbers: shown as text when they are text, ended by NUL. */
function asText(list: readonly Decoded[]): string | null {
  if (list.length < 2) return null;
  let text = '';
  let ended = false;
  for (const item of list) {
    if (typeof item !== 'number' || item < 0 || item > 126 || !Number.isInteger(item)) return null;
    if (item === 0) ended = true;
    else if (ended || item < 32) return null;
    else text += String.fromCharCode(item);
  }
  return text.length >= 2 ? text : null;
}

/** A char array as text that ends at its NUL; null where it is none. */
export function charText(list: readonly unknown[]): string | null {
  const end = list.indexOf(0);
  const part = end < 0 ? list : list.slice(0, end);
  const printable = (byte: unknown) => typeof byte === 'number' && Number.isInteger(byte) && byte >= 32 && byte < 127;
  const padded = end < 0 || list.slice(end).every((byte) => byte === 0);
  return padded && part.every(printable) ? String.fromCharCode(...(part as number[])) : null;
}

/** One line: `{packets: 3, bytes: 192}`, `[1, 2]`, `"eth0"`. Text from objects is made safe to print. */
export function valueText(value: Decoded): string {
  if (value === null) return 'null';
  if (typeof value === 'string') return JSON.stringify(plain(value));
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) {
    const text = asText(value);
    return text !== null ? JSON.stringify(text) : `[${value.map(valueText).join(', ')}]`;
  }
  const record = value as { readonly [field: string]: Decoded };
  const fields = Object.entries(record).map(([name, field]) => `${plain(name)}: ${valueText(field)}`);
  return `{${fields.join(', ')}}`;
}

/** The same value for JSON.stringify: bigint (and numbers beyond 2^53) as decimal strings. */
export function toJson(value: Decoded): unknown {
  if (typeof value === 'bigint') {
    const small = value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
    return small ? Number(value) : value.toString();
  }
  if (typeof value === 'number') return Number.isSafeInteger(value) || !Number.isInteger(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(toJson);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toJson(field as Decoded)]));
}

export interface ValueChange {
  /** Names and indices that lead there. */
  readonly steps: readonly (string | number)[];
  /** `.packets`, `[3].count`, '' for the whole. */
  readonly path: string;
  /** undefined: nothing is there on that side. */
  readonly before: Decoded | undefined;
  readonly after: Decoded | undefined;
}

function step(path: string, name: string): string {
  return PLAIN_NAME.test(name) ? `${path}.${name}` : `${path}[${plain(name)}]`;
}

/** Leaves at which two values differ, in the order of their fields. */
export function valueChanges(
  before: Decoded | undefined,
  after: Decoded | undefined,
  path = '',
  steps: ValueChange['steps'] = [],
): ValueChange[] {
  if (before !== undefined && after !== undefined) {
    if (Array.isArray(before) && Array.isArray(after) && asText(before) === null && asText(after) === null) {
      const length = Math.max(before.length, after.length);
      return Array.from({ length }, (_, i) => valueChanges(before[i], after[i], `${path}[${i}]`, [...steps, i])).flat();
    }
    if (isRecord(before) && isRecord(after)) {
      const names = new Set([...Object.keys(before), ...Object.keys(after)]);
      return [...names].flatMap((name) => valueChanges(before[name], after[name], step(path, name), [...steps, name]));
    }
  }
  return sameValue(before, after) ? [] : [{ path, steps, before, after }];
}

/** Equal by content; 5 and 5n are the same number. */
export function sameValue(a: Decoded | undefined, b: Decoded | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined || a === null || b === null) return false;
  if (typeof a !== 'object' && typeof b !== 'object') {
    return typeof a !== 'string' && typeof b !== 'string' && Number(a) === Number(b) && String(a) === String(b);
  }
  if (typeof a !== 'object' || typeof b !== 'object') return false;
  return valueText(a) === valueText(b);
}
