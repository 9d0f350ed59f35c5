/** The budget bounds time: what helpers and searches cost is spent like instructions, and is not counted as one. */
import { expect, test } from 'bun:test';
import { loadFixture, run } from '../../support/fixture-object.ts';

test('a run that calls helpers executes fewer instructions of the same budget, and counts them exactly', () => {
  const object = loadFixture('map-hash');
  const [program] = object.spec.programs;
  const once = run(object, program!.name).insns_executed;
  const budget = once * 100;
  const many = run(object, program!.name, { repeat: 1_000_000, budget });
  expect(many.fault?.kind).toBe('endless loop');
  expect(many.insns_executed).toBeLessThan(budget / 2);
});

test('a run without helpers spends what it executes', () => {
  const budget = 100_000;
  const { fault, insns_executed } = run(loadFixture('faults/endless-loop'), 'endless_loop', { budget });
  expect(fault?.kind).toBe('endless loop');
  expect(insns_executed).toBeGreaterThanOrEqual(budget);
  expect(insns_executed).toBeLessThan(budget + 100);
});
