/** Calls: of helpers through their imports, of subprograms, and of functions whose address is in a register. */
import { FAULT, FRAME_SIZE, PRIV } from '../layout.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';
import { PSEUDO_CALL, SRC_X } from '../uapi/opcodes.ts';
import { calleeOf } from './decode.ts';
import { FRAME_TOP, type FunctionWriter } from './function-writer.ts';
import { lowerCost } from './helper-cost.ts';
import { checkCtx, checkFunction, LOWEST_CALLER } from './lower-checks.ts';
import { lowerLoop, lowerTailCall } from './lower-flow-helpers.ts';
import { lowerLookup } from './lower-lookup.ts';
import { lowerBounds } from './lower-memory.ts';
import { readsStack } from './stack-reads.ts';
import type { State } from './state.ts';
import { U32_MAX, type Value } from './values.ts';
import { W } from './wasm-ops.ts';

/** One call instruction. */
export function lowerCall(fn: FunctionWriter, state: State, i: number): void {
  const { d } = fn;
  if ((d.op[i]! & SRC_X) !== 0) {
    lowerCallRegister(fn, state, i);
    return;
  }
  if (d.src[i] === PSEUDO_CALL) {
    const k = calleeOf(d, i);
    callFunction(fn, state, i, () => void fn.code.call(fn.parts.func(k)));
    if (fn.around.movesPacket(k)) lowerBounds(fn);
    return;
  }
  const proto = fn.around.helper(d.imm[i]!);
  if (proto === undefined) fn.fault(i, { kind: FAULT.UNSUPPORTED });
  else if (proto.name === 'tail_call') lowerTailCall(fn, state, i);
  else if (proto.name === 'loop') lowerLoop(fn, state, i);
  else if (!lowerLookup(fn, state, i, proto)) lowerHelper(fn, state, i, proto);
}

/** r1 to r5 go in, r0 comes out; the budget is shared through memory. */
function callFunction(fn: FunctionWriter, state: State, i: number, call: () => void): void {
  const { code } = fn;
  for (let arg = 1; arg <= 5; arg++) readsStack(fn, state, state.regs[arg]!);
  fn.checkDepth(i, LOWEST_CALLER);
  fn.lendFuel();
  for (let arg = 1; arg <= 5; arg++) code.get(fn.reg(arg));
  code.get(FRAME_TOP).i32(FRAME_SIZE).op(W.i32_sub);
  call();
  code.set(fn.reg(0));
  fn.reclaimFuel();
}

/** callx: the register holds a function pointer of this program. */
function lowerCallRegister(fn: FunctionWriter, state: State, i: number): void {
  const { d, code } = fn;
  const value = state.regs[d.dst[i]!]!;
  if (value.kind === 'func' && value.subprog > 0) {
    callFunction(fn, state, i, () => void code.call(fn.parts.func(value.subprog)));
  } else {
    checkFunction(fn, d.dst[i]!, i, FAULT.BAD_CALL_TARGET);
    callFunction(fn, state, i, () => {
      code.get(fn.reg(d.dst[i]!)).op(W.i32_wrap_i64).indirect(W.call_indirect, fn.parts.funcType);
    });
  }
  if (fn.around.callbacksMovePacket) lowerBounds(fn);
}

function lowerHelper(fn: FunctionWriter, state: State, i: number, proto: HelperProto): void {
  const { code } = fn;
  const calls = proto.args.includes('func');
  proto.args.forEach((_, arg) => {
    checkArgument(fn, state, i, proto, arg);
  });
  lowerCost(fn, state, proto);
  if (calls) {
    fn.checkDepth(i, LOWEST_CALLER);
    fn.storeWord(PRIV.STACK_LOW, () => code.get(FRAME_TOP).i32(FRAME_SIZE).op(W.i32_sub));
    fn.lendFuel();
  }
  fn.storePlace(i);
  proto.args.forEach((kind, arg) => {
    code.get(fn.reg(arg + 1)).op(W.i32_wrap_i64);
    if (kind === 'u64')
      code
        .get(fn.reg(arg + 1))
        .i64(32)
        .op(W.i64_shr_u, W.i32_wrap_i64);
  });
  code.call(fn.parts.helper(proto));
  takeResult(fn, proto);
  if (calls) fn.reclaimFuel();
  fn.leaveOnHelperFault(i);
  if (proto.changesPacket === true || (calls && fn.around.callbacksMovePacket)) lowerBounds(fn);
}

/** The import's i32 becomes r0. */
function takeResult(fn: FunctionWriter, proto: HelperProto): void {
  const { code } = fn;
  switch (proto.ret) {
    case 'i32':
      code.op(W.i64_extend_i32_s);
      break;
    case 'u64':
      code.op(W.drop).i32(0).mem(W.i64_load, PRIV.R0);
      break;
    case 'void':
      code.op(W.drop).i64(0);
      break;
    default:
      code.op(W.i64_extend_i32_u);
  }
  code.set(fn.reg(0));
}

/** What the helper cannot see in the 32 bits it gets is checked here. */
function checkArgument(fn: FunctionWriter, state: State, i: number, proto: HelperProto, arg: number): void {
  const reg = arg + 1;
  const value = state.regs[reg]!;
  switch (proto.args[arg]) {
    case 'u32':
      return;
    case 'u64':
      readsStack(fn, state, value);
      return;
    case 'ctx':
      checkCtx(fn, state, i, reg);
      return;
    case 'func':
      if (value.kind !== 'func' || value.subprog === 0) checkFunction(fn, reg, i, FAULT.BAD_ARGUMENT);
      return;
    default:
      noteReads(fn, state, proto, arg);
      if (!isShort(value)) checkUpper(fn, i, reg);
  }
}

/** Whether the upper half of a value is surely 0. */
function isShort(value: Value): boolean {
  if (value.kind === 'scalar') return value.max <= U32_MAX;
  if (value.kind === 'func') return false;
  return !('span' in value) || value.span !== Infinity;
}

function checkUpper(fn: FunctionWriter, i: number, reg: number): void {
  const { code } = fn;
  const address = () => void code.get(fn.reg(reg));
  address();
  code.i64(32).op(W.i64_shr_u, W.i64_eqz, W.i32_eqz);
  fn.faultIf(i, { kind: FAULT.BAD_ARGUMENT, address });
}

/** Memory that a helper reads must not hold what an earlier run left on the stack. */
function noteReads(fn: FunctionWriter, state: State, proto: HelperProto, arg: number): void {
  const value = state.regs[arg + 1]!;
  const map = state.regs[1]!;
  const facts = map.kind === 'map' ? map.facts : undefined;
  switch (proto.args[arg]) {
    case 'map_key':
      readsStack(fn, state, value, facts?.key_size);
      return;
    case 'map_value':
      readsStack(fn, state, value, facts?.value_size);
      return;
    case 'mem': {
      const size = state.regs[arg + 2];
      readsStack(fn, state, value, size?.kind === 'scalar' && size.max <= 512 ? size.max : undefined);
      return;
    }
    case 'ptr':
      readsStack(fn, state, value);
  }
}
