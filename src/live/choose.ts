/** What keys change on the live screen alone: cursors, order, units, what lies over the tables. Pure; the run does not notice. */
import type { LiveKeyCommand, LiveViewModel } from '../live-view.ts';
import { errorRows, lossOf } from './errors.ts';
import { matchesOf } from './search.ts';
import { factsOf, type LiveState, newest, SORTS } from './state.ts';
import { whyLost } from './why.ts';

function toggled(state: LiveState, over: NonNullable<LiveState['over']>): LiveState {
  return { ...state, over: state.over === over ? null : over, scroll: 0 };
}

/** Out of what lies on top; out of the errors last. */
function back(state: LiveState): LiveState {
  if (state.search !== null) return { ...state, search: null, typing: false };
  if (state.over !== null) return { ...state, over: null, scroll: 0 };
  if (state.frame !== null) return { ...state, frame: null, scroll: 0 };
  return { ...state, focus: 'interfaces' };
}

function moved(state: LiveState, view: LiveViewModel, by: number): LiveState {
  const within = (at: number, rows: number) => Math.max(0, Math.min(rows - 1, at + by));
  if (state.focus === 'errors') {
    const key = view.errors[within(view.errorCursor, view.errors.length)]?.key ?? null;
    return { ...state, chosenError: key };
  }
  return { ...state, chosen: view.interfaces[within(view.cursor, view.interfaces.length)]?.key ?? null };
}

/** The cursor goes to the next row that holds the text, in a circle; `from`: where it may be first. */
function found(state: LiveState, view: LiveViewModel, by: 1 | -1, from: number): LiveState {
  const { focus, search } = state;
  const matches = matchesOf(view, focus, search ?? '');
  const next = by > 0 ? matches.find((at) => at >= from) : matches.findLast((at) => at <= from);
  const at = next ?? (by > 0 ? matches[0] : matches.at(-1));
  if (at === undefined) return state;
  return focus === 'errors'
    ? { ...state, chosenError: view.errors[at]!.key }
    : { ...state, chosen: view.interfaces[at]!.key };
}

function typed(state: LiveState, view: LiveViewModel, search: string): LiveState {
  return found({ ...state, search }, view, 1, cursorOf(view));
}

function cursorOf(view: LiveViewModel): number {
  return view.focus === 'errors' ? view.errorCursor : view.cursor;
}

/** The state after a command that only looks; the same one for every other command. */
export function chosen(state: LiveState, view: LiveViewModel, command: LiveKeyCommand): LiveState {
  switch (command.do) {
    case 'sort':
      return { ...state, sort: SORTS[(SORTS.indexOf(state.sort) + 1) % SORTS.length]! };
    case 'unit':
      return { ...state, perSecond: !state.perSecond };
    case 'help':
    case 'log':
    case 'command':
      return toggled(state, command.do);
    case 'search':
      return { ...state, search: '', typing: true };
    case 'type':
      return typed(state, view, (state.search ?? '') + command.text);
    case 'erase':
      return typed(state, view, (state.search ?? '').slice(0, -1));
    case 'accept':
      return { ...state, typing: false, search: state.search === '' ? null : state.search };
    case 'next':
      return found(state, view, command.by, cursorOf(view) + command.by);
    case 'back':
      return back(state);
    case 'focus':
      return { ...state, focus: state.focus === 'errors' ? 'interfaces' : 'errors' };
    case 'scroll':
      return { ...state, scroll: command.to };
    case 'move':
      return moved(state, view, command.by);
    default:
      return state;
  }
}

/** Key of the error under the cursor, or of what the interface there loses most; null: nothing. */
export function chosenError(state: LiveState, view: LiveViewModel): string | null {
  if (state.focus === 'errors') return view.errors[view.errorCursor]?.key ?? null;
  const sample = newest(state);
  const row = view.interfaces[view.cursor];
  if (sample === null || row === undefined) return null;
  const facts = factsOf(state.request, sample);
  const losses = whyLost(facts);
  const found = errorRows(facts).find(({ key }) => {
    const device = lossOf(key, losses)?.device;
    return device ? `${device.netns} ${device.ifindex}` === row.key : row.ingress && lossOf(key, losses) !== null;
  });
  return found?.key ?? null;
}
