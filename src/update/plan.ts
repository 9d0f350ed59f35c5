/** New expected values for cases that failed: rewritten in the case file where they are written there, else said where to edit. */
import type { Difference, TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';
import { type CaseSource, openSource } from './case-source.ts';
import { type Edit, edited, overlap } from './edits.ts';
import { type Placed, placeCase } from './place.ts';

/** A change in a file: its lines before and after, without what they have in common around it. */
export interface Update {
  readonly file: string;
  /** From 1: of the first of them. */
  readonly line: number;
  readonly name: string;
  /** Lines are divided by \n; '' where lines are only added or only go. */
  readonly before: string;
  readonly after: string;
}

/** What has to be edited by hand. */
export interface ByHand {
  readonly file: string;
  readonly line: number;
  readonly name: string;
  readonly what: string;
  readonly why: string;
}

export interface Updates {
  /** New text of each file that changes. */
  readonly files: ReadonlyMap<string, string>;
  readonly updates: readonly Update[];
  readonly by_hand: readonly ByHand[];
}

/** Of differences that one value would settle. */
const SHOWN_BY_HAND = 3;

type Failed = readonly (readonly [SettledCase, TestOutcome])[];

/** The lines that an edit changes. */
function updateOf(file: string, name: string, text: string, edits: readonly Edit[]): Update {
  const [before, after] = [text.split('\n'), edited(text, edits).split('\n')];
  let from = 0;
  while (from < before.length && from < after.length && before[from] === after[from]) from++;
  let [end, newEnd] = [before.length, after.length];
  while (end > from && newEnd > from && before[end - 1] === after[newEnd - 1]) {
    end--;
    newEnd--;
  }
  const shown = (lines: readonly string[]) => dedented(lines).join('\n');
  return {
    file,
    line: from + 1,
    name,
    before: shown(before.slice(from, end)),
    after: shown(after.slice(from, newEnd)),
  };
}

function dedented(lines: readonly string[]): string[] {
  const indents = lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length);
  const indent = indents.length > 0 ? Math.min(...indents) : 0;
  return lines.map((line) => line.slice(indent).trimEnd());
}

function whatOf(d: Difference): string {
  return `${d.field}${d.at === '' ? '' : ` ${d.at}`}: ${d.received}`;
}

/** One value of a case: its edits belong together. */
interface Change {
  readonly one: SettledCase;
  readonly edits: readonly Edit[];
  readonly differences: readonly Difference[];
}

class FilePlan {
  readonly by_hand: ByHand[] = [];
  private readonly source: CaseSource;
  private readonly changes: Change[] = [];

  constructor(source: CaseSource) {
    this.source = source;
  }

  add(one: SettledCase, outcome: TestOutcome): void {
    const whole = this.source.caseOf(one);
    const placed: readonly Placed[] =
      whole === null
        ? outcome.differences.map((d) => ({ differences: [d], edits: this.source.absent }))
        : placeCase(this.source, whole, one, outcome);
    for (const { differences, edits } of placed) {
      if (typeof edits === 'string') this.leave(one, differences, edits);
      else if (this.collides(edits)) this.leave(one, differences, 'another change falls on the same place');
      else this.changes.push({ one, edits, differences });
    }
  }

  private collides(edits: readonly Edit[]): boolean {
    return this.changes.some((known) => known.edits.some((a) => edits.some((b) => overlap(a, b))));
  }

  private leave(one: SettledCase, differences: readonly Difference[], why: string): void {
    const { file } = this.source;
    const shown = differences.slice(0, SHOWN_BY_HAND).map(whatOf);
    if (differences.length > shown.length) shown.push(`${differences.length - shown.length} more`);
    this.by_hand.push({ file, line: one.line, name: one.name, what: shown.join('; '), why });
  }

  /** The new text, and each change; nothing where that would not be read as a case file any more. */
  finish(): { readonly text: string | null; readonly updates: readonly Update[] } {
    const { text, file } = this.source;
    const sorted = [...this.changes].sort((a, b) => firstOf(a) - firstOf(b));
    const all = sorted.flatMap((change) => change.edits);
    if (all.length === 0) return { text: null, updates: [] };
    const after = edited(text, all);
    if (!this.source.reads(after)) {
      for (const { one, differences } of sorted) this.leave(one, differences, 'the file could not be read afterwards');
      return { text: null, updates: [] };
    }
    return { text: after, updates: sorted.map(({ one, edits }) => updateOf(file, one.name, text, edits)) };
  }
}

function firstOf({ edits }: Change): number {
  return Math.min(...edits.map((edit) => edit.start));
}

/** The outcome of each step that does not hold. */
function stepsIn(outcome: TestOutcome): TestOutcome[] {
  return [outcome, ...(outcome.also ?? []).map((later) => ({ ...outcome, ...later }))];
}

/** What to write for cases that failed with differences; faults and errors are never what is expected. */
export function planUpdates(outcomes: Failed, read: (file: string) => string): Updates {
  const failed = outcomes.filter(([, outcome]) => outcome.verdict === 'fail');
  const files = new Map<string, string>();
  const updates: Update[] = [];
  const by_hand: ByHand[] = [];
  for (const [file, list] of Map.groupBy(failed, ([one]) => one.file)) {
    const plan = new FilePlan(openSource(file, read(file)));
    for (const [one, outcome] of list) for (const step of stepsIn(outcome)) plan.add(one, step);
    const { text, updates: found } = plan.finish();
    if (text !== null) files.set(file, text);
    updates.push(...found);
    by_hand.push(...plan.by_hand);
  }
  return { files, updates, by_hand };
}
