/** One run of a project's cases from start to exit code: what `test` does, and `watch` where there is no terminal. */

import { type Shard, shardOf } from '../cases/shard.ts';
import { objectsOf } from '../cases/steps.ts';
import { type Build, loadSuite, type Suite, type SuiteRequest } from '../cases/suite.ts';
import type { ProgramLines } from '../coverage/program-lines.ts';
import { coverageReport } from '../coverage/report.ts';
import { plain } from '../format/sanitize.ts';
import { EXIT, type ExitCode, InputError } from '../input-error.ts';
import type { FileError, RunEvent } from '../outcome.ts';
import type { Reporter } from '../reporters/reporter.ts';
import type { CaseRunner } from './case-runner.ts';
import { emptySummary, exitCodeOf, summarize } from './summary.ts';

export interface TestRunOptions {
  readonly request: SuiteRequest;
  readonly runner: CaseRunner;
  /** Made when the project's root is known. */
  readonly reporters: (root: string) => Promise<readonly Reporter[]>;
  readonly signal: AbortSignal;
  /** Config and case files have been read. */
  readonly loaded?: () => void;
  readonly bail: boolean;
  readonly retries: number;
  /** Only this part of the cases. */
  readonly shard: Shard | null;
  readonly passWithNoTests: boolean;
  /** Counts what programs execute: the report is part of the summary. */
  readonly coverage: boolean;
  /** Builds objects first; null: they are taken as they are. */
  readonly build: Build | null;
}

/** Objects without a case are opened too: what cannot be loaded should not stay unseen. */
async function unusedObjectErrors(suite: Suite, runner: CaseRunner): Promise<FileError[]> {
  const used = new Set(suite.cases.flatMap(objectsOf));
  const errors: FileError[] = [];
  for (const file of suite.objects) {
    const { refusal } = used.has(file) ? { refusal: null } : await runner.open(file);
    if (refusal) errors.push({ file, line: 0, message: refusal.message, object: true });
  }
  return errors;
}

/** Runs everything once. Throws InputError for what only the whole run can say (the BTF file of the config). */
export async function testRun(options: TestRunOptions): Promise<ExitCode> {
  const { runner, signal, bail, retries, shard, coverage } = options;
  const suite = await loadSuite(options.request, options.build);
  options.loaded?.();
  const cases = shard === null ? suite.cases : shardOf(suite.cases, shard);
  const reporters = await options.reporters(suite.project?.root ?? options.request.cwd);
  let summary = emptySummary();
  const covered: ProgramLines[] = [];
  const emit = (event: RunEvent) => {
    summary = summarize(summary, event);
    if (event.type === 'coverage') covered.push(...event.programs);
    for (const reporter of reporters) reporter.event(event);
  };
  for (const error of suite.errors) emit({ type: 'file-error', error });
  const { project } = suite;
  if (project) {
    await runner.setProject(project);
    runner.setCases(cases);
    const filtered = options.request.filters.length > 0 || (shard !== null && shard.index > 1);
    const unused = filtered ? [] : await unusedObjectErrors(suite, runner);
    for (const error of unused) emit({ type: 'file-error', error });
    const ids = new Set(cases.map((one) => one.id));
    await runner.run(
      ids,
      { run: 1, cause: 'start', kept: 0, signal, bail, retries, coverage, explain: 'failures' },
      emit,
    );
  }
  if (coverage) summary = { ...summary, coverage: coverageReport(covered, suite.project?.root ?? options.request.cwd) };
  for (const reporter of reporters) reporter.finish(summary);
  // A part of few cases may be empty: the whole is not.
  const code = exitCodeOf(summary, options.passWithNoTests || cases.length < suite.cases.length);
  if (code === EXIT.NO_CASES) throw new InputError(noCaseSentence(suite, options.request), EXIT.NO_CASES);
  return code;
}

/** Names the cases, a line each, without running any; files that cannot be read are an error all the same. */
export async function listCases(
  request: SuiteRequest,
  shard: Shard | null,
  out: (text: string) => void,
): Promise<ExitCode> {
  const suite = await loadSuite(request);
  const [error] = suite.errors;
  if (error) throw new InputError(`${error.file}${error.line > 0 ? `:${error.line}` : ''}: ${error.message}`);
  if (suite.cases.length === 0) throw new InputError(noCaseSentence(suite, request), EXIT.NO_CASES);
  const cases = shard === null ? suite.cases : shardOf(suite.cases, shard);
  out(cases.map((one) => `${plain(one.id)}\n`).join(''));
  return EXIT.OK;
}

/** Why there was nothing to run, so that a misspelt word or glob is seen. */
function noCaseSentence(suite: Suite, { filters, objects, cwd }: SuiteRequest): string {
  if (filters.length > 0) return `no case has ${filters.map((word) => JSON.stringify(word)).join(' or ')} in its name`;
  if (objects.length > 0) return `no case is about ${objects.join(' or ')}`;
  const { root, cases } = suite.project ?? { root: cwd, cases: [] };
  return `there is no case in ${root}: looked for ${cases.join(', ')}`;
}
