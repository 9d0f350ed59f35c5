/** bpf_strtol, bpf_strtoul and bpf_strncmp (kernel/bpf/helpers.c, with the digits of lib/kstrtox.c). */
import { ERRNO } from '../uapi/errno.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import { u64 } from './map.ts';
import { readableAt } from './quiet-read.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

/** BPF_STRTOX_BASE_MASK */
const BASE_MASK = 0x1f;
const BASES: ReadonlySet<number> = new Set([0, 8, 10, 16]);
/** Digits that are looked at, prefix included. */
const TEXT_MAX = 63;
const RESULT_BYTES = 8;
const I64_MAX = (1n << 63n) - 1n;
const U64_MAX = (1n << 64n) - 1n;

const MINUS = 0x2d;
const ZERO = 0x30;
const LETTER_A = 0x61;
const LETTER_X = 0x78;

interface Parsed {
  readonly magnitude: bigint;
  readonly negative: boolean;
  /** Characters used, blanks and sign included. */
  readonly consumed: number;
}

function isSpace(c: number): boolean {
  return c === 0x20 || (c >= 9 && c <= 13) || c === 0xa0;
}

/** Value of a digit in bases up to 16, 99 for what is none. */
function digitOf(c: number | undefined): number {
  if (c === undefined) return 99;
  if (c >= ZERO && c <= ZERO + 9) return c - ZERO;
  const letter = (c | 0x20) - LETTER_A;
  return letter >= 0 && letter < 6 ? letter + 10 : 99;
}

/** _parse_integer_fixup_radix: the base, and how many characters its prefix has. */
function radixOf(text: Uint8Array, wanted: number): { base: number; prefix: number } {
  const hex = text[0] === ZERO && ((text[1] ?? 0) | 0x20) === LETTER_X;
  let base = wanted;
  if (base === 0) base = text[0] !== ZERO ? 10 : hex && digitOf(text[2]) < 16 ? 16 : 8;
  return { base, prefix: base === 16 && hex ? 2 : 0 };
}

/** __bpf_strtoull: what it parsed, or a negative errno. */
function parse(bytes: Uint8Array, flags: number): Parsed | number {
  const wanted = flags & BASE_MASK;
  if (bytes.length === 0 || flags > BASE_MASK || !BASES.has(wanted)) return -ERRNO.EINVAL;
  let at = 0;
  while (at < bytes.length && isSpace(bytes[at]!)) at++;
  const negative = bytes[at] === MINUS;
  if (negative) at++;
  if (at === bytes.length) return -ERRNO.EINVAL;
  const text = bytes.subarray(at, at + TEXT_MAX);
  const { base, prefix } = radixOf(text, wanted);
  let magnitude = 0n;
  let length = prefix;
  for (; digitOf(text[length]) < base; length++) magnitude = magnitude * BigInt(base) + BigInt(digitOf(text[length]));
  if (magnitude > U64_MAX) return -ERRNO.ERANGE;
  return length === prefix ? -ERRNO.EINVAL : { magnitude, negative, consumed: at + length };
}

/** What both helpers do around their own ranges; the result is 0 unless there is one. */
function convert(signed: boolean): HelperMaker {
  return (rc) => (buf, size, flagsLo, flagsHi, result) => {
    const at = result! >>> 0;
    if (!checkRead(rc, buf!, size!) || !checkWrite(rc, at, RESULT_BYTES)) return 0;
    const bytes = rc.mem.u8.slice(buf! >>> 0, (buf! >>> 0) + (size! >>> 0));
    rc.mem.dv.setBigInt64(at, 0n, true);
    const parsed = parse(bytes, u64(flagsLo!, flagsHi!));
    if (typeof parsed === 'number') return parsed;
    const { magnitude, negative } = parsed;
    if (negative && !signed) return -ERRNO.EINVAL;
    if (signed && magnitude > (negative ? I64_MAX + 1n : I64_MAX)) return -ERRNO.ERANGE;
    rc.mem.dv.setBigUint64(at, BigInt.asUintN(64, negative ? -magnitude : magnitude), true);
    return parsed.consumed;
  };
}

/** Less, equal, greater as -1, 0, 1; both end at a NUL. */
const strncmp: HelperMaker = (rc) => (first, size, second) => {
  const bytes = size! >>> 0;
  if (!checkRead(rc, first!, bytes) || !checkSecond(rc, second!, bytes)) return 0;
  const { u8 } = rc.mem;
  for (let i = 0; i < bytes; i++) {
    const a = u8[(first! >>> 0) + i]!;
    const b = u8[(second! >>> 0) + i]!;
    if (a !== b) return a < b ? -1 : 1;
    if (a === 0) return 0;
  }
  return 0;
};

/** The second string may end before `bytes`, at its NUL. */
function checkSecond(rc: RunCtx, at: number, bytes: number): boolean {
  const length = readableAt(rc, at >>> 0, bytes);
  if (length === bytes || rc.mem.u8.subarray(at >>> 0, (at >>> 0) + length).includes(0)) return true;
  return checkRead(rc, at, bytes);
}

/** By helper name. */
export const STRING_HELPERS: Readonly<Record<string, HelperMaker>> = {
  strtol: convert(true),
  strtoul: convert(false),
  strncmp,
};
