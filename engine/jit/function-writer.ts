/** What all lowering of one function writes to: its code, its locals, and the ways out when a check fails. */
import { FAULT, type FaultKind, PRIV, REGION, type RegionKind } from '../layout.ts';
import type { Decoded } from './decode.ts';
import type { ModuleParts } from './module-parts.ts';
import type { PacketLimits, Surroundings } from './step.ts';
import type { Labels } from './structure.ts';
import type { JitInput } from './types.ts';
import { WasmCode } from './wasm-code.ts';
import { T, W } from './wasm-ops.ts';

/** Parameters of every BPF function: r1 to r5, then the address above its frame. */
export const PARAMS = [T.I64, T.I64, T.I64, T.I64, T.I64, T.I32] as const;
export const FRAME_TOP = 5;

/** A check that failed, as PRIV tells it. */
export interface FaultSite {
  readonly kind: FaultKind;
  readonly region?: RegionKind;
  readonly map?: number;
  readonly size?: number;
  readonly write?: boolean;
  /** Puts the faulting address, an i64, on the stack. */
  readonly address?: () => void;
}

export class FunctionWriter {
  code = new WasmCode();
  readonly input: JitInput;
  readonly around: Surroundings;
  readonly parts: ModuleParts;
  /** Subprogram number. */
  readonly subprog: number;
  readonly labels: Labels = { depth: 0 };
  /** Access sizes whose limits are wanted in locals. */
  readonly limits: PacketLimits;
  /** Instructions of the present block after the present one. */
  costLeft = 0;
  /** Registers that this block has just added a constant to. */
  readonly sums = new Set<number>();
  /** Lowest offset from r10 where memory may be read before it was written; 0: nowhere. */
  unwritten = 0;
  private readonly names = new Map<string, number>();
  readonly localTypes: number[] = [];

  constructor(input: JitInput, around: Surroundings, parts: ModuleParts, subprog: number, limits: PacketLimits) {
    this.limits = limits;
    this.input = input;
    this.around = around;
    this.parts = parts;
    this.subprog = subprog;
  }

  get d(): Decoded {
    return this.around.d;
  }

  private named(name: string, type: number): number {
    const known = this.names.get(name);
    if (known !== undefined) return known;
    const index = PARAMS.length + this.localTypes.push(type) - 1;
    this.names.set(name, index);
    return index;
  }

  /** An i64 local by name. */
  wide(name: string): number {
    return this.named(name, T.I64);
  }

  /** An i32 local by name. */
  narrow(name: string): number {
    return this.named(name, T.I32);
  }

  uses(name: string): boolean {
    return this.names.has(name);
  }

  /** Local of a BPF register. */
  reg(register: number): number {
    return register >= 1 && register <= 5 ? register - 1 : this.wide(`r${register}`);
  }

  /** Local that holds where the block starts that a register points into. */
  base(register: number): number {
    return this.wide(`base${register}`);
  }

  get fuel(): number {
    return this.narrow('fuel');
  }

  open(op: number, type: number = T.VOID): void {
    this.code.open(op, type);
    this.labels.depth++;
  }

  else(): void {
    this.code.op(W.else);
  }

  close(): void {
    this.code.op(W.end);
    this.labels.depth--;
  }

  /** An i32 word of private memory, or its address for a store to come. */
  loadWord(address: number): void {
    this.code.i32(0).mem(W.i32_load, address);
  }

  /** `value` puts an i32 on the stack. */
  storeWord(address: number, value: () => void): void {
    this.code.i32(0);
    value();
    this.code.mem(W.i32_store, address);
  }

  storeFuel(): void {
    this.storeWord(PRIV.BUDGET, () => this.code.get(this.fuel));
  }

  loadFuel(): void {
    this.loadWord(PRIV.BUDGET);
    this.code.set(this.fuel);
  }

  /** Hands the budget to a function: a block is paid for when it starts, and what is left of it is not executed yet. */
  lendFuel(): void {
    this.storeWord(PRIV.BUDGET, () => this.unspentFuel());
  }

  /** Takes back what the function left. */
  reclaimFuel(): void {
    this.loadWord(PRIV.BUDGET);
    if (this.costLeft > 0) this.code.i32(this.costLeft).op(W.i32_sub);
    this.code.set(this.fuel);
  }

  private unspentFuel(): void {
    this.code.get(this.fuel);
    if (this.costLeft > 0) this.code.i32(this.costLeft).op(W.i32_add);
  }

  /** Says in PRIV which instruction is at work: FAULT_PC and FAULT_PROG are neighbours. */
  storePlace(insn: number): void {
    this.code.i32(0).i64Pair(insn, this.input.prog_id).mem(W.i64_store, PRIV.FAULT_PC);
  }

  /** Leaves with a fault when the i32 on the stack is not 0. */
  faultIf(insn: number, site: FaultSite): void {
    this.open(W.if);
    this.fault(insn, site);
    this.close();
  }

  /** Leaves with a fault. */
  fault(insn: number, site: FaultSite): void {
    const { code } = this;
    if (site.address === undefined) code.i64(0);
    else site.address();
    code.i32(site.kind | ((site.region ?? REGION.NONE) << 8) | (site.write === true ? 1 << 16 : 0));
    code
      .i32(site.size ?? 0)
      .i32(site.map ?? 0)
      .call(this.parts.fault);
    this.leave(insn);
  }

  /** Leaves with the fault that PRIV already tells of. */
  leave(insn: number): void {
    this.storePlace(insn);
    if (this.costLeft > 0) {
      this.unspentFuel();
      this.code.set(this.fuel);
    }
    this.code.branch(W.br, this.labels.depth - 1);
  }

  /** Leaves when the helper just called found something wrong. */
  leaveOnHelperFault(insn: number): void {
    this.loadWord(PRIV.FAULT_KIND);
    this.open(W.if);
    this.leave(insn);
    this.close();
  }

  /** Asks for more budget when it is spent, and leaves when there is none. */
  checkFuel(insn: number): void {
    const { code } = this;
    code.get(this.fuel).i32(0).op(W.i32_lt_s);
    this.open(W.if);
    this.storeFuel();
    this.storePlace(insn);
    code.call(this.parts.refill).tee(this.narrow('t'));
    this.open(W.if);
    code.i64(0).get(this.narrow('t')).i32(0).i32(0).call(this.parts.fault);
    this.leave(insn);
    this.close();
    this.loadFuel();
    this.close();
  }

  /** Leaves when one more frame below this one would be too many. */
  checkDepth(insn: number, lowestTop: number): void {
    this.code.get(FRAME_TOP).i32(lowestTop).op(W.i32_le_u);
    this.faultIf(insn, { kind: FAULT.CALL_DEPTH });
  }

  /** Code of its own: what a fault leaves behind, in front of the trap. */
  cold(): WasmCode {
    this.code = new WasmCode();
    const { code } = this;
    this.storeFuel();
    for (let register = 0; register <= 10; register++) {
      code.i32(0);
      if (register === 10) code.get(FRAME_TOP).op(W.i64_extend_i32_u);
      else if ((register >= 1 && register <= 5) || this.uses(`r${register}`)) code.get(this.reg(register));
      else code.i64(0);
      code.mem(W.i64_store, PRIV.FAULT_REGS + 8 * register);
    }
    return code.op(W.unreachable);
  }
}
