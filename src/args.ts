/** Reads options that yargs left as text: numbers in decimal or hex within their bounds, names, each given once. */
import type { Args } from './commands/command.ts';
import { InputError } from './input-error.ts';

export const U32_MAX = 0xffff_ffff;

/** The text of an option, undefined when it was not given. Throws InputError when it was given twice. */
export function textArg(args: Args, name: string): string | undefined {
  const value = args[name];
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) throw new InputError(`--${name} is given ${value.length} times`);
  return String(value);
}

export function flagArg(args: Args, name: string): boolean {
  const value = args[name];
  return Array.isArray(value) ? value.at(-1) === true : value === true;
}

/** All values of an option that may be repeated. */
export function listArg(args: Args, name: string): string[] {
  const value = args[name];
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

const INTEGER = /^(0x[0-9a-f]+|\d[\d_]*)$/i;

/** An unsigned integer of any size: `1500`, `0x5dc`, `1_000_000`; null when the text is none. */
export function parseInteger(text: string): bigint | null {
  return INTEGER.test(text) ? BigInt(text.replaceAll('_', '')) : null;
}

/** `what` names the option as the user typed it: `--repeat`, `repeat`. Throws InputError with the bounds. */
export function parseCount(text: string, what: string, least: number, most: number): number {
  const value = parseInteger(text);
  if (value !== null && value >= BigInt(least) && value <= BigInt(most)) return Number(value);
  throw new InputError(`${what} is ${JSON.stringify(text)}: an integer from ${least} to ${most}`);
}

export function countArg(args: Args, name: string, least: number, most: number): number | undefined {
  const text = textArg(args, name);
  return text === undefined ? undefined : parseCount(text, `--${name}`, least, most);
}

/** A u64, for times in nanoseconds. */
export function bigArg(args: Args, name: string): bigint | undefined {
  const text = textArg(args, name);
  if (text === undefined) return undefined;
  const value = parseInteger(text);
  if (value !== null && value < 1n << 64n) return value;
  throw new InputError(`--${name} is ${JSON.stringify(text)}: an integer from 0 to 2^64-1`);
}

/** Bits of bpf_attr.test.flags by name (include/uapi/linux/bpf.h). */
const TEST_FLAGS: Readonly<Record<string, number>> = {
  BPF_F_TEST_RUN_ON_CPU: 1,
  BPF_F_TEST_XDP_LIVE_FRAMES: 2,
  BPF_F_TEST_SKB_CHECKSUM_COMPLETE: 4,
};

/** Names of the flags that a set of bits holds; all bits are every flag, whether it has a name or not. */
export function testFlagNames(flags: number): string[] {
  if (flags >>> 0 === U32_MAX) return ['any'];
  return Object.entries(TEST_FLAGS).flatMap(([name, bit]) => ((flags & bit) === 0 ? [] : [name]));
}

/** `4`, `BPF_F_TEST_SKB_CHECKSUM_COMPLETE`, or several names joined by `|` or `,`; the prefix may be left out. */
export function parseTestFlags(text: string, what: string): number {
  let flags = 0;
  for (const word of text.split(/[|,]/)) {
    const name = word.trim();
    const upper = name.toUpperCase();
    const bit = TEST_FLAGS[upper] ?? TEST_FLAGS[`BPF_F_TEST_${upper}`];
    const number = bit ?? (INTEGER.test(name) ? parseCount(name, what, 0, U32_MAX) : null);
    if (number === null) {
      throw new InputError(`${what}: there is no flag ${name}: a number, or ${Object.keys(TEST_FLAGS).join(', ')}`);
    }
    flags = (flags | number) >>> 0;
  }
  return flags;
}
