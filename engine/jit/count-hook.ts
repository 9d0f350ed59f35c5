/** The counted form of a program: says where control arrives, which is enough to know how often each instruction was executed. */
import { CLASS, JMP, SRC_X } from '../uapi/opcodes.ts';
import type { Decoded } from './decode.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { FuncType } from './wasm-module.ts';
import { T } from './wasm-ops.ts';

const CALL = CLASS.JMP | JMP.CALL;

/** Imported as `rt.reach`: program, instruction. */
export const REACH_TYPE: FuncType = { params: [T.I32, T.I32], results: [] };

/** Whether the instructions behind one are executed only where it comes back: calls may go away for good, as tail calls do. */
export function mayLeave(d: Decoded, insn: number): boolean {
  return (d.op[insn]! & ~SRC_X) === CALL;
}

/** Nothing in other forms. */
export function lowerReach(fn: FunctionWriter, insn: number): void {
  const { reach } = fn.parts;
  if (reach !== null) fn.code.i32(fn.input.prog_id).i32(insn).call(reach);
}
