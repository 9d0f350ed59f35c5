/** TCP flags in words: `0x12 (SYN ACK)`, and back from `SA`, `SYN ACK`, `{syn: true}`. */
import { hexNumber } from './layers.ts';
import { TCP_FLAGS } from './protocols.ts';

/** A letter each in the order of the bits; N is AE's bit, whose letter is ACK's. */
const LETTERS = 'FSRPAUECN';

export function flagNames(flags: number): string {
  return TCP_FLAGS.filter((_, bit) => flags & (1 << bit)).join(' ');
}

export function flagsText(flags: number): string {
  return flags === 0 ? '0x00' : `${hexNumber(flags, 2)} (${flagNames(flags)})`;
}

function sum(bits: readonly number[]): number | null {
  return bits.includes(-1) ? null : bits.reduce((all, bit) => all | (1 << bit), 0);
}

/** -1 when there is no such flag. */
function bitOf(name: string): number {
  return (TCP_FLAGS as readonly string[]).indexOf(name);
}

function fromText(text: string): number | null {
  const words = text.toUpperCase().split(/[\s|,+]+/);
  const inWords = words.some((word) => word.length > 2 && bitOf(word) >= 0);
  if (inWords) return sum(words.map(bitOf));
  return sum([...words.join('')].map((letter) => LETTERS.indexOf(letter)));
}

function fromRecord(record: object): number | null {
  const on = Object.entries(record).filter(([, value]) => value === true);
  const known = Object.entries(record).every(([, value]) => typeof value === 'boolean' || value === undefined);
  return known ? sum(on.map(([name]) => bitOf(name.toUpperCase()))) : null;
}

/** The nine bits, null when the value is none of the forms. */
export function parseFlags(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 && value <= 0x1ff ? value : null;
  if (typeof value === 'string') return fromText(value);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? fromRecord(value) : null;
}
