/** Cutting, filling and wrapping by terminal cells, wide characters included. */
import { expect, test } from 'bun:test';
import type { Line } from '../../src/view.ts';
import { apart, cut, fill, lineCells, wrap } from '../../ui/cells.ts';

const line = (...texts: string[]): Line => texts.map((text) => ({ text, tag: 'plain' }));
const text = (one: Line): string => one.map((span) => span.text).join('');

test('what fits stays, what does not ends in an ellipsis', () => {
  expect(text(cut(line('abc', 'def'), 6))).toBe('abcdef');
  expect(text(cut(line('abc', 'def'), 5))).toBe('abcd…');
  expect(text(cut(line('abc'), 0))).toBe('');
});

test('wide characters are never cut in half', () => {
  for (let width = 1; width < 12; width++) {
    const one = fill(line('日本', '語のケ'), width);
    expect(lineCells(one)).toBe(width);
  }
});

test('left and right keep apart; the right goes when there is no room', () => {
  expect(text(apart(line('left'), line('right'), 20))).toBe('left           right');
  expect(text(apart(line('left'), line('right'), 12))).toBe('left        ');
});

test('wrapping breaks at blanks, and inside words that are longer than a line', () => {
  expect(wrap(line('one two three'), 7).map(text)).toEqual(['one two', 'three']);
  expect(wrap(line('abcdefghij'), 4).map(text)).toEqual(['abcd', 'efgh', 'ij']);
  expect(wrap(line(''), 4)).toHaveLength(1);
});
