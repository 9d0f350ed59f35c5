/** The watch screen as strings, numbers and tags: a pure function of the state, and all of the app that ui/ knows. */
import { basename } from 'node:path';
import type { Command } from './session/commands.ts';
import { filtersAny } from './session/filter.ts';
import { type Focus, rowsOf, type State } from './session/state.ts';
import { countTree, cursorIndex, type Row } from './session/tree.ts';
import type { DetailItem } from './view/detail.ts';
import { type Empty, emptyState } from './view/empty.ts';
import { type FailureView, failureView } from './view/failure.ts';
import { chips, listTitle, nothingListed, type PromptView, promptView } from './view/filter.ts';
import { detailOf, type GroupRow, objectTable } from './view/groups.ts';
import { badge, countsLine, eventLines, historySign, noticeLine, runTitle } from './view/head.ts';
import { equalCommand, type Overlay, overlayOf } from './view/overlay.ts';
import { type TreeRow, treeRow } from './view/rows.ts';
import { type RunView, runView } from './view/run.ts';
import { duration, type Line, type Span } from './view/text.ts';
import { sourceOf } from './view/where.ts';

export type { Command } from './session/commands.ts';
export type { Focus } from './session/state.ts';
export type { DetailItem } from './view/detail.ts';
export type { FailureView, PacketPane, TextPane } from './view/failure.ts';
export type { PromptView } from './view/filter.ts';
export type { GroupRow } from './view/groups.ts';
export type { TreeRow } from './view/rows.ts';
export type { RunView } from './view/run.ts';
export type { Line, PaneLine, Span, Tag } from './view/text.ts';

/** What the screen stands on: a view to draw, commands to send. The snapshot is the same object until something changed. */
export interface Store {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => ViewModel;
  readonly send: (command: Command) => void;
  readonly resize: (columns: number, rows: number) => void;
  /** The screen tells, once it is up, what the terminal can do. */
  readonly attach?: (terminal: TerminalHandle) => void;
  /** Draw with the characters of ASCII alone. */
  readonly ascii?: boolean;
  /** Something of ours broke: the driver ends with exit code 70 and says so. */
  readonly crash: (error: unknown) => void;
}

/** What the terminal can do for the driver while a screen is up. */
export interface TerminalHandle {
  /** Gives the terminal to another program until `run` ends. */
  readonly suspend: (run: () => Promise<void>) => Promise<void>;
  /** Puts text on the clipboard of whoever sits at the terminal (OSC 52). */
  readonly copy: (text: string) => void;
}

/** A screen that is up; close() puts the terminal back as it was. */
export interface Screen {
  readonly close: () => Promise<void>;
}

export interface ViewModel {
  readonly project: string;
  /** `build/lb.o rebuilt · run 42 · 12:41:07`. */
  readonly run: Line;
  readonly badge: Span;
  readonly counts: Line;
  readonly took: string;
  readonly history: Line;
  /** Set when there is nothing to show a tree of. */
  readonly empty: Empty | null;
  readonly listTitle: string;
  /** What narrows the list: filters, a search. */
  readonly chips: readonly string[];
  /** Why nothing is listed where something could be. */
  readonly placeholder: readonly Line[];
  readonly rows: readonly TreeRow[];
  readonly cursor: number;
  readonly detailTitle: string;
  readonly detail: readonly DetailItem[];
  /** Table of the groups under the cursor's group; empty when the cursor is on a case. */
  readonly groups: readonly GroupRow[];
  /** Every object, for screens with room for it. */
  readonly objects: readonly GroupRow[];
  readonly events: readonly Line[];
  /** What happened since the last key, for screens without lines of events. */
  readonly notice: Line | null;
  readonly pane: State['pane'];
  readonly scroll: number;
  readonly screen: State['screen'];
  /** The run screen; null while another is shown. */
  readonly run_screen: RunView | null;
  /** An open case with a result, in panes. */
  readonly failure: FailureView | null;
  readonly focus: Focus | null;
  readonly prompt: PromptView | null;
  /** The help of all keys lies over the screen. */
  readonly help: boolean;
  /** Text that lies over the screen. */
  readonly overlay: Overlay | null;
  /** The overlay asks whether to write: y or n. */
  readonly asking: boolean;
  /** The overlay has a command line to copy. */
  readonly copies: boolean;
  readonly onlyFailed: boolean;
  readonly onlyChanged: boolean;
  /** A filter or a search is on. */
  readonly narrowed: boolean;
  readonly searching: boolean;
  readonly anyChanged: boolean;
  /** The source line of the fault under the cursor is known as a file. */
  readonly hasSource: boolean;
  readonly paused: boolean;
  readonly running: boolean;
  readonly follow: boolean;
  readonly anyFailed: boolean;
  /** Something fails beside what the cursor is on. */
  readonly othersFail: boolean;
  readonly onCase: boolean;
}

/** Of the case under the cursor, or of the run that is looked at. */
function hasSource(state: State, row: Row | undefined): boolean {
  const trial = state.form.trials[state.form.shown];
  if (state.screen === 'run') return trial !== undefined && sourceOf(state, trial.one, trial.outcome) !== null;
  return row?.kind === 'case' && sourceOf(state, row.one) !== null;
}

const HISTORY_SIGNS = 12;

/** Of objects that are not there nothing is fresh. */
function runnable({ tree, absent }: State): State['tree'] {
  return absent.size === 0 ? tree : tree.filter((node) => !absent.has(node.path));
}

/** Everything the screen draws, from everything the session knows. */
export function view(state: State): ViewModel {
  const all = rowsOf(state);
  const cursor = cursorIndex(all, state.selected, state.cases);
  const n = countTree(runnable(state), state.outcomes);
  const total = state.cases.length;
  const row = all[cursor];
  const detail = detailOf(state, row);
  return {
    project: basename(state.root),
    run: runTitle(state),
    badge: badge(state, n),
    counts: countsLine(state, n, total - n.total),
    took: state.last && !state.running ? duration(state.last.took_ms) : '',
    history: state.history.slice(0, HISTORY_SIGNS).reverse().map(historySign),
    empty: emptyState(state),
    listTitle: listTitle(state, all, total, cursor),
    chips: chips(state),
    placeholder: all.length === 0 ? nothingListed(state) : [],
    rows: all.map((r) => treeRow(state, r)),
    cursor,
    detailTitle: detail.title,
    detail: detail.items,
    groups: detail.groups,
    objects: objectTable(state),
    events: eventLines(state),
    notice: state.notice ? noticeLine(state.notice) : null,
    pane: state.pane,
    scroll: state.scroll,
    screen: state.screen,
    run_screen: state.screen === 'run' ? runView(state) : null,
    failure: state.pane === 'detail' && row?.kind === 'case' ? failureView(state, row.one) : null,
    focus: state.focus,
    prompt: promptView(state, all),
    help: state.overlay === 'help',
    overlay: overlayOf(state, row),
    asking: state.overlay === 'update' && (state.plan?.updates.length ?? 0) > 0,
    copies: state.overlay === 'equal' && equalCommand(state, row) !== null,
    onlyFailed: state.onlyFailed,
    onlyChanged: state.onlyChanged,
    narrowed: filtersAny(state) || state.search !== '',
    searching: state.search !== '',
    anyChanged: state.changed.size > 0 && state.changed.size < state.cases.length,
    hasSource: hasSource(state, row),
    paused: state.paused,
    running: state.running !== null,
    follow: state.follow,
    anyFailed: n.failed > 0,
    othersFail: state.badSince.size > (row?.kind === 'case' && state.badSince.has(row.one.id) ? 1 : 0),
    onCase: row?.kind === 'case' || row?.kind === 'error',
  };
}
