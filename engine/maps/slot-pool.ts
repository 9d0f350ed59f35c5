/** Free slots of a map: given back ones first (latest first, as the kernel's freelist), then ones never used. */
import { grown } from './hash-index.ts';

export interface SavedPool {
  readonly free: Int32Array;
  readonly high: number;
}

export class SlotPool {
  private readonly capacity: number;
  private free = new Int32Array(16);
  private count = 0;
  /** Slots from here on were never used. */
  private high = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** A slot, or -1 when all are taken. */
  take(): number {
    if (this.count > 0) return this.free[--this.count]!;
    return this.high < this.capacity ? this.high++ : -1;
  }

  give(slot: number): void {
    if (this.count === this.free.length) this.free = grown(this.free, this.count + 1);
    this.free[this.count++] = slot;
  }

  save(): SavedPool {
    return { free: this.free.slice(0, this.count), high: this.high };
  }

  restore(saved: SavedPool): void {
    if (saved.free.length > this.free.length) this.free = grown(this.free, saved.free.length);
    this.free.set(saved.free);
    this.count = saved.free.length;
    this.high = saved.high;
  }
}
