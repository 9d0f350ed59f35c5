/** What arithmetic makes of what is known of numbers (adjust_scalar_min_max_vals): exact where both are known, bits and bounds otherwise. */
import { ALU } from '../uapi/opcodes.ts';
import {
  isKnown,
  known,
  lower,
  max,
  min,
  ofSigned,
  type Scalar,
  s64,
  settled,
  signExtended,
  U32_MAX,
  U64_MAX,
  UNKNOWN,
  u64,
} from './scalar.ts';

export interface Operation {
  /** ALU constant. */
  readonly code: number;
  readonly wide: boolean;
  /** Division and modulo by sign. */
  readonly signed: boolean;
}

/** The result, in 64 bits; null: the verifier may know more of it than is known here. */
export function arithmetic(operation: Operation, left: Scalar, right: Scalar): Scalar | null {
  const width = operation.wide ? 64 : 32;
  const [a, b] = [lower(left, width), lower(right, width)];
  if (isKnown(a) && isKnown(b)) return known(BigInt.asUintN(width, exact(operation, a.umin, b.umin, width)));
  const result = estimate(operation, a, b, width);
  if (result === null || operation.wide || result.umax <= U32_MAX) return result;
  return hasSignedBounds(operation.code, a, b) ? null : lower(result, 32);
}

/** Whether a 32-bit sum that wraps as an unsigned number does not as a signed one: the verifier keeps those bounds too. */
function hasSignedBounds(code: number, a: Scalar, b: Scalar): boolean {
  if (code !== ALU.ADD && code !== ALU.SUB && code !== ALU.NEG) return false;
  const [left, right] = [signExtended(a, 32) ?? ofSigned(32), signExtended(b, 32) ?? ofSigned(32)];
  const { smin, smax } =
    code === ALU.ADD
      ? sumBounds(left, right)
      : differenceBounds(code === ALU.NEG ? ZERO : left, code === ALU.NEG ? left : right);
  return smin >= -(2n ** 31n) && smax < 2n ** 31n;
}

const ZERO = known(0n);

function sumBounds(a: Scalar, b: Scalar): { smin: bigint; smax: bigint } {
  return { smin: a.smin + b.smin, smax: a.smax + b.smax };
}

function differenceBounds(a: Scalar, b: Scalar): { smin: bigint; smax: bigint } {
  return { smin: a.smin - b.smax, smax: a.smax - b.smin };
}

function exact({ code, signed }: Operation, a: bigint, b: bigint, width: number): bigint {
  const sign = (number: bigint): bigint => BigInt.asIntN(width, number);
  const shift = b & BigInt(width - 1);
  switch (code) {
    case ALU.ADD:
      return a + b;
    case ALU.SUB:
      return a - b;
    case ALU.MUL:
      return a * b;
    case ALU.DIV:
      if (b === 0n) return 0n;
      return signed ? sign(a) / sign(b) : a / b;
    case ALU.MOD:
      if (b === 0n) return a;
      return signed ? sign(a) % sign(b) : a % b;
    case ALU.OR:
      return a | b;
    case ALU.AND:
      return a & b;
    case ALU.XOR:
      return a ^ b;
    case ALU.LSH:
      return a << shift;
    case ALU.RSH:
      return a >> shift;
    case ALU.ARSH:
      return sign(a) >> shift;
    default:
      return -a;
  }
}

function estimate({ code, signed }: Operation, a: Scalar, b: Scalar, width: number): Scalar | null {
  switch (code) {
    case ALU.ADD:
      return sum(a, b);
    case ALU.SUB:
      return difference(a, b);
    case ALU.NEG:
      return difference(ZERO, a);
    case ALU.AND:
      return ofBits(a.value & b.value, (a.value | a.mask) & (b.value | b.mask), { umax: min(a.umax, b.umax) });
    case ALU.OR:
      return ofBits(a.value | b.value, a.value | a.mask | b.value | b.mask, { umin: max(a.umin, b.umin) });
    case ALU.XOR: {
      const mask = a.mask | b.mask;
      const value = (a.value ^ b.value) & ~mask & U64_MAX;
      return ofBits(value, value | mask);
    }
    case ALU.DIV:
      return signed ? null : bounded(0n, a.umax);
    case ALU.MOD:
      return signed ? null : bounded(0n, b.umin > 0n && b.umax - 1n < a.umax ? b.umax - 1n : a.umax);
    case ALU.LSH:
    case ALU.RSH:
    case ALU.ARSH:
      return isKnown(b) ? shifted(code, a, b.umin & BigInt(width - 1), width) : null;
    default:
      return null;
  }
}

function bounded(umin: bigint, umax: bigint): Scalar | null {
  return settled({ ...UNKNOWN, umin, umax });
}

/** From the bits that are surely 1 and those that may be. */
function ofBits(surely: bigint, maybe: bigint, bounds: Partial<Scalar> = {}): Scalar | null {
  return settled({ ...UNKNOWN, value: surely, mask: maybe & ~surely & U64_MAX, ...bounds });
}

/** tnum_add, and bounds where nothing wraps. */
function sum(a: Scalar, b: Scalar): Scalar | null {
  const least = u64(a.value + b.value);
  const most = u64(a.value + b.value + a.mask + b.mask);
  const mask = (least ^ most) | a.mask | b.mask;
  const unsigned = a.umax + b.umax <= U64_MAX ? { umin: a.umin + b.umin, umax: a.umax + b.umax } : {};
  return settled({ ...UNKNOWN, value: least & ~mask & U64_MAX, mask, ...unsigned, ...fitting(sumBounds(a, b)) });
}

/** Signed bounds, unless they wrap. */
function fitting({ smin, smax }: { smin: bigint; smax: bigint }): Partial<Scalar> {
  return s64(smin) === smin && s64(smax) === smax ? { smin, smax } : {};
}

/** tnum_sub, and bounds where nothing wraps. */
function difference(a: Scalar, b: Scalar): Scalar | null {
  const plain = u64(a.value - b.value);
  const mask = (u64(plain + a.mask) ^ u64(plain - b.mask)) | a.mask | b.mask;
  const unsigned = a.umin >= b.umax ? { umin: a.umin - b.umax, umax: a.umax - b.umin } : {};
  return settled({ ...UNKNOWN, value: plain & ~mask & U64_MAX, mask, ...unsigned, ...fitting(differenceBounds(a, b)) });
}

function shifted(code: number, a: Scalar, by: bigint, width: number): Scalar | null {
  if (code === ALU.RSH) {
    const bounds = { umin: a.umin >> by, umax: a.umax >> by };
    return settled({ ...UNKNOWN, value: a.value >> by, mask: a.mask >> by, ...bounds });
  }
  if (code === ALU.LSH) {
    const fits = a.umax << by <= U64_MAX ? { umin: a.umin << by, umax: a.umax << by } : {};
    return settled({ ...UNKNOWN, value: u64(a.value << by), mask: u64(a.mask << by), ...fits });
  }
  const wide = signExtended(a, width);
  if (wide === null) return null;
  return settled({ ...UNKNOWN, smin: wide.smin >> by, smax: wide.smax >> by });
}
