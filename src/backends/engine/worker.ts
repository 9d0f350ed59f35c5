/** The engine backend in a thread of its own: the caller never freezes, and can cancel a run that loops. */
import type { KernelConfig } from '../../../engine/index.ts';
import type { ProgramLines } from '../../coverage/program-lines.ts';
import type { Backend, LiveCaseReply, LiveCaseRequest, OpenReply, RunReply, RunRequest } from '../backend.ts';
import { type Answer, type Question, Questions } from '../questions.ts';
import type { ThreadRequest } from './thread.ts';

class EngineWorker implements Backend {
  readonly name = 'engine';
  private readonly worker: Worker;
  private readonly cancelWord = new Int32Array(new SharedArrayBuffer(4));
  private readonly questions = new Questions<ThreadRequest>();
  private runs = 0;

  constructor() {
    this.worker = new Worker(new URL('./thread.ts', import.meta.url).href);
    this.worker.onmessage = (event: MessageEvent<Answer>) => this.questions.take(event.data);
    // The thread itself broke.
    this.worker.onerror = (event) => this.questions.fail(event.message);
    this.ask({ type: 'start', cancel: this.cancelWord }).catch(() => {});
  }

  private ask(question: Question<ThreadRequest>): Promise<unknown> {
    return this.questions.ask(question, (request) => this.worker.postMessage(request));
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
    this.questions.fail('the engine was closed');
  }
}

export function openEngine(): Backend {
  return new EngineWorker();
}
