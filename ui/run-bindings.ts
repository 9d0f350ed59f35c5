/** What a key binding is, and the keys of the run screen. */
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
  readonly command: (key: string, page: number, vm: ViewModel) => Command;
  /** What gives way first when the key line is too narrow: the lowest. */
  readonly rank: number;
}

export const STEPS: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1 };

export const onRun = (vm: ViewModel) => !vm.help && vm.overlay === null && vm.run_screen !== null;

export const RUN_KEYS: readonly Binding[] = [
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
];
