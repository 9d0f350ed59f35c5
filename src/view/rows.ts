/** The rows of the case tree: sign, name, and what stands at the right edge. */
import { relative } from 'node:path';
import type { TestOutcome } from '../outcome.ts';
import { type CommonRefusal, commonRefusal } from '../session/refusal.ts';
import type { State } from '../session/state.ts';
import { type Counts, casesOf, countOutcomes, isBad, objectKey, programKey, type Row } from '../session/tree.ts';
import type { SettledCase } from '../test-case.ts';
import { duration, type Line, reasonOf, refusalText, type Span, span, type Tag } from './text.ts';

export interface TreeRow {
  readonly key: string;
  readonly kind: Row['kind'];
  /** ▸ and ▾ of groups; the verdict's sign of cases. */
  readonly sign: Span;
  readonly name: Span;
  readonly right: Line;
  /** A failing case's reason, for screens without a detail beside the list. */
  readonly reason: Line | null;
}

function caseSign(state: State, one: SettledCase, outcome: TestOutcome | undefined): Span {
  if (state.running?.ids.has(one.id) && !outcome) return span('…', 'dim');
  if (!outcome) return span('·', 'dim');
  const signs = { pass: '✓', fail: '✗', error: '✗', skip: '↷', todo: '◌' } as const;
  const tags = { pass: 'good', fail: 'bad', error: 'bad', skip: 'warn', todo: 'info' } as const;
  return span(signs[outcome.verdict], tags[outcome.verdict]);
}

/** Cases of a group that says itself why none of them ran. */
function isRefused(state: State, one: SettledCase): boolean {
  if (state.refused.size === 0) return false;
  return state.refused.has(programKey(one.object, one.program)) || state.refused.has(objectKey(one.object));
}

function caseRight(state: State, one: SettledCase, outcome: TestOutcome | undefined): Line {
  if (state.absent.has(one.object)) return [span('waiting', 'warn')];
  if (!outcome) return [span(state.running?.ids.has(one.id) ? 'running' : '', 'dim')];
  if (outcome.verdict === 'skip') return [span('skip', 'warn')];
  if (outcome.verdict === 'todo') return [span('todo', 'info')];
  if (outcome.verdict === 'error') return [span('error', 'bad')];
  return [span(duration(outcome.took_ms), 'dim')];
}

/** Rows of cases by their outcome: a rerun of one case draws one row anew. */
const caseRows = new WeakMap<TestOutcome, TreeRow>();

function caseRow(state: State, one: SettledCase): TreeRow {
  const outcome = state.outcomes.get(one.id);
  const absent = state.absent.has(one.object);
  const refused = isRefused(state, one);
  const known = outcome && !absent && !refused ? caseRows.get(outcome) : undefined;
  if (known && known.key === one.id) return known;
  const reason = isBad(outcome) && !absent && !refused ? [span(reasonOf(outcome as TestOutcome), 'bad')] : null;
  const sign = absent ? span('·', 'warn') : caseSign(state, one, outcome);
  const name = span(one.name, isBad(outcome) && !absent ? 'strong' : 'plain');
  const row: TreeRow = { key: one.id, kind: 'case', sign, name, right: caseRight(state, one, outcome), reason };
  if (outcome && !absent && !refused) caseRows.set(outcome, row);
  return row;
}

/** `1 ✗ 9 ✓ 1 ↷`, what there is none of left out. */
function countLine(n: Counts): Span[] {
  const parts: [number, string, Tag][] = [
    [n.failed, '✗', 'bad'],
    [n.passed, '✓', 'good'],
    [n.skipped, '↷', 'warn'],
    [n.todo, '◌', 'info'],
  ];
  const shown = parts.filter(([count]) => count > 0);
  return shown.map(([count, sign, tag], i) => span(`${i > 0 ? ' ' : ''}${count} ${sign}`, tag));
}

const ABSENT = { missing: 'not there, waiting for it', damaged: 'half written, waiting' } as const;

/** At the right edge: what a group waits for, else its counts and its time. */
function groupRight(state: State, row: GroupOfRows, refusal: CommonRefusal | null): Span[] {
  const isObject = row.kind === 'object';
  const absent = state.absent.get(isObject ? row.node.path : row.node.object);
  if (absent) return [span(isObject ? ABSENT[absent] : row.folded ? 'waiting' : '', 'warn')];
  const cases = casesOf(row.node);
  if (cases.length === 0) return [span(isObject ? 'no cases' : '', 'dim')];
  if (!isObject && !row.folded) return [];
  const n = countOutcomes(cases, state.outcomes);
  const ran = n.passed + n.failed > 0 && refusal === null;
  return [...countLine(n), span(ran ? `  ${duration(n.took_ms)}` : '', 'dim')];
}

function groupSign(row: GroupOfRows, refusal: CommonRefusal | null): Span {
  if (refusal) return refusal.verdict === 'error' ? span('✗', 'bad') : span('↷', 'warn');
  return span(row.kind === 'program' && row.node.cases.length === 0 ? '·' : row.folded ? '▸' : '▾', 'dim');
}

type GroupOfRows = Extract<Row, { kind: 'object' | 'program' }>;

function groupRow(state: State, row: GroupOfRows): TreeRow {
  const { key, node, kind } = row;
  const refusal = state.refused.has(key) ? commonRefusal(casesOf(node), state.outcomes) : null;
  const absent = state.absent.has(kind === 'object' ? row.node.path : row.node.object);
  const label =
    kind === 'program' && row.folded && row.node.cases.length > 0
      ? `${node.label} (${row.node.cases.length})`
      : node.label;
  const tag = refusal?.verdict === 'error' ? 'bad' : 'warn';
  return {
    ...{ key, kind },
    sign: groupSign(row, absent ? null : refusal),
    name: span(label, kind === 'object' || refusal ? 'strong' : 'plain'),
    right: groupRight(state, row, refusal),
    reason: refusal && !absent ? [span(refusalText(refusal), tag)] : null,
  };
}

function errorRow(state: State, row: Extract<Row, { kind: 'error' }>): TreeRow {
  const line = row.error.line > 0 ? `:${row.error.line}` : '';
  const name = span(`${relative(state.root, row.error.file)}${line}`, 'strong');
  const reason = [span(row.error.message, 'bad')];
  const what = row.error.build ? 'does not build' : 'cannot be read';
  return { key: row.key, kind: 'error', sign: span('✗', 'bad'), name, right: [span(what, 'bad')], reason };
}

function drawn(state: State, row: Row): TreeRow {
  if (row.kind === 'case') return caseRow(state, row.one);
  return row.kind === 'error' ? errorRow(state, row) : groupRow(state, row);
}

/** A row that is drawn when it is looked at: of ten thousand a screen shows thirty. */
class LazyRow implements TreeRow {
  readonly key: string;
  readonly kind: Row['kind'];
  private readonly state: State;
  private readonly row: Row;
  private known: TreeRow | null = null;

  constructor(state: State, row: Row) {
    this.key = row.key;
    this.kind = row.kind;
    this.state = state;
    this.row = row;
  }

  private get drawn(): TreeRow {
    this.known ??= drawn(this.state, this.row);
    return this.known;
  }

  get sign(): Span {
    return this.drawn.sign;
  }

  get name(): Span {
    return this.drawn.name;
  }

  get right(): Line {
    return this.drawn.right;
  }

  get reason(): Line | null {
    return this.drawn.reason;
  }
}

export function treeRow(state: State, row: Row): TreeRow {
  return new LazyRow(state, row);
}
