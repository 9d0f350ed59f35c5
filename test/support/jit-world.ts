/** Runs compiled programs for tests of the translator: one world, memory for r1, a budget, and what a fault left behind. */
import { compileProgram } from '../../engine/jit/compile.ts';
import { trampoline, translateStub } from '../../engine/jit/stubs.ts';
import type { JitInput, MapFacts } from '../../engine/jit/types.ts';
import { CTX_BASE, PACKET_BASE, PRIV } from '../../engine/layout.ts';
import { WorldMemory } from '../../engine/memory.ts';

export interface JitFault {
  readonly kind: number;
  readonly pc: number;
  readonly prog: number;
  readonly size: number;
  readonly address: bigint;
  readonly region: number;
  readonly write: boolean;
  readonly map: number;
  readonly regs: readonly bigint[];
}

export interface JitRun {
  readonly r0: bigint;
  readonly fault: JitFault | null;
  /** Instructions executed. */
  readonly insns: number;
}

export const NO_MAPS: Pick<JitInput, 'map' | 'unsupported'> = { map: () => undefined, unsupported: new Map() };

export type Imports = Readonly<Record<string, (...args: number[]) => number>>;

/** A program by itself: no context struct, no maps, no subprograms unless said. */
export function jitInput(insns: Uint8Array, over: Partial<JitInput> = {}): JitInput {
  const defaults = { prog_id: 7, name: 'p', subprogs: [{ name: 'p', start: 0 }], ctx: null, ld_abs: false };
  return { ...defaults, ...NO_MAPS, table_base: 16, insns, ...over };
}

export class JitWorld {
  readonly mem = new WorldMemory();
  readonly table = new WebAssembly.Table({ element: 'anyfunc', initial: 64 });
  private readonly instances: WebAssembly.Instance[] = [];
  /** Called when the budget is spent; returns a FAULT kind to stop with. */
  refill: () => number = () => 6;
  /** Called before every instruction of traced forms. */
  step: (program: number, insn: number, frame: number) => void = () => undefined;
  readonly callFunc: (index: number, ...args: number[]) => number;

  private readonly stepped = (program: number, insn: number, frame: number) => this.step(program, insn, frame);

  constructor() {
    const module = new WebAssembly.Module(trampoline());
    const instance = new WebAssembly.Instance(module, { m: { memory: this.mem.wasm, table: this.table } });
    this.callFunc = instance.exports.call as (index: number, ...args: number[]) => number;
  }

  /** Compiles, instantiates and fills the table from `table_base` on. Returns the instance's number. */
  load(input: JitInput, helpers: Imports = {}): number {
    const compiled = compileProgram(input);
    if (!compiled.ok) throw new Error(compiled.error.message);
    const m = { memory: this.mem.wasm, table: this.table };
    const imports = { m, h: helpers, rt: { refill: () => this.refill(), step: this.stepped } };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(compiled.value.wasm), imports);
    for (let k = 0; k < compiled.value.functions; k++) {
      this.table.set(input.table_base + k, instance.exports[`f${k}`] as never);
    }
    return this.instances.push(instance) - 1;
  }

  /** Puts a program's entry into a slot, for tail calls. */
  place(slot: number, instance: number): void {
    this.table.set(slot, this.instances[instance]!.exports.f0 as never);
  }

  /** Puts a stub into a slot that calls `translate` when it is reached. */
  placeStub(slot: number, translate: (index: number) => number): void {
    const m = { memory: this.mem.wasm, table: this.table };
    const instance = new WebAssembly.Instance(new WebAssembly.Module(translateStub(slot)), { m, rt: { translate } });
    this.table.set(slot, instance.exports.f as never);
  }

  /** The context area with these bytes. */
  setCtx(bytes: Uint8Array): void {
    this.mem.u8.set(bytes, CTX_BASE);
    this.mem.u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
    this.mem.u32[PRIV.CTX_LEN >> 2] = bytes.length;
  }

  /** A packet without metadata. */
  setPacket(bytes: Uint8Array, headroom = 256): void {
    const data = PACKET_BASE + headroom;
    this.mem.u8.set(bytes, data);
    this.mem.u32[PRIV.PKT_META >> 2] = data;
    this.mem.u32[PRIV.PKT_DATA >> 2] = data;
    this.mem.u32[PRIV.PKT_END >> 2] = data + bytes.length;
  }

  run(instance: number, r1 = 0, r2 = 0, budget = 1_000_000): JitRun {
    const { u32, i32 } = this.mem;
    i32[PRIV.BUDGET >> 2] = budget;
    i32[PRIV.CHARGED >> 2] = 0;
    const insns = () => budget - this.mem.i32[PRIV.BUDGET >> 2]! - this.mem.i32[PRIV.CHARGED >> 2]!;
    u32[PRIV.FAULT_KIND >> 2] = 0;
    u32[PRIV.TAIL_CALLS >> 2] = 0;
    const run = this.instances[instance]!.exports.run as (r1: number, r2: number) => number;
    try {
      run(r1, r2);
    } catch (error) {
      if (u32[PRIV.FAULT_KIND >> 2] === 0) throw error;
      return { r0: 0n, fault: this.fault(), insns: insns() };
    }
    return { r0: this.u64(PRIV.R0), fault: null, insns: insns() };
  }

  u64(address: number): bigint {
    return this.mem.dv.getBigUint64(address, true);
  }

  private fault(): JitFault {
    const word = (address: number) => this.mem.u32[address >> 2]!;
    return {
      kind: word(PRIV.FAULT_KIND),
      pc: word(PRIV.FAULT_PC),
      prog: word(PRIV.FAULT_PROG),
      size: word(PRIV.FAULT_SIZE),
      address: this.u64(PRIV.FAULT_ADDR),
      region: word(PRIV.FAULT_REGION),
      write: word(PRIV.FAULT_WRITE) === 1,
      map: word(PRIV.FAULT_MAP),
      regs: Array.from({ length: 11 }, (_, i) => this.u64(PRIV.FAULT_REGS + 8 * i)),
    };
  }
}

/** Facts of an array map at an address; sizes as the engine's arrays have them. */
export function arrayFacts(over: Partial<MapFacts>): MapFacts {
  const sizes = { key_size: 4, value_size: 8, max_entries: 4, stride: 8 };
  return {
    ...{ handle: 0, type: 2, values: 0, cpu_stride: 0, dirty: 0, read_only: false, inner: null },
    ...sizes,
    ...over,
  };
}
