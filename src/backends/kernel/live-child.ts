/** The process of a live run in the kernel: namespaces, devices and programs belong to it, and are gone with it however it ends. */
import { LiveThread } from '../../live/thread.ts';
import type { LiveCommand, LiveReply, LiveRequest } from '../../live/types.ts';
import { openKernelLive } from './live-open.ts';
import { syscall } from './syscall.ts';

export type LiveChildAsk =
  | { readonly ask: 'start'; readonly request: LiveRequest; readonly sample_ms: number }
  | { readonly ask: 'command'; readonly command: LiveCommand };

/** By which the parent interrupts a call. */
export const STOP_SIGNAL = 'SIGUSR2';

const PR_SET_PDEATHSIG = 1;
const SIGKILL = 9;

let thread: LiveThread | null = null;

function tell(reply: LiveReply): void {
  process.send?.(reply);
}

function broken(thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  tell({ is: 'broken', message: error.message, stack: error.stack ?? '' });
}

function take(asked: LiveChildAsk): void {
  if (asked.ask === 'command') {
    thread?.command(asked.command);
    return;
  }
  const opened = openKernelLive(asked.request);
  if (!opened.ok) {
    tell({ is: 'refused', refusal: opened.error });
    return;
  }
  const { run } = opened.value;
  thread = new LiveThread(opened.value, asked.request, asked.sample_ms, tell);
  thread
    .loop()
    .catch(broken)
    .finally(() => run.release());
}

function serve(): void {
  // A signal that is pending ends BPF_PROG_TEST_RUN with EINTR; its handler has nothing left to do.
  for (const signal of [STOP_SIGNAL, 'SIGINT'] as const) process.on(signal, () => {});
  process.on('SIGTERM', () => process.exit(0));
  process.on('disconnect', () => process.exit(0));
  syscall('prctl', [PR_SET_PDEATHSIG, SIGKILL]);
  process.on('message', (asked: LiveChildAsk) => {
    try {
      take(asked);
    } catch (thrown) {
      broken(thrown);
    }
  });
}

if (import.meta.main) serve();
