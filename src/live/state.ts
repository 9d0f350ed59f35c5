/** State of the live screen: the samples of the last second, the history of the rate, what the keys chose. */
import type { LiveReport } from '../../engine/index.ts';
import type { Span } from '../view/text.ts';
import { grownErrors } from './errors.ts';
import { intervalOf } from './interval.ts';
import { changes, MARKS_MAX, type Mark } from './marks.ts';
import type { LiveRequest, LiveSample } from './types.ts';
import type { FrameView } from './view-frame.ts';
import type { LiveFacts } from './why-types.ts';

export const SORTS = ['order', 'xmit', 'errors', 'name'] as const;
export type Sort = (typeof SORTS)[number];

export interface ExactBatch {
  readonly number: number;
  /** Milliseconds it took, null: not measured. */
  readonly took_ms: number | null;
  readonly report: LiveReport;
}

export interface LogLine {
  readonly at_ms: number;
  readonly text: string;
  readonly kind: 'mark' | 'printk';
}

export interface LiveState {
  readonly request: LiveRequest;
  readonly ingress: string;
  /** Of the last second, the oldest first. */
  readonly recent: readonly LiveSample[];
  /** Frames a second by buckets of BUCKET_MS, the oldest first. */
  readonly history: readonly number[];
  /** Buckets so far, those that the history has no longer among them. */
  readonly buckets: number;
  readonly marks: readonly Mark[];
  /** What happened, and what programs printed, the oldest first. */
  readonly log: readonly LogLine[];
  readonly started_ms: number | null;
  /** Where the bucket under way began. */
  readonly bucket: LiveSample | null;
  /** When each kind of error was last seen to grow, by key. */
  readonly lastSeen: ReadonlyMap<string, number>;
  /** When frames were last seen to be run. */
  readonly active_ms: number;
  /** The last batch exactly: run alone, or the only one between two samples; null: batches come too fast. */
  readonly lastBatch: ExactBatch | null;
  readonly sort: Sort;
  readonly perSecond: boolean;
  /** The table that keys move in. */
  readonly focus: 'interfaces' | 'errors';
  /** Keys of the rows that are chosen, null: the first. */
  readonly chosen: string | null;
  readonly chosenError: string | null;
  /** What is looked for in the table that has the focus, null: nothing. */
  readonly search: string | null;
  /** The search is being typed. */
  readonly typing: boolean;
  /** What lies over the tables. */
  readonly over: 'help' | 'log' | 'command' | null;
  /** Keys of the interfaces whose ring was filled by key. */
  readonly fullRings: ReadonlySet<string>;
  /** The frame that is looked at in place of the tables. */
  readonly frame: FrameView | null;
  readonly scroll: number;
  /** The command line of this run as it is now. */
  readonly command: string;
  /** What a key came to, until the next one. */
  readonly notice: Span | null;
  readonly finished: boolean;
  /** What ended the run before its last frame: a fault, an errno; '': nothing did. */
  readonly broken: string;
}

export const BUCKET_MS = 500;
const RECENT_MS = 1000;
const HISTORY_MAX = 240;

export function initialState(request: LiveRequest, ingress: string): LiveState {
  return {
    ...{ request, ingress, recent: [], history: [], started_ms: null, bucket: null, lastSeen: new Map(), active_ms: 0 },
    ...{
      buckets: 0,
      marks: [],
      log: [],
      lastBatch: null,
      sort: 'order',
      perSecond: true,
      focus: 'interfaces',
      chosen: null,
    },
    ...{
      chosenError: null,
      search: null,
      typing: false,
      over: null,
      fullRings: new Set<string>(),
      frame: null,
      scroll: 0,
      notice: null,
      command: '',
      finished: false,
      broken: '',
    },
  };
}

export function newest(state: LiveState): LiveSample | null {
  return state.recent.at(-1) ?? null;
}

/** What WHY looks at: totals, or what came in an interval. */
export function factsOf(
  { network, data_in }: Pick<LiveRequest, 'network' | 'data_in'>,
  { report, devmaps }: LiveSample,
  of: LiveReport = report,
): LiveFacts {
  return { report: of, devmaps, devices: network.devices, length: data_in.length };
}

function withHistory(state: LiveState, sample: LiveSample): Pick<LiveState, 'history' | 'buckets' | 'bucket'> {
  const { bucket, history, buckets } = state;
  if (bucket === null || bucket.zeroed !== sample.zeroed) return { bucket: sample, history, buckets };
  const ms = sample.at_ms - bucket.at_ms;
  if (ms < BUCKET_MS) return { bucket, history, buckets };
  const pps = ((sample.report.frames - bucket.report.frames) * 1000) / ms;
  return { bucket: sample, history: [...history, pps].slice(-HISTORY_MAX), buckets: buckets + 1 };
}

function seen(state: LiveState, before: LiveSample | null, sample: LiveSample): ReadonlyMap<string, number> {
  if (before === null || before.zeroed !== sample.zeroed) return state.lastSeen;
  const grown = grownErrors(factsOf(state.request, before), factsOf(state.request, sample));
  if (grown.size === 0) return state.lastSeen;
  return new Map([...state.lastSeen, ...[...grown.keys()].map((key) => [key, sample.at_ms] as const)]);
}

function exactBatch(state: LiveState, before: LiveSample | null, sample: LiveSample): ExactBatch | null {
  if (sample.alone !== null) return sample.alone;
  if (before === null || before.zeroed !== sample.zeroed) return null;
  const batches = sample.report.batches - before.report.batches;
  if (batches === 0) return state.lastBatch;
  if (batches > 1) return null;
  return { number: sample.report.batches, took_ms: null, report: intervalOf(before, sample).report };
}

const LOG_MAX = 500;

/** What changed goes under the rate and into the log, what was printed into the log alone. */
function noted(state: LiveState, before: LiveSample | null, sample: LiveSample): Pick<LiveState, 'marks' | 'log'> {
  const { at_ms, printk } = sample;
  const changed = before === null ? [] : changes(before, sample);
  if (changed.length === 0 && printk.length === 0) return { marks: state.marks, log: state.log };
  const marks = [...state.marks, ...changed.map((text) => ({ bucket: state.buckets, text }))].slice(-MARKS_MAX);
  const lines = [
    ...changed.map((text): LogLine => ({ at_ms, text, kind: 'mark' })),
    ...printk.map((text): LogLine => ({ at_ms, text, kind: 'printk' })),
  ];
  return { marks, log: [...state.log, ...lines].slice(-LOG_MAX) };
}

/** The state after a sample. */
export function withSample(state: LiveState, sample: LiveSample): LiveState {
  const before = newest(state);
  const kept = state.recent.filter((one) => one.zeroed === sample.zeroed && sample.at_ms - one.at_ms <= RECENT_MS);
  return {
    ...state,
    recent: [...kept, sample],
    ...withHistory(state, sample),
    ...noted(state, before, sample),
    started_ms: state.started_ms ?? sample.at_ms,
    lastSeen: seen(state, before, sample),
    active_ms: before !== null && before.report.frames === sample.report.frames ? state.active_ms : sample.at_ms,
    lastBatch: exactBatch(state, before, sample),
  };
}

/** What rates and counts are of: the batch run alone, all since the start, or the last second. */
export interface Shown {
  readonly unit: 'this batch' | 'totals' | 'per second';
  readonly report: LiveReport | null;
  /** Counts are divided by this. */
  readonly per: number;
}

export function shownOf(state: LiveState): Shown {
  const sample = newest(state);
  if (!state.perSecond) return { unit: 'totals', report: sample?.report ?? null, per: 1 };
  if (sample?.alone) return { unit: 'this batch', report: sample.alone.report, per: 1 };
  const second = lastSecond(state);
  return { unit: 'per second', report: second?.report ?? null, per: second?.seconds ?? 1 };
}

/** What came in the last second, and in how many seconds. */
export function lastSecond(state: LiveState): { seconds: number; report: LiveReport } | null {
  const [first] = state.recent;
  const last = newest(state);
  return !first || !last || first === last ? null : intervalOf(first, last);
}
