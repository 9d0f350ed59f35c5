/** Parts of the cases: every case in exactly one of them. */
import { expect, test } from 'bun:test';
import { parseShard, shardOf } from '../../../src/cases/shard.ts';

test('parts make up the whole, and none is more than one larger than another', () => {
  for (const [length, count] of [
    [10, 3],
    [3, 5],
    [0, 2],
    [72, 7],
  ] as const) {
    const all = Array.from({ length }, (_, i) => i);
    const parts = Array.from({ length: count }, (_, i) => shardOf(all, { index: i + 1, count }));
    expect(parts.flat()).toEqual(all);
    const sizes = parts.map((part) => part.length);
    expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
  }
});

test('what is no part is said', () => {
  expect(parseShard('2/3')).toEqual({ index: 2, count: 3 });
  for (const odd of ['0/3', '4/3', '1', '1/0', 'a/b', '-1/2', '1/2/3']) {
    expect(() => parseShard(odd)).toThrow(`--shard ${odd} is no part of a whole`);
  }
});
