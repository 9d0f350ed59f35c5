/** Finds out more about the case under the cursor once nothing runs: why it failed, and the source file that its end names. */

import type { TestOutcome } from '../outcome.ts';
import type { CaseRunner } from '../runner/case-runner.ts';
import type { Action } from '../session/session.ts';
import { rowsOf, type State, sourceKey } from '../session/state.ts';
import { cursorIndex } from '../session/tree.ts';
import type { SettledCase } from '../test-case.ts';
import { placeOf } from '../view/where.ts';
import { findSource } from './sources.ts';

export interface ExplainerOptions {
  readonly runner: Pick<CaseRunner, 'details'>;
  readonly state: () => State;
  /** Runs come first. */
  readonly busy: () => boolean;
  readonly dispatch: (...actions: readonly Action[]) => void;
  /** What the runner threw: a bug of ours. */
  readonly crash: (error: unknown) => void;
}

/** A frame is drawn before anything is looked for, so that verdicts never wait for reasons. */
const AFTER_FRAME_MS = 12;

/** What the screen shows in detail: the case under the cursor, or the run of the run screen. */
function shownOf(state: State): readonly [SettledCase, TestOutcome] | null {
  if (state.screen === 'run') {
    const trial = state.form.trials[state.form.shown];
    return trial ? [trial.one, trial.outcome] : null;
  }
  const rows = rowsOf(state);
  const row = rows[cursorIndex(rows, state.selected, state.cases)];
  const outcome = row?.kind === 'case' ? state.outcomes.get(row.one.id) : undefined;
  return row?.kind === 'case' && outcome ? [row.one, outcome] : null;
}

export class Explainer {
  private readonly options: ExplainerOptions;
  private soon: ReturnType<typeof setTimeout> | null = null;
  private asking = false;
  private closed = false;
  /** Outcomes of which nobody can say more. */
  private readonly full = new WeakSet<TestOutcome>();

  constructor(options: ExplainerOptions) {
    this.options = options;
  }

  /** Something changed: perhaps there is more to find out. */
  readonly hint = (): void => {
    if (!this.closed) this.soon ??= setTimeout(() => this.look(), AFTER_FRAME_MS);
  };

  close(): void {
    this.closed = true;
    if (this.soon) clearTimeout(this.soon);
  }

  private look(): void {
    this.soon = null;
    const state = this.options.state();
    if (this.asking || this.options.busy()) return;
    const shown = shownOf(state);
    if (shown === null) return;
    const [one, outcome] = shown;
    const more = outcome.brief || (outcome.verdict === 'fail' && outcome.why === undefined);
    if (more && state.screen === 'watch' && !this.full.has(outcome)) void this.ask(one, outcome);
    else this.tell(this.sourceNews(one, outcome));
  }

  private async ask(one: SettledCase, outcome: TestOutcome): Promise<void> {
    this.asking = true;
    try {
      const full = await this.options.runner.details(one.id);
      // The case may be running again, or have run, and ended otherwise.
      const current = this.options.state().outcomes.get(one.id) === outcome;
      if (full && current) this.tell([{ type: 'details', outcome: full }, ...this.sourceNews(one, full)]);
      if (full || !this.options.busy()) this.full.add(full ?? outcome);
    } catch (thrown) {
      this.options.crash(thrown);
    } finally {
      this.asking = false;
      this.hint();
    }
  }

  /** All at once, for one frame. */
  private tell(news: readonly Action[]): void {
    if (news.length > 0 && !this.closed) this.options.dispatch(...news);
  }

  /** The source file of its end, where nobody looked for that yet. */
  private sourceNews(one: SettledCase, outcome: TestOutcome): Action[] {
    const { root, sources } = this.options.state();
    const place = placeOf(outcome);
    if (place === null) return [];
    const key = sourceKey(one.object, place.file);
    return sources.has(key) ? [] : [{ type: 'source', key, source: findSource(root, one.object, place) }];
  }
}
