/** The live screen as strings, numbers and tags: a pure function of the state, and all of a live run that ui/ knows. */
import { basename } from 'node:path';
import { plain } from './format/sanitize.ts';
import { compact, uptime, whole } from './live/format.ts';
import { goesOn } from './live/recent.ts';
import { matchesOf, type SearchedTables } from './live/search.ts';
import { BUCKET_MS, factsOf, type LiveState, lastSecond, newest, shownOf } from './live/state.ts';
import type { FrameView } from './live/view-frame.ts';
import { type InterfaceRow, interfaceRows } from './live/view-interfaces.ts';
import { type BatchRow, batchView, type ErrorView, errorViews, type PoolView, poolView } from './live/view-parts.ts';
import { type Loss, whyLost } from './live/why.ts';
import type { Line, Span, Tag } from './view/text.ts';
import type { TerminalHandle } from './view.ts';

export type { FrameView } from './live/view-frame.ts';
export type { InterfaceRow } from './live/view-interfaces.ts';
export type { BatchRow, ErrorView, PoolView } from './live/view-parts.ts';
export type { Line, Span, Tag } from './view/text.ts';

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
        | 'ring'
        | 'no-page'
        | 'log'
        | 'command'
        | 'search'
        | 'erase'
        | 'accept'
        | 'back'
        | 'redraw'
        | 'to-shell'
        | 'quit'
        | 'interrupt';
    }
  | { readonly do: 'batch' | 'next'; readonly by: 1 | -1 }
  /** Into the search. */
  | { readonly do: 'type'; readonly text: string }
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
  readonly attach: (terminal: TerminalHandle) => void;
  readonly crash: (error: unknown) => void;
}

/** A loss that nobody asked for, or what ended the run. */
export interface Hint {
  /** What to do about it, '' if nothing is to be done. */
  readonly mend: string;
  readonly why: string;
  readonly tag: Tag;
}

export interface LiveViewModel {
  /** `l4lb.o xdp_lb · ingress veth0`. */
  readonly title: string;
  /** What to know about the backend's numbers, '' for nothing. */
  readonly note: string;
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
  readonly hints: readonly Hint[];
  /** What the last key came to, null for nothing. */
  readonly notice: Span | null;
  /** A frame that is looked at in place of the tables. */
  readonly frame: FrameView | null;
  readonly scroll: number;
  readonly recording: boolean;
  /** What is looked for; null: nothing. */
  readonly search: { readonly text: string; readonly typing: boolean; readonly matches: number } | null;
  readonly paused: boolean;
  readonly finished: boolean;
  readonly help: boolean;
  /** Text that lies over the tables, null for none. */
  readonly overlay: { readonly title: string; readonly lines: readonly Line[] } | null;
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
  const { report, batch_size, rate, recording } = sample;
  const { repeat } = state.request;
  const record: Line = recording.on ? [{ text: `● REC ${whole(recording.frames)}  `, tag: 'bad' }] : [];
  const parts = [
    `batch ${batch_size}`,
    rate === Infinity ? 'rate max' : `rate ${compact(rate)}/s`,
    `${whole(report.frames)}${repeat === Infinity ? '' : ` of ${whole(repeat)}`} frames`,
    `${whole(report.batches)} batches`,
  ];
  return [
    { text: `${uptime(sample.at_ms - (state.started_ms ?? sample.at_ms))}  `, tag: 'plain' },
    ...record,
    { text: parts.join('  '), tag: 'plain' },
  ];
}

function brokenHints(broken: string): Hint[] {
  return broken === '' ? [] : [{ mend: '', why: plain(broken), tag: 'bad' }];
}

/** What goes on being lost first; what is over needs no mending. */
function lossHints(state: LiveState, losses: readonly Loss[]): Hint[] {
  const unwanted = losses.filter(({ wanted }) => !wanted);
  const now = unwanted.filter((loss) => goesOn(state, loss));
  const over = unwanted.filter((loss) => !goesOn(state, loss));
  return [
    ...now.map(({ sentence, mend }): Hint => ({ mend: plain(mend), why: plain(sentence), tag: 'plain' })),
    ...over.map(({ sentence }): Hint => ({ mend: '', why: plain(`earlier, ${sentence}`), tag: 'dim' })),
  ];
}

/** Everything that is lost so far; an interval would forget what was lost before it. */
function lossesOf(state: LiveState): readonly Loss[] {
  const sample = newest(state);
  if (sample === null) return [];
  return whyLost(factsOf(state.request, sample));
}

function searchOf(state: LiveState, tables: SearchedTables): LiveViewModel['search'] {
  const { search: text, typing, focus } = state;
  return text === null ? null : { text: plain(text), typing, matches: matchesOf(tables, focus, text).length };
}

/** Where the row with a key is now; the first when there is none. */
function placeOf(rows: readonly { readonly key: string }[], key: string | null): number {
  return Math.max(
    0,
    rows.findIndex((row) => row.key === key),
  );
}

/** What happened, the newest first. */
function logLines({ log, started_ms }: LiveState): Line[] {
  if (log.length === 0)
    return [[{ text: 'nothing yet: what changes, and what programs print, stands here', tag: 'dim' }]];
  return log.toReversed().map(({ at_ms, text, kind }): Line => {
    const at: Span = { text: `${uptime(at_ms - (started_ms ?? at_ms))}  `, tag: 'dim' };
    return [at, { text: plain(text), tag: kind === 'mark' ? 'info' : 'plain' }];
  });
}

function overlayOf(state: LiveState): LiveViewModel['overlay'] {
  if (state.over === 'log') return { title: 'Log', lines: logLines(state) };
  if (state.over !== 'command') return null;
  return { title: 'The same again', lines: [[{ text: plain(state.command), tag: 'strong' }]] };
}

/** Of frames that differ: how many packets take turns. */
function trafficOf({ frames }: LiveState['request']): string[] {
  if (frames === undefined) return [];
  return [`${whole(frames.packets.length)} packets ${frames.order === 'random' ? 'by chance' : 'in turn'}`];
}

export function liveView(state: LiveState): LiveViewModel {
  const { request } = state;
  const shown = shownOf(state);
  const losses = lossesOf(state);
  const second = lastSecond(state);
  const now = second === null ? 0 : second.report.frames / second.seconds;
  const most = Math.max(now, ...state.history);
  const batch = batchView(state, second);
  const errors = errorViews(state, second, losses);
  const interfaces = interfaceRows(state, shown, losses);
  return {
    title: plain(
      [`${basename(request.path)} ${request.program}`, `ingress ${state.ingress}`, ...trafficOf(request)].join(' · '),
    ),
    note: plain(newest(state)?.note ?? ''),
    ...{ badge: badgeOf(state), status: statusOf(state) },
    ...{ unit: shown.unit, sort: state.sort, focus: state.focus },
    ...{ interfaces, cursor: placeOf(interfaces, state.chosen) },
    ...{ batchTitle: batch.title, batchNote: batch.note, batch: batch.rows },
    batchFoot: batch.foot,
    pool: poolView(newest(state)),
    ...{ history: state.history, bucket_ms: BUCKET_MS, pps: `max ${compact(most)} · now ${compact(now)}` },
    ...{ errors, errorCursor: placeOf(errors, state.chosenError) },
    marks: state.marks.map(({ bucket, text }) => ({ ago: state.buckets - bucket, text: plain(text) })),
    hints: [...brokenHints(state.broken), ...lossHints(state, losses)],
    ...{
      search: searchOf(state, { interfaces, errors }),
      paused: newest(state)?.running === false,
      finished: state.finished,
      help: state.over === 'help',
      overlay: overlayOf(state),
    },
    ...{ notice: state.notice, frame: state.frame, scroll: state.scroll },
    recording: newest(state)?.recording.on === true,
  };
}
