/** LD_ABS and LD_IND (bpf_gen_ld_abs in net/core/filter.c): packet bytes in network order; a failed load ends the function with 0. */
import { PRIV } from '../layout.ts';
import { MODE, MODE_MASK } from '../uapi/opcodes.ts';
import type { FunctionWriter } from './function-writer.ts';
import { swapBytes } from './lower-alu.ts';
import { loadOp } from './lower-memory.ts';
import { sizeOf } from './step.ts';
import { T, W } from './wasm-ops.ts';

/** Offsets from the network header, and from the link header, count from here (include/uapi/linux/filter.h). */
const SKF_NET_OFF = -0x100000;
const SKF_LL_OFF = -0x200000;

export function lowerLdAbs(fn: FunctionWriter, i: number): void {
  const { code, d } = fn;
  const size = sizeOf(d.op[i]!);
  const offset = fn.narrow('index');
  const at = fn.wide('spare');
  code.i32(d.imm[i]!);
  if ((d.op[i]! & MODE_MASK) === MODE.IND) code.get(fn.reg(d.src[i]!)).op(W.i32_wrap_i64, W.i32_add);
  code.set(offset);
  startOf(fn, offset);
  code.tee(at).i64(size).op(W.i64_add).i32(0).mem(W.i64_load32_u, PRIV.PKT_END).op(W.i64_gt_u);
  code.get(at).op(W.i64_eqz, W.i32_or);
  fn.open(W.if);
  fn.lendFuel();
  code.i64(0).op(W.return);
  fn.close();
  code.get(at).op(W.i32_wrap_i64).mem(loadOp(size), 0);
  if (size > 1) swapBytes(fn, size * 8);
  code.set(fn.reg(0));
}

/** Address that a signed offset means, 0 for none. */
function startOf(fn: FunctionWriter, offset: number): void {
  const { code } = fn;
  const from = (word: number, zero: number) => {
    code.i32(0).mem(W.i64_load32_u, word).get(offset).op(W.i64_extend_i32_s).i64(-zero).op(W.i64_add, W.i64_add);
  };
  code.get(offset).i32(0).op(W.i32_ge_s);
  fn.open(W.if, T.I64);
  from(PRIV.PKT_DATA, 0);
  fn.else();
  code.get(offset).i32(SKF_NET_OFF).op(W.i32_ge_s);
  fn.open(W.if, T.I64);
  headerOr0(fn, PRIV.SKB_NET, () => from(PRIV.SKB_NET, SKF_NET_OFF));
  fn.else();
  code.get(offset).i32(SKF_LL_OFF).op(W.i32_ge_s);
  fn.open(W.if, T.I64);
  headerOr0(fn, PRIV.SKB_MAC, () => from(PRIV.SKB_MAC, SKF_LL_OFF));
  fn.else();
  code.i64(0);
  fn.close();
  fn.close();
  fn.close();
}

function headerOr0(fn: FunctionWriter, word: number, address: () => void): void {
  fn.loadWord(word);
  fn.open(W.if, T.I64);
  address();
  fn.else();
  fn.code.i64(0);
  fn.close();
}
