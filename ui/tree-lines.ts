/** The lines of the case tree that fit a pane: rows around the cursor, with reasons under what failed where there is no detail beside. */
import type { Line, Span, TreeRow } from '../src/view.ts';
import { apart, cut, lineCells } from './cells.ts';
import { windowStart } from './layout.ts';

export interface TreeLine {
  readonly key: string;
  readonly line: Line;
  readonly selected: boolean;
}

export interface TreeInput {
  readonly rows: readonly TreeRow[];
  readonly cursor: number;
  readonly width: number;
  readonly height: number;
  /** Unfold reasons in place. */
  readonly reasons: boolean;
}

const INDENT: Readonly<Record<TreeRow['kind'], number>> = { error: 0, object: 0, program: 2, case: 4 };

const blanks = (n: number): Span => ({ text: ' '.repeat(n), tag: 'plain' });

/** One row: the cursor's bar, the sign, the name, and at the right edge counts or time. */
export function rowLine(row: TreeRow, selected: boolean, width: number, base = 0): Line {
  const bar: Span = selected ? { text: '▌', tag: 'accent' } : blanks(1);
  const name: Span = selected ? { text: row.name.text, tag: 'strong' } : row.name;
  const left: Span[] = [bar, blanks(INDENT[row.kind] - base), row.sign, blanks(1), name];
  return apart(left, rightOf(row, left, width), width);
}

/** At the right edge; the time of a case makes room for a name that needs it. */
function rightOf(row: TreeRow, left: Line, width: number): Line {
  if (row.right.length === 0) return [];
  const right = [...row.right, blanks(1)];
  const isTime = row.kind === 'case' && row.right.every((span) => span.tag === 'dim');
  return isTime && lineCells(left) + lineCells(right) + 1 > width ? [] : right;
}

function reasonLine(row: TreeRow, reason: Line, width: number, base: number): Line {
  return cut([blanks(INDENT[row.kind] - base + 3), ...reason], width);
}

/** Lines from the top of the pane; rows above and below are left out so that the cursor is in view. */
export function treeLines(input: TreeInput): TreeLine[] {
  const { rows, cursor, width, height, reasons } = input;
  // A list of cases alone is not indented under what it does not show.
  const base = Math.min(...rows.map((row) => INDENT[row.kind]));
  const starts: number[] = [];
  let total = 0;
  for (const row of rows) {
    starts.push(total);
    total += reasons && row.reason ? 2 : 1;
  }
  const first = windowStart(starts[cursor] ?? 0, total, height);
  const out: TreeLine[] = [];
  for (let i = 0; i < rows.length && (starts[i] ?? 0) < first + height; i++) {
    const row = rows[i]!;
    const at = starts[i]!;
    if (at >= first) out.push({ key: row.key, line: rowLine(row, i === cursor, width, base), selected: i === cursor });
    const second = reasons && row.reason && at + 1 >= first && at + 1 < first + height;
    if (second) out.push({ key: `${row.key}:why`, line: reasonLine(row, row.reason, width, base), selected: false });
  }
  return withParents(out, input);
}

/** Lower panes need their lines for what was asked for. */
const PARENTS_ROWS = 8;

/** What the first lines are part of stays in sight: object and program take the place of two cases above the cursor. */
function withParents(lines: TreeLine[], { rows, width, height, cursor }: TreeInput): TreeLine[] {
  const [first, second] = lines;
  const at = rows.findIndex((row) => row.key === first?.key);
  const [one, two] = [rows[at], rows[at + 1]];
  if (height < PARENTS_ROWS || !first || !second || two?.key !== second.key || cursor <= at + 1) return lines;
  if (one?.kind !== 'case' || two?.kind !== 'case') return lines;
  const above = rows.slice(0, at);
  const program = above.findLast((row) => row.kind === 'program');
  const object = above.findLast((row) => row.kind === 'object');
  if (!program || !object) return lines;
  const parents = [object, program].map((row) => ({ key: row.key, line: rowLine(row, false, width), selected: false }));
  return [...parents, ...lines.slice(2)];
}

/** Lines that a pane of this height leaves out below, for the note at its edge. */
export function linesBelow(input: TreeInput): number {
  const size = (row: TreeRow) => (input.reasons && row.reason ? 2 : 1);
  const total = input.rows.reduce((sum, row) => sum + size(row), 0);
  const before = input.rows.slice(0, input.cursor).reduce((sum, row) => sum + size(row), 0);
  return Math.max(0, total - windowStart(before, total, input.height) - input.height);
}
