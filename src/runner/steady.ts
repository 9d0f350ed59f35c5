/** A runner for those who stay: where the thread that runs cases breaks, its case is an error, and the others run in another thread. */

import { plain } from '../format/sanitize.ts';
import type { RunEvent, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import type { CaseRunner, CaseRunOptions, OpenedPrograms, RunProject } from './case-runner.ts';
import { RunnerCrash } from './crash.ts';

/** Cases that may break a thread in one run: after them, nothing more is tried. */
const CRASHES_MAX = 3;

type Emit = (event: RunEvent) => void;

function errorOf(id: string, reason: string): TestOutcome {
  const nothing = { differences: [], refusal: null, result: null, maps: [], maps_before: [], took_ms: 0 };
  return { id, verdict: 'error', reason, ...nothing };
}

function crashText(crash: RunnerCrash): string {
  return `engine bug: bpfdeck broke here: ${plain(crash.message)}. Please report it with the object and the case`;
}

/** One run, told as one whatever breaks in it: outcomes in the order of the cases, one end. */
class SteadyRun {
  private cases: readonly SettledCase[] = [];
  private next = 0;
  private readonly crashed = new Map<string, TestOutcome>();
  private readonly run: number;
  private readonly tell: Emit;

  constructor(run: number, tell: Emit) {
    this.run = run;
    this.tell = tell;
  }

  /** Of the cases, those that are still to run. */
  get left(): ReadonlySet<string> {
    return new Set(this.cases.slice(this.next).flatMap(({ id }) => (this.crashed.has(id) ? [] : [id])));
  }

  readonly emit: Emit = (event) => {
    if (event.type === 'start') {
      if (this.cases.length > 0) return;
      this.cases = event.cases;
    }
    if (event.type === 'outcome') {
      this.tellCrashed();
      this.next++;
    }
    if (event.type === 'end') this.tellCrashed();
    this.tell(event);
  };

  broke(id: string, crash: RunnerCrash): void {
    this.crashed.set(id, errorOf(id, crashText(crash)));
  }

  /** No case keeps what it had: nobody would see that it is old. */
  giveUp(crash: RunnerCrash): void {
    for (const id of this.left) {
      this.crashed.set(id, errorOf(id, `not run: bpfdeck broke before it: ${plain(crash.message)}. r runs it again`));
    }
  }

  private tellCrashed(): void {
    for (;;) {
      const outcome = this.crashed.get(this.cases[this.next]?.id ?? '');
      if (outcome === undefined) return;
      this.next++;
      this.tell({ type: 'outcome', run: this.run, outcome });
    }
  }
}

export class SteadyRunner implements CaseRunner {
  private readonly runner: CaseRunner;
  private readonly broke: (crash: RunnerCrash) => void;

  /** `broke` is told of every thread that breaks. */
  constructor(runner: CaseRunner, broke: (crash: RunnerCrash) => void) {
    this.runner = runner;
    this.broke = broke;
  }

  /** The next thread gets the project as well. */
  async setProject(project: RunProject): Promise<void> {
    await this.survived(this.runner.setProject(project), () => undefined);
  }

  setCases(cases: readonly SettledCase[]): void {
    this.runner.setCases(cases);
  }

  async open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms> {
    return this.survived(this.runner.open(path, bytes), ({ message }) => {
      const refusal = { stage: 'open', errno: 0, message: `engine bug: bpfdeck broke: ${message}`, where: {} } as const;
      return { programs: [], refusal };
    });
  }

  async run(ids: ReadonlySet<string>, options: CaseRunOptions, tell: Emit): Promise<void> {
    const begin = performance.now();
    const run = new SteadyRun(options.run, tell);
    let left = ids;
    for (let crashes = 1; ; crashes++) {
      const crash = await this.crashOf(this.runner.run(left, options, run.emit));
      if (crash === null) return;
      if (crash.case_id !== null) run.broke(crash.case_id, crash);
      left = run.left;
      const cancelled = options.signal?.aborted === true;
      if (left.size > 0 && crash.case_id !== null && crashes < CRASHES_MAX && !cancelled) continue;
      if (!cancelled) run.giveUp(crash);
      run.emit({ type: 'end', run: options.run, took_ms: performance.now() - begin, cancelled });
      return;
    }
  }

  async outcome(id: string): Promise<TestOutcome | null> {
    return this.survived(this.runner.outcome(id), () => null);
  }

  async details(id: string): Promise<TestOutcome | null> {
    return this.survived(this.runner.details(id), () => null);
  }

  async close(): Promise<void> {
    await this.runner.close();
  }

  private async survived<T>(asked: Promise<T>, instead: (crash: RunnerCrash) => T): Promise<T> {
    try {
      return await asked;
    } catch (thrown) {
      if (!(thrown instanceof RunnerCrash)) throw thrown;
      this.broke(thrown);
      return instead(thrown);
    }
  }

  private crashOf(running: Promise<void>): Promise<RunnerCrash | null> {
    return this.survived<RunnerCrash | null>(
      running.then(() => null),
      (crash) => crash,
    );
  }
}
