/** Gives memory back once nothing has run for a while: what runs leave behind would else stay with a watch that is left open. */

/** Nobody waits then; whoever saves again soon is not kept waiting either. */
const IDLE_MS = 500;

export class IdleMemory {
  private timer: ReturnType<typeof setTimeout> | null = null;

  /** Something runs, or leaves. */
  busy(): void {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
  }

  /** It has ended. */
  rest(): void {
    this.busy();
    this.timer = setTimeout(() => Bun.gc(true), IDLE_MS);
    this.timer.unref();
  }
}
