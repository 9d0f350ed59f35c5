/** Paces: what is due over time, and the steps of the rate keys. */
import { expect, test } from 'bun:test';
import { LivePace, nextRate } from '../../../src/live/pace.ts';

test('whole batches, and over a second as many frames as asked for', () => {
  const pace = new LivePace(1000, 0);
  let batches = 0;
  for (let ms = 7; ms <= 7000; ms += 7) batches += pace.due(ms, 64);
  expect(batches).toBe(Math.floor(7000 / 64));
});

test('a stop of ten seconds is not made up for', () => {
  const pace = new LivePace(64_000, 0);
  expect(pace.due(10_000, 64)).toBe(100);
  pace.skip(60_000);
  expect(pace.due(60_001, 64)).toBe(1);
});

test('another rate forgets what was due', () => {
  const pace = new LivePace(100, 0);
  pace.set(200, 500);
  expect([pace.due(500, 1), pace.due(1000, 200), pace.due(1500, 200)]).toEqual([0, 0, 1]);
});

test('1, 2, 5 and their tenfold; from the top down to what is reached', () => {
  expect([1000, 2000, 5000].map((rate) => nextRate(rate, true, 0))).toEqual([2000, 5000, 10_000]);
  expect([1000, 2000, 5000, 1].map((rate) => nextRate(rate, false, 0))).toEqual([500, 1000, 2000, 1]);
  expect(nextRate(Number.POSITIVE_INFINITY, false, 6.2e6)).toBe(5e6);
  expect(nextRate(Number.POSITIVE_INFINITY, true, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(nextRate(1e9, true, 0)).toBe(Number.POSITIVE_INFINITY);
});
