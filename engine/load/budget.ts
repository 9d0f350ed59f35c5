/** The instructions a run may still execute, handed out in slices; every refill also asks whether the run was cancelled. */
import { FAULT, type FaultKind, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';

const LEFT = PRIV.BUDGET >> 2;
/** Instructions between two looks at the cancel word: about a millisecond. */
const SLICE = 1 << 20;

export class Budget {
  private readonly mem: WorldMemory;
  private total = 0;
  private given = 0;
  private cancel: Int32Array | null = null;

  constructor(mem: WorldMemory) {
    this.mem = mem;
  }

  /** A new call begins: `total` instructions for all its runs. */
  start(total: number, cancel: Int32Array | null): void {
    this.total = total;
    this.cancel = cancel;
    this.given = Math.min(SLICE, total);
    this.mem.i32[LEFT] = this.given;
  }

  /** Instructions executed since start(). */
  get executed(): number {
    return this.given - this.mem.i32[LEFT]!;
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
    const left = this.total - this.executed;
    if (left < 0) return FAULT.BUDGET;
    // What was overdrawn counts against the new slice, so that `executed` stays exact.
    const slice = Math.min(SLICE, left) - this.mem.i32[LEFT]!;
    this.given += slice;
    this.mem.i32[LEFT] = this.mem.i32[LEFT]! + slice;
    return FAULT.NONE;
  };
}
