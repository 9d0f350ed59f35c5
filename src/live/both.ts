/** The same live run on the engine and on the kernel, one after the other, each in one go, and where they differ. */
import type { Refusal } from '../../engine/index.ts';
import type { Mismatch } from '../backends/backend.ts';
import type { LiveBackend, StartLive } from './backend.ts';
import { isRefusal } from './client.ts';
import { compareLive, sameChance } from './compare.ts';
import type { LiveEnd, LiveRequest } from './types.ts';

/** Frames of each device that are compared byte by byte, at least. */
const CAPTURED = 100;
/** Nobody looks at samples. */
const SAMPLE_MS = 1e9;

export interface BothLive {
  readonly engine: LiveEnd;
  readonly kernel: LiveEnd;
  readonly mismatches: readonly Mismatch[];
}

export class LiveBoth {
  private readonly starts: readonly [engine: StartLive, kernel: StartLive];
  private current: LiveBackend | null = null;
  private stopped = false;

  constructor(engine: StartLive, kernel: StartLive) {
    this.starts = [engine, kernel];
  }

  /** A refusal when either refuses: the engine is asked first. */
  async run(request: LiveRequest): Promise<BothLive | Refusal> {
    const whole = { ...sameChance(request), whole: true, capture: Math.max(request.capture, CAPTURED) };
    const ends: LiveEnd[] = [];
    for (const start of this.starts) {
      const end = await this.one(start, whole);
      if (isRefusal(end)) return end;
      ends.push(end);
    }
    const [engine, kernel] = ends as [LiveEnd, LiveEnd];
    return { engine, kernel, mismatches: this.stopped ? [] : compareLive(engine, kernel) };
  }

  private async one(start: StartLive, request: LiveRequest): Promise<LiveEnd | Refusal> {
    const backend = start(request, SAMPLE_MS, () => {});
    this.current = backend;
    if (this.stopped) backend.stop();
    try {
      return await backend.done;
    } finally {
      this.current = null;
      backend.close();
    }
  }

  stop(): void {
    this.stopped = true;
    this.current?.stop();
  }
}
