/** What a run may still spend, on instructions and on helpers, handed out in slices; every refill also asks whether it was cancelled. */
import { FAULT, type FaultKind, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';

const LEFT = PRIV.BUDGET >> 2;
const CHARGED = PRIV.CHARGED >> 2;
/** Spent between two looks at the cancel word: about a millisecond. */
const SLICE = 1 << 20;

export class Budget {
  private readonly mem: WorldMemory;
  private total = 0;
  private given = 0;
  /** Of earlier slices, what helpers cost. */
  private charged = 0;
  private cancel: Int32Array | null = null;

  constructor(mem: WorldMemory) {
    this.mem = mem;
  }

  /** A new call begins: `total` for all its runs, an instruction costing 1. */
  start(total: number, cancel: Int32Array | null): void {
    this.total = total;
    this.cancel = cancel;
    this.charged = 0;
    this.mem.i32[CHARGED] = 0;
    this.given = Math.min(SLICE, total);
    this.mem.i32[LEFT] = this.given;
  }

  private get used(): number {
    return this.given - this.mem.i32[LEFT]!;
  }

  /** Instructions executed since start(). */
  get executed(): number {
    return this.used - this.charged - this.mem.i32[CHARGED]!;
  }

  /** The current slice is spent. */
  get spent(): boolean {
    return this.mem.i32[LEFT]! < 0;
  }

  get cancelled(): boolean {
    return this.cancel !== null && Atomics.load(this.cancel, 0) !== 0;
  }

  /** Imported by every program (`rt.refill`): 0 after having refilled the slice, or the FAULT kind to stop with. */
  readonly refill = (): FaultKind => {
    if (this.cancelled) return FAULT.CANCELLED;
    const left = this.total - this.used;
    if (left < 0) return FAULT.BUDGET;
    this.charged += this.mem.i32[CHARGED]!;
    this.mem.i32[CHARGED] = 0;
    // What was overdrawn counts against the new slice, so that `executed` stays exact.
    const slice = Math.min(SLICE, left) - this.mem.i32[LEFT]!;
    this.given += slice;
    this.mem.i32[LEFT] = this.mem.i32[LEFT]! + slice;
    return FAULT.NONE;
  };
}
