/** The keys as data: what each does, when it applies, what the key line and the help say about it. */
import type { Command, ViewModel } from '../src/view.ts';

export interface Binding {
  /** Names as keyNames() gives them. */
  readonly keys: readonly string[];
  /** As people write them: `↑↓ j k`. */
  readonly shown: string;
  /** In the key line, in a word or two; null: only in the help. */
  readonly short: ((vm: ViewModel) => string) | null;
  readonly help: string;
  /** Whether it applies now. */
  readonly when: (vm: ViewModel) => boolean;
  /** `page` is how many lines a screenful has. */
  readonly command: (key: string, page: number) => Command;
  /** What gives way first when the key line is too narrow: the lowest. */
  readonly rank: number;
}

const always = () => true;
const hasRows = (vm: ViewModel) => vm.rows.length > 0;
const listed = (vm: ViewModel) => hasRows(vm) && !vm.help;
const inList = (vm: ViewModel) => listed(vm) && vm.pane === 'list';

const STEPS: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 };

export const KEYMAP: readonly Binding[] = [
  {
    keys: ['up', 'down', 'k', 'j'],
    shown: '↑↓ j k',
    short: (vm) => (vm.pane === 'detail' ? 'scroll' : 'move'),
    help: 'move the cursor, scroll an open detail',
    when: listed,
    command: (key) => ({ do: 'move', by: STEPS[key] ?? 0 }),
    rank: 4,
  },
  {
    keys: ['pageup', 'pagedown'],
    shown: 'PgUp PgDn',
    short: null,
    help: 'move by a screenful',
    when: listed,
    command: (key, page) => ({ do: 'move', by: key === 'pageup' ? -page : page }),
    rank: 0,
  },
  {
    keys: ['home', 'end', 'g', 'G'],
    shown: 'Home End g G',
    short: null,
    help: 'first and last line',
    when: listed,
    command: (key) => ({ do: 'edge', end: key === 'home' || key === 'g' ? 'first' : 'last' }),
    rank: 0,
  },
  {
    keys: ['left'],
    shown: '←',
    short: null,
    help: 'fold, or go to what the line is part of',
    when: listed,
    command: () => ({ do: 'fold' }),
    rank: 0,
  },
  {
    keys: ['right'],
    shown: '→',
    short: null,
    help: 'unfold, or go into it',
    when: inList,
    command: () => ({ do: 'unfold' }),
    rank: 0,
  },
  {
    keys: ['return'],
    shown: 'Enter',
    short: (vm) => (vm.pane === 'detail' ? 'close' : vm.onCase ? 'detail' : 'fold'),
    help: 'all detail of a case; fold or unfold a group',
    when: listed,
    command: () => ({ do: 'open' }),
    rank: 6,
  },
  {
    keys: ['a'],
    shown: 'a',
    short: () => 'all',
    help: 'run all cases again',
    when: (vm) => hasRows(vm) && !vm.help,
    command: () => ({ do: 'rerun-all' }),
    rank: 5,
  },
  {
    keys: ['r'],
    shown: 'r',
    short: () => 'rerun',
    help: 'run what the cursor is on again: a case, a program, an object',
    when: listed,
    command: () => ({ do: 'rerun-selected' }),
    rank: 3,
  },
  {
    keys: ['f'],
    shown: 'f',
    short: (vm) => (vm.onlyFailed ? 'show all' : 'only failed'),
    help: 'list only what fails; stays on until pressed again or Esc',
    when: (vm) => !vm.help && (vm.anyFailed || vm.onlyFailed),
    command: () => ({ do: 'only-failed' }),
    rank: 7,
  },
  {
    keys: ['space'],
    shown: 'space',
    short: (vm) => (vm.paused ? 'resume' : 'pause'),
    help: 'hold changes back, or let them run again',
    when: (vm) => !vm.help,
    command: () => ({ do: 'pause' }),
    rank: 2,
  },
  {
    keys: ['escape'],
    shown: 'Esc',
    short: (vm) => (vm.help || vm.pane === 'detail' ? 'back' : vm.onlyFailed ? 'clear filter' : 'follow failures'),
    help: 'out of help, detail, filter; then the cursor follows failures',
    when: (vm) => vm.help || vm.pane === 'detail' || vm.onlyFailed || (!vm.follow && vm.anyFailed),
    command: () => ({ do: 'back' }),
    rank: 8,
  },
  {
    keys: ['?'],
    shown: '?',
    short: () => 'help',
    help: 'this help',
    when: always,
    command: () => ({ do: 'help' }),
    rank: 9,
  },
  {
    keys: ['q'],
    shown: 'q',
    short: () => 'quit',
    help: 'quit with the last run’s exit code',
    when: always,
    command: () => ({ do: 'quit' }),
    rank: 10,
  },
  {
    keys: ['ctrl+c'],
    shown: 'Ctrl-C',
    short: (vm) => (vm.running ? 'stop run' : null) ?? '',
    help: 'stop the run; when nothing runs, quit with exit code 130',
    when: always,
    command: () => ({ do: 'interrupt' }),
    rank: 9,
  },
];

const BY_KEY = new Map(KEYMAP.flatMap((binding) => binding.keys.map((key) => [key, binding] as const)));

/** The command behind a key, null if it means nothing now. */
export function commandFor(key: string, vm: ViewModel, page: number): Command | null {
  const binding = BY_KEY.get(key);
  return binding?.when(vm) ? binding.command(key, page) : null;
}

export interface KeyHint {
  readonly shown: string;
  readonly short: string;
}

/** The hints that apply now and fit `width` cells, in the keymap's order; the least important give way. */
export function keyHints(vm: ViewModel, width: number, measure: (text: string) => number): KeyHint[] {
  const now = KEYMAP.flatMap((binding) => {
    const short = binding.when(vm) ? (binding.short?.(vm) ?? '') : '';
    return short === '' ? [] : [{ shown: binding.shown.split(' ')[0] ?? '', short, rank: binding.rank }];
  });
  const size = (hints: readonly KeyHint[]) =>
    hints.reduce((sum, h) => sum + measure(h.shown) + 1 + measure(h.short), 0) + 2 * Math.max(0, hints.length - 1);
  while (now.length > 0 && size(now) > width) {
    const least = now.reduce((low, hint, i) => (hint.rank < (now[low]?.rank ?? 0) ? i : low), 0);
    now.splice(least, 1);
  }
  return now;
}

interface InkKey {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly leftArrow: boolean;
  readonly rightArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly home: boolean;
  readonly end: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
}

const NAMED: readonly (readonly [keyof InkKey, string])[] = [
  ['upArrow', 'up'],
  ['downArrow', 'down'],
  ['leftArrow', 'left'],
  ['rightArrow', 'right'],
  ['pageUp', 'pageup'],
  ['pageDown', 'pagedown'],
  ['home', 'home'],
  ['end', 'end'],
  ['return', 'return'],
  ['escape', 'escape'],
];

/** Names of the keys in one input event: fast typing arrives as one string of several. */
export function keyNames(input: string, key: InkKey): string[] {
  const named = NAMED.find(([field]) => key[field]);
  if (named) return [named[1]];
  if (key.ctrl) return [`ctrl+${input}`];
  if (key.meta) return [];
  return [...input].map((char) => (char === ' ' ? 'space' : char === '\r' ? 'return' : char));
}
