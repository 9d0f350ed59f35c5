/**
 * Finds the access of its context for which the kernel's verifier would refuse a program (do_check, as far as it concerns the
 * context). It goes along the paths that the verifier goes along; where it knows too little to tell whether the verifier would,
 * it stops, so that nothing is refused that a kernel loads: such an access is a fault when the program runs.
 */
import { calleeOf, type Decoded } from '../jit/decode.ts';
import { sizeOf } from '../jit/step.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';
import { ATOMIC, CLASS, CLASS_MASK, JMP, LDDW, MODE, MODE_MASK, OP_MASK, PSEUDO } from '../uapi/opcodes.ts';
import { type CtxUse, ctxComplaint } from './ctx-complaint.ts';
import { stepAlu } from './path-alu.ts';
import { branch } from './path-branch.ts';
import { type CallRules, call, type MapShape } from './path-call.ts';
import { load, type PathMemory, store } from './path-memory.ts';
import { PathFrame, PathState } from './path-state.ts';
import { ofBytes } from './scalar.ts';
import { ANYTHING, constant, number, VAGUE, type Value } from './value.ts';
import { leadsTo } from './ways.ts';

/** Instructions gone along before it is given up, and states remembered where paths meet. */
const STEPS_MAX = 50_000;
const STATES_MAX = 32;
const ARGS = 5;
const CONTEXT: Value = { kind: 'ctx', off: 0 };

/** The program, and what of its surroundings decides which way it goes. */
export interface CtxCheckInput extends PathMemory {
  readonly d: Decoded;
  /** Instructions that may access the context in a way that is not allowed. */
  readonly suspects: ReadonlySet<number>;
  helper(id: number): HelperProto | undefined;
  map(handle: number): MapShape | undefined;
  /** Functions that are verified by themselves, whoever calls them. */
  isGlobal(subprog: number): boolean;
}

/** What the verifier says, and the instruction it says it of. */
export interface BadCtxAccess {
  readonly insn: number;
  readonly message: string;
}

/** The first such access in the order in which the verifier goes; null: there is none, or none that is sure. */
export function badCtxAccess(input: CtxCheckInput): BadCtxAccess | null {
  return input.suspects.size === 0 ? null : new Walk(input).run();
}

class Walk implements CallRules {
  readonly d: Decoded;
  private readonly input: CtxCheckInput;
  private readonly wanted: Uint8Array;
  private readonly meets: Uint8Array;
  private readonly seen = new Map<number, PathState[]>();
  private readonly roots = new Set([0]);
  private todo: PathState[] = [];
  private names = 0;
  private steps = 0;
  private found: BadCtxAccess | null = null;

  constructor(input: CtxCheckInput) {
    this.input = input;
    this.d = input.d;
    this.wanted = leadsTo(input.d, input.suspects);
    this.meets = new Uint8Array(input.d.count);
    for (const target of input.d.target) if (target >= 0) this.meets[target] = 1;
  }

  run(): BadCtxAccess | null {
    for (const root of this.roots) {
      this.todo = [new PathState([PathFrame.entry(-1, 0, [CONTEXT])], this.d.starts[root]!)];
      for (let state = this.todo.pop(); state !== undefined; state = this.todo.pop()) {
        for (let next: PathState | null = state; next !== null; ) next = this.worthwhile(next) ? this.step(next) : null;
        if (this.found !== null || this.steps > STEPS_MAX) return this.found;
      }
    }
    return null;
  }

  helper(id: number): HelperProto | undefined {
    return this.input.helper(id);
  }

  map(handle: number): MapShape | undefined {
    return this.input.map(handle);
  }

  isGlobal(subprog: number): boolean {
    return this.input.isGlobal(subprog);
  }

  reached(subprog: number): void {
    this.roots.add(subprog);
  }

  readonly fresh = (): number => ++this.names;

  /** Whether the path may still reach a suspect, and is not one that was gone along before. */
  private worthwhile(state: PathState): boolean {
    if (this.steps++ > STEPS_MAX) return false;
    const { insn, frames } = state;
    const leads = this.wanted[insn] === 1 || frames.some(({ back }) => back >= 0 && this.wanted[back] === 1);
    if (!leads || this.meets[insn] === 0) return leads;
    const before = this.seen.get(insn) ?? [];
    if (before.length >= STATES_MAX || before.some((one) => one.covers(state))) return false;
    before.push(state.copy());
    this.seen.set(insn, before);
    return true;
  }

  /** One instruction; null where the path ends. */
  private step(state: PathState): PathState | null {
    const { d } = this;
    const i = state.insn;
    const op = d.op[i]!;
    state.insn = i + 1;
    switch (op & CLASS_MASK) {
      case CLASS.ALU:
      case CLASS.ALU64:
        stepAlu(state, d, i, this.fresh);
        return state;
      case CLASS.LD:
        return this.stepLd(state, i);
      case CLASS.LDX:
        return this.stepLoad(state, i, (op & MODE_MASK) === MODE.MEMSX);
      case CLASS.ST:
        return this.stepStore(state, i, constant(BigInt(d.imm[i]!)));
      case CLASS.STX:
        if ((op & MODE_MASK) === MODE.ATOMIC) return this.stepAtomic(state, i);
        return this.stepStore(state, i, state.regs[d.src[i]!]!);
      default:
        return this.stepJump(state, i);
    }
  }

  private stepLd(state: PathState, i: number): PathState {
    const { d } = this;
    const { regs } = state;
    if (d.op[i] !== LDDW) {
      regs.fill(VAGUE, 1, 1 + ARGS);
      regs[0] = number(ofBytes(4));
      return state;
    }
    state.insn = i + 2;
    const imm = d.imm[i]! >>> 0;
    const wide = (BigInt(d.hi[i]! >>> 0) << 32n) | BigInt(imm);
    switch (d.src[i]) {
      case PSEUDO.MAP_FD:
        regs[d.dst[i]!] = { kind: 'map', handle: imm };
        break;
      case PSEUDO.MAP_VALUE:
        regs[d.dst[i]!] = { kind: 'data', handle: imm, off: d.hi[i]! >>> 0 };
        break;
      case PSEUDO.FUNC:
        regs[d.dst[i]!] = { kind: 'func', subprog: calleeOf(d, i) };
        break;
      default:
        regs[d.dst[i]!] = constant(wide);
    }
    return state;
  }

  private stepLoad(state: PathState, i: number, signed: boolean): PathState | null {
    const { d } = this;
    const pointer = state.regs[d.src[i]!]!;
    const size = sizeOf(d.op[i]!);
    if (this.refused(pointer, i, d.src[i]!, { size, write: false, signed })) return null;
    state.regs[d.dst[i]!] = load(state, this.input, pointer, d.off[i]!, size, signed, this.fresh);
    return state;
  }

  private stepStore(state: PathState, i: number, value: Value): PathState | null {
    const { d } = this;
    const pointer = state.regs[d.dst[i]!]!;
    const size = sizeOf(d.op[i]!);
    if (this.refused(pointer, i, d.dst[i]!, { size, write: true })) return null;
    store(state, pointer, d.off[i]!, size, value);
    return state;
  }

  private stepAtomic(state: PathState, i: number): PathState | null {
    const { d } = this;
    const kind = d.imm[i]!;
    const loads = kind === ATOMIC.LOAD_ACQ;
    const reg = loads ? d.src[i]! : d.dst[i]!;
    const pointer = state.regs[reg]!;
    const size = sizeOf(d.op[i]!);
    if (this.refused(pointer, i, reg, { size, write: !loads, atomic: true })) return null;
    const held = load(state, this.input, pointer, d.off[i]!, size, false, this.fresh);
    if (loads) state.regs[d.dst[i]!] = held;
    else store(state, pointer, d.off[i]!, size, kind === ATOMIC.STORE_REL ? state.regs[d.src[i]!]! : ANYTHING);
    if (loads || kind === ATOMIC.STORE_REL || (kind & ATOMIC.FETCH) === 0) return state;
    state.regs[kind === ATOMIC.CMPXCHG ? 0 : d.src[i]!] = held.kind === 'number' ? held : VAGUE;
    return state;
  }

  /** Notes what is wrong with an access of the context. */
  private refused(pointer: Value, insn: number, reg: number, use: Omit<CtxUse, 'reg' | 'off' | 'moved'>): boolean {
    if (pointer.kind !== 'ctx') return false;
    const message = ctxComplaint(this.input.ctx, { ...use, reg, off: this.d.off[insn]!, moved: pointer.off });
    if (message !== null) this.found = { insn, message };
    return message !== null;
  }

  private stepJump(state: PathState, i: number): PathState | null {
    const { d } = this;
    const operation = d.op[i]! & OP_MASK;
    if (operation === JMP.EXIT) return this.back(state);
    if (operation === JMP.CALL) return this.last(call(state, this, i));
    if (operation === JMP.JA) {
      state.insn = d.target[i]!;
      return state;
    }
    const [fall, jump] = branch(state, d, i);
    if (jump !== null) jump.insn = d.target[i]!;
    if (fall !== null) fall.insn = i + 1;
    if (fall === null) return jump;
    if (jump !== null) this.todo.push(jump);
    return fall;
  }

  private last(states: readonly PathState[]): PathState | null {
    this.todo.push(...states.slice(0, -1));
    return states.at(-1) ?? null;
  }

  private back(state: PathState): PathState | null {
    const { back, regs } = state.frames.pop()!;
    if (back < 0) return null;
    const [result] = regs;
    // A pointer into a frame that is gone points nowhere.
    state.regs[0] = result?.kind === 'frame' && result.frame >= state.frames.length ? VAGUE : result!;
    state.insn = back;
    return state;
  }
}
