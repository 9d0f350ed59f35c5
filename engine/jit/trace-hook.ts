/** The traced form of a program: before every instruction it shows its registers and says which instruction comes. */
import { PRIV } from '../layout.ts';
import { FRAME_TOP, type FunctionWriter } from './function-writer.ts';
import { WasmCode } from './wasm-code.ts';
import type { FuncType } from './wasm-module.ts';
import { T, W } from './wasm-ops.ts';

const REGISTERS = 10;
/** r0 to r9, the address above the frame, the instruction. */
export const TRACE_TYPE: FuncType = {
  params: [...Array.from({ length: REGISTERS }, () => T.I64), T.I32, T.I32],
  results: [],
};
/** Imported as `rt.step`: program, instruction, address above the frame. */
export const STEP_TYPE: FuncType = { params: [T.I32, T.I32, T.I32], results: [] };

/** The module's own function that lays the registers down in PRIV.TRACE_REGS and calls `step`. */
export function traceCode(step: number, prog_id: number): WasmCode {
  const code = new WasmCode();
  for (let reg = 0; reg < REGISTERS; reg++)
    code
      .i32(0)
      .get(reg)
      .mem(W.i64_store, PRIV.TRACE_REGS + 8 * reg);
  const frame = REGISTERS;
  code
    .i32(0)
    .get(frame)
    .op(W.i64_extend_i32_u)
    .mem(W.i64_store, PRIV.TRACE_REGS + 8 * REGISTERS);
  return code
    .i32(prog_id)
    .get(frame + 1)
    .get(frame)
    .call(step);
}

/** Nothing in the fast form. */
export function lowerTrace(fn: FunctionWriter, insn: number): void {
  const { trace } = fn.parts;
  if (trace === null) return;
  for (let reg = 0; reg < REGISTERS; reg++) fn.code.get(fn.reg(reg));
  fn.code.get(FRAME_TOP).i32(insn).call(trace);
}
