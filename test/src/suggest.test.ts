/** Guesses at misspelt names. */
import { expect, test } from 'bun:test';
import { didYouMean, nearest } from '../../src/suggest.ts';

const NAMES = ['xdp_lb', 'xdp_pass', 'tc_egress'];

test.each([
  ['xdp_bl', 'xdp_lb'],
  ['xdp-lb', 'xdp_lb'],
  ['XDP_LB', 'xdp_lb'],
  ['tc_egres', 'tc_egress'],
  ['xdp_pas', 'xdp_pass'],
  ['tc_', 'tc_egress'],
])('%s is near %s', (given, meant) => expect(nearest(given, NAMES)).toBe(meant));

test.each(['', 'q', 'balance'])('%j is near none', (given) => expect(nearest(given, NAMES)).toBeNull());

test('the words of a hint', () => {
  expect(didYouMean('data-on', ['data-in'], '--')).toBe(': did you mean --data-in?');
  expect(didYouMean('zzzzzz', NAMES)).toBe('');
});

test('a hostile length is not compared', () => expect(nearest('x'.repeat(1_000_000), NAMES)).toBeNull());
