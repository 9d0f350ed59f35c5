/** The thread of a live run: runs slices between two looks at its messages, and tells how it stands. */
import { openLiveRun } from './engine.ts';
import { LiveThread } from './thread.ts';
import type { LiveAsk, LiveReply } from './types.ts';

declare const self: Worker;

let thread: LiveThread | null = null;

function tell(reply: LiveReply): void {
  postMessage(reply);
}

function broken(thrown: unknown): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  tell({ is: 'broken', message: error.message, stack: error.stack ?? '' });
}

function take(asked: LiveAsk): void {
  if (asked.ask === 'command') {
    thread?.command(asked.command);
    return;
  }
  const opened = openLiveRun(asked.request, asked.cancel);
  if (!opened.ok) {
    tell({ is: 'refused', refusal: opened.error });
    return;
  }
  thread = new LiveThread(opened.value, asked.request, asked.sample_ms, tell);
  thread.loop().catch(broken);
}

self.onmessage = (event: MessageEvent<LiveAsk>) => {
  try {
    take(event.data);
  } catch (thrown) {
    broken(thrown);
  }
};
