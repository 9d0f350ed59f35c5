/** What the user asks of the screen, as plain data, and what each of it does to the state; some are for the driver alone. */
import { nextMatch } from './filter.ts';
import { pastedPacket } from './form.ts';
import { choose, fromCase, moveField, showTrial, typedField } from './run.ts';
import { type Focus, followFailure, type Prompt, rowsOf, type State } from './state.ts';
import { cursorIndex, isFolded, type Row } from './tree.ts';

export type Command =
  | { readonly do: 'move'; readonly by: number }
  | { readonly do: 'edge'; readonly end: 'first' | 'last' }
  /** The first visible line of a detail; the screen knows how many there are. */
  | { readonly do: 'scroll'; readonly to: number }
  | { readonly do: 'fold' }
  | { readonly do: 'unfold' }
  /** Enter: a group folds or unfolds, a case shows all its detail. */
  | { readonly do: 'open' }
  /** Esc: out of what was opened last, then out of search and filters, then back to following failures. */
  | { readonly do: 'back' }
  | { readonly do: 'only-failed' }
  | { readonly do: 'only-changed' }
  | { readonly do: 'prompt'; readonly kind: Prompt['kind'] }
  /** Into the prompt that is open. */
  | { readonly do: 'type'; readonly text: string }
  /** Where text is typed, else on the run screen into the field chosen, or as its packet. */
  | { readonly do: 'paste'; readonly text: string }
  | { readonly do: 'erase'; readonly what: 'char' | 'word' | 'all' }
  | { readonly do: 'accept' }
  | { readonly do: 'match'; readonly by: 1 | -1 }
  /** In an open case: the next failing case, the next difference of its packet, one pane alone. */
  | { readonly do: 'failure'; readonly by: 1 | -1 }
  | { readonly do: 'difference'; readonly by: 1 | -1; readonly of: number }
  | { readonly do: 'focus'; readonly on: Focus }
  | { readonly do: 'overlay'; readonly what: NonNullable<State['overlay']> }
  | { readonly do: 'screen'; readonly to: State['screen'] | 'next' }
  /** On the run screen: another field, another choice in it, typing into it, an earlier run. */
  | { readonly do: 'field'; readonly by: number }
  | { readonly do: 'choose'; readonly by: 1 | -1 }
  | { readonly do: 'edit-field' }
  | { readonly do: 'trial'; readonly by: 1 | -1 }
  | { readonly do: 'pause' }
  /** For the driver: these change nothing by themselves. */
  | { readonly do: 'rerun-all' | 'rerun-selected' | 'quit' | 'interrupt' }
  | { readonly do: 'run-form' | 'make-case' }
  /** New expected values: shown first, then written. */
  | { readonly do: 'plan-update' | 'apply-update' }
  | { readonly do: 'edit-test' | 'edit-source' | 'write-pcap' | 'copy-id' }
  /** The terminal goes to a live run, to the shell; or what is on it is drawn anew. */
  | { readonly do: 'live' | 'to-shell' | 'redraw' }
  /** Config and first cases for the objects that are there. */
  | { readonly do: 'init' };

function select(state: State, rows: readonly Row[], index: number): State {
  const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
  return row ? { ...state, selected: row.key, follow: false, scroll: 0, difference: -1 } : state;
}

function current(state: State): { rows: Row[]; index: number; row: Row | undefined } {
  const rows = rowsOf(state);
  const index = cursorIndex(rows, state.selected, state.cases);
  return { rows, index, row: rows[index] };
}

function move(state: State, by: number): State {
  const { rows, index } = current(state);
  return select(state, rows, index + by);
}

function edge(state: State, end: 'first' | 'last'): State {
  const rows = rowsOf(state);
  return select(state, rows, end === 'first' ? 0 : rows.length - 1);
}

function setFold(state: State, key: string, folded: boolean): State {
  return { ...state, folds: new Map(state.folds).set(key, folded) };
}

function closed(state: State): State {
  return { ...state, pane: 'list', scroll: 0, focus: null, difference: -1 };
}

/** ←: folds the group under the cursor; from inside of one, goes up to it. */
function fold(state: State): State {
  if (state.pane === 'detail') return closed(state);
  const { rows, index, row } = current(state);
  if (!row || row.kind === 'error') return state;
  if (row.kind !== 'case' && !isFolded(row.key, state)) return select(setFold(state, row.key, true), rows, index);
  const parentKind = row.kind === 'case' ? 'program' : 'object';
  for (let at = index - 1; at >= 0; at--) if (rows[at]?.kind === parentKind) return select(state, rows, at);
  return state;
}

/** →: unfolds the group under the cursor; into an open one, goes to its first line; a case opens. */
function unfold(state: State): State {
  if (state.pane === 'detail') return state;
  const { rows, index, row } = current(state);
  if (!row) return state;
  if (row.kind === 'case' || row.kind === 'error') return open(state);
  if (isFolded(row.key, state)) return select(setFold(state, row.key, false), rows, index);
  const next = rows[index + 1];
  return next && next.kind !== 'object' && next.kind !== row.kind ? select(state, rows, index + 1) : state;
}

function open(state: State): State {
  if (state.pane === 'detail') return closed(state);
  const { rows, index, row } = current(state);
  if (!row) return state;
  if (row.kind === 'case' || row.kind === 'error') return { ...select(state, rows, index), pane: 'detail' };
  return select(setFold(state, row.key, !isFolded(row.key, state)), rows, index);
}

function back(state: State): State {
  if (state.prompt) return leavePrompt(state, state.prompt.before);
  if (state.overlay) return { ...state, overlay: null };
  if (state.focus) return { ...state, focus: null, scroll: 0 };
  if (state.screen === 'run') return toScreen(state, 'watch');
  if (state.pane === 'detail') return closed(state);
  if (state.search !== '') return { ...state, search: '' };
  const { name, file } = state.filter;
  if (name !== '' || file !== '') return { ...state, filter: { name: '', file: '' } };
  if (state.onlyFailed || state.onlyChanged) return { ...state, onlyFailed: false, onlyChanged: false };
  return followFailure({ ...state, follow: true });
}

function toScreen(state: State, to: State['screen'] | 'next'): State {
  const screen = to === 'next' ? (state.screen === 'watch' ? 'run' : 'watch') : to;
  if (screen === state.screen) return state;
  const { row } = current(state);
  const next = { ...closed(state), screen };
  return screen === 'run' && row?.kind === 'case' ? fromCase(next, row.one) : next;
}

function editField(state: State): State {
  const { field } = state.form;
  return field === 'object' || field === 'program' ? state : openPrompt(state, field);
}

function promptText(state: State, kind: Prompt['kind']): string {
  if (kind === 'search') return state.search;
  return kind === 'name' || kind === 'file' ? state.filter[kind] : state.form[kind];
}

/** What is typed works at once: the list shows what matches, the search goes to its first match. */
function setPrompt(state: State, text: string): State {
  const { prompt } = state;
  if (!prompt) return state;
  const next = { ...state, prompt: { ...prompt, text } };
  if (prompt.kind === 'packet' || prompt.kind === 'ctx' || prompt.kind === 'repeat') {
    return typedField(next, prompt.kind, text);
  }
  if (prompt.kind !== 'search') return { ...next, filter: { ...state.filter, [prompt.kind]: text } };
  const searching = { ...next, search: text, selected: prompt.from };
  const { rows, index } = current(searching);
  const at = nextMatch(rows, text, index - 1, 1);
  return at < 0 ? searching : select(searching, rows, at);
}

function paste(state: State, text: string): State {
  if (state.prompt) return setPrompt(state, state.prompt.text + flat(text));
  if (state.screen !== 'run') return state;
  const { field } = state.form;
  const into = field === 'ctx' || field === 'repeat' ? field : 'packet';
  return typedField(state, into, into === 'packet' ? pastedPacket(text) : flat(text));
}

function flat(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function leavePrompt(state: State, text: string): State {
  return { ...setPrompt(state, text), prompt: null };
}

function openPrompt(state: State, kind: Prompt['kind']): State {
  const text = promptText(state, kind);
  return { ...closed(state), prompt: { kind, text, before: text, from: state.selected } };
}

function erased(text: string, what: 'char' | 'word' | 'all'): string {
  if (what === 'all') return '';
  return what === 'word' ? text.replace(/\S*\s*$/, '') : [...text].slice(0, -1).join('');
}

function match(state: State, by: 1 | -1): State {
  const { rows, index } = current(state);
  const at = nextMatch(rows, state.search, index, by);
  return at < 0 ? state : select(state, rows, at);
}

/** The failing case before or after this one, going round; it stays open. */
function failure(state: State, by: 1 | -1): State {
  const bad = state.cases.filter((one) => state.badSince.has(one.id));
  if (bad.length === 0) return state;
  const at = bad.findIndex((one) => one.id === state.selected);
  const next = at < 0 && by < 0 ? bad.length - 1 : (at + by + bad.length) % bad.length;
  return { ...state, selected: bad[next]!.id, follow: false, scroll: 0, difference: -1 };
}

/** Going round; from none to the first or the last. */
function nextDifference(at: number, by: 1 | -1, of: number): number {
  if (of === 0) return -1;
  return at < 0 && by < 0 ? of - 1 : (at + by + of) % of;
}

type Obeyed = { readonly [D in Command['do']]?: (state: State, command: Extract<Command, { do: D }>) => State };

const OBEYED: Obeyed = {
  move: (state, { by }) => move(state, by),
  scroll: (state, { to }) => ({ ...state, scroll: Math.max(0, to) }),
  edge: (state, { end }) => edge(state, end),
  fold,
  unfold,
  open,
  back,
  'only-failed': (state) => ({ ...state, onlyFailed: !state.onlyFailed, scroll: 0 }),
  'only-changed': (state) => ({ ...state, onlyChanged: !state.onlyChanged, scroll: 0 }),
  prompt: (state, { kind }) => openPrompt(state, kind),
  type: (state, { text }) => setPrompt(state, (state.prompt?.text ?? '') + text),
  paste: (state, { text }) => paste(state, text),
  erase: (state, { what }) => setPrompt(state, erased(state.prompt?.text ?? '', what)),
  accept: (state) => (state.prompt ? leavePrompt(state, state.prompt.text) : state),
  match: (state, { by }) => match(state, by),
  failure: (state, { by }) => failure(state, by),
  difference: (state, { by, of }) => ({ ...state, difference: nextDifference(state.difference, by, of), scroll: -1 }),
  focus: (state, { on }) => ({ ...state, focus: state.focus === on ? null : on, scroll: 0 }),
  overlay: (state, { what }) => ({ ...state, overlay: state.overlay === what ? null : what, scroll: 0 }),
  screen: (state, { to }) => toScreen(state, to),
  field: (state, { by }) => moveField(state, by),
  choose: (state, { by }) => choose(state, by),
  'edit-field': editField,
  trial: (state, { by }) => showTrial(state, by),
  pause: (state) => ({ ...state, paused: !state.paused }),
};

/** What lies over the screen takes every command but those that leave it or scroll in it. */
const UNDER_OVERLAY: ReadonlySet<Command['do']> = new Set([
  'overlay',
  'back',
  'scroll',
  'apply-update',
  'quit',
  'interrupt',
  'copy-id',
  'to-shell',
  'redraw',
]);

/** Whether a command does anything while something lies over the screen. */
export function reaches(state: State, command: Command): boolean {
  return state.overlay === null || UNDER_OVERLAY.has(command.do);
}

/** The state after a command. */
export function obey(state: State, command: Command): State {
  if (!reaches(state, command)) return state;
  const act = OBEYED[command.do] as ((state: State, command: Command) => State) | undefined;
  return act ? act(state, command) : state;
}
