/** The runs of a watch session, one at a time: what is asked for during one stops it, and runs with what it had left. */

import type { RunEvent } from '../outcome.ts';
import type { CaseRunner } from '../runner/case-runner.ts';
import type { SettledCase } from '../test-case.ts';
import { plural } from '../view/text.ts';

export interface RunQueueOptions {
  readonly runner: CaseRunner;
  /** Every case that can run now. */
  readonly cases: () => readonly SettledCase[];
  /** The case that the screen shows in full. */
  readonly shown: () => string | null;
  readonly emit: (event: RunEvent) => void;
  /** What the runner threw: a bug of ours. */
  readonly crash: (error: unknown) => void;
}

const CAUSES_SHOWN = 2;

export class RunQueue {
  private readonly options: RunQueueOptions;
  private pending = new Set<string>();
  private causes = new Set<string>();
  private stop: AbortController | null = null;
  /** The run under way makes room for the next: its end is no news. */
  private superseded = false;
  private ended = false;
  private looping = false;
  private runs = 0;

  constructor(options: RunQueueOptions) {
    this.options = options;
  }

  get running(): boolean {
    return this.stop !== null && !this.ended;
  }

  /** The run under way was told to stop, and has not yet. */
  get stopping(): boolean {
    return this.running && this.stop?.signal.aborted === true && !this.superseded;
  }

  /** Runs cases as soon as possible. */
  add(ids: Iterable<string>, cause: string): void {
    for (const id of ids) this.pending.add(id);
    this.causes.add(cause);
    if (this.stop) {
      this.superseded = true;
      this.stop.abort();
    }
    if (!this.looping) void this.loop().catch(this.options.crash);
  }

  /** Stops the run under way and forgets what waits. */
  interrupt(): void {
    this.pending.clear();
    this.causes.clear();
    this.superseded = false;
    this.stop?.abort();
  }

  private async loop(): Promise<void> {
    this.looping = true;
    try {
      while (this.causes.size > 0) await this.runPending();
    } finally {
      this.looping = false;
    }
  }

  private async runPending(): Promise<void> {
    const [ids, causes] = [this.pending, this.causes];
    [this.pending, this.causes] = [new Set(), new Set()];
    const all = this.options.cases();
    const cases = all.filter((one) => ids.has(one.id));
    const stop = new AbortController();
    this.stop = stop;
    this.ended = false;
    this.superseded = false;
    const shown = this.options.shown();
    const options = {
      run: ++this.runs,
      cause: causeText(causes),
      kept: all.length - cases.length,
      signal: stop.signal,
      in_full: new Set(shown === null ? [] : [shown]),
    };
    // Outcomes come in the order of the cases.
    let told = 0;
    await this.options.runner.run(new Set(cases.map((one) => one.id)), options, (event) => {
      if (event.type === 'end') this.ended = true;
      if (event.type === 'outcome') told++;
      if (event.type !== 'end' || !this.superseded) this.options.emit(event);
    });
    this.stop = null;
    if (!this.superseded || told === cases.length) return;
    for (const { id } of cases.slice(told)) this.pending.add(id);
    this.causes = new Set([...causes, ...this.causes]);
  }
}

/** `build/lb.o rebuilt · test/lb.case.ts saved`. */
function causeText(causes: ReadonlySet<string>): string {
  const list = [...causes];
  const more = list.length > CAUSES_SHOWN ? [plural(list.length - CAUSES_SHOWN, 'more change')] : [];
  return [...list.slice(0, CAUSES_SHOWN), ...more].join(' · ');
}
