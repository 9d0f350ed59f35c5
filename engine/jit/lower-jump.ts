/** Conditions of jumps, as an i32 on the stack. */
import { CLASS, CLASS_MASK, JMP, OP_MASK, SRC_X } from '../uapi/opcodes.ts';
import type { FunctionWriter } from './function-writer.ts';
import { W } from './wasm-ops.ts';

/** [64-bit, 32-bit] comparison. */
const COMPARISONS: ReadonlyMap<number, readonly [number, number]> = new Map([
  [JMP.JEQ, [W.i64_eq, W.i32_eq]],
  [JMP.JNE, [W.i64_ne, W.i32_ne]],
  [JMP.JGT, [W.i64_gt_u, W.i32_gt_u]],
  [JMP.JGE, [W.i64_ge_u, W.i32_ge_u]],
  [JMP.JLT, [W.i64_lt_u, W.i32_lt_u]],
  [JMP.JLE, [W.i64_le_u, W.i32_le_u]],
  [JMP.JSGT, [W.i64_gt_s, W.i32_gt_s]],
  [JMP.JSGE, [W.i64_ge_s, W.i32_ge_s]],
  [JMP.JSLT, [W.i64_lt_s, W.i32_lt_s]],
  [JMP.JSLE, [W.i64_le_s, W.i32_le_s]],
]);

/** Iterations that the may_goto of one function allow together (BPF_MAX_LOOPS). */
export const MAY_GOTO_MAX = 8 * 1024 * 1024;

export function lowerCondition(fn: FunctionWriter, i: number): void {
  const { code, d } = fn;
  const op = d.op[i]!;
  const operation = op & OP_MASK;
  if (operation === JMP.JCOND) {
    lowerMayGoto(fn);
    return;
  }
  const narrow = (op & CLASS_MASK) === CLASS.JMP32;
  code.get(fn.reg(d.dst[i]!));
  if (narrow) code.op(W.i32_wrap_i64);
  if ((op & SRC_X) !== 0) {
    code.get(fn.reg(d.src[i]!));
    if (narrow) code.op(W.i32_wrap_i64);
  } else if (narrow) code.i32(d.imm[i]!);
  else code.i64(d.imm[i]!);
  if (operation === JMP.JSET) {
    if (narrow) code.op(W.i32_and);
    else code.op(W.i64_and).i64(0).op(W.i64_ne);
  } else code.op(COMPARISONS.get(operation)![narrow ? 1 : 0]);
}

/** Jumps when the function's count of iterations is used up, else takes one off. */
function lowerMayGoto(fn: FunctionWriter): void {
  const { code } = fn;
  const spent = fn.narrow('mayGoto');
  code.get(spent).i32(MAY_GOTO_MAX).op(W.i32_eq);
  code.get(spent).get(spent).i32(MAY_GOTO_MAX).op(W.i32_lt_u, W.i32_add).set(spent);
}
