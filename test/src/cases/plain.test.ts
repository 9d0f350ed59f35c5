/** What is no plain data in a case is found, and where. */
import { expect, test } from 'bun:test';
import { notPlain } from '../../../src/cases/plain.ts';

test('data of every kind passes', () => {
  const shared = { ring: Array.from({ length: 10 }, (_, i) => i) };
  const data = { a: [1, 2n, 'x', null, undefined, true], b: new Uint8Array(3), c: /x/, d: shared, e: [shared, shared] };
  expect(notPlain(data)).toBeNull();
  expect(notPlain(data)).toBeNull();
});

test('a function or symbol is found with its path, each time it is asked for', () => {
  const value = { maps: { ring: [0, 1, { deep: () => 1 }] } };
  expect(notPlain(value)).toBe('maps.ring[2].deep: a function');
  expect(notPlain(value)).toBe('maps.ring[2].deep: a function');
  expect(notPlain({ expect: { retval: Symbol('x') } })).toBe('expect.retval: a symbol');
});

test('circles end', () => {
  const one: { self?: unknown } = {};
  one.self = one;
  expect(notPlain(one)).toBeNull();
});
