/** What a whole run comes to: counts of verdicts, files that could not be read, and the exit code that says so. */
import type { CoverageReport } from '../coverage/report.ts';
import { EXIT, type ExitCode } from '../input-error.ts';
import type { FileError, RunEvent, TestOutcome } from '../outcome.ts';

export interface Summary {
  readonly passed: number;
  /** Failed and in error. */
  readonly failed: number;
  readonly skipped: number;
  readonly todo: number;
  readonly errors: readonly FileError[];
  /** Objects among them, or behind a case, that cannot be opened. */
  readonly not_loaded: number;
  readonly took_ms: number;
  readonly cancelled: boolean;
  /** Where it was asked for. */
  readonly coverage?: CoverageReport;
}

const NOTHING: Summary = {
  passed: 0,
  failed: 0,
  skipped: 0,
  todo: 0,
  errors: [],
  not_loaded: 0,
  took_ms: 0,
  cancelled: false,
};

const COUNTED = { pass: 'passed', fail: 'failed', error: 'failed', skip: 'skipped', todo: 'todo' } as const;

function notLoaded(outcome: TestOutcome): boolean {
  return outcome.verdict === 'error' && outcome.refusal?.stage === 'open';
}

/** The summary after one more event. */
export function summarize(before: Summary, event: RunEvent): Summary {
  if (event.type === 'file-error') {
    const one = event.error.object === true ? 1 : 0;
    return { ...before, errors: [...before.errors, event.error], not_loaded: before.not_loaded + one };
  }
  if (event.type === 'end') return { ...before, took_ms: event.took_ms, cancelled: event.cancelled };
  if (event.type !== 'outcome') return before;
  const field = COUNTED[event.outcome.verdict];
  return { ...before, [field]: before[field] + 1, not_loaded: before.not_loaded + (notLoaded(event.outcome) ? 1 : 0) };
}

export function emptySummary(): Summary {
  return NOTHING;
}

/** 130 stopped, 2 a config or case file that cannot be read, 1 a source that does not build, 4 an object that cannot be opened, 1 a case failed, 3 there was none, 0. */
export function exitCodeOf(summary: Summary, passWithNoTests = false): ExitCode {
  if (summary.cancelled) return EXIT.INTERRUPTED;
  if (summary.errors.some((error) => error.object !== true && error.build !== true)) return EXIT.USAGE;
  if (summary.errors.some((error) => error.build === true)) return EXIT.FAILED;
  if (summary.not_loaded > 0) return EXIT.NOT_LOADED;
  if (summary.failed > 0) return EXIT.FAILED;
  const none = summary.passed + summary.skipped + summary.todo === 0;
  return none && !passWithNoTests ? EXIT.NO_CASES : EXIT.OK;
}

/** `12 passed, 1 failed, 2 skipped`: passed and failed always. */
export function countsText(summary: Summary): string {
  const parts = [`${summary.passed} passed`, `${summary.failed} failed`];
  if (summary.skipped > 0) parts.push(`${summary.skipped} skipped`);
  if (summary.todo > 0) parts.push(`${summary.todo} todo`);
  return parts.join(', ');
}
