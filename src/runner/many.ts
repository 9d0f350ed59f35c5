/** Several runners side by side: each takes a part of the cases, and what came of them is told in the cases' order. */

import { shardOf } from '../cases/shard.ts';
import type { RunEvent, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import type { CaseRunner, OpenedPrograms, RunProject } from './case-runner.ts';
import type { RunOptions } from './runner.ts';

export class ManyRunners implements CaseRunner {
  private readonly runners: readonly CaseRunner[];
  private cases: readonly SettledCase[] = [];

  /** At least one. */
  constructor(runners: readonly CaseRunner[]) {
    this.runners = runners;
  }

  async setProject(project: RunProject): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.setProject(project)));
  }

  setCases(cases: readonly SettledCase[]): void {
    this.cases = cases;
    for (const runner of this.runners) runner.setCases(cases);
  }

  async open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms> {
    const opened = await Promise.all(this.runners.map((runner) => runner.open(path, bytes)));
    return opened[0]!;
  }

  async run(ids: ReadonlySet<string>, options: RunOptions, emit: (event: RunEvent) => void): Promise<void> {
    const { run, cause, kept, bail, signal } = options;
    const begin = performance.now();
    const cases = this.cases.filter((one) => ids.has(one.id));
    emit({ type: 'start', run, cause, kept, cases });
    const stop = new AbortController();
    const abort = () => stop.abort();
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) abort();
    const order = new InOrder(cases, (outcome) => {
      emit({ type: 'outcome', run, outcome });
      if (!bail || (outcome.verdict !== 'fail' && outcome.verdict !== 'error')) return true;
      abort();
      return false;
    });
    const count = this.runners.length;
    await Promise.all(
      this.runners.map((runner, i) => {
        const part = new Set(shardOf(cases, { index: i + 1, count }).map((one) => one.id));
        return runner.run(part, { ...options, bail: false, signal: stop.signal }, (event) => {
          if (event.type === 'outcome') order.take(event.outcome);
          if (event.type === 'coverage') emit(event);
        });
      }),
    );
    signal?.removeEventListener('abort', abort);
    emit({ type: 'end', run, took_ms: performance.now() - begin, cancelled: signal?.aborted === true });
  }

  /** Whichever of them ran the case knows. */
  async outcome(id: string): Promise<TestOutcome | null> {
    return firstOf(this.runners.map((runner) => runner.outcome(id)));
  }

  async details(id: string): Promise<TestOutcome | null> {
    return firstOf(this.runners.map((runner) => runner.details(id)));
  }

  async close(): Promise<void> {
    await Promise.all(this.runners.map((runner) => runner.close()));
  }
}

async function firstOf<T>(asked: readonly Promise<T | null>[]): Promise<T | null> {
  return (await Promise.all(asked)).find((one) => one !== null) ?? null;
}

/** Holds outcomes back until those before them are there. */
class InOrder {
  private readonly ids: readonly string[];
  private readonly waiting = new Map<string, TestOutcome>();
  private readonly tell: (outcome: TestOutcome) => boolean;
  private next = 0;

  /** `tell` gives false when nothing more is to be told. */
  constructor(cases: readonly SettledCase[], tell: (outcome: TestOutcome) => boolean) {
    this.ids = cases.map((one) => one.id);
    this.tell = tell;
  }

  take(outcome: TestOutcome): void {
    this.waiting.set(outcome.id, outcome);
    for (;;) {
      const id = this.ids[this.next];
      const ready = id === undefined ? undefined : this.waiting.get(id);
      if (id === undefined || ready === undefined) return;
      this.waiting.delete(id);
      this.next = this.tell(ready) ? this.next + 1 : this.ids.length;
    }
  }
}
