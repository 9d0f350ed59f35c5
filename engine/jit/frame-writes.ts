/** Which bytes of its callers' frames a function may write: through the pointers it was passed, or anywhere. */

/** Bytes from `from` up to `to`, counted from an argument. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export class FrameWrites {
  /** A store through a pointer of which nothing is known may hit any frame. */
  anywhere = false;
  /** By argument, 0 for r1. */
  readonly args: (Stretch | null)[] = [null, null, null, null, null];
  /** Set by every write that is new. */
  changed = false;

  noteAnywhere(): void {
    if (this.anywhere) return;
    this.anywhere = true;
    this.changed = true;
  }

  /** A write behind argument `arg` (-1: behind one of them) from `from` up to `to`; stretches that keep growing become all. */
  note(arg: number, from: number, to: number): void {
    if (arg < 0 || to - from > FAR) {
      this.noteAnywhere();
      return;
    }
    const held = this.args[arg]!;
    if (held !== null && held.from <= from && held.to >= to) return;
    this.args[arg] = { from: Math.min(from, held?.from ?? from), to: Math.max(to, held?.to ?? to) };
    this.changed = true;
  }
}

/** A stretch this long is no part of frames. */
const FAR = 4096;
