/** The keys as data: what each does, when it applies, what the key line and the help say about it. */
import type { Command, Focus, ViewModel } from '../src/view.ts';

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
  readonly command: (key: string, page: number, vm: ViewModel) => Command;
  /** What gives way first when the key line is too narrow: the lowest. */
  readonly rank: number;
}

const always = () => true;
const bare = (vm: ViewModel) => !vm.help && vm.overlay === null;
const onWatch = (vm: ViewModel) => bare(vm) && vm.screen === 'watch';
const onRun = (vm: ViewModel) => bare(vm) && vm.run_screen !== null;
/** What there are panes of: an open case, or a run. */
const shown = (vm: ViewModel) => vm.run_screen?.result ?? vm.failure;
const hasRows = (vm: ViewModel) => vm.rows.length > 0;
const listed = (vm: ViewModel) => hasRows(vm) && onWatch(vm);
const inList = (vm: ViewModel) => listed(vm) && vm.pane === 'list';
const scrolls = (vm: ViewModel) => listed(vm) || vm.overlay !== null;
/** Of the run screen the result scrolls by page keys: arrows choose the field. */
const pages = (vm: ViewModel) => scrolls(vm) || (onRun(vm) && vm.run_screen?.result !== null);
const inFailure = (vm: ViewModel) => onWatch(vm) && vm.failure !== null;
const inPanes = (vm: ViewModel) => bare(vm) && shown(vm) !== null;
const hasDifferences = (vm: ViewModel) => inPanes(vm) && (shown(vm)?.packet?.differences ?? 0) > 1;

const STEPS: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 };

/** A pane of an open case that one key gives the screen to, and takes it back. */
function focusBinding(key: string, on: Focus, word: string, has: (vm: ViewModel) => boolean): Binding {
  return {
    keys: [key],
    shown: key,
    short: (vm) => (vm.focus === on ? 'all panes' : word),
    help: `of an open case: ${word} alone`,
    when: (vm) => inPanes(vm) && has(vm),
    command: () => ({ do: 'focus', on }),
    rank: 3,
  };
}

export const KEYMAP: readonly Binding[] = [
  {
    keys: ['up', 'down', 'k', 'j'],
    shown: '↑↓ j k',
    short: (vm) => (vm.pane === 'detail' || vm.overlay ? 'scroll' : 'move'),
    help: 'move the cursor, scroll what is open',
    when: scrolls,
    command: (key) => ({ do: 'move', by: STEPS[key] ?? 0 }),
    rank: 4,
  },
  {
    keys: ['pageup', 'pagedown'],
    shown: 'PgUp PgDn',
    short: null,
    help: 'move by a screenful',
    when: pages,
    command: (key, page) => ({ do: 'move', by: key === 'pageup' ? -page : page }),
    rank: 0,
  },
  {
    keys: ['home', 'end', 'g', 'G'],
    shown: 'Home End g G',
    short: null,
    help: 'first and last line',
    when: pages,
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
    short: (vm) => (vm.failure ? '' : vm.pane === 'detail' ? 'close' : vm.onCase ? 'detail' : 'fold'),
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
    when: (vm) => listed(vm) && vm.pane === 'list',
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
    short: (vm) => (vm.onlyFailed ? 'show all' : 'failed'),
    help: 'list only what fails; stays on until pressed again or Esc',
    when: (vm) => onWatch(vm) && vm.pane === 'list' && (vm.anyFailed || vm.onlyFailed),
    command: () => ({ do: 'only-failed' }),
    rank: 7,
  },
  {
    keys: ['t'],
    shown: 't',
    short: () => 'name',
    help: 'filter by name, with live matches; Esc clears it',
    when: inList,
    command: () => ({ do: 'prompt', kind: 'name' }),
    rank: 4,
  },
  {
    keys: ['p'],
    shown: 'p',
    short: () => 'file',
    help: 'filter by case file or object',
    when: inList,
    command: () => ({ do: 'prompt', kind: 'file' }),
    rank: 3,
  },
  {
    keys: ['o'],
    shown: 'o',
    short: (vm) => (vm.onlyChanged ? 'unchanged too' : 'changed'),
    help: 'list only what the last change made run',
    when: (vm) => inList(vm) && (vm.anyChanged || vm.onlyChanged),
    command: () => ({ do: 'only-changed' }),
    rank: 1,
  },
  {
    keys: ['/'],
    shown: '/',
    short: () => 'search',
    help: 'search; then n and N go to the next and the previous match',
    when: inList,
    command: () => ({ do: 'prompt', kind: 'search' }),
    rank: 3,
  },
  {
    keys: ['n', 'N'],
    shown: 'n/N',
    short: () => 'match',
    help: 'next and previous match of the search',
    when: (vm) => inList(vm) && vm.searching,
    command: (key) => ({ do: 'match', by: key === 'n' ? 1 : -1 }),
    rank: 8,
  },
  {
    keys: ['[', ']'],
    shown: '[]',
    short: () => 'failure',
    help: 'of an open case: the failing case before and after it',
    when: (vm) => inFailure(vm) && vm.anyFailed,
    command: (key) => ({ do: 'failure', by: key === ']' ? 1 : -1 }),
    rank: 7,
  },
  {
    keys: ['d', 'D'],
    shown: 'd/D',
    short: () => 'diff',
    help: 'of an open case: next and previous difference of its packet',
    when: hasDifferences,
    command: (key, _page, vm) => ({
      do: 'difference',
      by: key === 'd' ? 1 : -1,
      of: shown(vm)?.packet?.differences ?? 0,
    }),
    rank: 6,
  },
  focusBinding('x', 'hex', 'hex', (vm) => shown(vm)?.packet !== null),
  focusBinding('h', 'headers', 'headers', (vm) => shown(vm)?.packet !== null),
  focusBinding('m', 'maps', 'maps', (vm) => shown(vm)?.maps !== null),
  focusBinding('l', 'printk', 'printk', (vm) => shown(vm)?.printk !== null),
  focusBinding('s', 'place', 'why', (vm) => shown(vm)?.where !== null),
  focusBinding('i', 'insns', 'insns', (vm) => shown(vm)?.insns !== null),
  {
    keys: ['e'],
    shown: 'e',
    short: () => 'edit',
    help: 'the test in $EDITOR at its line',
    when: (vm) => listed(vm) && vm.onCase,
    command: () => ({ do: 'edit-test' }),
    rank: 5,
  },
  {
    keys: ['E'],
    shown: 'E',
    short: () => 'source',
    help: 'the BPF source in $EDITOR at the line of the fault, or of the return',
    when: (vm) => listed(vm) && vm.hasSource,
    command: () => ({ do: 'edit-source' }),
    rank: 5,
  },
  {
    keys: ['u'],
    shown: 'u',
    short: () => 'update',
    help: 'new expected values for what fails under the cursor: shown first, written after y',
    when: (vm) => listed(vm) && vm.anyFailed,
    command: () => ({ do: 'plan-update' }),
    rank: 2,
  },
  {
    keys: ['y'],
    shown: 'y',
    short: () => 'write',
    help: 'of new expected values: write them',
    when: (vm) => vm.asking,
    command: () => ({ do: 'apply-update' }),
    rank: 9,
  },
  {
    keys: ['n'],
    shown: 'n',
    short: () => 'leave',
    help: 'of new expected values: leave the files as they are',
    when: (vm) => vm.asking,
    command: () => ({ do: 'back' }),
    rank: 9,
  },
  {
    keys: ['w'],
    shown: 'w',
    short: () => 'pcap',
    help: 'of an open case: its packets as a capture file beside the config',
    when: inFailure,
    command: () => ({ do: 'write-pcap' }),
    rank: 3,
  },
  {
    keys: ['y'],
    shown: 'y',
    short: (vm) => (vm.failure ? 'copy' : ''),
    help: 'copy the id of the case to the clipboard (OSC 52)',
    when: (vm) => listed(vm) && vm.onCase,
    command: () => ({ do: 'copy-id' }),
    rank: 3,
  },
  {
    keys: ['up', 'down', 'k', 'j'],
    shown: '↑↓',
    short: () => 'field',
    help: 'run screen: another field',
    when: onRun,
    command: (key) => ({ do: 'field', by: STEPS[key] ?? 0 }),
    rank: 4,
  },
  {
    keys: ['left', 'right'],
    shown: '←→',
    short: () => 'choose',
    help: 'run screen: another object, program, packet of a case, number of runs',
    when: (vm) => onRun(vm) && vm.run_screen?.canChoose === true,
    command: (key) => ({ do: 'choose', by: key === 'right' ? 1 : -1 }),
    rank: 5,
  },
  {
    keys: ['e'],
    shown: 'e',
    short: () => 'type',
    help: 'run screen: type into the field, or paste',
    when: (vm) => onRun(vm) && vm.run_screen?.canType === true,
    command: () => ({ do: 'edit-field' }),
    rank: 6,
  },
  {
    keys: ['return'],
    shown: 'Enter',
    short: () => 'run',
    help: 'run screen: run it',
    when: onRun,
    command: () => ({ do: 'run-form' }),
    rank: 8,
  },
  {
    keys: ['[', ']'],
    shown: '[]',
    short: () => 'history',
    help: 'run screen: the run before and after',
    when: (vm) => onRun(vm) && vm.run_screen?.many === true,
    command: (key) => ({ do: 'trial', by: key === ']' ? 1 : -1 }),
    rank: 4,
  },
  {
    keys: ['c'],
    shown: 'c',
    short: () => 'make a case',
    help: 'run screen: a case file that expects what this run gave',
    when: (vm) => onRun(vm) && vm.run_screen?.result !== null,
    command: () => ({ do: 'make-case' }),
    rank: 5,
  },
  {
    keys: ['1', '3', 'tab'],
    shown: '1 3 Tab',
    short: null,
    help: 'the watch screen, the run screen, the other one',
    when: bare,
    command: (key) => ({ do: 'screen', to: key === '1' ? 'watch' : key === '3' ? 'run' : 'next' }),
    rank: 1,
  },
  {
    keys: ['@'],
    shown: '@',
    short: null,
    help: 'the command line that does the same',
    when: (vm) => !vm.help,
    command: () => ({ do: 'overlay', what: 'equal' }),
    rank: 1,
  },
  {
    keys: ['L'],
    shown: 'L',
    short: null,
    help: 'the log: every event, and what case files wrote to their console',
    when: (vm) => !vm.help,
    command: () => ({ do: 'overlay', what: 'log' }),
    rank: 1,
  },
  {
    keys: ['space'],
    shown: 'space',
    short: (vm) => (vm.paused ? 'resume' : 'pause'),
    help: 'hold changes back, or let them run again',
    when: (vm) => onWatch(vm) && vm.pane === 'list',
    command: () => ({ do: 'pause' }),
    rank: 2,
  },
  {
    keys: ['escape'],
    shown: 'Esc',
    short: (vm) =>
      !bare(vm) || vm.pane === 'detail' || vm.run_screen ? 'back' : vm.narrowed ? 'clear filter' : 'follow failures',
    help: 'out of what is open, out of search and filters; then the cursor follows failures',
    when: (vm) =>
      !bare(vm) || vm.run_screen !== null || vm.pane === 'detail' || vm.narrowed || (!vm.follow && vm.anyFailed),
    command: () => ({ do: 'back' }),
    rank: 8,
  },
  {
    keys: ['?'],
    shown: '?',
    short: () => 'help',
    help: 'this help',
    when: always,
    command: () => ({ do: 'overlay', what: 'help' }),
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
