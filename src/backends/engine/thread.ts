/** The worker's side of the engine backend: answers one message at a time. */
import type { KernelConfig } from '../../../engine/index.ts';
import type { LiveCaseRequest, RunRequest } from '../backend.ts';
import { EngineBackend } from '../engine.ts';

/** Asked by the main thread; `id` comes back with the answer. */
export type ThreadRequest =
  | { readonly id: number; readonly type: 'start'; readonly cancel: Int32Array }
  | {
      readonly id: number;
      readonly type: 'open';
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly btf: Uint8Array | undefined;
      readonly config: KernelConfig | undefined;
    }
  | { readonly id: number; readonly type: 'run'; readonly request: RunRequest }
  | { readonly id: number; readonly type: 'live'; readonly request: LiveCaseRequest }
  | { readonly id: number; readonly type: 'coverage' };

/** An answer, or what the engine threw: a bug of ours. */
export type ThreadReply =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly message: string; readonly stack: string };

declare const self: Worker;

let backend = new EngineBackend();

async function answer(asked: ThreadRequest): Promise<unknown> {
  switch (asked.type) {
    case 'start':
      backend = new EngineBackend(asked.cancel);
      return null;
    case 'open':
      return backend.open(asked.path, asked.bytes, asked.btf, asked.config);
    case 'run':
      return backend.run(asked.request);
    case 'live':
      return backend.live(asked.request);
    case 'coverage':
      return backend.coverage();
  }
}

async function serve(asked: ThreadRequest): Promise<void> {
  let reply: ThreadReply;
  try {
    reply = { id: asked.id, ok: true, value: await answer(asked) };
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    reply = { id: asked.id, ok: false, message: error.message, stack: error.stack ?? '' };
  }
  postMessage(reply);
}

self.onmessage = (event: MessageEvent<ThreadRequest>) => {
  void serve(event.data);
};
