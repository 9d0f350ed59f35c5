/** What arithmetic makes of what is known about its operands: pointers plus numbers stay pointers, numbers keep bounds where that is easy. */
import { ALU, CLASS, CLASS_MASK, OP_MASK, SRC_X } from '../uapi/opcodes.ts';
import type { Decoded } from './decode.ts';
import { insnId, type State } from './state.ts';
import { ANY, constant, EXACT, NO_ID, type Scalar, scalar, U32_MAX, type Value } from './values.ts';

/** Offsets beyond this are no offsets of a pointer any more. */
const FAR = 2 ** 29;
/** Sums of numbers below this cannot wrap. */
const SPAN_MAX = 2 ** 31;

export function stepAlu(state: State, d: Decoded, i: number): void {
  const op = d.op[i]!;
  const dst = d.dst[i]!;
  const wide = (op & CLASS_MASK) === CLASS.ALU64;
  const operand = (op & SRC_X) !== 0 ? state.regs[d.src[i]!]! : immediate(d.imm[i]!, wide);
  const result = wide ? alu64(state.regs[dst]!, operand, d, i) : alu32(state.regs[dst]!, operand, d, i);
  state.define(dst, insnId(i), result);
}

function immediate(imm: number, wide: boolean): Scalar {
  return wide ? constant(imm) : { kind: 'scalar', min: imm >>> 0, max: imm >>> 0 };
}

function alu64(left: Value, right: Value, d: Decoded, i: number): Value {
  const op = d.op[i]!;
  const operation = op & OP_MASK;
  const immediateOperand = (op & SRC_X) === 0;
  if (operation === ALU.MOV) return d.off[i] === 0 ? right : ANY;
  if (operation === ALU.END) return ANY;
  if ((operation === ALU.ADD || operation === ALU.SUB) && immediateOperand && left.kind !== 'scalar') {
    return shifted(left, operation === ALU.ADD ? d.imm[i]! : -d.imm[i]!);
  }
  if (left.kind !== 'scalar' || right.kind !== 'scalar') return pointerSum(left, right, operation, i);
  if (operation === ALU.ADD && immediateOperand && d.imm[i]! < 0) return reduced(left, -d.imm[i]!);
  return d.off[i] === 0 ? arithmetic(operation, left, right, 64) : ANY;
}

function alu32(left: Value, right: Value, d: Decoded, i: number): Value {
  const operation = d.op[i]! & OP_MASK;
  if (operation === ALU.END) return byteOrder(left, d, i);
  if (d.off[i] !== 0) return scalar(0, U32_MAX);
  const a = low(left);
  const b = low(right);
  if (operation === ALU.MOV) return b;
  const result = arithmetic(operation, a, b, 32);
  return result.max <= U32_MAX ? result : scalar(0, U32_MAX);
}

/** le and be: what is left has the width asked for. */
function byteOrder(left: Value, d: Decoded, i: number): Scalar {
  const bits = d.imm[i]!;
  const max = bits === 64 ? Infinity : 2 ** bits - 1;
  const keeps = (d.op[i]! & SRC_X) === 0 && left.kind === 'scalar' && left.max <= max;
  return keeps ? left : max === Infinity ? ANY : scalar(0, max);
}

/** Bounds of the lower 32 bits. */
function low(value: Value): Scalar {
  return value.kind === 'scalar' && value.max <= U32_MAX ? value : scalar(0, U32_MAX);
}

/** A pointer moved by a constant. */
function shifted(value: Value, by: number): Value {
  switch (value.kind) {
    case 'packet':
    case 'meta':
    case 'stack':
    case 'outer':
    case 'object': {
      const off = value.off + by;
      return Math.abs(off) <= FAR ? { ...value, off } : wandered(value);
    }
    case 'ctx':
      return Math.abs(value.off + by) <= FAR ? { kind: 'ctx', off: value.off + by } : ANY;
    case 'stale':
      return value;
    default:
      return by === 0 ? value : ANY;
  }
}

function pointerSum(left: Value, right: Value, operation: number, i: number): Value {
  if (operation === ALU.ADD) {
    if (right.kind === 'scalar') return moved(left, right, insnId(i));
    return left.kind === 'scalar' ? moved(right, left, insnId(i)) : ANY;
  }
  if (operation !== ALU.SUB || right.kind !== 'scalar') return ANY;
  if (right.min === right.max) return shifted(left, -right.min);
  return wandered(left);
}

/** A pointer plus a number that is not the same every time. */
function moved(value: Value, by: Scalar, id: number): Value {
  if (by.min === by.max) return shifted(value, by.min);
  if (by.max > SPAN_MAX) return wandered(value);
  switch (value.kind) {
    case 'packet':
    case 'meta': {
      const span = value.span + by.max;
      return span > SPAN_MAX ? wandered(value) : { ...value, id, span, range: 0 };
    }
    case 'stack':
    case 'outer':
    case 'object': {
      const off = value.off + by.min;
      const span = value.span + by.max - by.min;
      return off > FAR || span > SPAN_MAX ? wandered(value) : { ...value, off, span };
    }
    default:
      return wandered(value);
  }
}

/** A pointer that may be anywhere now, but whose checks are still those of its kind. */
function wandered(value: Value): Value {
  switch (value.kind) {
    case 'packet':
    case 'meta':
      return { ...value, id: NO_ID, span: Infinity, range: 0 };
    case 'stack':
    case 'outer':
    case 'object':
      return { ...value, span: Infinity };
    case 'stale':
      return value;
    default:
      return ANY;
  }
}

/** left - by, for a constant by above 0. */
function reduced(left: Scalar, by: number): Scalar {
  return left.min >= by && left.max < EXACT ? scalar(left.min - by, left.max - by) : ANY;
}

function arithmetic(operation: number, a: Scalar, b: Scalar, width: number): Scalar {
  const shift = b.min === b.max && b.max < width ? b.max : -1;
  switch (operation) {
    case ALU.ADD:
      return a.max + b.max < EXACT ? scalar(a.min + b.min, a.max + b.max) : ANY;
    case ALU.SUB:
      return a.min >= b.max && a.max < EXACT ? scalar(a.min - b.max, a.max - b.min) : ANY;
    case ALU.MUL:
      return a.max * b.max < EXACT ? scalar(a.min * b.min, a.max * b.max) : ANY;
    case ALU.AND:
      return scalar(0, Math.min(a.max, b.max));
    case ALU.OR:
    case ALU.XOR:
      return scalar(0, ones(Math.max(a.max, b.max)));
    case ALU.LSH:
      return shift >= 0 && a.max * 2 ** shift < EXACT ? scalar(a.min * 2 ** shift, a.max * 2 ** shift) : ANY;
    case ALU.RSH:
      if (shift < 0) return scalar(0, a.max);
      return scalar(a.max < EXACT ? Math.floor(a.min / 2 ** shift) : 0, Math.floor(a.max / 2 ** shift));
    case ALU.DIV:
      return scalar(0, a.max);
    case ALU.MOD:
      return scalar(0, b.min > 0 ? Math.min(a.max, b.max - 1) : a.max);
    default:
      return ANY;
  }
}

/** All bits up to the highest one of `max`. */
function ones(max: number): number {
  let bits = 1;
  while (bits - 1 < max) bits *= 2;
  return bits - 1;
}
