/** The two helpers that are control flow: bpf_tail_call (a call that does not come back) and bpf_loop. */
import {
  FAULT,
  FRAME_SIZE,
  MAP_AT,
  MAP_DESC_BASE,
  MAP_DESC_SIZE,
  MAPS_MAX,
  MAX_TAIL_CALL_CNT,
  PRIV,
} from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { MAX_LOOPS } from './analyze.ts';
import { FRAME_TOP, type FunctionWriter } from './function-writer.ts';
import { checkCtx, checkFunction, LOWEST_CALLER } from './lower-checks.ts';
import { lowerBounds } from './lower-memory.ts';
import { readsStack } from './stack-reads.ts';
import type { State } from './state.ts';
import { W } from './wasm-ops.ts';

const SLOT_SHIFT = 2;

/**
 * bpf_tail_call: goes on in the program at the index, in this frame; goes on here when the index is out of range, the slot
 * is empty or MAX_TAIL_CALL_CNT calls were made. As in the x86 JIT only calls that are made count.
 */
export function lowerTailCall(fn: FunctionWriter, state: State, i: number): void {
  const { code } = fn;
  const slot = fn.narrow('t');
  const index = fn.narrow('index');
  checkCtx(fn, state, i, 1);
  const array = progArray(fn, state, i);
  code.get(fn.reg(3)).op(W.i32_wrap_i64).set(index);
  fn.open(W.block);
  code.get(index);
  array.maxEntries();
  code.op(W.i32_ge_u).branch(W.br_if, 0);
  fn.loadWord(PRIV.TAIL_CALLS);
  code.i32(MAX_TAIL_CALL_CNT).op(W.i32_ge_u).branch(W.br_if, 0);
  code.get(index).i32(SLOT_SHIFT).op(W.i32_shl);
  array.values();
  code.op(W.i32_add).mem(W.i32_load, 0).tee(slot).op(W.i32_eqz).branch(W.br_if, 0);
  fn.storeWord(PRIV.TAIL_CALLS, () => {
    fn.loadWord(PRIV.TAIL_CALLS);
    code.i32(1).op(W.i32_add);
  });
  fn.storePlace(i);
  fn.lendFuel();
  code.get(fn.reg(1)).i64(0).i64(0).i64(0).i64(0).get(FRAME_TOP).get(slot);
  code.indirect(W.return_call_indirect, fn.parts.funcType);
  fn.close();
  code.i64(0).set(fn.reg(0));
}

interface ProgArray {
  readonly values: () => void;
  readonly maxEntries: () => void;
}

/** A program array known now, or read from its descriptor when run. */
function progArray(fn: FunctionWriter, state: State, i: number): ProgArray {
  const { code } = fn;
  const map = state.regs[2]!;
  if (map.kind === 'map' && map.handle !== 0 && map.facts.type === MAP_TYPE.PROG_ARRAY) {
    const { values, max_entries } = map.facts;
    return { values: () => void code.i32(values), maxEntries: () => void code.i32(max_entries) };
  }
  const handle = fn.narrow('handle');
  const address = () => void code.get(fn.reg(2));
  const bad = { kind: FAULT.BAD_ARGUMENT, address };
  address();
  code
    .i64(MAP_DESC_BASE)
    .op(W.i64_sub)
    .i64(MAPS_MAX * MAP_DESC_SIZE)
    .op(W.i64_ge_u);
  address();
  code
    .op(W.i32_wrap_i64)
    .i32(MAP_DESC_SIZE - 1)
    .op(W.i32_and, W.i32_or);
  fn.faultIf(i, bad);
  address();
  code.op(W.i32_wrap_i64).tee(handle).mem(W.i32_load, MAP_AT.TYPE).i32(MAP_TYPE.PROG_ARRAY).op(W.i32_ne);
  fn.faultIf(i, bad);
  return {
    values: () => void code.get(handle).mem(W.i32_load, MAP_AT.VALUES),
    maxEntries: () => void code.get(handle).mem(W.i32_load, MAP_AT.MAX_ENTRIES),
  };
}

/** bpf_loop (kernel/bpf/bpf_iter.c): calls back until the callback says something other than 0; number of iterations. */
export function lowerLoop(fn: FunctionWriter, state: State, i: number): void {
  const { code } = fn;
  const func = state.regs[2]!;
  readsStack(fn, state, state.regs[3]!);
  const direct = func.kind === 'func' && func.subprog > 0;
  if (!direct) checkFunction(fn, 2, i, FAULT.BAD_ARGUMENT);
  fn.checkDepth(i, LOWEST_CALLER);
  code.get(fn.reg(4)).op(W.i64_eqz, W.i32_eqz);
  fn.open(W.if);
  code.i64(-ERRNO.EINVAL).set(fn.reg(0));
  fn.else();
  code.get(fn.reg(1)).op(W.i32_wrap_i64).i32(MAX_LOOPS).op(W.i32_gt_u);
  fn.open(W.if);
  // The verifier puts loops whose function and zero flags are known in place (inline_bpf_loop), and sets w0 there.
  const flags = state.regs[4]!;
  const inline = direct && flags.kind === 'scalar' && flags.max === 0;
  code.i64Pair(-ERRNO.E2BIG, inline ? 0 : -1).set(fn.reg(0));
  fn.else();
  fn.lendFuel();
  fn.storePlace(i);
  iterate(fn, () => {
    if (direct) code.call(fn.parts.func(func.subprog));
    else code.get(fn.reg(2)).op(W.i32_wrap_i64).indirect(W.call_indirect, fn.parts.funcType);
  });
  fn.reclaimFuel();
  fn.close();
  fn.close();
  if (fn.around.callbacksMovePacket) lowerBounds(fn);
}

/** r0 counts; `call` finds its arguments on the stack. */
function iterate(fn: FunctionWriter, call: () => void): void {
  const { code } = fn;
  const count = fn.reg(0);
  code.i64(0).set(count);
  fn.open(W.block);
  fn.open(W.loop);
  code.get(count).get(fn.reg(1)).op(W.i32_wrap_i64, W.i64_extend_i32_u, W.i64_ge_u).branch(W.br_if, 1);
  code.get(count).get(fn.reg(3)).i64(0).i64(0).i64(0).get(FRAME_TOP).i32(FRAME_SIZE).op(W.i32_sub);
  call();
  code.get(count).i64(1).op(W.i64_add).set(count);
  code.op(W.i64_eqz).branch(W.br_if, 0);
  fn.close();
  fn.close();
}
