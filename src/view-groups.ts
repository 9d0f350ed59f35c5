/** What the cursor is on, in the pane beside the list: a case's detail, or a table of a group's parts and their failures. */
import { basename } from 'node:path';
import type { State } from './session-state.ts';
import { type Counts, countOutcomes, type Row } from './session-tree.ts';
import { caseDetail, type DetailItem, errorDetail, groupFailures } from './view-detail.ts';
import { duration, reasonOf } from './view-text.ts';

export interface GroupRow {
  readonly name: string;
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly other: number;
  readonly time: string;
}

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

export function objectTable(state: State): GroupRow[] {
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

export function detailOf(state: State, row: Row | undefined): Detail {
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
