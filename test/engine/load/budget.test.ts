/** The budget in slices: exact counts, overdrafts counted against the next slice, cancelling between slices. */
import { expect, test } from 'bun:test';
import { FAULT, PRIV } from '../../../engine/layout.ts';
import { Budget } from '../../../engine/load/budget.ts';
import { WorldMemory } from '../../../engine/memory.ts';

const LEFT = PRIV.BUDGET >> 2;

function spend(mem: WorldMemory, instructions: number): void {
  mem.i32[LEFT] = mem.i32[LEFT]! - instructions;
}

test('counts exactly across slices', () => {
  const mem = new WorldMemory();
  const budget = new Budget(mem);
  budget.start(10_000_000, null);
  let executed = 0;
  for (let i = 0; executed < 9_999_000; i++) {
    const step = (i * 7919) % 1000;
    spend(mem, step);
    executed += step;
    expect(budget.executed).toBe(executed);
    if (budget.spent) expect(budget.refill()).toBe(FAULT.NONE);
  }
});

test('ends when more than all is spent', () => {
  const mem = new WorldMemory();
  const budget = new Budget(mem);
  budget.start(100, null);
  spend(mem, 100);
  expect(budget.spent).toBe(false);
  spend(mem, 1);
  expect(budget.spent).toBe(true);
  expect(budget.refill()).toBe(FAULT.BUDGET);
  expect(budget.executed).toBe(101);
});

test('totals beyond 32 bits work', () => {
  const mem = new WorldMemory();
  const budget = new Budget(mem);
  budget.start(2 ** 40, null);
  for (let i = 0; i < 10_000; i++) {
    spend(mem, (1 << 20) + 1);
    expect(budget.refill()).toBe(FAULT.NONE);
  }
  expect(budget.executed).toBe(10_000 * ((1 << 20) + 1));
});

test('the cancel word is looked at on every refill', () => {
  const budget = new Budget(new WorldMemory());
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  budget.start(1000, cancel);
  expect([budget.cancelled, budget.refill()]).toEqual([false, FAULT.NONE]);
  Atomics.store(cancel, 0, 1);
  expect([budget.cancelled, budget.refill()]).toEqual([true, FAULT.CANCELLED]);
});

test('what helpers cost is spent, and no instruction', () => {
  const mem = new WorldMemory();
  const budget = new Budget(mem);
  budget.start(3 << 20, null);
  const charge = (cost: number) => {
    spend(mem, cost);
    mem.i32[PRIV.CHARGED >> 2] = mem.i32[PRIV.CHARGED >> 2]! + cost;
  };
  let executed = 0;
  for (let i = 0; i < 3; i++) {
    spend(mem, 500_000);
    charge(600_000);
    executed += 500_000;
    expect([budget.executed, budget.spent]).toEqual([executed, true]);
    expect(budget.refill()).toBe(i < 2 ? FAULT.NONE : FAULT.BUDGET);
    expect(budget.executed).toBe(executed);
  }
});
