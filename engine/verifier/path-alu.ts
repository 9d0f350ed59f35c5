/** Arithmetic on one path: pointers move by what is known, numbers go by their bits and bounds (check_alu_op). */
import type { Decoded } from '../jit/decode.ts';
import { ALU, CLASS, CLASS_MASK, OP_MASK, SRC_X } from '../uapi/opcodes.ts';
import { arithmetic } from './arithmetic.ts';
import type { PathState } from './path-state.ts';
import { isKnown, known, lower, signExtended, U32_MAX } from './scalar.ts';
import { ANYTHING, constant, type NumberValue, number, POINTER, VAGUE, type Value } from './value.ts';

/** Pointers further away than this are no pointers any more. */
const FAR = 2n ** 29n;

/** `fresh` names what this instruction makes. */
export function stepAlu(state: PathState, d: Decoded, i: number, fresh: () => number): void {
  const op = d.op[i]!;
  const { regs } = state;
  const dst = d.dst[i]!;
  const wide = (op & CLASS_MASK) === CLASS.ALU64;
  const register = (op & SRC_X) !== 0;
  const operation = op & OP_MASK;
  if (operation === ALU.MOV && register) {
    regs[dst] = moved(state, d.src[i]!, wide, d.off[i]!, fresh);
    return;
  }
  const right = register && operation !== ALU.END ? regs[d.src[i]!]! : constant(BigInt(d.imm[i]!));
  if (operation === ALU.MOV) regs[dst] = wide ? right : narrow(right);
  else if (operation === ALU.END) regs[dst] = byteOrder(regs[dst]!, d, i);
  else regs[dst] = computed(regs[dst]!, right, d, i, fresh);
}

/** A copy is the same number as what it was copied from. */
function moved(state: PathState, reg: number, wide: boolean, sign: number, fresh: () => number): Value {
  const held = state.regs[reg]!;
  if (sign !== 0) return held.kind === 'number' ? signed(held, sign, wide) : VAGUE;
  if (!wide && (held.kind !== 'number' || held.scalar.umax > U32_MAX)) return narrow(held);
  if (held.kind !== 'number' || held.id !== 0 || isKnown(held.scalar)) return held;
  const named = { ...held, id: fresh() };
  state.regs[reg] = named;
  return named;
}

function signed(held: NumberValue, bits: number, wide: boolean): NumberValue {
  const extended = signExtended(held.scalar, bits);
  if (extended === null) return VAGUE;
  return { ...held, id: 0, scalar: wide ? extended : lower(extended, 32) };
}

function narrow(value: Value): NumberValue {
  if (value.kind !== 'number') return number(lower(ANYTHING.scalar, 32));
  return { ...value, id: 0, scalar: lower(value.scalar, 32) };
}

function byteOrder(value: Value, d: Decoded, i: number): NumberValue {
  const bits = d.imm[i]!;
  const swaps = (d.op[i]! & SRC_X) !== 0 || (d.op[i]! & CLASS_MASK) === CLASS.ALU64;
  if (value.kind !== 'number') return VAGUE;
  const scalar = lower(value.scalar, bits);
  if (!swaps) return { ...value, id: 0, scalar };
  const vague = value.vague || (!isKnown(scalar) && scalar.mask !== lower(ANYTHING.scalar, bits).mask);
  return {
    kind: 'number',
    id: 0,
    vague,
    scalar: isKnown(scalar) ? known(swapped(scalar.umin, bits)) : lower(ANYTHING.scalar, bits),
  };
}

function swapped(value: bigint, bits: number): bigint {
  let out = 0n;
  for (let at = 0; at < bits; at += 8) out = (out << 8n) | ((value >> BigInt(at)) & 0xffn);
  return out;
}

function computed(left: Value, right: Value, d: Decoded, i: number, fresh: () => number): Value {
  const op = d.op[i]!;
  const code = op & OP_MASK;
  const wide = (op & CLASS_MASK) === CLASS.ALU64;
  if (left.kind === 'number' && right.kind === 'number') {
    const scalar = arithmetic({ code, wide, signed: d.off[i] === 1 }, left.scalar, right.scalar);
    if (scalar === null) return VAGUE;
    // The verifier remembers that a sum is another number and a constant, which is not kept here.
    const tied = left.id !== 0 && (code === ALU.ADD || code === ALU.SUB);
    return { kind: 'number', scalar, id: 0, vague: (left.vague || right.vague || tied) && !isKnown(scalar) };
  }
  if (!wide) return narrow(ANYTHING);
  if (code === ALU.ADD && left.kind === 'number') return shifted(right, left.scalar, 1n, fresh);
  if (code === ALU.ADD && right.kind === 'number') return shifted(left, right.scalar, 1n, fresh);
  if (code === ALU.SUB && right.kind === 'number') return shifted(left, right.scalar, -1n, fresh);
  return code === ALU.SUB ? ANYTHING : VAGUE;
}

function shifted(
  pointer: Value,
  by: { umin: bigint; umax: bigint; smin: bigint },
  sign: bigint,
  fresh: () => number,
): Value {
  const certain = by.umin === by.umax && by.smin > -FAR && by.smin < FAR;
  const step = certain ? Number(by.smin * sign) : Number.NaN;
  switch (pointer.kind) {
    case 'ctx':
      return certain ? { ...pointer, off: pointer.off + step } : POINTER;
    case 'frame':
    case 'data':
      return { ...pointer, off: pointer.off + step };
    case 'packet':
      return certain ? { ...pointer, off: pointer.off + step } : { kind: 'packet', id: fresh(), off: 0 };
    case 'packet_end':
      return POINTER;
    case 'pointer':
      return step === 0 ? pointer : { kind: 'pointer', id: 0, null: pointer.null };
    default:
      return VAGUE;
  }
}
