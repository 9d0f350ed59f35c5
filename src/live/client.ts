/** The caller's side of a live run in a thread of its own: commands go in, samples come out, the end is a promise. */
import type { Refusal } from '../../engine/index.ts';
import type { LiveBackend, StartLive } from './backend.ts';
import type { LiveAsk, LiveCommand, LiveEnd, LiveReply, LiveRequest, LiveSample } from './types.ts';

/** How long a run that was told to stop may take to the edge of its batch, until its budget is cancelled. */
const STOP_MS = 300;

class LiveClient implements LiveBackend {
  readonly name = 'engine';
  /** Settles once: how the run ended, or why it never began. */
  readonly done: Promise<LiveEnd | Refusal>;
  private readonly worker: Worker;
  private readonly cancel = new Int32Array(new SharedArrayBuffer(4));
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(request: LiveRequest, sample_ms: number, onSample: (sample: LiveSample) => void) {
    this.worker = new Worker(new URL('./worker.ts', import.meta.url).href);
    this.done = new Promise((resolve, reject) => {
      this.worker.onmessage = (event: MessageEvent<LiveReply>) => {
        const reply = event.data;
        if (reply.is === 'sample') onSample(reply.sample);
        else if (reply.is === 'end') resolve(reply.end);
        else if (reply.is === 'refused') resolve(reply.refusal);
        else reject(Object.assign(new Error(reply.message), { stack: reply.stack }));
      };
      this.worker.onerror = (event) => reject(new Error(event.message));
    });
    this.ask({ ask: 'start', request, cancel: this.cancel, sample_ms });
  }

  private ask(asked: LiveAsk): void {
    this.worker.postMessage(asked);
  }

  send(command: LiveCommand): void {
    this.ask({ ask: 'command', command });
  }

  /** At the edge of the batch; a program that does not come to an end is stopped within it. */
  stop(): void {
    this.send({ do: 'stop' });
    this.timer ??= setTimeout(() => Atomics.store(this.cancel, 0, 1), STOP_MS);
  }

  close(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.worker.terminate();
  }
}

/** The embedded engine, in a thread of its own. */
export const startEngine: StartLive = (request, sample_ms, onSample) => new LiveClient(request, sample_ms, onSample);

export function isRefusal(end: object): end is Refusal {
  return 'stage' in end;
}
