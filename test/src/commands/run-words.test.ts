/** The program's name and bpftool's words. */
import { expect, test } from 'bun:test';
import { readRunWords } from '../../../src/commands/run-words.ts';

test('a program and pairs', () => {
  const read = readRunWords(['xdp_lb', 'data_in', '-', 'repeat', '5', 'ctx_size_out', '24'], { json: true });
  expect(read).toEqual({
    program: 'xdp_lb',
    args: { json: true, 'data-in': '-', repeat: '5', 'ctx-size-out': '24' },
  });
});

test('no pair word is taken for a program', () => {
  expect(readRunWords(['data_in', 'p.bin'], {})).toEqual({ program: null, args: { 'data-in': 'p.bin' } });
  expect(readRunWords([], {})).toEqual({ program: null, args: {} });
});

test.each([
  [['data_in'], 'data_in needs a value'],
  [['p', 'q'], 'there is one word too many: q'],
  [['repeat', '1', 'repeat', '2'], 'repeat is said twice'],
  [['p', 'constructor', '2'], 'one word too many: constructor'],
])('%j is a mistake', (words, message) => expect(() => readRunWords(words, {})).toThrow(message));

test('a word and its option exclude each other', () => {
  expect(() => readRunWords(['data_in', 'a'], { 'data-in': 'b' })).toThrow('data_in is said twice');
});
