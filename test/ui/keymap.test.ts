/** Keys as data: no key twice, only what applies now, hints that fit. */
import { expect, test } from 'bun:test';
import { view } from '../../src/view.ts';
import { commandFor, KEYMAP, keyHints, keyNames } from '../../ui/keymap.ts';
import { after, STATES, size } from '../support/states.ts';

const vm = (name: string) => view(after(size(100, 30), ...(STATES[name] ?? [])));
const KEY = { upArrow: false, downArrow: false, leftArrow: false, rightArrow: false, pageUp: false, pageDown: false };
const MORE = { home: false, end: false, return: false, escape: false, tab: false, backspace: false, delete: false };
const PLAIN = { ...KEY, ...MORE, ctrl: false, meta: false };

test('no key means two things at a time', () => {
  for (const name of Object.keys(STATES)) {
    const keys = KEYMAP.filter((binding) => binding.when(vm(name))).flatMap((binding) => binding.keys);
    expect([name, keys.length]).toEqual([name, new Set(keys).size]);
  }
});

test('failures alone are offered only when something fails', () => {
  expect(commandFor('f', vm('passing'), 10)).toBeNull();
  expect(commandFor('f', vm('failing'), 10)).toEqual({ do: 'only-failed' });
});

test('help leaves only the keys that scroll it and end it', () => {
  const keys = keyHints(vm('help'), 200, (text) => text.length).map((hint) => hint.shown);
  expect(keys).toEqual(['↑↓', 'Esc', '?', 'q']);
});

test('hints fit any width, the most important stay', () => {
  for (let width = 1; width < 120; width++) {
    const hints = keyHints(vm('failing'), width, (text) => text.length);
    const used = hints.reduce((sum, h) => sum + h.shown.length + 1 + h.short.length + 2, -2);
    expect(used).toBeLessThanOrEqual(Math.max(width, 0));
  }
  expect(keyHints(vm('failing'), 8, (text) => text.length).map((hint) => hint.short)).toEqual(['quit']);
});

test('names of keys as they come from the terminal', () => {
  expect(keyNames('jj ', PLAIN)).toEqual(['j', 'j', 'space']);
  expect(keyNames('\u0003\u0003\u007f', PLAIN)).toEqual(['ctrl+c', 'ctrl+c', 'backspace']);
  expect(keyNames('', { ...PLAIN, upArrow: true })).toEqual(['up']);
  expect(keyNames('c', { ...PLAIN, ctrl: true })).toEqual(['ctrl+c']);
  expect(keyNames('x', { ...PLAIN, meta: true })).toEqual([]);
});
