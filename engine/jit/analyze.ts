/** Finds out what holds at the start of every block of every function, by running `step` over the program until nothing changes. */
import type { HelperProto } from '../uapi/helper-protos.ts';
import { CLASS, JMP, LDDW, PSEUDO, PSEUDO_CALL, SRC_X } from '../uapi/opcodes.ts';
import { type Block, findBlocks, isGoto } from './blocks.ts';
import { stepBranch } from './branch-values.ts';
import { calleeOf, type Decoded } from './decode.ts';
import { type FlowGraph, flowGraph } from './flow-graph.ts';
import { FrameWrites } from './frame-writes.ts';
import { joinValues } from './join.ts';
import { argId, State } from './state.ts';
import { holdsValues, type PacketLimits, type Surroundings, step, valueBlock } from './step.ts';
import { ANY, IN_LOCAL, NO_ID, same, scalar, UNKNOWN_BASE, type Value } from './values.ts';

const CALL = CLASS.JMP | JMP.CALL;
const CALLX = CALL | SRC_X;
const ARGS = 5;
/** Rounds after which bounds that still move are given up. */
const PATIENCE = 3;
/** Most iterations of bpf_loop. */
export const MAX_LOOPS = 1 << 23;

export interface FunctionFacts {
  readonly blocks: readonly Block[];
  readonly graph: FlowGraph;
  /** What holds at each block's start; undefined where no path leads. */
  readonly states: (State | undefined)[];
  /** r1 to r5 as all callers together pass them; null for a function that nobody calls. */
  args: Value[] | null;
  readonly limits: PacketLimits;
  readonly writes: FrameWrites;
  /** Functions to look at again when what this one writes turns out to be more. */
  readonly callers: Set<number>;
  /** Times the arguments changed. */
  changes: number;
}

export function noLimits(): PacketLimits {
  return { packet: new Set(), meta: new Set() };
}

export class Analysis {
  readonly around: Surroundings;
  readonly functions: FunctionFacts[];
  private readonly todo = new Set<number>();
  /** Function being looked at. */
  private at = 0;
  /** Functions whose address is taken. */
  readonly taken: readonly number[];

  constructor(around: Surroundings, taken: readonly number[], entryArgs: readonly Value[]) {
    this.around = around;
    this.taken = taken;
    const { d } = around;
    this.functions = d.starts.slice(0, -1).map((start, k) => {
      const blocks = findBlocks(d, start, d.starts[k + 1]!);
      const graph = flowGraph(blocks.map((block) => block.succs));
      return {
        blocks,
        graph,
        states: new Array(blocks.length).fill(undefined),
        args: null,
        changes: 0,
        limits: noLimits(),
        writes: new FrameWrites(),
        callers: new Set(),
      };
    });
    around.writesOf = (k) => this.functions[k]!.writes;
    this.passArgs(0, entryArgs);
    while (this.todo.size > 0) {
      const k = this.todo.values().next().value!;
      this.todo.delete(k);
      this.analyze(k);
    }
  }

  /** Notes that someone calls function `k` with these arguments. */
  private passArgs(k: number, passed: readonly Value[]): void {
    const f = this.functions[k]!;
    const args = Array.from({ length: ARGS }, (_, i) => asArgument(passed[i] ?? ANY, i));
    if (f.args === null) {
      f.args = args;
    } else {
      const before = f.args;
      const joined = before.map((held, i) => asArgument(joinValues(held, args[i]!, argId(i), f.changes > PATIENCE), i));
      if (joined.every((value, i) => same(value, before[i]!))) return;
      f.args = f.changes > 2 * PATIENCE ? joined.map((value, i) => (same(value, before[i]!) ? value : ANY)) : joined;
      f.changes++;
    }
    this.todo.add(k);
  }

  private analyze(k: number): void {
    const f = this.functions[k]!;
    f.writes.changed = false;
    this.around.frameWrites = f.writes;
    this.at = k;
    f.states.fill(undefined);
    this.around.limits = f.limits;
    f.states[0] = State.entry(f.args!);
    const rounds = new Int32Array(f.blocks.length);
    const pending = new Uint8Array(f.blocks.length);
    pending[0] = 1;
    for (let again = true; again; ) {
      again = false;
      for (const node of f.graph.order) {
        if (pending[node] === 0) continue;
        pending[node] = 0;
        again = true;
        rounds[node]!++;
        this.flow(f, node, (to, state) => {
          const widen = rounds[to]! >= PATIENCE;
          const held = f.states[to];
          if (held === undefined) f.states[to] = state;
          else if (!held.join(state, to, widen)) return;
          pending[to] = 1;
        });
      }
    }
    if (f.writes.changed) for (const caller of f.callers) this.todo.add(caller);
  }

  /** Runs one block and hands what holds on each of its edges on. */
  private flow(f: FunctionFacts, node: number, arrive: (to: number, state: State) => void): void {
    const block = f.blocks[node]!;
    const { d } = this.around;
    const state = f.states[node]!.copy();
    for (let i = block.start; i < block.end; i++) {
      if (d.skipped[i] === 1) continue;
      if (d.op[i] === CALL) this.noteCall(state, i);
      else if (d.op[i] === CALLX) for (const k of this.taken) this.passArgs(k, []);
      step(state, this.around, i);
    }
    const [fall, jump] = block.succs;
    if (block.succs.length === 2 && !isGoto(d.op[block.last]!)) {
      const taken = state.copy();
      stepBranch(state, d, block.last, false);
      stepBranch(taken, d, block.last, true);
      arrive(fall!, state);
      arrive(jump!, taken);
    } else if (fall !== undefined) arrive(fall, state);
  }

  private noteCall(state: State, i: number): void {
    const { d } = this.around;
    const args = state.regs.slice(1, 1 + ARGS);
    if (d.src[i] === PSEUDO_CALL) {
      this.functions[calleeOf(d, i)]!.callers.add(this.at);
      this.passArgs(calleeOf(d, i), args);
      return;
    }
    const proto = this.around.helper(d.imm[i]!);
    const place = proto?.args.indexOf('func') ?? -1;
    if (proto === undefined || place < 0) return;
    const func = args[place]!;
    const passed = callbackArgs(proto, args, this.around.callbacksMovePacket);
    if (func.kind === 'func') {
      if (func.subprog === 0) return;
      this.functions[func.subprog]!.callers.add(this.at);
      this.passArgs(func.subprog, passed);
    } else for (const k of this.taken) this.passArgs(k, passed);
  }
}

/** What a helper hands to its callback: the same context every time, even after the packet has moved. */
function callbackArgs(proto: HelperProto, args: readonly Value[], packetMoves: boolean): Value[] {
  const context = args[2]!.kind === 'ctx' || !packetMoves ? args[2]! : ANY;
  if (proto.name === 'loop') return [scalar(0, MAX_LOOPS), context];
  if (proto.name === 'for_each_map_elem') return [args[0]!, ANY, elementOf(args[0]!), context];
  return [];
}

/** The value of one of a map's elements. */
function elementOf(map: Value): Value {
  if (map.kind !== 'map' || !holdsValues(map.facts)) return ANY;
  const place = { off: 0, span: 0, nullable: false, id: NO_ID, base: IN_LOCAL };
  return { kind: 'object', block: valueBlock(map.facts), ...place };
}

/** What a value is to the function it is passed to: its own frame begins anew, and so do the names of pointers. */
function asArgument(value: Value, arg: number): Value {
  switch (value.kind) {
    case 'packet':
    case 'meta': {
      if (value.id === 0 || value.id === argId(arg)) return value;
      if (value.off < 0) return { ...value, id: NO_ID, off: 0, span: Infinity, range: 0 };
      const range = Math.max(0, value.range - value.off);
      return { kind: value.kind, id: argId(arg), off: 0, span: value.span + value.off, range };
    }
    case 'object': {
      const base = value.base > 0 ? value.base : value.span === 0 ? IN_LOCAL : UNKNOWN_BASE;
      return { ...value, base, id: value.nullable ? argId(arg) : NO_ID };
    }
    case 'map':
      return { ...value, id: value.nullable ? argId(arg) : NO_ID };
    case 'stack':
    case 'outer':
      return { kind: 'outer', arg, off: 0, span: 0 };
    default:
      return value;
  }
}

/** Subprograms whose address the program takes. */
export function takenFunctions(d: Decoded): number[] {
  const taken = new Set<number>();
  for (let i = 0; i < d.count; i++) {
    if (d.skipped[i] === 1 || d.op[i] !== LDDW || d.src[i] !== PSEUDO.FUNC) continue;
    const k = calleeOf(d, i);
    if (k > 0) taken.add(k);
  }
  return [...taken];
}

/** For each subprogram whether it may move the packet: by a helper, by a tail call, or through what it calls. */
export function packetMovers(
  d: Decoded,
  helper: (id: number) => HelperProto | undefined,
  taken: readonly number[],
): boolean[] {
  const count = d.starts.length - 1;
  const moves: boolean[] = new Array(count).fill(false);
  const callers: Set<number>[] = Array.from({ length: count }, () => new Set());
  for (let i = 0; i < d.count; i++) {
    if (d.skipped[i] === 1) continue;
    const k = d.subprog[i]!;
    if (d.op[i] === CALLX) for (const callee of taken) callers[callee]!.add(k);
    if (d.op[i] !== CALL) continue;
    if (d.src[i] === PSEUDO_CALL) callers[calleeOf(d, i)]!.add(k);
    else {
      const proto = helper(d.imm[i]!);
      if (proto === undefined || proto.changesPacket === true) moves[k] = true;
      if (proto?.args.includes('func') === true && proto.later !== true)
        for (const callee of taken) callers[callee]!.add(k);
    }
  }
  const todo = moves.flatMap((moving, k) => (moving ? [k] : []));
  for (let k = todo.pop(); k !== undefined; k = todo.pop()) {
    for (const caller of callers[k]!) {
      if (moves[caller] === true) continue;
      moves[caller] = true;
      todo.push(caller);
    }
  }
  return moves;
}
