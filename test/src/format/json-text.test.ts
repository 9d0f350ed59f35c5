/** JSON that terminals do not act on. */
import { expect, test } from 'bun:test';
import { jsonText } from '../../../src/format/json-text.ts';

test('what a terminal acts on is escaped, and parses back to the same', () => {
  const value = { line: '\u001b[31mred\u009b2J\u202egpj.\u007f', name: 'ünïcode →' };
  const text = jsonText(value);
  expect(JSON.parse(text)).toEqual(value);
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).toContain('ünïcode →');
  expect(text.endsWith('}\n')).toBe(true);
});
