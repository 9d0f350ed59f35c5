/** What the verifier knows of a number (struct bpf_reg_state): bits that are known, and bounds read as unsigned and as signed. */

const BITS = 64n;
export const U64_MAX = 2n ** BITS - 1n;
export const U32_MAX = 2n ** 32n - 1n;
const S64_MIN = -(2n ** 63n);
const S64_MAX = 2n ** 63n - 1n;

/** Bits of `mask` may be 0 or 1, the others are those of `value` (struct tnum); bounds are inclusive. */
export interface Scalar {
  readonly value: bigint;
  readonly mask: bigint;
  readonly umin: bigint;
  readonly umax: bigint;
  readonly smin: bigint;
  readonly smax: bigint;
}

export const u64 = (number: bigint): bigint => BigInt.asUintN(64, number);
export const s64 = (number: bigint): bigint => BigInt.asIntN(64, number);

export const UNKNOWN: Scalar = { value: 0n, mask: U64_MAX, umin: 0n, umax: U64_MAX, smin: S64_MIN, smax: S64_MAX };

export function known(number: bigint): Scalar {
  const [u, s] = [u64(number), s64(number)];
  return { value: u, mask: 0n, umin: u, umax: u, smin: s, smax: s };
}

export function isKnown(scalar: Scalar): boolean {
  return scalar.umin === scalar.umax;
}

/** Any number of `bytes` bytes, zero-extended. */
export function ofBytes(bytes: number): Scalar {
  return OF_BYTES[bytes]!;
}

/** Of two numbers the larger, and the smaller: Math.max takes no bigints. */
export const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
export const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

const MASKS = Array.from({ length: 65 }, (_, bits) => 2n ** BigInt(bits) - 1n);

/** All bits up to the highest one of `number`. */
function ones(number: bigint): bigint {
  const upper = Number(number >> 32n);
  return MASKS[upper === 0 ? 32 - Math.clz32(Number(number)) : 64 - Math.clz32(upper)]!;
}

/** What the bounds and the bits say of each other (reg_bounds_sync); null where they contradict: there is no such number. */
export function settled(scalar: Scalar): Scalar | null {
  let { value, mask, umin, umax, smin, smax } = scalar;
  for (let round = 0; round < 2; round++) {
    umin = max(umin, value);
    umax = min(umax, value | mask);
    // Both bounds on one side of the sign bit: unsigned and signed are in the same order.
    if (umin > umax) return null;
    if (s64(umin) <= s64(umax)) [smin, smax] = [max(smin, s64(umin)), min(smax, s64(umax))];
    if (smin > smax) return null;
    if (u64(smin) <= u64(smax)) [umin, umax] = [max(umin, u64(smin)), min(umax, u64(smax))];
    if (umin > umax) return null;
    // Bits above those in which the bounds differ are known.
    const free = ones(umin ^ umax);
    if (((umin ^ value) & ~free & ~mask & U64_MAX) !== 0n) return null;
    value = (value & ~mask) | (umin & ~free & U64_MAX) | (value & free);
    mask &= free;
    value &= ~mask & U64_MAX;
  }
  return { value, mask, umin, umax, smin, smax };
}

/** What both say; null where they contradict. */
export function both(a: Scalar, b: Scalar): Scalar | null {
  const mask = a.mask & b.mask;
  if (((a.value ^ b.value) & ~a.mask & ~b.mask & U64_MAX) !== 0n) return null;
  const value = (a.value | b.value) & ~mask & U64_MAX;
  const bounds = { umin: max(a.umin, b.umin), umax: min(a.umax, b.umax) };
  return settled({ value, mask, ...bounds, smin: max(a.smin, b.smin), smax: min(a.smax, b.smax) });
}

/** The lower `bits` bits, zero-extended (coerce_reg_to_size). */
export function lower(scalar: Scalar, bits: number): Scalar {
  const all = 2n ** BigInt(bits) - 1n;
  if (scalar.umax <= all) return scalar;
  return settled({ ...UNKNOWN, value: scalar.value & all, mask: scalar.mask & all }) ?? UNKNOWN;
}

/** Those bits, sign-extended; null where the sign is not known. */
export function signExtended(scalar: Scalar, bits: number): Scalar | null {
  const sign = 2n ** BigInt(bits - 1);
  if (scalar.smin >= -sign && scalar.smax < sign) return scalar;
  const low = lower(scalar, bits);
  if (isKnown(low)) return known(BigInt.asIntN(bits, low.umin));
  if (low.umax < sign) return low;
  if (low.umin < sign) return null;
  const above = U64_MAX & ~(2n * sign - 1n);
  const bounds = { smin: low.umin - 2n * sign, smax: low.umax - 2n * sign };
  return settled({ ...UNKNOWN, value: low.value | above, mask: low.mask, ...bounds });
}

/** Any number of `bits` bits with a sign. */
export function ofSigned(bits: number): Scalar {
  const sign = 2n ** BigInt(bits - 1);
  return { ...UNKNOWN, smin: -sign, smax: sign - 1n };
}

/** Whether every number that `b` may be, `a` may be too. */
export function covers(a: Scalar, b: Scalar): boolean {
  return a.umin <= b.umin && a.umax >= b.umax && a.smin <= b.smin && a.smax >= b.smax;
}

const OF_BYTES: readonly Scalar[] = Array.from({ length: 9 }, (_, bytes) =>
  bytes === 8 ? UNKNOWN : lower(UNKNOWN, 8 * bytes),
);
