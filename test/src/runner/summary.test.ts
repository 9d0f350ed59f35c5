/** Counts and exit codes. */
import { expect, test } from 'bun:test';
import type { RunEvent, TestOutcome, Verdict } from '../../../src/outcome.ts';
import { countsText, emptySummary, exitCodeOf, summarize } from '../../../src/runner/summary.ts';
import { outcomeOf, settled } from '../../support/settled.ts';

const did = (verdict: Verdict, more: Partial<TestOutcome> = {}): RunEvent => ({
  type: 'outcome',
  run: 1,
  outcome: outcomeOf(settled('a'), verdict, more),
});
const after = (...events: RunEvent[]) => events.reduce(summarize, emptySummary());
const unread = (object: boolean): RunEvent => ({
  type: 'file-error',
  error: { file: '/p/x', line: 0, message: 'm', ...(object ? { object } : {}) },
});
const refusal = { stage: 'open' as const, errno: 0, message: 'not an ELF file', where: {} };

test('an error counts as failed; skipped and to do are named only when there are any', () => {
  expect(countsText(after(did('pass'), did('fail'), did('error')))).toBe('1 passed, 2 failed');
  expect(countsText(after(did('pass'), did('skip'), did('todo')))).toBe('1 passed, 0 failed, 1 skipped, 1 todo');
});

test.each([
  ['all well', after(did('pass'), did('skip')), 0],
  ['a failure', after(did('pass'), did('fail')), 1],
  ['a case file that cannot be read', after(did('fail'), unread(false)), 2],
  ['no case', emptySummary(), 3],
  ['an object behind a case that cannot be opened', after(did('fail'), did('error', { refusal })), 4],
  ['an object without a case that cannot be opened', after(did('pass'), unread(true)), 4],
  ['stopped', after(did('fail'), { type: 'end', run: 1, took_ms: 1, cancelled: true }), 130],
])('exit code: %s', (_name, summary, code) => {
  expect(exitCodeOf(summary)).toBe(code as never);
});

test('no case is fine when the user says so', () => {
  expect(exitCodeOf(emptySummary(), true)).toBe(0);
});
