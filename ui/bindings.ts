/** The keys as data, in sections: what each does, when it applies, what the key line and the help say about it. */
import type { ViewModel } from '../src/view.ts';
import type { Binding, Section } from './binding.ts';
import { CASE_KEYS, OVERLAY_KEYS } from './case-bindings.ts';
import { RUN_KEYS } from './run-bindings.ts';
import { WATCH_KEYS } from './watch-bindings.ts';
import { bare } from './when.ts';

const always = () => true;

const GLOBAL_KEYS: readonly Binding[] = [
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
    keys: ['2'],
    shown: '2',
    short: null,
    help: 'the live screen: frames of the chosen case through its program, until q',
    when: bare,
    command: () => ({ do: 'live' }),
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
  {
    keys: ['ctrl+z'],
    shown: 'Ctrl-Z',
    short: null,
    help: 'to the shell; fg comes back',
    when: always,
    command: () => ({ do: 'to-shell' }),
    rank: 0,
  },
  {
    keys: ['ctrl+l'],
    shown: 'Ctrl-L',
    short: null,
    help: 'draw the screen anew',
    when: always,
    command: () => ({ do: 'redraw' }),
    rank: 0,
  },
];

const WATCH: Section = { title: 'Cases', keys: WATCH_KEYS };
const CASE: Section = { title: 'Open case', keys: CASE_KEYS };
const OVERLAY: Section = { title: 'Over the screen', keys: OVERLAY_KEYS };
const RUN: Section = { title: 'Run by hand', keys: RUN_KEYS };
const EVERYWHERE: Section = { title: 'Everywhere', keys: GLOBAL_KEYS };

export const KEYMAP: readonly Binding[] = [WATCH, CASE, OVERLAY, RUN, EVERYWHERE].flatMap(({ keys }) => keys);

/** Those of the screen that is shown. */
function ownSections(vm: ViewModel): readonly Section[] {
  if (vm.run_screen) return [RUN, CASE];
  return vm.pane === 'detail' ? [CASE, WATCH] : [WATCH];
}

function others(than: readonly Section[]): Section[] {
  return [WATCH, CASE, OVERLAY, RUN].filter((section) => !than.includes(section));
}

/** The sections of help: those of the screen that is shown, what works everywhere, then the others. */
export function helpSections(vm: ViewModel): readonly Section[] {
  const own = ownSections(vm);
  return [...own, EVERYWHERE, ...others(own)];
}

/** Keys in the order of the key line: those of the screen that is shown first, what works everywhere last. */
export function orderedKeys(vm: ViewModel): readonly Binding[] {
  const own = ownSections(vm);
  return [...own, ...others(own), EVERYWHERE].flatMap(({ keys }) => keys);
}
