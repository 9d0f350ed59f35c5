/** Atomic instructions as load, operation, store: a world has one thread. */
import { FAULT, REGION } from '../layout.ts';
import { ATOMIC } from '../uapi/opcodes.ts';
import { type Access, planAccess } from './access.ts';
import type { FunctionWriter } from './function-writer.ts';
import { loadOp, lowerAddress, lowerLoad, type Place, storeOp } from './lower-memory.ts';
import type { State } from './state.ts';
import { sizeOf } from './step.ts';
import { W } from './wasm-ops.ts';

const OPS: ReadonlyMap<number, number> = new Map([
  [ATOMIC.ADD, W.i64_add],
  [ATOMIC.OR, W.i64_or],
  [ATOMIC.AND, W.i64_and],
  [ATOMIC.XOR, W.i64_xor],
]);

/** One BPF_ATOMIC instruction. */
export function lowerAtomic(fn: FunctionWriter, state: State, i: number): void {
  const { d } = fn;
  const kind = d.imm[i]!;
  const size = sizeOf(d.op[i]!);
  const reg = kind === ATOMIC.LOAD_ACQ ? d.src[i]! : d.dst[i]!;
  const place: Place = {
    insn: i,
    reg,
    off: d.off[i]!,
    size,
    write: kind !== ATOMIC.LOAD_ACQ,
    atomic: kind < ATOMIC.LOAD_ACQ,
  };
  checkAligned(fn, state, place);
  if (kind === ATOMIC.LOAD_ACQ) lowerLoad(fn, state, i);
  else if (kind === ATOMIC.STORE_REL) store(fn, state, place);
  else update(fn, state, place, kind);
}

function checkAligned(fn: FunctionWriter, state: State, place: Place): void {
  if (place.size === 1) return;
  const pointer = state.regs[place.reg]!;
  const fixed = pointer.kind === 'stack' && pointer.span === 0;
  if (fixed && (pointer.off + place.off) % place.size === 0) return;
  const { code } = fn;
  const address = () => void code.get(fn.reg(place.reg)).i64(place.off).op(W.i64_add);
  address();
  code
    .op(W.i32_wrap_i64)
    .i32(place.size - 1)
    .op(W.i32_and);
  const { size, write } = place;
  fn.faultIf(place.insn, { kind: FAULT.MISALIGNED_ATOMIC, size, write, address });
}

function addressOf(fn: FunctionWriter, state: State, place: Place): number {
  const access = planAccess(state.regs[place.reg]!, place.off, place.size, true, fn.around.rules);
  if (access.how !== 'ctx') return lowerAddress(fn, state, place, access);
  const fault: Access = { how: 'fault', fault: FAULT.BAD_CTX_ACCESS, region: REGION.CTX, map: 0 };
  return lowerAddress(fn, state, place, fault);
}

function store(fn: FunctionWriter, state: State, place: Place): void {
  const offset = addressOf(fn, state, place);
  fn.code.get(fn.reg(fn.d.src[place.insn]!)).mem(storeOp(place.size), offset);
}

/** All of these read what is there, write something, and may hand back what was there. */
function update(fn: FunctionWriter, state: State, place: Place, kind: number): void {
  const { code, d } = fn;
  const at = fn.narrow('at');
  const old = fn.wide('old');
  const src = fn.reg(d.src[place.insn]!);
  const offset = addressOf(fn, state, place);
  code.tee(at).mem(loadOp(place.size), offset).set(old);
  if (kind === ATOMIC.CMPXCHG) {
    exchangeIfSame(fn, place, at, offset, old, src);
    return;
  }
  code.get(at);
  if (kind === ATOMIC.XCHG) code.get(src);
  else
    code
      .get(old)
      .get(src)
      .op(OPS.get(kind & ~ATOMIC.FETCH)!);
  code.mem(storeOp(place.size), offset);
  if ((kind & ATOMIC.FETCH) !== 0) code.get(old).set(src);
}

function exchangeIfSame(fn: FunctionWriter, place: Place, at: number, offset: number, old: number, src: number): void {
  const { code } = fn;
  code.get(old).get(fn.reg(0));
  if (place.size === 4) code.op(W.i32_wrap_i64, W.i64_extend_i32_u);
  code.op(W.i64_eq);
  fn.open(W.if);
  code.get(at).get(src).mem(storeOp(place.size), offset);
  fn.close();
  code.get(old).set(fn.reg(0));
}
