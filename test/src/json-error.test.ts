/** The place where a text stops to be JSON. */
import { expect, test } from 'bun:test';
import { jsonErrorAt } from '../../src/json-error.ts';

test.each([
  ['{"a": 1,}', 8],
  ['{"a" 1}', 5],
  ['[1 2]', 3],
  ['[1, 2', 5],
  ['{"a": "x\n"}', 6],
  ['[01]', 2],
  ['[tru]', 1],
  ['{} x', 3],
  ['', 0],
  ["{'a': 1}", 1],
])('%j: at %d', (text, at) => expect(jsonErrorAt(text)).toBe(at));

test('it accepts what JSON.parse accepts, and nothing else', () => {
  const parts = ['{', '}', '[', ']', ',', ':', '"a"', '"\\u00e4"', '1', '-0.5e3', 'true', 'null', ' ', '\n', '01', '"'];
  let seed = 1;
  for (let round = 0; round < 5000; round++) {
    let text = '';
    for (let n = 0; n < 6; n++) {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      text += parts[(seed >> 8) % parts.length];
    }
    let parses = true;
    try {
      JSON.parse(text);
    } catch {
      parses = false;
    }
    expect([text, jsonErrorAt(text) === null]).toEqual([text, parses]);
  }
  expect(jsonErrorAt('['.repeat(1_000_000))).not.toBeNull();
});
