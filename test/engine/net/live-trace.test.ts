/** Events of live frames by kind and target: who is told apart, what the last one was, and what happens when there are too many. */
import { expect, test } from 'bun:test';
import { WorldMemory } from '../../../engine/memory.ts';
import { LiveTrace } from '../../../engine/net/live-trace.ts';
import { TRACE_BYTES, TRACE_SLOTS } from '../../../engine/net/trace-slots.ts';

const EINVAL = 22;
const ENETDOWN = 100;
const IFINDEX = 0x7fffffff;

function made(): LiveTrace {
  const mem = new WorldMemory();
  const alloc = (bytes: number) => mem.alloc(bytes, 64);
  const { counts, lasts, latest } = TRACE_BYTES;
  return new LiveTrace(mem, { counts: alloc(counts), lasts: alloc(lasts), latest: alloc(latest) });
}

const row = (trace: LiveTrace, code: number) =>
  trace.list().find((one) => one.name === 'xdp_redirect_err' && one.code === code)!;

test('the last event of each target, map and errno stays known, whatever came after it', () => {
  const trace = made();
  trace.redirect(ENETDOWN, 1, 5, 30, 2);
  trace.redirect(ENETDOWN, 1, 5, 31, 3);
  trace.redirect(EINVAL, 1, 999, IFINDEX, 0);
  trace.redirect(ENETDOWN, 1, 6, 30, 4);
  trace.redirect(ENETDOWN, 1, 5, 30, 9);
  const down = row(trace, ENETDOWN);
  expect(down).toMatchObject({ count: 4, last: { to_ifindex: 5, map_id: 30, map_index: 9 } });
  expect(down.targets?.map(({ count, last }) => [count, last.to_ifindex, last.map_id, last.map_index])).toEqual([
    [2, 5, 30, 9],
    [1, 5, 31, 3],
    [1, 6, 30, 4],
  ]);
  expect(row(trace, EINVAL)).toMatchObject({ count: 1, last: { to_ifindex: 999 } });
});

test('a program that makes up targets and verdicts for ever: sums are right, and rows say that they stand for several', () => {
  const trace = made();
  const many = 5000;
  for (let i = 0; i < many; i++) trace.redirect(EINVAL, 1, i, IFINDEX, 0);
  for (let act = 5; act < many; act++) trace.emit('xdp_exception', act, 7, 1);
  trace.redirect(ENETDOWN, 1, 5, 30, 2);
  const { count, last, targets } = row(trace, EINVAL);
  expect([count, last.to_ifindex]).toEqual([many, many - 1]);
  expect(targets?.filter((one) => one.others)).toHaveLength(1);
  expect(targets?.reduce((sum, one) => sum + one.count, 0)).toBe(many);
  const exceptions = trace.list().filter((one) => one.name === 'xdp_exception');
  expect(exceptions.reduce((sum, one) => sum + one.count, 0)).toBe(many - 5);
  expect(exceptions.filter((one) => one.targets?.some((target) => target.others))).toHaveLength(1);
  // One tracepoint's crowd takes no place from another.
  expect(row(trace, ENETDOWN)).toMatchObject({ count: 1, last: { to_ifindex: 5 } });
  expect(trace.list().reduce((sum, one) => sum + (one.targets?.length ?? 0), 0)).toBeLessThan(TRACE_SLOTS);
});

test('from zero again: nothing is listed until it happens', () => {
  const trace = made();
  trace.redirect(EINVAL, 1, 999, IFINDEX, 0);
  trace.redirect(EINVAL, 1, 998, IFINDEX, 0);
  trace.zero();
  expect(trace.list()).toEqual([]);
  trace.redirect(EINVAL, 1, 999, IFINDEX, 0);
  expect(row(trace, EINVAL).targets?.map(({ last }) => last.to_ifindex)).toEqual([999]);
});
