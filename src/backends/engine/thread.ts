/** The worker's side of the engine backend: answers one message at a time. */
import type { KernelConfig } from '../../../engine/index.ts';
import type { LiveCaseRequest, RunRequest } from '../backend.ts';
import { EngineBackend } from '../engine.ts';
import { answered } from '../questions.ts';

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

self.onmessage = async ({ data }: MessageEvent<ThreadRequest>) => {
  postMessage(await answered(data.id, () => answer(data)));
};
