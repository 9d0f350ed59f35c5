/** Arithmetic: each operation as its WebAssembly instruction, and the four that need more (division, byte order). */
import { ALU, CLASS, CLASS_MASK, OP_MASK, SRC_X } from '../uapi/opcodes.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { State } from './state.ts';
import { T, W } from './wasm-ops.ts';

/** [64-bit, 32-bit] instruction of each operation that has one; shift counts are masked by both machines alike. */
const OPS: ReadonlyMap<number, readonly [number, number]> = new Map([
  [ALU.ADD, [W.i64_add, W.i32_add]],
  [ALU.SUB, [W.i64_sub, W.i32_sub]],
  [ALU.MUL, [W.i64_mul, W.i32_mul]],
  [ALU.OR, [W.i64_or, W.i32_or]],
  [ALU.AND, [W.i64_and, W.i32_and]],
  [ALU.XOR, [W.i64_xor, W.i32_xor]],
  [ALU.LSH, [W.i64_shl, W.i32_shl]],
  [ALU.RSH, [W.i64_shr_u, W.i32_shr_u]],
  [ALU.ARSH, [W.i64_shr_s, W.i32_shr_s]],
]);
const EXTENDS: ReadonlyMap<number, readonly [number, number]> = new Map([
  [8, [W.i64_extend8_s, W.i32_extend8_s]],
  [16, [W.i64_extend16_s, W.i32_extend16_s]],
  [32, [W.i64_extend32_s, 0]],
]);

/** One arithmetic instruction; `state` is what holds before it. */
export function lowerAlu(fn: FunctionWriter, state: State, i: number): void {
  const op = fn.d.op[i]!;
  const dst = fn.d.dst[i]!;
  if ((op & OP_MASK) === ALU.END) lowerByteOrder(fn, i);
  else if ((op & CLASS_MASK) === CLASS.ALU64) lower64(fn, i);
  else lower32(fn, i);
  fn.code.set(fn.reg(dst));
  noteSum(fn, i);
  lowerBase(fn, state, i);
}

function lower64(fn: FunctionWriter, i: number): void {
  const { code, d } = fn;
  const operation = d.op[i]! & OP_MASK;
  const dst = fn.reg(d.dst[i]!);
  const right = () => ((d.op[i]! & SRC_X) !== 0 ? code.get(fn.reg(d.src[i]!)) : code.i64(d.imm[i]!));
  if (operation === ALU.MOV) {
    right();
    if (d.off[i] !== 0) code.op(EXTENDS.get(d.off[i]!)![0]);
  } else if (operation === ALU.NEG) {
    code.i64(0).get(dst).op(W.i64_sub);
  } else if (operation === ALU.DIV || operation === ALU.MOD) {
    divide(
      fn,
      i,
      true,
      () => void code.get(dst),
      () => void right(),
    );
  } else if (operation === ALU.ADD && (d.op[i]! & SRC_X) !== 0) {
    addRegisters(fn, d.dst[i]!, d.src[i]!);
  } else {
    code.get(dst);
    right();
    code.op(OPS.get(operation)![0]);
  }
}

/**
 * JavaScriptCore makes a + (b + 1) one `lea` with three operands, which takes two cycles where the loop waits for a;
 * a - (0 - b) stays as it is written: 2.2 in place of 2.5 ns an iteration of a loop of seven dependent instructions.
 */
function addRegisters(fn: FunctionWriter, dst: number, src: number): void {
  const { code, sums } = fn;
  if (sums.has(src)) code.get(fn.reg(dst)).i64(0).get(fn.reg(src)).op(W.i64_sub, W.i64_sub);
  else if (sums.has(dst)) code.get(fn.reg(src)).i64(0).get(fn.reg(dst)).op(W.i64_sub, W.i64_sub);
  else code.get(fn.reg(dst)).get(fn.reg(src)).op(W.i64_add);
}

/** Whether the register that was just written holds a sum with a constant. */
function noteSum(fn: FunctionWriter, i: number): void {
  const { op, dst, src, off } = fn.d;
  const copies = op[i] === (CLASS.ALU64 | SRC_X | ALU.MOV) && off[i] === 0 && fn.sums.has(src[i]!);
  if (copies || op[i] === (CLASS.ALU64 | ALU.ADD)) fn.sums.add(dst[i]!);
  else fn.sums.delete(dst[i]!);
}

function lower32(fn: FunctionWriter, i: number): void {
  const { code, d } = fn;
  const operation = d.op[i]! & OP_MASK;
  const left = () => code.get(fn.reg(d.dst[i]!)).op(W.i32_wrap_i64);
  const right = () => ((d.op[i]! & SRC_X) !== 0 ? code.get(fn.reg(d.src[i]!)).op(W.i32_wrap_i64) : code.i32(d.imm[i]!));
  if (operation === ALU.MOV) {
    right();
    if (d.off[i] !== 0) code.op(EXTENDS.get(d.off[i]!)![1]);
  } else if (operation === ALU.NEG) {
    code.i32(0);
    left();
    code.op(W.i32_sub);
  } else if (operation === ALU.DIV || operation === ALU.MOD) {
    divide(
      fn,
      i,
      false,
      () => void left(),
      () => void right(),
    );
  } else {
    left();
    right();
    code.op(OPS.get(operation)![1]);
  }
  code.op(W.i64_extend_i32_u);
}

/** x / 0 is 0 and x % 0 is x; the smallest number divided by -1 is itself. */
function divide(fn: FunctionWriter, i: number, is64: boolean, left: () => void, right: () => void): void {
  const { code, d } = fn;
  const signed = d.off[i] === 1;
  const modulo = (d.op[i]! & OP_MASK) === ALU.MOD;
  const zero = () => (is64 ? code.i64(0) : code.i32(0));
  right();
  code.op(is64 ? W.i64_eqz : W.i32_eqz);
  fn.open(W.if, is64 ? T.I64 : T.I32);
  if (modulo) left();
  else zero();
  fn.else();
  if (signed && !modulo) {
    right();
    if (is64) code.i64(-1).op(W.i64_eq);
    else code.i32(-1).op(W.i32_eq);
    fn.open(W.if, is64 ? T.I64 : T.I32);
    zero();
    left();
    code.op(is64 ? W.i64_sub : W.i32_sub);
    fn.else();
  }
  left();
  right();
  code.op(divisionOp(is64, signed, modulo));
  if (signed && !modulo) fn.close();
  fn.close();
}

function divisionOp(is64: boolean, signed: boolean, modulo: boolean): number {
  if (modulo) return is64 ? (signed ? W.i64_rem_s : W.i64_rem_u) : signed ? W.i32_rem_s : W.i32_rem_u;
  return is64 ? (signed ? W.i64_div_s : W.i64_div_u) : signed ? W.i32_div_s : W.i32_div_u;
}

/** le keeps the low bits; be and bswap turn them around. */
function lowerByteOrder(fn: FunctionWriter, i: number): void {
  const { code, d } = fn;
  const bits = d.imm[i]!;
  const swap = (d.op[i]! & CLASS_MASK) === CLASS.ALU64 || (d.op[i]! & SRC_X) !== 0;
  code.get(fn.reg(d.dst[i]!));
  if (swap) swapBytes(fn, bits);
  else if (bits === 16) code.i64(0xffff).op(W.i64_and);
  else if (bits === 32) code.op(W.i32_wrap_i64, W.i64_extend_i32_u);
}

/** Reverses the low 2, 4 or 8 bytes of the i64 on the stack; the rest becomes 0. */
export function swapBytes(fn: FunctionWriter, bits: number): void {
  const { code } = fn;
  if (bits === 64) {
    const x = fn.wide('swap');
    exchange(fn, x, 8, 0x00ff00ff);
    exchange(fn, x, 16, 0x0000ffff);
    code.i64(32).op(W.i64_rotl);
    return;
  }
  const x = fn.narrow('t');
  code.op(W.i32_wrap_i64).tee(x).i32(8).op(W.i32_rotl).i32(0x00ff00ff).op(W.i32_and);
  code.get(x).i32(8).op(W.i32_rotr).i32(0xff00ff00).op(W.i32_and, W.i32_or);
  if (bits === 16) code.i32(16).op(W.i32_shr_u);
  code.op(W.i64_extend_i32_u);
}

/** Exchanges neighbouring groups of `by` bits: ((x & m) << by) | ((x >> by) & m). */
function exchange(fn: FunctionWriter, x: number, by: number, mask: number): void {
  const { code } = fn;
  code.tee(x).i64Pair(mask, mask).op(W.i64_and).i64(by).op(W.i64_shl);
  code.get(x).i64(by).op(W.i64_shr_u).i64Pair(mask, mask).op(W.i64_and, W.i64_or);
}

/** Where a pointer's block starts goes with the pointer, into the base local of the register it is in now. */
function lowerBase(fn: FunctionWriter, state: State, i: number): void {
  const { d } = fn;
  const dst = d.dst[i]!;
  const src = d.src[i]!;
  if ((d.op[i]! & SRC_X) === 0 || dst === src) return;
  const from = state.regs[src]!;
  if (from.kind !== 'object' || from.base !== 0) return;
  const operation = d.op[i]! & OP_MASK;
  const moves = operation === ALU.MOV || (operation === ALU.ADD && state.regs[dst]!.kind === 'scalar');
  if (moves && (d.op[i]! & CLASS_MASK) === CLASS.ALU64) fn.code.get(fn.base(src)).set(fn.base(dst));
}
