/** Statements that compute: every ALU operation of both widths, byte swaps, 64-bit immediates. */
import { ALU, CLASS, SRC_X } from '../../../engine/uapi/opcodes.ts';
import type { Frame } from './frame.ts';
import { imm64, movK, op } from './ops.ts';
import { type Item, type Node, straight } from './tree.ts';

const BINARY = [
  ALU.ADD,
  ALU.SUB,
  ALU.MUL,
  ALU.DIV,
  ALU.OR,
  ALU.AND,
  ALU.LSH,
  ALU.RSH,
  ALU.MOD,
  ALU.XOR,
  ALU.MOV,
  ALU.ARSH,
];
const SHIFTS: readonly number[] = [ALU.LSH, ALU.RSH, ALU.ARSH];
const DIVISIONS: readonly number[] = [ALU.DIV, ALU.MOD];

function binary(frame: Frame): Item {
  const { rng } = frame;
  const kind = rng.pick(BINARY);
  const width = rng.chance(50) ? CLASS.ALU64 : CLASS.ALU;
  const signed = DIVISIONS.includes(kind) && rng.chance(50) ? 1 : 0;
  const dst = rng.pick(frame.scalars);
  if (rng.chance(50)) return op(width | kind | SRC_X, dst, rng.pick(frame.scalars), signed, 0);
  let imm = rng.imm();
  if (SHIFTS.includes(kind)) imm = rng.below(width === CLASS.ALU64 ? 64 : 32);
  if (DIVISIONS.includes(kind) && imm === 0) imm = -1;
  return op(width | kind, dst, 0, signed, imm);
}

function unary(frame: Frame): Item {
  const { rng } = frame;
  const dst = rng.pick(frame.scalars);
  switch (rng.below(4)) {
    case 0:
      return op((rng.chance(50) ? CLASS.ALU64 : CLASS.ALU) | ALU.NEG, dst, 0, 0, 0);
    case 1: // le and be
      return op(CLASS.ALU | ALU.END | (rng.chance(50) ? SRC_X : 0), dst, 0, 0, rng.pick([16, 32, 64]));
    case 2: // bswap
      return op(CLASS.ALU64 | ALU.END, dst, 0, 0, rng.pick([16, 32, 64]));
    default: {
      const wide = rng.chance(50);
      const bits = rng.pick(wide ? [8, 16, 32] : [8, 16]);
      return op((wide ? CLASS.ALU64 : CLASS.ALU) | ALU.MOV | SRC_X, dst, rng.pick(frame.scalars), bits, 0);
    }
  }
}

/** One to four operations on numbers. */
export function compute(frame: Frame): Node {
  const { rng } = frame;
  const one = () => (rng.chance(65) ? binary(frame) : unary(frame));
  return straight(Array.from({ length: rng.between(1, 4) }, one));
}

/** A register set to a number the compiler would need two slots, or one, for. */
export function constant(frame: Frame): Node {
  const { rng } = frame;
  const dst = rng.pick(frame.scalars);
  return straight([rng.chance(70) ? imm64(dst, rng.imm(), rng.imm()) : movK(dst, rng.imm())]);
}
