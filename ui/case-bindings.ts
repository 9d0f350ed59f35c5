/** The keys of an open case and of the panes of a run, and those of what lies over the screen. */
import type { Focus, ViewModel } from '../src/view.ts';
import type { Binding } from './binding.ts';
import { hasDifferences, inFailure, inPanes, shown } from './when.ts';

/** A pane of an open case that one key gives the screen to, and takes it back. */
function focusBinding(key: string, on: Focus, word: string, help: string, has: (vm: ViewModel) => boolean): Binding {
  return {
    keys: [key],
    shown: key,
    short: (vm) => (vm.focus === on ? 'all panes' : word),
    help,
    when: (vm) => inPanes(vm) && has(vm),
    command: () => ({ do: 'focus', on }),
    rank: 3,
  };
}

export const CASE_KEYS: readonly Binding[] = [
  {
    keys: ['[', ']'],
    shown: '[]',
    short: () => 'failure',
    help: 'the failing case before and after it',
    when: (vm) => inFailure(vm) && vm.othersFail,
    command: (key) => ({ do: 'failure', by: key === ']' ? 1 : -1 }),
    rank: 7,
  },
  {
    keys: ['d', 'D'],
    shown: 'd/D',
    short: () => 'diff',
    help: 'next and previous difference of its packet',
    when: hasDifferences,
    command: (key, _page, vm) => ({
      do: 'difference',
      by: key === 'd' ? 1 : -1,
      of: shown(vm)?.packet?.differences ?? 0,
    }),
    rank: 6,
  },
  focusBinding('x', 'hex', 'hex', 'the bytes alone, all of them; again: all panes', (vm) => shown(vm)?.packet !== null),
  focusBinding('h', 'headers', 'headers', 'the headers alone', (vm) => shown(vm)?.packet !== null),
  focusBinding('m', 'maps', 'maps', 'the maps alone', (vm) => shown(vm)?.maps !== null),
  focusBinding('l', 'printk', 'printk', 'the printk lines alone', (vm) => shown(vm)?.printk !== null),
  focusBinding(
    's',
    'place',
    'why',
    'why alone: where it returned or faulted, calls, values',
    (vm) => shown(vm)?.where !== null,
  ),
  focusBinding(
    'i',
    'insns',
    'insns',
    'the instructions that ran, with what each did',
    (vm) => shown(vm)?.insns !== null,
  ),
  {
    keys: ['w'],
    shown: 'w',
    short: () => 'pcap',
    help: 'its packets as a capture file beside the config',
    when: inPanes,
    command: () => ({ do: 'write-pcap' }),
    rank: 3,
  },
];

export const OVERLAY_KEYS: readonly Binding[] = [
  {
    keys: ['y'],
    shown: 'y',
    short: () => 'copy',
    help: 'of the equal command: copy the one that runs the program (OSC 52)',
    when: (vm) => vm.copies,
    command: () => ({ do: 'copy-id' }),
    rank: 9,
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
];
