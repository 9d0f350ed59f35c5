/** The main thread's side of the worker that runs cases: starts it, and starts another where one broke. */

import { InputError } from '../input-error.ts';
import type { RunEvent, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import type { CaseRunner, CaseRunOptions, OpenedPrograms, RunProject } from './case-runner.ts';
import { RunnerCrash } from './crash.ts';
import { type RunnerReply, type RunnerRequest, SHARED } from './protocol.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly emit?: (event: RunEvent) => void;
}

const SCRIPT = new URL('./worker.ts', import.meta.url).href;

export class WorkerRunner implements CaseRunner {
  private readonly script: string;
  private worker: Worker | null = null;
  private readonly shared = new Int32Array(new SharedArrayBuffer(4 * SHARED.WORDS));
  private readonly waiting = new Map<number, Waiting>();
  private project: RunProject | null = null;
  private cases: readonly SettledCase[] = [];
  /** Of the run under way. */
  private running: readonly SettledCase[] = [];
  private lastId = 0;
  private closed = false;
  /** Settles when the explanation under way has ended. */
  private explaining: Promise<unknown> | null = null;

  /** `script`: the worker's module. Whatever is asked rejects with RunnerCrash when the thread breaks; the next question starts another. */
  constructor(script = SCRIPT) {
    this.script = script;
    this.worker = this.start();
  }

  async setProject(project: RunProject): Promise<void> {
    this.project = project;
    await this.ask((id) => ({ type: 'project', id, project }));
  }

  setCases(cases: readonly SettledCase[]): void {
    this.cases = cases;
    this.worker?.postMessage({ type: 'cases', cases } satisfies RunnerRequest);
  }

  async open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms> {
    return (await this.ask((id) => ({ type: 'open', id, path, ...(bytes ? { bytes } : {}) }))) as OpenedPrograms;
  }

  async run(ids: ReadonlySet<string>, options: CaseRunOptions, emit: (event: RunEvent) => void): Promise<void> {
    const { signal, stopped: _stopped, ...rest } = options;
    const { run, cause, kept } = options;
    await this.stopExplaining();
    Atomics.store(this.shared, SHARED.STOP, signal?.aborted ? 1 : 0);
    Atomics.store(this.shared, SHARED.ENDED, 0);
    const stop = () => {
      Atomics.store(this.shared, SHARED.STOP, 1);
    };
    signal?.addEventListener('abort', stop, { once: true });
    const places = Uint32Array.from(this.cases.flatMap((one, place) => (ids.has(one.id) ? [place] : [])));
    const cases = Array.from(places, (place) => this.cases[place]!);
    this.running = cases;
    emit({ type: 'start', run, cause, kept, cases });
    let told = 0;
    try {
      await this.ask(
        (id) => ({ type: 'run', id, places, options: rest }),
        (event) => {
          // In the order of the cases, and under their own ids: to look up another string of the same text is slow.
          if (event.type === 'outcome') (event.outcome as { id: string }).id = cases[told++]?.id ?? event.outcome.id;
          emit(event);
        },
      );
    } finally {
      this.running = [];
      signal?.removeEventListener('abort', stop);
    }
  }

  async outcome(one: string): Promise<TestOutcome | null> {
    return (await this.ask((id) => ({ type: 'outcome', id, one }))) as TestOutcome | null;
  }

  /** One at a time, and not during a run. */
  async details(one: string): Promise<TestOutcome | null> {
    Atomics.store(this.shared, SHARED.STOP, 0);
    const asked = this.ask((id) => ({ type: 'details', id, one }));
    this.explaining = asked.catch(() => null);
    return (await asked) as TestOutcome | null;
  }

  private async stopExplaining(): Promise<void> {
    if (this.explaining === null) return;
    Atomics.store(this.shared, SHARED.STOP, 1);
    await this.explaining;
    this.explaining = null;
  }

  async close(): Promise<void> {
    this.closed = true;
    Atomics.store(this.shared, SHARED.STOP, 1);
    this.end();
    for (const { resolve } of this.waiting.values()) resolve(null);
    this.waiting.clear();
  }

  private start(): Worker {
    const worker = new Worker(this.script);
    const broke = (message: string) => {
      if (this.worker === worker) this.fail(message);
    };
    worker.onmessage = (event: MessageEvent<RunnerReply>) => this.take(event.data);
    worker.onerror = (event) => broke(event.message);
    worker.addEventListener('close', () => broke('the thread ended'));
    const post = (message: RunnerRequest) => worker.postMessage(message);
    post({ type: 'start', shared: this.shared });
    if (this.project) post({ type: 'project', id: 0, project: this.project });
    post({ type: 'cases', cases: this.cases });
    return worker;
  }

  private end(): void {
    const { worker } = this;
    this.worker = null;
    worker?.terminate();
  }

  private ask(message: (id: number) => RunnerRequest, emit?: Waiting['emit']): Promise<unknown> {
    // Whoever is still busy at the end waits for good.
    if (this.closed) return new Promise(() => {});
    this.worker ??= this.start();
    const { worker } = this;
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, ...(emit ? { emit } : {}) });
      worker.postMessage(message(id));
    });
  }

  private take(reply: RunnerReply): void {
    const waiting = this.waiting.get(reply.id);
    if (reply.type === 'events') {
      for (const event of reply.events) waiting?.emit?.(event);
      return;
    }
    if (reply.type === 'failed' && !reply.input) {
      this.fail(reply.message);
      return;
    }
    this.waiting.delete(reply.id);
    if (reply.type === 'done') waiting?.resolve(reply.value);
    else waiting?.reject(new InputError(reply.message));
  }

  /** The thread broke, or what it would say next is not to be trusted: whoever waits learns it. */
  private fail(message: string): void {
    this.end();
    const under_way = this.running[Atomics.load(this.shared, SHARED.ENDED)];
    const crash = new RunnerCrash(message, under_way?.id ?? null);
    for (const { reject } of this.waiting.values()) reject(crash);
    this.waiting.clear();
  }
}
