/** The engine backend in a thread of its own: the caller never freezes, and can cancel a run that loops. */
import type { KernelConfig } from '../../../engine/index.ts';
import type { ProgramLines } from '../../coverage/program-lines.ts';
import type { Backend, LiveCaseReply, LiveCaseRequest, OpenReply, RunReply, RunRequest } from '../backend.ts';
import type { ThreadReply, ThreadRequest } from './thread.ts';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

type Question<T> = T extends unknown ? Omit<T, 'id'> : never;

class EngineWorker implements Backend {
  readonly name = 'engine';
  private readonly worker: Worker;
  private readonly cancelWord = new Int32Array(new SharedArrayBuffer(4));
  private readonly waiting = new Map<number, Waiting>();
  private runs = 0;
  private lastId = 0;

  constructor() {
    this.worker = new Worker(new URL('./thread.ts', import.meta.url).href);
    this.worker.onmessage = (event: MessageEvent<ThreadReply>) => this.take(event.data);
    this.worker.onerror = (event) => this.fail(new Error(event.message));
    this.ask({ type: 'start', cancel: this.cancelWord }).catch(() => {});
  }

  private ask(question: Question<ThreadRequest>): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, ...question });
    });
  }

  private take(reply: ThreadReply): void {
    const waiting = this.waiting.get(reply.id);
    this.waiting.delete(reply.id);
    if (reply.ok) {
      waiting?.resolve(reply.value);
      return;
    }
    const error = new Error(reply.message);
    error.stack = reply.stack;
    waiting?.reject(error);
  }

  /** The thread itself broke: whoever waits learns it. */
  private fail(error: Error): void {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }

  async open(path: string, bytes: Uint8Array, btf?: Uint8Array, config?: KernelConfig): Promise<OpenReply> {
    return (await this.ask({ type: 'open', path, bytes, btf, config })) as OpenReply;
  }

  run(request: RunRequest): Promise<RunReply> {
    return this.stoppable({ type: 'run', request }) as Promise<RunReply>;
  }

  live(request: LiveCaseRequest): Promise<LiveCaseReply> {
    return this.stoppable({ type: 'live', request }) as Promise<LiveCaseReply>;
  }

  async coverage(): Promise<readonly ProgramLines[]> {
    return (await this.ask({ type: 'coverage' })) as readonly ProgramLines[];
  }

  private async stoppable(question: Question<ThreadRequest>): Promise<unknown> {
    if (this.runs === 0) Atomics.store(this.cancelWord, 0, 0);
    this.runs++;
    try {
      return await this.ask(question);
    } finally {
      this.runs--;
    }
  }

  /** Stops the run under way and those asked for behind it. */
  cancel(): void {
    Atomics.store(this.cancelWord, 0, 1);
  }

  async close(): Promise<void> {
    this.worker.terminate();
    this.fail(new Error('the engine was closed'));
  }
}

export function openEngine(): Backend {
  return new EngineWorker();
}
