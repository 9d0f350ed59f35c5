/** Parts of the live screen beside the interfaces: a batch by verdict, the page pool, errors. */
import type { LiveReport } from '../../engine/index.ts';
import { plain } from '../format/sanitize.ts';
import { duration } from '../view/text.ts';
import { errorRows, grownErrors, lossOf } from './errors.ts';
import { compact, uptime, whole } from './format.ts';
import { errorsOf } from './interval.ts';
import { type ExactBatch, factsOf, type LiveState, type lastSecond, newest } from './state.ts';
import type { LiveSample } from './types.ts';
import type { Loss } from './why.ts';

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
  readonly key: string;
  readonly count: string;
  readonly rate: string;
  readonly tracepoint: string;
  readonly reason: string;
  readonly detail: string;
  readonly last: string;
  /** Why those frames are lost, '' where nobody knows. */
  readonly why: string;
}

const VERDICTS = ['pass', 'drop', 'tx', 'redirect', 'aborted', 'unknown'] as const;
type Verdict = (typeof VERDICTS)[number];

interface BatchView {
  readonly title: string;
  readonly note: string;
  readonly rows: readonly BatchRow[];
  readonly foot: string;
}

/** The last batch exactly where there is one to look at, else what a batch of the last second had on average. */
export function batchView(state: LiveState, second: Second): BatchView {
  const { lastBatch } = state;
  if (lastBatch !== null) return exactView(lastBatch);
  const report = second?.report ?? null;
  const seconds = second?.seconds ?? 1;
  const batches = Math.max(1, report?.batches ?? 0);
  const rows = batchRows(
    (name) => (report?.verdicts[name] ?? 0) / batches,
    (name) => `${compact((report?.verdicts[name] ?? 0) / seconds)}/s`,
  );
  const total = whole(newest(state)?.report.batches ?? 0);
  const note = report === null ? '' : `mean of ${whole(report.batches)} · last #${total}`;
  return {
    title: 'Batch, mean of the last second',
    note,
    rows,
    foot: report === null ? '' : failedText(report, seconds),
  };
}

function exactView({ number, took_ms, report }: ExactBatch): BatchView {
  const rows = batchRows(
    (name) => report.verdicts[name],
    () => '',
  );
  const time = took_ms === null ? '' : ` · ${duration(took_ms)}`;
  const { recycled, allocated } = report.page_pool;
  const pages = `${whole(recycled)} recycled${allocated === 0 ? '' : `, ${whole(allocated)} new`}`;
  const title = `Last batch, ${whole(report.frames)} frame${report.frames === 1 ? '' : 's'}`;
  return { title, note: `#${whole(number)}${time}`, rows, foot: `${failedText(report, null)} · ${pages}` };
}

function batchRows(of: (name: Verdict) => number, rate: (name: Verdict) => string): BatchRow[] {
  const size = VERDICTS.reduce((sum, name) => sum + of(name), 0);
  return VERDICTS.filter((name) => name !== 'unknown' || of(name) > 0).map((name) => ({
    name: name === 'unknown' ? 'OTHER' : name.toUpperCase(),
    rate: rate(name),
    count: compact(of(name)),
    share: size === 0 ? 0 : of(name) / size,
  }));
}

/** XDP_TX is a redirect too; null: counts instead of rates. */
function failedText(report: LiveReport, seconds: number | null): string {
  const { verdicts } = report;
  const text = (n: number) => (seconds === null ? whole(n) : `${compact(n / seconds)}/s`);
  return `${text(errorsOf(report))} of ${text(verdicts.redirect + verdicts.tx)} redirects failed`;
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

/** What each kind of error did in the last second, or in the batch that was run alone. */
function recentCounts(state: LiveState, second: Second): (key: string) => string {
  const sample = newest(state);
  const [first] = state.recent;
  const alone = sample?.alone ?? null;
  if (sample !== null && alone !== null) {
    const rows = errorRows(factsOf(state.request, sample, alone.report));
    const counts = new Map(rows.map(({ key, count }) => [key, count]));
    return (key) => `+${compact(counts.get(key) ?? 0)}`;
  }
  const none: ReadonlyMap<string, number> = new Map();
  const grown =
    sample === null || !first ? none : grownErrors(factsOf(state.request, first), factsOf(state.request, sample));
  return (key) => `${compact((grown.get(key) ?? 0) / (second?.seconds ?? 1))}/s`;
}

export function errorViews(state: LiveState, second: Second, losses: readonly Loss[]): ErrorView[] {
  const sample = newest(state);
  if (sample === null) return [];
  const recent = recentCounts(state, second);
  const started = state.started_ms ?? sample.at_ms;
  return errorRows(factsOf(state.request, sample)).map(({ key, count, tracepoint, reason, detail }) => ({
    ...{ key, count: whole(count), rate: recent(key), tracepoint, reason, detail: plain(detail) },
    last: uptime((state.lastSeen.get(key) ?? sample.at_ms) - started),
    why: plain(lossOf(key, losses)?.sentence ?? ''),
  }));
}
