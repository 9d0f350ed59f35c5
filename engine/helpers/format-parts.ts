/** How single values look in formatted text: numbers, pointers, addresses (number(), pointer_string(), ip4_string(), ip6_string() of lib/vsprintf.c). */

/** Flags and width of a conversion; width -1 = none given. */
export interface Spec {
  readonly left: boolean;
  readonly plus: boolean;
  readonly space: boolean;
  readonly zero: boolean;
  readonly width: number;
}

/** Widens with blanks, as strings are: the zero flag means nothing to them. */
export function pad(text: string, spec: Spec): string {
  return spec.left ? text.padEnd(spec.width) : text.padStart(spec.width);
}

function u64(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** An integer argument; `hi` null = 32 bits. `letter` is one of d i u x X. */
export function numberText(lo: number, hi: number | null, letter: string, spec: Spec): string {
  const signed = letter === 'd' || letter === 'i';
  let sign = '';
  let digits: string;
  if (hi === null) {
    const value = signed ? lo | 0 : lo >>> 0;
    if (value < 0) sign = '-';
    digits = Math.abs(value).toString(letter === 'x' || letter === 'X' ? 16 : 10);
  } else {
    const value = signed ? BigInt.asIntN(64, u64(lo, hi)) : u64(lo, hi);
    if (value < 0n) sign = '-';
    digits = (value < 0n ? -value : value).toString(letter === 'x' || letter === 'X' ? 16 : 10);
  }
  if (letter === 'X') digits = digits.toUpperCase();
  if (signed && sign === '') sign = spec.plus ? '+' : spec.space ? ' ' : '';
  if (spec.zero && !spec.left) return sign + digits.padStart(spec.width - sign.length, '0');
  return pad(sign + digits, spec);
}

/** Multiplier and shift of the hash below. */
const HASH_PRIME = 0x9e3779b1;

/**
 * A pointer: `%px` as it is, `%p` and `%pK` hashed to 32 bits so that the text says which are equal and no more. The kernel's
 * hash has a key of its own each boot; this one is always the same. NULL stays zeros.
 */
export function pointerText(lo: number, hi: number, letter: string, spec: Spec): string {
  let value = u64(lo, hi);
  if (letter !== 'x' && value !== 0n) {
    const mixed = Math.imul((lo ^ Math.imul(hi, HASH_PRIME)) | 0, HASH_PRIME);
    value = BigInt((mixed ^ (mixed >>> 15)) >>> 0);
  }
  const text = value.toString(16);
  if (spec.width < 0) return text.padStart(16, '0');
  return spec.zero && !spec.left ? text.padStart(spec.width, '0') : pad(text, spec);
}

/** `10.0.0.1`, or `010.000.000.001` for %pi4. */
export function ip4Text(bytes: Uint8Array, zeros: boolean): string {
  return [...bytes].map((byte) => (zeros ? String(byte).padStart(3, '0') : String(byte))).join('.');
}

/** All eight groups, joined by colons, or by nothing for %pi6. */
export function ip6Text(bytes: Uint8Array, bare: boolean): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push(((bytes[i]! << 8) | bytes[i + 1]!).toString(16).padStart(4, '0'));
  return groups.join(bare ? '' : ':');
}
