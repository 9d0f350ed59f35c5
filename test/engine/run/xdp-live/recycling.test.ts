/** How pages come back in live frame mode: which page a run gets and what is still in it, for every batch size, as measured on the kernel. */
import { describe, expect, test } from 'bun:test';
import { runOnEngine } from '../../../support/live/engine.ts';
import { MODE, type Scenario, XDP } from '../../../support/live/scenario.ts';

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => (to >= from ? from + i : from - i));
const times = (value: number, count: number): number[] => new Array<number>(count).fill(value);

/** What 200 runs see, by batch size: pages in order of first sight, and how often each was used before. */
const RECYCLED: Readonly<Record<number, { readonly pages: number[]; readonly values: number[] }>> = {
  1: { pages: [...range(0, 63), ...times(0, 136)], values: [...times(0, 64), ...range(1, 136)] },
  4: {
    pages: [...range(0, 63), ...Array.from({ length: 34 }, (_, i) => (i % 2 === 0 ? range(3, 0) : range(0, 3))).flat()],
    values: [...times(0, 64), ...Array.from({ length: 34 }, (_, i) => times(i + 1, 4)).flat()],
  },
  64: {
    pages: [...range(0, 63), ...range(63, 0), ...range(0, 63), ...range(63, 56)],
    values: [...times(0, 64), ...times(1, 64), ...times(2, 64), ...times(3, 8)],
  },
};
const HELD = { pages: range(0, 199), values: times(0, 200) };

const DROPS: readonly [string, Scenario['globals']][] = [
  ['DROP', { verdicts: [XDP.DROP] }],
  ['ABORTED', { verdicts: [XDP.ABORTED] }],
  ['a redirect that fails', { mode: MODE.IFINDEX, target: 999 }],
];
const SENDS: readonly [string, Scenario['globals']][] = [
  ['TX', { verdicts: [XDP.TX], peer_verdict: XDP.DROP }],
  ['REDIRECT', { mode: MODE.IFINDEX, target: 41002, peer_verdict: XDP.DROP }],
  ['PASS', { verdicts: [XDP.PASS] }],
];

describe.each([true, false])('generated code: %p', (generated) => {
  const seen = (globals: Scenario['globals'], batch_size: number) => {
    const outcome = runOnEngine({ name: 'recycling', globals, repeat: 200, batch_size }, generated);
    return { pages: outcome.seen.map((one) => one.page), values: outcome.seen.map((one) => one.value) };
  };

  test.each(DROPS)('%s', (_name, globals) => {
    for (const batch of [1, 4, 64]) expect(seen(globals, batch)).toEqual(RECYCLED[batch]!);
    expect(seen(globals, 256)).toEqual(RECYCLED[64]!);
  });

  test.each(SENDS)('%s', (_name, globals) => {
    for (const batch of [1, 4, 64]) expect(seen(globals, batch)).toEqual(RECYCLED[batch]!);
    expect(seen(globals, 256)).toEqual(HELD);
  });

  test('DROP and TX in turn, batch 8: 40 pages, each used once', () => {
    const outcome = runOnEngine(
      { name: 'mixed', globals: { verdicts: [XDP.DROP, XDP.TX], peer_verdict: XDP.DROP }, repeat: 40, batch_size: 8 },
      generated,
    );
    expect(outcome.seen.map((one) => one.page)).toEqual(range(0, 39));
    expect(outcome.seen.every((one) => one.value === 0)).toBe(true);
  });
});

test.each([
  ['head', { head: 10 }],
  ['head', { head: -20 }],
  ['tail', { tail: -10 }],
  ['tail', { tail: 50 }],
  ['meta', { meta: -8 }],
])('every run begins with the original bounds, whatever the last one did to its %s: %p', (_what, moves) => {
  const outcome = runOnEngine({
    name: 'bounds',
    globals: { ...moves, verdicts: [XDP.TX] },
    repeat: 140,
    batch_size: 4,
  });
  for (const one of outcome.seen)
    expect(one).toMatchObject({ offset: 368, length: 64, meta: 0, rc: 0, ingress: 41001 });
});

test('metadata that ctx_in gives stands in front of every frame', () => {
  const outcome = runOnEngine({
    name: 'meta',
    globals: { verdicts: [XDP.TX] },
    repeat: 140,
    batch_size: 4,
    ctx_data: 8,
  });
  for (const one of outcome.seen) expect(one).toMatchObject({ offset: 368, length: 56, meta: 8, rc: 0 });
  expect(outcome.visits[0]).toMatchObject({ count: 140, bytes: 140 * 56 });
});
