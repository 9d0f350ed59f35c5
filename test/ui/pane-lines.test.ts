/** Lines of a pane: text wraps, code is cut, what stands beside goes below, and the least important gives way. */
import { expect, test } from 'bun:test';
import type { PaneLine, TextPane } from '../../src/view.ts';
import { fittedLines, paneLines } from '../../ui/pane-lines.ts';

const span = (text: string) => ({ text, tag: 'plain' }) as const;
const pane = (...lines: PaneLine[]): TextPane => ({ title: '', note: '', lines, bad: false });
const texts = (lines: ReturnType<typeof paneLines>) => lines.map((line) => line.map((one) => one.text).join(''));

test('text wraps, code is cut', () => {
  expect(texts(paneLines(pane({ text: [span('one two three')] }), 8))).toEqual(['one two ', 'three']);
  expect(texts(paneLines(pane({ text: [span('one two three')], code: true }), 8))).toEqual(['one two…']);
});

test('what stands beside goes below where it does not fit', () => {
  const line = { text: [span('return x;')], tail: [span('x = 1')], code: true } as const;
  expect(texts(paneLines(pane(line), 20))).toEqual(['return x;   x = 1']);
  expect(texts(paneLines(pane(line), 12))).toEqual(['return x;', '      x = 1']);
});

test('lines that may be spared go first, the farthest of them before others', () => {
  const lines = [3, 2, 1, undefined, 2, 4].map((spare, i): PaneLine => {
    return { text: [span(String(i))], ...(spare === undefined ? {} : { spare }) };
  });
  expect(texts(fittedLines(pane(...lines), 10, 6))).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(texts(fittedLines(pane(...lines), 10, 3))).toEqual(['1', '2', '3']);
  expect(texts(fittedLines(pane(...lines), 10, 0))).toEqual(['3']);
});
