/** The main thread's side of the worker that runs cases. */
import type { CaseRunner, CaseRunOptions, OpenedPrograms, RunProject } from './case-runner.ts';
import { InputError } from './input-error.ts';
import type { RunEvent, TestOutcome } from './outcome.ts';
import type { RunnerReply, RunnerRequest } from './runner-worker.ts';
import type { SettledCase } from './test-case.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly emit?: (event: RunEvent) => void;
}

export class WorkerRunner implements CaseRunner {
  private readonly worker: Worker;
  private readonly stop = new Int32Array(new SharedArrayBuffer(4));
  private readonly waiting = new Map<number, Waiting>();
  private cases: readonly SettledCase[] = [];
  private broken: Error | null = null;
  private lastId = 0;
  /** Settles when the explanation under way has ended. */
  private explaining: Promise<unknown> | null = null;

  constructor() {
    this.worker = new Worker(new URL('./runner-worker.ts', import.meta.url).href);
    this.worker.onmessage = (event: MessageEvent<RunnerReply>) => this.take(event.data);
    this.worker.onerror = (event) => this.fail(new Error(event.message));
    this.post({ type: 'start', stop: this.stop });
  }

  async setProject(project: RunProject): Promise<void> {
    await this.ask((id) => ({ type: 'project', id, project }));
  }

  setCases(cases: readonly SettledCase[]): void {
    this.cases = cases;
    this.post({ type: 'cases', cases });
  }

  async open(path: string, bytes?: Uint8Array): Promise<OpenedPrograms> {
    return (await this.ask((id) => ({ type: 'open', id, path, ...(bytes ? { bytes } : {}) }))) as OpenedPrograms;
  }

  async run(ids: ReadonlySet<string>, options: CaseRunOptions, emit: (event: RunEvent) => void): Promise<void> {
    const { signal, stopped: _stopped, ...rest } = options;
    const { run, cause, kept } = options;
    await this.stopExplaining();
    Atomics.store(this.stop, 0, signal?.aborted ? 1 : 0);
    const stop = () => {
      Atomics.store(this.stop, 0, 1);
    };
    signal?.addEventListener('abort', stop, { once: true });
    const cases = this.cases.filter((one) => ids.has(one.id));
    emit({ type: 'start', run, cause, kept, cases });
    let told = 0;
    try {
      await this.ask(
        (id) => ({ type: 'run', id, ids, options: rest }),
        (event) => {
          // In the order of the cases, and under their own ids: to look up another string of the same text is slow.
          if (event.type === 'outcome') (event.outcome as { id: string }).id = cases[told++]?.id ?? event.outcome.id;
          emit(event);
        },
      );
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async outcome(one: string): Promise<TestOutcome | null> {
    return (await this.ask((id) => ({ type: 'outcome', id, one }))) as TestOutcome | null;
  }

  /** One at a time, and not during a run. */
  async details(one: string): Promise<TestOutcome | null> {
    Atomics.store(this.stop, 0, 0);
    const asked = this.ask((id) => ({ type: 'details', id, one }));
    this.explaining = asked.catch(() => null);
    return (await asked) as TestOutcome | null;
  }

  private async stopExplaining(): Promise<void> {
    if (this.explaining === null) return;
    Atomics.store(this.stop, 0, 1);
    await this.explaining;
    this.explaining = null;
  }

  async close(): Promise<void> {
    Atomics.store(this.stop, 0, 1);
    this.worker.terminate();
    for (const { resolve } of this.waiting.values()) resolve(null);
    this.waiting.clear();
  }

  private post(message: RunnerRequest): void {
    this.worker.postMessage(message);
  }

  private ask(message: (id: number) => RunnerRequest, emit?: Waiting['emit']): Promise<unknown> {
    if (this.broken) return Promise.reject(this.broken);
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, ...(emit ? { emit } : {}) });
      this.post(message(id));
    });
  }

  private take(reply: RunnerReply): void {
    const waiting = this.waiting.get(reply.id);
    if (reply.type === 'events') {
      for (const event of reply.events) waiting?.emit?.(event);
      return;
    }
    this.waiting.delete(reply.id);
    if (reply.type === 'done') waiting?.resolve(reply.value);
    else waiting?.reject(reply.input ? new InputError(reply.message) : new Error(reply.message));
  }

  /** The thread itself broke: whoever waits or asks later learns it. */
  private fail(error: Error): void {
    this.broken = error;
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
