/** What is known of numbers holds for every number: results of arithmetic are among those said possible, comparisons come out as said. */
import { expect, test } from 'bun:test';
import { ALU, JMP } from '../../../engine/uapi/opcodes.ts';
import { arithmetic } from '../../../engine/verifier/arithmetic.ts';
import { refined, seenBy, taken } from '../../../engine/verifier/compare.ts';
import { both, known, lower, type Scalar, s64, signExtended, UNKNOWN, u64 } from '../../../engine/verifier/scalar.ts';
import { seeded } from '../../support/map-world.ts';

const INTERESTING = [0n, 1n, 2n, 7n, 63n, 64n, 127n, 128n, 255n, 256n, 0x7fff_ffffn, 0x8000_0000n, 0xffff_ffffn];
const OPERATIONS = Object.entries(ALU).filter(([name]) => name !== 'MOV' && name !== 'END');
const COMPARISONS = Object.entries(JMP).filter(([name]) => !['JA', 'CALL', 'EXIT', 'JCOND'].includes(name));
const random = seeded(7);

function anyNumber(): bigint {
  const number = INTERESTING[random(INTERESTING.length)]! + BigInt(random(3)) - 1n;
  return u64(random(3) === 0 ? -number : random(4) === 0 ? number << BigInt(random(40)) : number);
}

/** A number, and something that is true of it. */
function anyScalar(): readonly [bigint, Scalar] {
  const number = anyNumber();
  let scalar: Scalar = random(4) === 0 ? known(number) : UNKNOWN;
  for (let i = random(4); i > 0; i--) {
    const other = known(anyNumber());
    const [, code] = COMPARISONS[random(COMPARISONS.length)]!;
    const holds = holdsFor(code, number, other.umin, 64);
    scalar = refined(code, scalar, other, holds)?.[0] ?? scalar;
  }
  const bits = [8, 16, 32][random(3)]!;
  return random(2) === 0 ? [number, scalar] : [BigInt.asUintN(bits, number), lower(scalar, bits)];
}

function holdsFor(code: number, a: bigint, b: bigint, width: number): boolean {
  const [x, y] = [BigInt.asUintN(width, a), BigInt.asUintN(width, b)];
  const [p, q] = [BigInt.asIntN(width, a), BigInt.asIntN(width, b)];
  switch (code) {
    case JMP.JEQ:
      return x === y;
    case JMP.JNE:
      return x !== y;
    case JMP.JGT:
      return x > y;
    case JMP.JGE:
      return x >= y;
    case JMP.JLT:
      return x < y;
    case JMP.JLE:
      return x <= y;
    case JMP.JSET:
      return (x & y) !== 0n;
    case JMP.JSGT:
      return p > q;
    case JMP.JSGE:
      return p >= q;
    case JMP.JSLT:
      return p < q;
    default:
      return p <= q;
  }
}

function allows(scalar: Scalar, number: bigint): boolean {
  const { value, mask, umin, umax, smin, smax } = scalar;
  const bits = ((number ^ value) & ~mask & (2n ** 64n - 1n)) === 0n;
  return bits && number >= umin && number <= umax && s64(number) >= smin && s64(number) <= smax;
}

/** The exact result: known operands are computed exactly, which test/kernel/ctx-access.test.ts holds against the kernel. */
function exactly(code: number, wide: boolean, signed: boolean, a: bigint, b: bigint): bigint {
  return arithmetic({ code, wide, signed }, known(a), known(b))!.umin;
}

test('arithmetic', () => {
  const wrong: string[] = [];
  for (let i = 0; i < 2500; i++) {
    const [[a, left], [b, right]] = [anyScalar(), anyScalar()];
    const [name, code] = OPERATIONS[random(OPERATIONS.length)]!;
    const [wide, signed] = [random(2) === 0, (name === 'DIV' || name === 'MOD') && random(2) === 0];
    const result = arithmetic({ code, wide, signed }, left, right);
    const exact = exactly(code, wide, signed, a, b);
    if (result !== null && !allows(result, exact)) wrong.push(`${a} ${name}${wide ? '' : '32'} ${b} = ${exact}`);
  }
  expect(wrong).toEqual([]);
});

test('comparisons, and what their ends say', () => {
  const wrong: string[] = [];
  for (let i = 0; i < 2500; i++) {
    const [[a, left], [b, right]] = [anyScalar(), anyScalar()];
    const [name, code] = COMPARISONS[random(COMPARISONS.length)]!;
    const wide = random(2) === 0;
    const holds = holdsFor(code, a, b, wide ? 64 : 32);
    if (taken(code, wide, left, right) === !holds) wrong.push(`${a} ${name}${wide ? '' : '32'} ${b}`);
    const [x, y] = [seenBy(code, wide, left), seenBy(code, wide, right)];
    const said = refined(code, x.scalar, y.scalar, holds);
    if (said === null) wrong.push(`${a} ${name} ${b}: said to be impossible`);
    else if (x.whole && !allows(said[0], a)) wrong.push(`${a} ${name} ${b}: leaves ${a} out`);
  }
  expect(wrong).toEqual([]);
});

test('parts of numbers', () => {
  for (let i = 0; i < 800; i++) {
    const [number, scalar] = anyScalar();
    for (const bits of [8, 16, 32]) {
      expect(allows(lower(scalar, bits), BigInt.asUintN(bits, number))).toBe(true);
      const extended = signExtended(scalar, bits);
      if (extended !== null) expect(allows(extended, u64(BigInt.asIntN(bits, number)))).toBe(true);
    }
    expect(both(scalar, known(number))).toEqual(known(number));
  }
});
