/** What the user asks of the screen, as plain data, and what each of it does to the state; some are for the driver alone. */
import { followFailure, rowsOf, type State } from './session-state.ts';
import { cursorIndex, isFolded, type Row } from './session-tree.ts';

export type Command =
  | { readonly do: 'move'; readonly by: number }
  | { readonly do: 'edge'; readonly end: 'first' | 'last' }
  /** The detail's first visible line; the screen knows how many there are. */
  | { readonly do: 'scroll'; readonly to: number }
  | { readonly do: 'fold' }
  | { readonly do: 'unfold' }
  /** Enter: a group folds or unfolds, a case shows all its detail. */
  | { readonly do: 'open' }
  /** Esc: out of help, out of the detail, out of the filter, back to following failures. */
  | { readonly do: 'back' }
  | { readonly do: 'only-failed' }
  | { readonly do: 'help' }
  /** For the driver: these change nothing by themselves. */
  | { readonly do: 'rerun-all' | 'rerun-selected' | 'quit' | 'interrupt' }
  | { readonly do: 'pause' };

function select(state: State, rows: readonly Row[], index: number): State {
  const row = rows[Math.max(0, Math.min(rows.length - 1, index))];
  return row ? { ...state, selected: row.key, follow: false, scroll: 0 } : state;
}

function move(state: State, by: number): State {
  const rows = rowsOf(state);
  return select(state, rows, cursorIndex(rows, state.selected, state.cases) + by);
}

function edge(state: State, end: 'first' | 'last'): State {
  const rows = rowsOf(state);
  return select(state, rows, end === 'first' ? 0 : rows.length - 1);
}

function setFold(state: State, key: string, folded: boolean): State {
  return { ...state, folds: new Map(state.folds).set(key, folded) };
}

function current(state: State): { rows: Row[]; index: number; row: Row | undefined } {
  const rows = rowsOf(state);
  const index = cursorIndex(rows, state.selected, state.cases);
  return { rows, index, row: rows[index] };
}

/** ←: folds the group under the cursor; from inside of one, goes up to it. */
function fold(state: State): State {
  if (state.pane === 'detail') return { ...state, pane: 'list', scroll: 0 };
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
  if (state.pane === 'detail') return { ...state, pane: 'list', scroll: 0 };
  const { rows, index, row } = current(state);
  if (!row) return state;
  if (row.kind === 'case' || row.kind === 'error') return { ...select(state, rows, index), pane: 'detail' };
  return select(setFold(state, row.key, !isFolded(row.key, state)), rows, index);
}

function back(state: State): State {
  if (state.help) return { ...state, help: false };
  if (state.pane === 'detail') return { ...state, pane: 'list', scroll: 0 };
  if (state.onlyFailed) return { ...state, onlyFailed: false };
  return followFailure({ ...state, follow: true });
}

/** The state after a command; help takes every key but those that leave it. */
export function obey(state: State, command: Command): State {
  if (state.help && !['help', 'back', 'quit', 'interrupt'].includes(command.do)) return state;
  switch (command.do) {
    case 'move':
      return move(state, command.by);
    case 'scroll':
      return { ...state, scroll: Math.max(0, command.to) };
    case 'edge':
      return edge(state, command.end);
    case 'fold':
      return fold(state);
    case 'unfold':
      return unfold(state);
    case 'open':
      return open(state);
    case 'back':
      return back(state);
    case 'only-failed':
      return { ...state, onlyFailed: !state.onlyFailed, scroll: 0 };
    case 'help':
      return { ...state, help: !state.help };
    case 'pause':
      return { ...state, paused: !state.paused };
    default:
      return state;
  }
}
