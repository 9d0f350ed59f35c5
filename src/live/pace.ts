/** Paces a live run: how many batches are due so that so many frames a second are run. */

/** Steps of the keys that change the rate: 1, 2, 5, 10, … */
const MANTISSAS = [1, 2, 5];

export class LivePace {
  private rate: number;
  private owed = 0;
  private last_ms: number;

  constructor(rate: number, now_ms: number) {
    this.rate = rate;
    this.last_ms = now_ms;
  }

  get perSecond(): number {
    return this.rate;
  }

  /** Another rate from now on; nothing is made up for. */
  set(rate: number, now_ms: number): void {
    this.rate = rate;
    this.owed = 0;
    this.last_ms = now_ms;
  }

  /** Time that passed without running is not made up for. */
  skip(now_ms: number): void {
    this.last_ms = now_ms;
  }

  /** Whole batches that are due; never more than a tenth of a second's, so that a slow program is not chased for ever. */
  due(now_ms: number, batch: number): number {
    this.owed += ((now_ms - this.last_ms) / 1000) * this.rate;
    this.last_ms = now_ms;
    this.owed = Math.min(this.owed, Math.max(batch, this.rate / 10));
    const batches = Math.floor(this.owed / batch);
    this.owed -= batches * batch;
    return batches;
  }
}

/** The next rate above or below in steps of 1, 2, 5; from unlimited down to the step below what is reached now. */
export function nextRate(rate: number, up: boolean, reached: number): number {
  if (rate === Infinity && up) return Infinity;
  const from = rate === Infinity ? Math.max(1, reached) : rate;
  const decade = 10 ** Math.floor(Math.log10(from));
  const steps = [decade / 10, decade, decade * 10].flatMap((d) => MANTISSAS.map((m) => m * d));
  const near = up ? steps.find((s) => s > from * 1.001) : steps.findLast((s) => s < from * 0.999);
  if (up && (near ?? 0) > 1e9) return Infinity;
  return Math.max(1, near ?? from);
}
