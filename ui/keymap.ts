/** From keys to commands and back: names of keys as terminals send them, what they do now, which of them the key line shows. */
import type { Command, ViewModel } from '../src/view.ts';
import type { Binding } from './binding.ts';
import { KEYMAP, orderedKeys } from './bindings.ts';

export { helpSections, KEYMAP } from './bindings.ts';

function bindingsOf(key: string): readonly Binding[] {
  return BY_KEY.get(key) ?? [];
}

const BY_KEY = new Map<string, Binding[]>();
for (const binding of KEYMAP) {
  for (const key of binding.keys) BY_KEY.set(key, [...(BY_KEY.get(key) ?? []), binding]);
}

/** What keys do while text is typed: names of keys that are no text. */
const IN_PROMPT: Readonly<Record<string, Command>> = {
  return: { do: 'accept' },
  escape: { do: 'back' },
  backspace: { do: 'erase', what: 'char' },
  delete: { do: 'erase', what: 'char' },
  'ctrl+h': { do: 'erase', what: 'char' },
  'ctrl+w': { do: 'erase', what: 'word' },
  'ctrl+u': { do: 'erase', what: 'all' },
  'ctrl+c': { do: 'back' },
  space: { do: 'type', text: ' ' },
};

function promptCommand(key: string): Command | null {
  const known = IN_PROMPT[key];
  if (known) return known;
  return [...key].length === 1 && key >= ' ' ? { do: 'type', text: key } : null;
}

/** What concerns the terminal works while text is typed, too. */
const OVER_PROMPT: ReadonlySet<string> = new Set(['ctrl+l', 'ctrl+z']);

/** The command behind a key, null if it means nothing now. */
export function commandFor(key: string, vm: ViewModel, page: number): Command | null {
  if (vm.prompt && !OVER_PROMPT.has(key)) return promptCommand(key);
  const binding = bindingsOf(key).find((one) => one.when(vm));
  return binding ? binding.command(key, page, vm) : null;
}

export interface KeyHint {
  readonly shown: string;
  readonly short: string;
}

/** The hints that apply now and fit `width` cells, in the keymap's order; the least important give way. */
export function keyHints(vm: ViewModel, width: number, measure: (text: string) => number): KeyHint[] {
  const now = orderedKeys(vm).flatMap((binding) => {
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
  readonly tab: boolean;
  readonly backspace: boolean;
  readonly delete: boolean;
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
  ['tab', 'tab'],
  ['backspace', 'backspace'],
  ['delete', 'delete'],
];

/** Names of the keys in one input event: fast typing arrives as one string of several. */
export function keyNames(input: string, key: InkKey): string[] {
  const named = NAMED.find(([field]) => key[field]);
  if (named) return [named[1]];
  if (key.ctrl) return [`ctrl+${input}`];
  if (key.meta) return [];
  return [...input].map(charName);
}

const CHARS: Readonly<Record<string, string>> = {
  ' ': 'space',
  '\r': 'return',
  '\n': 'return',
  '\t': 'tab',
  '\b': 'backspace',
  '\u007f': 'backspace',
  '\u001b': 'escape',
};
/** Ctrl-A is 1. */
const BEFORE_A = 0x60;

/** A key of several that came at once: nobody has told those with Ctrl apart yet. */
function charName(char: string): string {
  const code = char.charCodeAt(0);
  return CHARS[char] ?? (code > 0 && code < 27 ? `ctrl+${String.fromCharCode(BEFORE_A + code)}` : char);
}
