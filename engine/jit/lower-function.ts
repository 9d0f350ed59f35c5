/** Writes one subprogram as a WebAssembly function: prologue, blocks in structured form, cold exit. */
import { FAULT } from '../layout.ts';
import { ATOMIC, CLASS, CLASS_MASK, JMP, LDDW, MODE, MODE_MASK, OP_MASK, PSEUDO } from '../uapi/opcodes.ts';
import type { FunctionFacts } from './analyze.ts';
import { isGoto } from './blocks.ts';
import { lowerReach, mayLeave } from './count-hook.ts';
import { calleeOf } from './decode.ts';
import { flowGraph } from './flow-graph.ts';
import { FRAME_TOP, type FunctionWriter } from './function-writer.ts';
import { withDispatchers } from './irreducible.ts';
import { lowerAlu } from './lower-alu.ts';
import { lowerAtomic } from './lower-atomic.ts';
import { lowerCall } from './lower-call.ts';
import { FUNC_PTR_HI } from './lower-checks.ts';
import { lowerCondition } from './lower-jump.ts';
import { lowerLdAbs } from './lower-ld-abs.ts';
import { lowerBaseOf, lowerBounds, lowerLoad, lowerStore } from './lower-memory.ts';
import { readsStack } from './stack-reads.ts';
import type { State } from './state.ts';
import { sizeOf, step } from './step.ts';
import { type Ending, type NodeWriter, writeStructured } from './structure.ts';
import { lowerTrace } from './trace-hook.ts';
import { WasmCode } from './wasm-code.ts';
import type { WasmModule } from './wasm-module.ts';
import { W } from './wasm-ops.ts';

const EXIT = CLASS.JMP | JMP.EXIT;
/** Frames up to this size are cleared by single stores. */
const CLEAR_BY_STORES = 128;

/** Gives function `index` of the module its body. */
export function lowerFunction(fn: FunctionWriter, facts: FunctionFacts, module: WasmModule, index: number): void {
  fn.labels.depth = 1;
  if (facts.args === null) {
    // Nobody calls it, but it has its place in the table.
    fn.loadFuel();
    fn.fault(fn.d.starts[fn.subprog]!, { kind: FAULT.BAD_CALL_TARGET });
  } else lowerBlocks(fn, facts);
  const body = fn.code;
  const cold = fn.cold();
  fn.code = new WasmCode();
  if (facts.args !== null) prologue(fn, facts);
  const open = new WasmCode().op(W.block, 0x40);
  const close = new WasmCode().op(W.unreachable, W.end);
  module.define(index, fn.localTypes, open, fn.code, body, close, cold);
}

function lowerBlocks(fn: FunctionWriter, facts: FunctionFacts): void {
  const { graph } = facts;
  if (graph.reducible) {
    writeStructured(graph, fn.code, fn.labels, new BlockWriter(fn, facts));
    return;
  }
  const dispatched = withDispatchers(graph.succs);
  const writer = new BlockWriter(fn, facts, dispatched);
  writeStructured(flowGraph(dispatched.succs), fn.code, fn.labels, writer);
}

/** What comes before the first block, written last because it depends on what the blocks use. */
function prologue(fn: FunctionWriter, facts: FunctionFacts): void {
  const { code } = fn;
  fn.labels.depth = 1;
  fn.costLeft = 0;
  fn.loadFuel();
  if (fn.uses('r10')) code.get(FRAME_TOP).op(W.i64_extend_i32_u).set(fn.reg(10));
  if (fn.uses('above')) code.get(FRAME_TOP).op(W.i64_extend_i32_u).set(fn.wide('above'));
  facts.args!.forEach((arg, i) => {
    if (fn.uses(`base${i + 1}`)) lowerBaseOf(fn, i + 1, arg);
  });
  lowerBounds(fn);
  clearFrame(fn);
  if (fn.subprog > 0) fn.checkFuel(fn.d.starts[fn.subprog]!);
}

function clearFrame(fn: FunctionWriter): void {
  const { code } = fn;
  const bytes = Math.ceil(-fn.unwritten / 8) * 8;
  if (bytes > CLEAR_BY_STORES) {
    code.get(FRAME_TOP).i32(bytes).op(W.i32_sub).i32(0).i32(bytes).fill();
    return;
  }
  for (let at = bytes; at > 0; at -= 8) code.get(FRAME_TOP).i32(at).op(W.i32_sub).i64(0).mem(W.i64_store, 0);
}

class BlockWriter implements NodeWriter {
  private readonly fn: FunctionWriter;
  private readonly facts: FunctionFacts;
  private readonly dispatched: ReturnType<typeof withDispatchers> | null;

  constructor(fn: FunctionWriter, facts: FunctionFacts, dispatched: ReturnType<typeof withDispatchers> | null = null) {
    this.fn = fn;
    this.facts = facts;
    this.dispatched = dispatched;
  }

  isDispatcher(node: number): boolean {
    return node >= this.facts.blocks.length;
  }

  via(to: number): number {
    const through = this.dispatched?.dispatcher[to] ?? -1;
    return through < 0 ? to : through;
  }

  edge(to: number): void {
    if (this.via(to) !== to) this.fn.code.i32(this.dispatched!.choice[to]!).set(this.fn.narrow('choice'));
  }

  loopHead(node: number): void {
    const first = this.isDispatcher(node) ? this.dispatched!.succs[node]![0]! : node;
    this.fn.costLeft = 0;
    this.fn.checkFuel(this.facts.blocks[first]!.start);
  }

  node(node: number): Ending {
    const { fn } = this;
    if (this.isDispatcher(node)) {
      fn.code.get(fn.narrow('choice'));
      return { kind: 'switch', choices: this.dispatched!.succs[node]! };
    }
    const block = this.facts.blocks[node]!;
    const state = this.facts.states[node]!.copy();
    fn.code.get(fn.fuel).i32(block.cost).op(W.i32_sub).set(fn.fuel);
    fn.costLeft = block.cost;
    fn.sums.clear();
    let arrives = true;
    for (let i = block.start; i < block.end; i++) {
      if (fn.d.skipped[i] === 1) continue;
      fn.costLeft--;
      if (arrives) lowerReach(fn, i);
      arrives = mayLeave(fn.d, i);
      lowerTrace(fn, i);
      lowerInsn(fn, state, i);
    }
    return ending(fn, block.last, block.succs);
  }
}

function ending(fn: FunctionWriter, last: number, succs: readonly number[]): Ending {
  const [next, jump] = succs;
  if (last >= 0 && fn.d.op[last] === EXIT) {
    fn.storeFuel();
    fn.code.get(fn.reg(0)).op(W.return);
    return { kind: 'none' };
  }
  if (last < 0 || isGoto(fn.d.op[last]!) || jump === undefined) return { kind: 'goto', to: next! };
  lowerCondition(fn, last);
  return { kind: 'branch', to: jump, otherwise: next! };
}

/** One instruction, and what is known after it. Jumps and exits are endings, not instructions. */
function lowerInsn(fn: FunctionWriter, state: State, i: number): void {
  const op = fn.d.op[i]!;
  const cls = op & CLASS_MASK;
  if (cls !== CLASS.ALU && cls !== CLASS.ALU64) fn.sums.clear();
  switch (cls) {
    case CLASS.ALU:
    case CLASS.ALU64:
      lowerAlu(fn, state, i);
      break;
    case CLASS.LD:
      if (op === LDDW) lowerWideConstant(fn, i);
      else lowerLdAbs(fn, i);
      break;
    case CLASS.LDX:
      readsStack(fn, state, state.regs[fn.d.src[i]!]!, sizeOf(op), fn.d.off[i]!);
      lowerLoad(fn, state, i);
      break;
    case CLASS.ST:
      lowerStore(fn, state, i);
      break;
    case CLASS.STX:
      lowerStx(fn, state, i, op);
      break;
    default:
      if ((op & OP_MASK) !== JMP.CALL || cls !== CLASS.JMP) return;
      lowerCall(fn, state, i);
  }
  step(state, fn.around, i);
  settleBase(fn, state, i, op);
}

function lowerStx(fn: FunctionWriter, state: State, i: number, op: number): void {
  const { d } = fn;
  readsStack(fn, state, state.regs[d.src[i]!]!);
  if ((op & MODE_MASK) !== MODE.ATOMIC) {
    lowerStore(fn, state, i);
    return;
  }
  const pointer = d.imm[i] === ATOMIC.LOAD_ACQ ? d.src[i]! : d.dst[i]!;
  readsStack(fn, state, state.regs[pointer]!, sizeOf(op), d.off[i]!);
  lowerAtomic(fn, state, i);
}

/** A pointer that was loaded or returned brings its block's start along. */
function settleBase(fn: FunctionWriter, state: State, i: number, op: number): void {
  const cls = op & CLASS_MASK;
  if (cls === CLASS.JMP) lowerBaseOf(fn, 0, state.regs[0]!);
  else if (cls === CLASS.LDX || cls === CLASS.STX) lowerBaseOf(fn, fn.d.dst[i]!, state.regs[fn.d.dst[i]!]!);
}

function lowerWideConstant(fn: FunctionWriter, i: number): void {
  const { code, d } = fn;
  const lo = d.imm[i]!;
  switch (d.src[i]) {
    case PSEUDO.MAP_FD:
      code.i64Pair(lo, 0);
      break;
    case PSEUDO.MAP_VALUE:
      code.i64Number(fn.around.map(lo >>> 0)!.values + (d.hi[i]! >>> 0));
      break;
    case PSEUDO.FUNC:
      code.i64Pair(fn.input.table_base + calleeOf(d, i), FUNC_PTR_HI);
      break;
    default:
      code.i64Pair(lo, d.hi[i]!);
  }
  code.set(fn.reg(d.dst[i]!));
}
