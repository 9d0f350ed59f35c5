/** What a comparison of two numbers comes to (is_branch_taken), and what each of its ends says of them (reg_set_min_max). */
import { JMP } from '../uapi/opcodes.ts';
import {
  both,
  isKnown,
  known,
  lower,
  max,
  min,
  ofSigned,
  type Scalar,
  settled,
  signExtended,
  U32_MAX,
  U64_MAX,
  UNKNOWN,
} from './scalar.ts';

const S32_MIN = -(2n ** 31n);
const S32_MAX = 2n ** 31n - 1n;

/** Comparisons by the one that holds when they do not. */
const OPPOSITE: ReadonlyMap<number, number> = new Map([
  ...[JMP.JEQ, JMP.JGT, JMP.JGE, JMP.JSGT, JMP.JSGE].map((code, i): [number, number] => [
    code,
    [JMP.JNE, JMP.JLE, JMP.JLT, JMP.JSLE, JMP.JSLT][i]!,
  ]),
  ...[JMP.JNE, JMP.JLE, JMP.JLT, JMP.JSLE, JMP.JSLT].map((code, i): [number, number] => [
    code,
    [JMP.JEQ, JMP.JGT, JMP.JGE, JMP.JSGT, JMP.JSGE][i]!,
  ]),
]);

/** Whether the comparison holds; undefined: for some numbers it does, for others not. */
function outcome(code: number, a: Scalar, b: Scalar): boolean | undefined {
  if (code === JMP.JSET) return setOutcome(a, b);
  if (holding(code, a, b) === null) return false;
  return holding(OPPOSITE.get(code)!, a, b) === null ? true : undefined;
}

function setOutcome(a: Scalar, b: Scalar): boolean | undefined {
  if ((a.value & b.value) !== 0n) return true;
  return ((a.value | a.mask) & (b.value | b.mask)) === 0n ? false : undefined;
}

/** The two numbers where the comparison holds (`holds`: or where it does not); null where it never does. */
export function refined(code: number, a: Scalar, b: Scalar, holds: boolean): readonly [Scalar, Scalar] | null {
  if (code === JMP.JSET) return refinedSet(a, b, holds);
  return holding(holds ? code : OPPOSITE.get(code)!, a, b);
}

function refinedSet(a: Scalar, b: Scalar, holds: boolean): readonly [Scalar, Scalar] | null {
  if (setOutcome(a, b) === !holds) return null;
  if (!isKnown(b)) return [a, b];
  const bits = b.umin;
  if (holds && (bits & (bits - 1n)) !== 0n) return [a, b];
  const without = { ...UNKNOWN, value: holds ? bits : 0n, mask: U64_MAX & ~bits };
  return pair(both(a, settled(without) ?? UNKNOWN), b);
}

function pair(a: Scalar | null, b: Scalar | null): readonly [Scalar, Scalar] | null {
  return a === null || b === null ? null : [a, b];
}

function holding(code: number, a: Scalar, b: Scalar): readonly [Scalar, Scalar] | null {
  switch (code) {
    case JMP.JEQ: {
      const same = both(a, b);
      return pair(same, same);
    }
    case JMP.JNE:
      return pair(isKnown(b) ? without(a, b.umin) : a, isKnown(a) ? without(b, a.umin) : b);
    case JMP.JLT:
    case JMP.JLE:
      return unsignedBelow(a, b, code === JMP.JLT ? 1n : 0n);
    case JMP.JGT:
    case JMP.JGE:
      return swapped(unsignedBelow(b, a, code === JMP.JGT ? 1n : 0n));
    case JMP.JSLT:
    case JMP.JSLE:
      return signedBelow(a, b, code === JMP.JSLT ? 1n : 0n);
    default:
      return swapped(signedBelow(b, a, code === JMP.JSGT ? 1n : 0n));
  }
}

function swapped(two: readonly [Scalar, Scalar] | null): readonly [Scalar, Scalar] | null {
  return two === null ? null : [two[1], two[0]];
}

/** A bound that cannot be reached moves by one; a hole in the middle is nothing that is kept. */
function without(scalar: Scalar, number: bigint): Scalar | null {
  const { umin, umax, smin, smax } = scalar;
  const signed = known(number).smin;
  return settled({
    ...scalar,
    ...{ umin: umin === number ? umin + 1n : umin, umax: umax === number ? umax - 1n : umax },
    ...{ smin: smin === signed ? smin + 1n : smin, smax: smax === signed ? smax - 1n : smax },
  });
}

function unsignedBelow(a: Scalar, b: Scalar, gap: bigint): readonly [Scalar, Scalar] | null {
  const umax = min(a.umax, b.umax - gap);
  const umin = max(b.umin, a.umin + gap);
  return pair(settled({ ...a, umax }), settled({ ...b, umin }));
}

function signedBelow(a: Scalar, b: Scalar, gap: bigint): readonly [Scalar, Scalar] | null {
  const smax = min(a.smax, b.smax - gap);
  const smin = max(b.smin, a.smin + gap);
  return pair(settled({ ...a, smax }), settled({ ...b, smin }));
}

/** A number as a comparison sees it. */
export interface Seen {
  readonly scalar: Scalar;
  /** Nothing more is known of the number than of what the comparison sees. */
  readonly whole: boolean;
}

const SIGNED: ReadonlySet<number> = new Set<number>([JMP.JSGT, JMP.JSGE, JMP.JSLT, JMP.JSLE]);

/** All of a number, or its lower 32 bits, with a sign where the comparison goes by it. */
export function seenBy(code: number, wide: boolean, scalar: Scalar): Seen {
  if (wide) return { scalar, whole: true };
  if (!SIGNED.has(code)) return { scalar: lower(scalar, 32), whole: scalar.umax <= U32_MAX };
  return { scalar: signExtended(scalar, 32) ?? ofSigned(32), whole: scalar.smin >= S32_MIN && scalar.smax <= S32_MAX };
}

/** Whether a jump is taken; undefined: it may be, and may not. */
export function taken(code: number, wide: boolean, a: Scalar, b: Scalar): boolean | undefined {
  const seen = outcome(code, seenBy(code, wide, a).scalar, seenBy(code, wide, b).scalar);
  if (seen !== undefined || wide || (code !== JMP.JEQ && code !== JMP.JNE)) return seen;
  // Equal lower halves are equal with a sign too.
  return outcome(code, seenBy(JMP.JSGT, false, a).scalar, seenBy(JMP.JSGT, false, b).scalar);
}
