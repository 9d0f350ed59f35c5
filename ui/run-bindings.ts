/** The keys of the run screen. */
import { type Binding, STEPS } from './binding.ts';
import { onRun } from './when.ts';

export const RUN_KEYS: readonly Binding[] = [
  {
    keys: ['up', 'down', 'k', 'j'],
    shown: '↑↓',
    short: () => 'field',
    help: 'another field',
    when: onRun,
    command: (key) => ({ do: 'field', by: STEPS[key] ?? 0 }),
    rank: 4,
  },
  {
    keys: ['left', 'right'],
    shown: '←→',
    short: () => 'choose',
    help: 'another object, program, packet of a case, number of runs',
    when: (vm) => onRun(vm) && vm.run_screen?.canChoose === true,
    command: (key) => ({ do: 'choose', by: key === 'right' ? 1 : -1 }),
    rank: 5,
  },
  {
    keys: ['e'],
    shown: 'e',
    short: () => 'type',
    help: 'type into the field; a packet may be pasted at once',
    when: (vm) => onRun(vm) && vm.run_screen?.canType === true,
    command: () => ({ do: 'edit-field' }),
    rank: 6,
  },
  {
    keys: ['return'],
    shown: 'Enter',
    short: () => 'run',
    help: 'run it',
    when: onRun,
    command: () => ({ do: 'run-form' }),
    rank: 8,
  },
  {
    keys: ['[', ']'],
    shown: '[]',
    short: () => 'history',
    help: 'the run before and after',
    when: (vm) => onRun(vm) && vm.run_screen?.many === true,
    command: (key) => ({ do: 'trial', by: key === ']' ? 1 : -1 }),
    rank: 4,
  },
  {
    keys: ['c'],
    shown: 'c',
    short: () => 'make a case',
    help: 'a case file that expects what this run gave',
    when: (vm) => onRun(vm) && vm.run_screen?.result !== null,
    command: () => ({ do: 'make-case' }),
    rank: 5,
  },
];
