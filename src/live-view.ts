/** The live screen as strings, numbers and tags: a pure function of the state, and all of a live run that ui/ knows. */
import { basename } from 'node:path';
import { plain } from './format/sanitize.ts';
import { compact, uptime, whole } from './live/live-format.ts';
import { BUCKET_MS, factsOf, type LiveState, lastSecond, newest, shownOf } from './live/live-state.ts';
import type { FrameView } from './live/view-frame.ts';
import { type InterfaceRow, interfaceRows } from './live/view-interfaces.ts';
import { type BatchRow, batchView, type ErrorView, errorViews, type PoolView, poolView } from './live/view-parts.ts';
import { type Loss, whyLost } from './live-why.ts';
import type { Line, Span } from './view-text.ts';

export type { FrameView } from './live/view-frame.ts';
export type { InterfaceRow } from './live/view-interfaces.ts';
export type { BatchRow, ErrorView, PoolView } from './live/view-parts.ts';
export type { Line, Span, Tag } from './view-text.ts';

/** What keys ask for. */
export type LiveKeyCommand =
  | {
      readonly do:
        | 'pause'
        | 'step'
        | 'faster'
        | 'slower'
        | 'sort'
        | 'zero'
        | 'unit'
        | 'help'
        | 'link'
        | 'record'
        | 'write'
        | 'focus'
        | 'look'
        | 'back'
        | 'quit'
        | 'interrupt';
    }
  | { readonly do: 'batch'; readonly by: 1 | -1 }
  /** In the table, or the open frame to a line. */
  | { readonly do: 'move'; readonly by: number }
  | { readonly do: 'scroll'; readonly to: number };

/** What the live screen stands on. */
export interface LiveStore {
  readonly kind: 'live';
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => LiveViewModel;
  readonly send: (command: LiveKeyCommand) => void;
  readonly ascii?: boolean;
  readonly crash: (error: unknown) => void;
}

export interface LiveViewModel {
  /** `l4lb.o xdp_lb · ingress veth0`. */
  readonly title: string;
  readonly badge: Span;
  readonly status: Line;
  readonly interfaces: readonly InterfaceRow[];
  readonly unit: string;
  readonly sort: string;
  readonly focus: 'interfaces' | 'errors';
  readonly cursor: number;
  readonly errorCursor: number;
  /** `Last batch`, or the mean of the batches of the last second. */
  readonly batchTitle: string;
  readonly batchNote: string;
  readonly batch: readonly BatchRow[];
  /** `3 of 42 redirects failed`. */
  readonly batchFoot: string;
  readonly pool: PoolView;
  readonly history: readonly number[];
  readonly bucket_ms: number;
  /** Buckets ago, and what changed then; the oldest first. */
  readonly marks: readonly { readonly ago: number; readonly text: string }[];
  readonly pps: string;
  readonly errors: readonly ErrorView[];
  /** What is lost and why, what needs mending first. */
  readonly hints: readonly Line[];
  /** What the last key came to, null for nothing. */
  readonly notice: Span | null;
  /** A frame that is looked at in place of the tables. */
  readonly frame: FrameView | null;
  readonly scroll: number;
  readonly recording: boolean;
  readonly paused: boolean;
  readonly finished: boolean;
  readonly help: boolean;
}

function badgeOf(state: LiveState): Span {
  const sample = newest(state);
  if (state.broken !== '') return { text: 'STOPPED', tag: 'bad' };
  if (state.finished || sample?.done) return { text: 'DONE', tag: 'info' };
  return sample?.running === false ? { text: 'PAUSED', tag: 'warn' } : { text: 'RUNNING', tag: 'good' };
}

function statusOf(state: LiveState): Line {
  const sample = newest(state);
  if (sample === null) return [{ text: 'opening', tag: 'dim' }];
  const { report, batch_size, rate } = sample;
  const { repeat } = state.request;
  const parts = [
    uptime(sample.at_ms - (state.started_ms ?? sample.at_ms)),
    `batch ${batch_size}`,
    rate === Infinity ? 'rate max' : `rate ${compact(rate)}/s`,
    `${whole(report.frames)}${repeat === Infinity ? '' : ` of ${whole(repeat)}`} frames`,
    `${whole(report.batches)} batches`,
  ];
  const { on, frames } = sample.recording;
  const record: Line = on ? [{ text: `  ● recording ${whole(frames)}`, tag: 'bad' }] : [];
  const note: Line = sample.note ? [{ text: `  ${plain(sample.note)}`, tag: 'warn' }] : [];
  return [{ text: parts.join('  '), tag: 'plain' }, ...record, ...note];
}

function brokenLines(broken: string): Line[] {
  return broken === '' ? [] : [[{ text: plain(broken), tag: 'bad' }]];
}

function hintLines(losses: readonly Loss[]): Line[] {
  return losses
    .filter(({ wanted }) => !wanted)
    .map(
      ({ sentence, mend }): Line => [
        { text: plain(mend), tag: 'strong' },
        { text: `  ${plain(sentence)}`, tag: 'plain' },
      ],
    );
}

/** Everything that is lost so far; an interval would forget what was lost before it. */
function lossesOf(state: LiveState): Loss[] {
  const sample = newest(state);
  if (sample === null) return [];
  return whyLost(factsOf(state.request, sample));
}

export function liveView(state: LiveState): LiveViewModel {
  const { request } = state;
  const shown = shownOf(state);
  const losses = lossesOf(state);
  const second = lastSecond(state);
  const now = second === null ? 0 : second.report.frames / second.seconds;
  const most = Math.max(now, ...state.history);
  const batch = batchView(state, second);
  const errors = errorViews(state, second);
  return {
    title: plain(`${basename(request.path)} ${request.program} · ingress ${state.ingress}`),
    ...{ badge: badgeOf(state), status: statusOf(state) },
    interfaces: interfaceRows(state, shown, losses),
    ...{ unit: shown.unit, sort: state.sort, focus: state.focus, cursor: state.cursor },
    ...{ batchTitle: batch.title, batchNote: batch.note, batch: batch.rows },
    batchFoot: batch.foot,
    pool: poolView(newest(state)),
    ...{ history: state.history, bucket_ms: BUCKET_MS, pps: `max ${compact(most)} · now ${compact(now)}` },
    ...{ errors, errorCursor: Math.max(0, Math.min(state.errorCursor, errors.length - 1)) },
    marks: state.marks.map(({ bucket, text }) => ({ ago: state.buckets - bucket, text: plain(text) })),
    hints: [...brokenLines(state.broken), ...hintLines(losses)],
    ...{ paused: newest(state)?.running === false, finished: state.finished, help: state.help },
    ...{ notice: state.notice, frame: state.frame, scroll: state.scroll },
    recording: newest(state)?.recording.on === true,
  };
}
