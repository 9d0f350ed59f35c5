/** Checks of single registers before calls: is it the context, is it a function, is there room for one more frame. */
import { FAULT, FRAME_SIZE, FUNC_PTR_BASE, MAX_CALL_FRAMES, PRIV, STACK_TOP } from '../layout.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { State } from './state.ts';
import { W } from './wasm-ops.ts';

/** A frame whose top is here or lower has no room for another below it. */
export const LOWEST_CALLER = STACK_TOP - (MAX_CALL_FRAMES - 1) * FRAME_SIZE;
/** Upper half of a function pointer. */
export const FUNC_PTR_HI = Number(FUNC_PTR_BASE >> 32n);

/** Faults unless a register holds the address of one of this program's subprograms. */
export function checkFunction(
  fn: FunctionWriter,
  reg: number,
  i: number,
  kind: typeof FAULT.BAD_CALL_TARGET | typeof FAULT.BAD_ARGUMENT,
): void {
  const { code } = fn;
  const address = () => void code.get(fn.reg(reg));
  address();
  code
    .i64Pair(fn.input.table_base + 1, FUNC_PTR_HI)
    .op(W.i64_sub)
    .i64(fn.parts.count - 1)
    .op(W.i64_ge_u);
  fn.faultIf(i, { kind, address });
}

/** Faults unless a register holds the program's context pointer. */
export function checkCtx(fn: FunctionWriter, state: State, i: number, reg: number): void {
  const value = state.regs[reg]!;
  if ((value.kind === 'ctx' && value.off === 0) || fn.input.ctx === null) return;
  const { code } = fn;
  const address = () => void code.get(fn.reg(reg));
  address();
  code.i32(0).mem(W.i64_load32_u, PRIV.CTX_ADDR).op(W.i64_ne);
  fn.faultIf(i, { kind: FAULT.BAD_ARGUMENT, address });
}
