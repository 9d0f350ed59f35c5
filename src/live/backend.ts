/** What stands behind a live run, the same to screen and command: the embedded engine in a thread, or the real kernel in a child process. */
import type { LiveRun, MapDump, Refusal } from '../../engine/index.ts';
import type { LiveCommand, LiveDevmap, LiveEnd, LiveRequest, LiveSample } from './types.ts';

/** A live run under way, as its caller sees it. */
export interface LiveBackend {
  readonly name: 'engine' | 'kernel';
  /** Settles once: how the run ended, or why it never began. */
  readonly done: Promise<LiveEnd | Refusal>;
  /** Taken between two batches; the kernel takes it between two calls. */
  send(command: LiveCommand): void;
  /** At the edge of the batch; what does not come to an end is stopped within it. */
  stop(): void;
  /** Gives everything back, whether or not the run has ended. */
  close(): void;
}

/** Begins a run: a sample about every `sample_ms`. */
export type StartLive = (
  request: LiveRequest,
  sample_ms: number,
  onSample: (sample: LiveSample) => void,
) => LiveBackend;

/** What the loop of a run (LiveThread) asks of frames and devices: the engine's LiveRun is one. */
export type DrivenRun = Pick<
  LiveRun,
  | ('done' | 'errno' | 'fault' | 'batch_size')
  | ('runFor' | 'step' | 'setLink' | 'zero' | 'report' | 'takeOutput' | 'close')
> & {
  readonly capture: Pick<LiveRun['capture'], 'onDevice' | 'onStack' | 'onSockets' | 'stop' | 'take'>;
  /** Where frames can be looked at one by one. */
  readonly look?: LiveRun['look'];
  /** Where these can be made to fail. */
  readonly setRing?: LiveRun['setRing'];
  readonly failPage?: LiveRun['failPage'];
};

/** A run that is ready for its first batch, and what of its object the loop tells. */
export interface OpenedLive {
  readonly run: DrivenRun;
  readonly devmaps: () => LiveDevmap[];
  readonly maps: () => MapDump[];
  /** What whoever looks at the numbers should know about this backend, '' for nothing. */
  readonly note?: () => string;
  /** Calls it took, where each call begins with new pages; absent: one. */
  readonly calls?: () => number;
  /** Gives the memory back, when nobody asks any more. */
  readonly release?: () => void;
}
