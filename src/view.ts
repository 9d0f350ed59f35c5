/** The watch screen as strings, numbers and tags: a pure function of the state, and all of the app that ui/ knows. */
import { basename, relative } from 'node:path';
import type { TestOutcome } from './outcome.ts';
import type { Command } from './session-commands.ts';
import type { RunRecord, State } from './session-state.ts';
import { rowsOf } from './session-state.ts';
import { type Counts, countOutcomes, cursorIndex, isBad, type Row } from './session-tree.ts';
import type { SettledCase } from './test-case.ts';
import { caseDetail, type DetailItem, errorDetail, groupFailures } from './view-detail.ts';
import { emptyState } from './view-empty.ts';
import { clock, duration, type Line, plural, reasonOf, type Span, span, type Tag } from './view-text.ts';

export type { Command } from './session-commands.ts';
export type { DetailItem } from './view-detail.ts';
export type { Line, Span, Tag } from './view-text.ts';

/** What the screen stands on: a view to draw, commands to send. The snapshot is the same object until something changed. */
export interface Store {
  readonly subscribe: (listener: () => void) => () => void;
  readonly getSnapshot: () => ViewModel;
  readonly send: (command: Command) => void;
  readonly resize: (columns: number, rows: number) => void;
  /** Draw with the characters of ASCII alone. */
  readonly ascii?: boolean;
  /** Something of ours broke: the driver ends with exit code 70 and says so. */
  readonly crash: (error: unknown) => void;
}

/** A screen that is up; close() puts the terminal back as it was. */
export interface Screen {
  readonly close: () => Promise<void>;
}

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

export interface GroupRow {
  readonly name: string;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly other: number;
  readonly time: string;
}

export interface ViewModel {
  readonly project: string;
  /** `build/lb.o rebuilt · run 42 · 12:41:07`. */
  readonly run: Line;
  readonly badge: Span;
  readonly counts: Line;
  readonly took: string;
  readonly history: Line;
  /** Set when there is nothing to show a tree of. */
  readonly empty: { readonly title: string; readonly lines: readonly Line[] } | null;
  readonly listTitle: string;
  readonly chip: string;
  readonly rows: readonly TreeRow[];
  readonly cursor: number;
  readonly detailTitle: string;
  readonly detail: readonly DetailItem[];
  /** Table of the groups under the cursor's group; empty when the cursor is on a case. */
  readonly groups: readonly GroupRow[];
  /** Every object, for screens with room for it. */
  readonly objects: readonly GroupRow[];
  readonly events: readonly Line[];
  readonly pane: State['pane'];
  readonly scroll: number;
  readonly help: boolean;
  readonly onlyFailed: boolean;
  readonly paused: boolean;
  readonly running: boolean;
  readonly follow: boolean;
  readonly anyFailed: boolean;
  readonly onCase: boolean;
}

const HISTORY_SIGNS = 12;

function caseSign(state: State, one: SettledCase, outcome: TestOutcome | undefined): Span {
  if (state.running?.ids.has(one.id) && !outcome) return span('…', 'dim');
  if (!outcome) return span('·', 'dim');
  const signs = { pass: '✓', fail: '✗', error: '✗', skip: '↷', todo: '◌' } as const;
  const tags = { pass: 'good', fail: 'bad', error: 'bad', skip: 'warn', todo: 'info' } as const;
  return span(signs[outcome.verdict], tags[outcome.verdict]);
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
  const known = outcome && !absent ? caseRows.get(outcome) : undefined;
  if (known && known.key === one.id) return known;
  const reason = isBad(outcome) && !absent ? [span(reasonOf(outcome as TestOutcome), 'bad')] : null;
  const sign = absent ? span('·', 'warn') : caseSign(state, one, outcome);
  const name = span(one.name, isBad(outcome) && !absent ? 'strong' : 'plain');
  const row: TreeRow = { key: one.id, kind: 'case', sign, name, right: caseRight(state, one, outcome), reason };
  if (outcome && !absent) caseRows.set(outcome, row);
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

function groupRow(state: State, row: Extract<Row, { kind: 'object' | 'program' }>): TreeRow {
  const isObject = row.kind === 'object';
  const cases = isObject ? row.node.programs.flatMap((p) => p.cases) : row.node.cases;
  const absent = isObject ? state.absent.get(row.node.path) : undefined;
  const n = countOutcomes(cases, state.outcomes);
  const right: Span[] = [];
  if (absent) right.push(span(absent === 'missing' ? 'not there, waiting for it' : 'half written, waiting', 'warn'));
  else if (cases.length === 0) right.push(span(isObject ? 'no cases' : '', 'dim'));
  else if (isObject || row.folded) right.push(...countLine(n), span(`  ${duration(n.took_ms)}`, 'dim'));
  const label = row.kind === 'program' && row.folded ? `${row.node.label} (${cases.length})` : row.node.label;
  return {
    key: row.key,
    kind: row.kind,
    sign: span(cases.length === 0 && !isObject ? '·' : row.folded ? '▸' : '▾', 'dim'),
    name: span(label, isObject ? 'strong' : 'plain'),
    right,
    reason: null,
  };
}

function errorRow(state: State, row: Extract<Row, { kind: 'error' }>): TreeRow {
  const line = row.error.line > 0 ? `:${row.error.line}` : '';
  const name = span(`${relative(state.root, row.error.file)}${line}`, 'strong');
  const reason = [span(row.error.message, 'bad')];
  return { key: row.key, kind: 'error', sign: span('✗', 'bad'), name, right: [span('cannot be read', 'bad')], reason };
}

function treeRow(state: State, row: Row): TreeRow {
  if (row.kind === 'case') return caseRow(state, row.one);
  return row.kind === 'error' ? errorRow(state, row) : groupRow(state, row);
}

function badge(state: State, n: Counts): Span {
  if (state.running) return span('… RUN', 'info');
  if (n.failed > 0 || state.errors.length > 0) return span('✗ FAIL', 'bad');
  if (state.absent.size > 0) return span('· WAIT', 'warn');
  if (!state.loaded || (n.open > 0 && n.open === n.total)) return span('… START', 'info');
  if (state.last?.cancelled) return span('· STOPPED', 'warn');
  return n.total === 0 ? span('· NO CASES', 'warn') : span('✓ PASS', 'good');
}

function joined(parts: readonly Span[]): Line {
  return parts.flatMap((part, i) => (i === 0 ? [part] : [span(' · ', 'dim'), part]));
}

function countsLine(state: State, n: Counts): Line {
  const parts: Span[] = [];
  const add = (count: number, word: string, tag: Tag) => {
    if (count > 0) parts.push(span(`${count} ${word}`, tag));
  };
  if (state.running) add(state.running.done, `of ${state.running.ids.size} done`, 'info');
  add(state.errors.length, state.errors.length === 1 ? 'file error' : 'file errors', 'bad');
  add(n.failed, 'failed', 'bad');
  add(n.passed, 'passed', 'good');
  add(n.skipped, 'skipped', 'warn');
  add(n.todo, 'todo', 'info');
  if (!state.running) add(n.open, 'not run', 'dim');
  const line = joined(parts);
  return n.total > 0 ? [...line, span(` (${n.total})`, 'dim')] : line;
}

function historySign(record: RunRecord): Span {
  if (record.cancelled) return span('·', 'warn');
  return record.failed > 0 ? span('✗', 'bad') : span('✓', 'good');
}

function runTitle(state: State): Line {
  const now = state.running;
  if (state.paused) {
    const held = state.held.length > 0 ? `, ${plural(state.held.length, 'change')} held back` : '';
    return [span(`paused${held}`, 'warn')];
  }
  if (now) return joined([span(now.cause), span(`run ${now.run}`, 'dim')]);
  if (!state.last) return [span(state.loaded ? '' : 'reading cases', 'dim')];
  return joined([span(state.last.cause), span(`run ${state.last.run}`, 'dim'), span(clock(state.last.at), 'dim')]);
}

function firstReason(state: State, record: RunRecord): string {
  const one = state.cases.find((c) => record.broken.includes(c.id));
  const outcome = one && state.outcomes.get(one.id);
  return one && outcome && isBad(outcome) ? `: ${one.name}: ${reasonOf(outcome)}` : '';
}

/** What a run did, for the event lines: how much ran and why, what broke or was mended. */
function runLine(state: State, record: RunRecord): Line {
  const ran = `${record.ran} rerun${record.kept > 0 ? `, ${record.kept} kept` : ''}`;
  const first = record.run === 1;
  const parts: Span[] = [span(record.cause), span(first ? plural(record.ran, 'case') : ran, 'dim')];
  if (record.cancelled) parts.push(span('stopped', 'warn'));
  if (record.broken.length > 0) {
    const what = `${record.broken.length} ${first ? 'failed' : 'newly failing'}`;
    parts.push(span(`${what}${firstReason(state, record)}`, 'bad'));
  }
  if (record.fixed > 0) parts.push(span(`${record.fixed} mended`, 'good'));
  const same = record.broken.length === 0 && record.fixed === 0 && !record.cancelled;
  const any = record.ran + record.kept > 0;
  if (same && any) {
    parts.push(record.failed > 0 ? span(`still ${record.failed} failing`, 'bad') : span('all well', 'good'));
  }
  return joined(parts);
}

const LOG_TAGS = { plain: 'plain', good: 'good', bad: 'bad', warn: 'warn' } as const;

/** Runs and other events together, the latest first. */
function eventLines(state: State): Line[] {
  const runs = state.history.map((r) => ({ at: r.at, line: runLine(state, r) }));
  const logs = state.log.map((l) => ({ at: l.at, line: [span(l.text, LOG_TAGS[l.tag])] as Line }));
  const all = [...runs, ...logs].sort((a, b) => b.at - a.at).slice(0, EVENTS_MAX);
  return all.map(({ at, line }) => [span(`${clock(at)}  `, 'dim'), ...line]);
}

const EVENTS_MAX = 40;

function tableRow(name: string, n: Counts): GroupRow {
  return {
    name,
    cases: n.total,
    passed: n.passed,
    failed: n.failed,
    other: n.skipped + n.todo + n.open,
    time: n.total > 0 ? duration(n.took_ms) : '',
  };
}

function objectTable(state: State): GroupRow[] {
  return state.tree.map((node) => {
    const cases = node.programs.flatMap((p) => p.cases);
    return tableRow(basename(node.path), countOutcomes(cases, state.outcomes));
  });
}

interface Detail {
  readonly title: string;
  readonly items: readonly DetailItem[];
  readonly groups: readonly GroupRow[];
}

function detailOf(state: State, row: Row | undefined): Detail {
  if (!row) return { title: '', items: [], groups: [] };
  if (row.kind === 'error') return { title: 'error', items: errorDetail(state, row.error), groups: [] };
  if (row.kind === 'case') {
    const failing = state.cases.filter((one) => state.badSince.has(one.id));
    const at = failing.findIndex((one) => one.id === row.one.id);
    const title = at >= 0 ? `${at + 1}/${failing.length} failed` : '';
    return { title, items: caseDetail(state, row.one), groups: [] };
  }
  if (row.kind === 'program') {
    const groups = [tableRow(row.node.label, countOutcomes(row.node.cases, state.outcomes))];
    return { title: row.node.label, items: groupFailures(state, row.node.cases, reasonOf), groups };
  }
  const groups = row.node.programs.map((p) => tableRow(p.label, countOutcomes(p.cases, state.outcomes)));
  const cases = row.node.programs.flatMap((p) => p.cases);
  return { title: basename(row.node.path), items: groupFailures(state, cases, reasonOf), groups };
}

/** Everything the screen draws, from everything the session knows. */
export function view(state: State): ViewModel {
  const rows = rowsOf(state);
  const cursor = cursorIndex(rows, state.selected, state.cases);
  const n = countOutcomes(state.cases, state.outcomes);
  const row = rows[cursor];
  const detail = detailOf(state, row);
  return {
    project: basename(state.root),
    run: runTitle(state),
    badge: badge(state, n),
    counts: countsLine(state, n),
    took: state.last && !state.running ? duration(state.last.took_ms) : '',
    history: state.history.slice(0, HISTORY_SIGNS).reverse().map(historySign),
    empty: emptyState(state),
    listTitle: state.onlyFailed ? `failed · ${n.failed}` : `all · ${n.total}`,
    chip: state.onlyFailed ? 'only failed' : '',
    rows: rows.map((r) => treeRow(state, r)),
    cursor,
    detailTitle: detail.title,
    detail: detail.items,
    groups: detail.groups,
    objects: objectTable(state),
    events: eventLines(state),
    pane: state.pane,
    scroll: state.scroll,
    help: state.help,
    onlyFailed: state.onlyFailed,
    paused: state.paused,
    running: state.running !== null,
    follow: state.follow,
    anyFailed: n.failed > 0,
    onCase: row?.kind === 'case' || row?.kind === 'error',
  };
}
