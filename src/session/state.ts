/** What the watch screen knows at one moment: plain values, every change of them made by the reducer in session.ts. */
import type { FileError, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import type { Updates } from '../update/plan.ts';
import { accepts, type Filter, filtersAny } from './filter.ts';
import { EMPTY_FORM, type RunForm } from './form.ts';
import { autoFold, errorKey, type ObjectNode, type Row, visibleRows } from './tree.ts';

/** One run that ended, for the history and the event lines. */
export interface RunRecord {
  readonly run: number;
  readonly cause: string;
  /** Milliseconds since 1970, when it ended. */
  readonly at: number;
  readonly ran: number;
  readonly kept: number;
  readonly took_ms: number;
  readonly cancelled: boolean;
  /** Failing cases after it, kept ones included. */
  readonly failed: number;
  /** Ids that turned bad in this run, worst first. */
  readonly broken: readonly string[];
  /** How many turned good. */
  readonly fixed: number;
}

export interface RunUnderWay {
  readonly run: number;
  readonly cause: string;
  readonly ids: ReadonlySet<string>;
  readonly done: number;
  readonly kept: number;
  readonly broken: readonly string[];
  readonly fixed: number;
}

export interface LogLine {
  readonly at: number;
  readonly text: string;
  readonly tag: 'plain' | 'good' | 'bad' | 'warn';
}

export interface State {
  /** Project directory, and the file that says so; null: there is none. */
  readonly root: string;
  readonly config: string | null;
  /** What was given on the command line or in the config, for the states in which nothing was found. */
  readonly globs: { readonly objects: readonly string[]; readonly cases: readonly string[] };
  /** False until the case files were read for the first time. */
  readonly loaded: boolean;
  readonly cases: readonly SettledCase[];
  readonly tree: readonly ObjectNode[];
  readonly errors: readonly FileError[];
  readonly outcomes: ReadonlyMap<string, TestOutcome>;
  /** Objects that cases name and that are not there (`missing`), or stayed half written (`damaged`). */
  readonly absent: ReadonlyMap<string, 'missing' | 'damaged'>;
  /** When a case turned bad: the run and its cause. */
  readonly badSince: ReadonlyMap<string, { readonly run: number; readonly cause: string }>;
  readonly running: RunUnderWay | null;
  readonly last: RunRecord | null;
  readonly history: readonly RunRecord[];
  readonly log: readonly LogLine[];
  /** What was logged since the last key, for screens without lines of events. */
  readonly notice: LogLine | null;
  /** What is being built. */
  readonly building: string | null;
  readonly paused: boolean;
  /** Changes seen while paused. */
  readonly held: readonly string[];

  readonly screen: 'watch' | 'run';
  readonly form: RunForm;
  /** Every program of objects that were opened for it. */
  readonly programs: ReadonlyMap<string, readonly string[]>;

  readonly columns: number;
  readonly rows: number;
  readonly selected: string | null;
  /** The cursor goes to what fails until the user moves it. */
  readonly follow: boolean;
  readonly folds: ReadonlyMap<string, boolean>;
  readonly autoFolded: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
  readonly onlyFailed: boolean;
  /** List only what the last change made run. */
  readonly onlyChanged: boolean;
  readonly filter: Filter;
  /** What `n` and `N` go to; '': no search is on. */
  readonly search: string;
  readonly prompt: Prompt | null;
  /** Cases that the last change of a file made run. */
  readonly changed: ReadonlySet<string>;
  readonly pane: 'list' | 'detail';
  /** The first visible line of what is open; -1: wherever the difference looked at is in sight. */
  readonly scroll: number;
  /** The pane of an open case that has the screen for itself. */
  readonly focus: Focus | null;
  /** Which of the packet's differences is looked at, from 0; -1: none yet. */
  readonly difference: number;
  /** What lies over the screen. */
  readonly overlay: 'help' | 'log' | 'equal' | 'update' | null;
  /** New expected values that were asked for, before they are written. */
  readonly plan: Pick<Updates, 'updates' | 'by_hand'> | null;
  /** Source files that ends of runs name, by sourceKey(); null: looked for in vain. */
  readonly sources: ReadonlyMap<string, SourceText | null>;
}

export type Focus = 'hex' | 'headers' | 'maps' | 'printk' | 'place' | 'insns';

/** A line of text being typed. */
export interface Prompt {
  readonly kind: 'name' | 'file' | 'search' | 'packet' | 'ctx' | 'repeat';
  readonly text: string;
  /** What it was when the prompt opened: Esc goes back to it. */
  readonly before: string;
  /** Where the cursor was when it opened: a search starts from there. */
  readonly from: string | null;
}

export interface SourceText {
  /** Absolute. */
  readonly path: string;
  readonly lines: readonly string[];
}

/** A file as an object names it, which another object may mean another file by. */
export function sourceKey(object: string, file: string): string {
  return `${object}\0${file}`;
}

/** Lines around the tree: title, verdict, panel rules, event, keys. */
const CHROME_ROWS = 7;

export function initialState(root: string): State {
  return {
    root,
    config: null,
    globs: { objects: [], cases: [] },
    loaded: false,
    cases: [],
    tree: [],
    errors: [],
    outcomes: new Map(),
    absent: new Map(),
    badSince: new Map(),
    running: null,
    last: null,
    history: [],
    log: [],
    notice: null,
    building: null,
    paused: false,
    held: [],
    screen: 'watch',
    form: EMPTY_FORM,
    programs: new Map(),
    columns: 80,
    rows: 24,
    selected: null,
    follow: true,
    folds: new Map(),
    autoFolded: new Set(),
    refused: new Set(),
    onlyFailed: false,
    onlyChanged: false,
    filter: { name: '', file: '' },
    search: '',
    prompt: null,
    changed: new Set(),
    pane: 'list',
    scroll: 0,
    focus: null,
    difference: -1,
    overlay: null,
    plan: null,
    sources: new Map(),
  };
}

export function rowsOf(state: State): Row[] {
  const narrowed = filtersAny(state) || state.search !== '';
  return visibleRows({ ...state, accepts: narrowed ? (one) => accepts(state, one) : null });
}

/** Which of the failing cases one is, from 0; -1: it does not fail. */
export function failureIndex({ cases, badSince }: State, id: string): number {
  if (!badSince.has(id)) return -1;
  let before = 0;
  for (const one of cases) {
    if (one.id === id) return before;
    if (badSince.has(one.id)) before++;
  }
  return -1;
}

/** Folds anew what does not fit. */
export function refold(state: State): State {
  return { ...state, autoFolded: autoFold(state.tree, state.outcomes, state.rows - CHROME_ROWS) };
}

/** Moves the cursor to the first file with a mistake, else case that fails, unless it is on one or the user has taken it. */
export function followFailure(state: State, broken: readonly string[] = []): State {
  if (!state.follow) return state;
  const [mistake] = state.errors;
  if (mistake) return { ...state, selected: errorKey(mistake), scroll: 0 };
  const bad = (id: string) => state.badSince.has(id);
  if (state.selected !== null && bad(state.selected) && broken.length === 0) return state;
  const fresh = new Set(broken);
  const next = state.cases.find((one) => fresh.has(one.id)) ?? state.cases.find((one) => bad(one.id));
  return { ...state, selected: next?.id ?? state.selected, scroll: 0 };
}
