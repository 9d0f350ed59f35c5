/** The one reducer that everything on the watch screen goes through: run events, files, keys. */
import type { FileError, RunEvent, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { type Command, obey } from './commands.ts';
import { type RunNews, takeNews } from './run.ts';
import { followFailure, type LogLine, type RunRecord, refold, type SourceText, type State } from './state.ts';
import { buildTree, errorKey, isBad, refusedKeys } from './tree.ts';

export type { Command } from './commands.ts';
export { initialState, type LogLine, type State } from './state.ts';

export type Action =
  | { readonly type: 'events'; readonly events: readonly RunEvent[]; readonly at: number }
  | {
      readonly type: 'project';
      readonly root: string;
      readonly config: string | null;
      readonly globs: State['globs'];
    }
  | {
      readonly type: 'cases';
      readonly cases: readonly SettledCase[];
      readonly errors: readonly FileError[];
      readonly objects: readonly string[];
      /** Programs of objects that no case uses. */
      readonly programs?: ReadonlyMap<string, readonly string[]>;
    }
  | { readonly type: 'absent'; readonly absent: State['absent'] }
  | { readonly type: 'log'; readonly line: LogLine }
  /** The outcome of a case in full, with why it failed. */
  | { readonly type: 'details'; readonly outcome: TestOutcome }
  /** A source file that an end names; null: it was looked for in vain. */
  | { readonly type: 'source'; readonly key: string; readonly source: SourceText | null }
  | { readonly type: 'plan'; readonly plan: State['plan'] }
  | { readonly type: 'run'; readonly news: RunNews }
  | { readonly type: 'programs'; readonly object: string; readonly programs: readonly string[] }
  | { readonly type: 'building'; readonly label: string | null }
  | { readonly type: 'held'; readonly causes: readonly string[] }
  | { readonly type: 'size'; readonly columns: number; readonly rows: number }
  | { readonly type: 'command'; readonly command: Command };

const HISTORY_MAX = 100;
const LOG_MAX = 200;
function setCases(state: State, action: Extract<Action, { type: 'cases' }>): State {
  const ids = new Set(action.cases.map((one) => one.id));
  const keep = <V>(map: ReadonlyMap<string, V>) => new Map([...map].filter(([id]) => ids.has(id)));
  const next = refold({
    ...state,
    loaded: true,
    cases: action.cases,
    errors: action.errors,
    outcomes: keep(state.outcomes),
    badSince: keep(state.badSince),
    tree: buildTree(state.root, action.cases, action.objects, action.programs),
  });
  const same = state.errors.map(errorKey).join() === next.errors.map(errorKey).join();
  return same ? next : followFailure(next);
}

function pushLog(state: State, line: LogLine): State {
  return { ...state, log: [line, ...state.log].slice(0, LOG_MAX), notice: line };
}

function onStart(state: State, event: Extract<RunEvent, { type: 'start' }>): State {
  const ids = new Set(event.cases.map((one) => one.id));
  const running = { run: event.run, cause: event.cause, ids, done: 0, kept: event.kept, broken: [], fixed: 0 };
  // What a change made run has other sources than before, perhaps.
  return BY_HAND.test(event.cause) ? { ...state, running } : { ...state, running, changed: ids, sources: new Map() };
}

/** Causes of runs that the user asked for by a key: `a: all cases`. */
const BY_HAND = /^[a-z]: /;

/** Takes outcomes in one go, so that ten thousand of them copy the map once. */
function onOutcomes(state: State, events: readonly Extract<RunEvent, { type: 'outcome' }>[]): State {
  const running = state.running;
  if (!running) return state;
  const outcomes = new Map(state.outcomes);
  const badSince = new Map(state.badSince);
  const broken = [...running.broken];
  let { done, fixed } = running;
  for (const { run, outcome } of events) {
    if (run !== running.run) continue;
    done++;
    outcomes.set(outcome.id, outcome);
    if (!isBad(outcome)) {
      if (badSince.delete(outcome.id)) fixed++;
    } else if (!badSince.has(outcome.id)) {
      badSince.set(outcome.id, { run, cause: running.cause });
      broken.push(outcome.id);
    }
  }
  return { ...state, outcomes, badSince, running: { ...running, done, broken, fixed } };
}

function onEnd(state: State, event: Extract<RunEvent, { type: 'end' }>, at: number): State {
  const running = state.running;
  if (!running || event.run !== running.run) return state;
  const record: RunRecord = {
    run: event.run,
    cause: running.cause,
    at,
    ran: running.done,
    kept: running.kept,
    took_ms: event.took_ms,
    cancelled: event.cancelled,
    failed: state.badSince.size,
    broken: running.broken,
    fixed: running.fixed,
  };
  const history = [record, ...state.history].slice(0, HISTORY_MAX);
  const opened = new Set([...state.autoFolded].filter((key) => !hasBroken(state, key)));
  const refused = refusedKeys(state.tree, state.outcomes);
  return followFailure({ ...state, running: null, last: record, history, autoFolded: opened, refused }, record.broken);
}

function hasBroken(state: State, key: string): boolean {
  const program = state.tree.flatMap((node) => node.programs).find((p) => p.key === key);
  return program?.cases.some((one) => state.badSince.has(one.id)) ?? false;
}

function onFileError(state: State, error: FileError): State {
  const known = state.errors.some((e) => errorKey(e) === errorKey(error));
  return known ? state : { ...state, errors: [...state.errors, error] };
}

function onDetails(state: State, outcome: TestOutcome): State {
  if (state.outcomes.get(outcome.id)?.verdict !== outcome.verdict) return state;
  return { ...state, outcomes: new Map(state.outcomes).set(outcome.id, outcome) };
}

function onEvents(state: State, events: readonly RunEvent[], at: number): State {
  let next = state;
  for (let i = 0; i < events.length; i++) {
    const event = events[i]!;
    if (event.type === 'outcome') {
      const from = i;
      while (events[i + 1]?.type === 'outcome') i++;
      next = onOutcomes(next, events.slice(from, i + 1) as Extract<RunEvent, { type: 'outcome' }>[]);
    } else if (event.type === 'start') next = onStart(next, event);
    else if (event.type === 'end') next = onEnd(next, event, at);
    else if (event.type === 'file-error') next = onFileError(next, event.error);
  }
  return next;
}

/** The next state; pure, so that a screen can be tested from a list of actions. */
export function reduce(state: State, action: Action): State {
  switch (action.type) {
    case 'events':
      return onEvents(state, action.events, action.at);
    case 'project':
      return { ...state, root: action.root, config: action.config, globs: action.globs };
    case 'cases':
      return setCases(state, action);
    case 'absent':
      return { ...state, absent: action.absent };
    case 'log':
      return pushLog(state, action.line);
    case 'details':
      return onDetails(state, action.outcome);
    case 'source':
      return { ...state, sources: new Map(state.sources).set(action.key, action.source) };
    case 'plan':
      return { ...state, plan: action.plan, overlay: action.plan ? 'update' : null, scroll: 0 };
    case 'run':
      return takeNews(state, action.news);
    case 'programs':
      return { ...state, programs: new Map(state.programs).set(action.object, action.programs) };
    case 'building':
      return { ...state, building: action.label };
    case 'held':
      return { ...state, held: action.causes };
    case 'size':
      return refold({ ...state, columns: action.columns, rows: action.rows });
    case 'command':
      return obey(state.notice ? { ...state, notice: null } : state, action.command);
  }
}
