/** Parts of the live screen beside the interfaces: a batch by verdict, the page pool, errors. */
import { plain } from '../format/sanitize.ts';
import { errorRows } from './live-errors.ts';
import { compact, uptime, whole } from './live-format.ts';
import { errorsOf } from './live-interval.ts';
import { type LiveState, type lastSecond, newest } from './live-state.ts';
import type { LiveSample } from './live-types.ts';

type Second = ReturnType<typeof lastSecond>;

export interface BatchRow {
  readonly name: string;
  readonly rate: string;
  readonly count: string;
  /** Of the batch, 0 to 1. */
  readonly share: number;
}

export interface PoolView {
  readonly in_pool: number;
  readonly in_flight: number;
  readonly recycled: string;
  readonly released: string;
  readonly allocated: string;
  /** `99.9 %` of pages taken came out of the pool. */
  readonly hit: string;
}

export interface ErrorView {
  readonly count: string;
  readonly rate: string;
  readonly tracepoint: string;
  readonly reason: string;
  readonly detail: string;
  readonly last: string;
}

const VERDICTS = ['pass', 'drop', 'tx', 'redirect', 'aborted', 'unknown'] as const;

/** The last batch when it was looked at alone, else what a batch of the last second had on average. */
export function batchView(
  state: LiveState,
  second: Second,
): {
  title: string;
  note: string;
  rows: BatchRow[];
  foot: string;
} {
  const sample = newest(state);
  const batches = second?.report.batches ?? 0;
  const single = state.lastBatch;
  const of = (name: (typeof VERDICTS)[number]): number =>
    single !== null ? single[name] : batches === 0 ? 0 : second!.report.verdicts[name] / batches;
  const size = VERDICTS.reduce((sum, name) => sum + of(name), 0);
  const rows = VERDICTS.filter((name) => name !== 'unknown' || of(name) > 0).map((name) => ({
    name: name === 'unknown' ? 'OTHER' : name.toUpperCase(),
    rate: `${compact(second === null ? 0 : second.report.verdicts[name] / second.seconds)}/s`,
    count: compact(of(name)),
    share: size === 0 ? 0 : of(name) / size,
  }));
  const note = `#${whole(sample?.report.batches ?? 0)}`;
  return { title: single === null ? 'Batch, mean of the last second' : 'Last batch', note, rows, foot: footOf(second) };
}

/** XDP_TX is a redirect too. */
function footOf(second: Second): string {
  if (second === null) return '';
  const { verdicts } = second.report;
  const failed = errorsOf(second.report) / second.seconds;
  return `${compact(failed)}/s of ${compact((verdicts.redirect + verdicts.tx) / second.seconds)}/s redirects failed`;
}

export function poolView(sample: LiveSample | null): PoolView {
  const pool = sample?.report.page_pool ?? { in_pool: 0, in_flight: 0, recycled: 0, released: 0, allocated: 0 };
  const taken = pool.recycled + pool.allocated;
  return {
    ...{ in_pool: pool.in_pool, in_flight: pool.in_flight },
    ...{ recycled: compact(pool.recycled), released: compact(pool.released), allocated: compact(pool.allocated) },
    hit: taken === 0 ? '-' : `${((100 * pool.recycled) / taken).toFixed(1)} %`,
  };
}

export function errorViews(state: LiveState, second: Second): ErrorView[] {
  const sample = newest(state);
  if (sample === null) return [];
  const { devices } = state.request.network;
  const rates = new Map(
    (second === null ? [] : errorRows(second.report, devices)).map(({ key, count }) => [key, count / second!.seconds]),
  );
  const started = state.started_ms ?? sample.at_ms;
  return errorRows(sample.report, devices).map(({ key, count, tracepoint, reason, detail }) => ({
    ...{ count: whole(count), rate: `${compact(rates.get(key) ?? 0)}/s`, tracepoint, reason, detail: plain(detail) },
    last: uptime((state.lastSeen.get(key) ?? sample.at_ms) - started),
  }));
}
