/** What the cursor is on, in the pane beside the list: a case's detail, or a table of a group's parts and their failures. */
import { basename, relative } from 'node:path';
import { commonRefusal } from '../session/refusal.ts';
import { failureIndex, type State } from '../session/state.ts';
import { type Counts, casesOf, countOutcomes, type Row } from '../session/tree.ts';
import { caseDetail, type DetailItem, errorDetail, groupFailures } from './detail.ts';
import { duration, plural, reasonOf, refusalText, span, type Tag } from './text.ts';

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
    return tableRow(basename(node.path), countOutcomes(casesOf(node), state.outcomes));
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
    const at = failureIndex(state, row.one.id);
    const title = at >= 0 ? `${at + 1}/${state.badSince.size} failed` : '';
    return { title, items: caseDetail(state, row.one), groups: [] };
  }
  const failures = groupFailures(state, casesOf(row.node), reasonOf);
  const said = groupState(state, row);
  if (row.kind === 'program') {
    const groups = [tableRow(row.node.label, countOutcomes(row.node.cases, state.outcomes))];
    return { title: row.node.label, items: said ?? failures, groups: said ? [] : groups };
  }
  const groups = row.node.programs.map((p) => tableRow(p.label, countOutcomes(p.cases, state.outcomes)));
  return { title: basename(row.node.path), items: said ?? failures, groups: said ? [] : groups };
}

const ABSENT = {
  missing: ['is not there.', 'Its cases run as soon as it is built.'],
  damaged: [
    'ends before what its headers promise.',
    'Its cases run as soon as it is whole: is the compiler still writing it, or was it stopped?',
  ],
} as const;

/** Why there is nothing to count in a group; null: there is. */
function groupState(state: State, row: Extract<Row, { kind: 'object' | 'program' }>): DetailItem[] | null {
  const path = row.kind === 'object' ? row.node.path : row.node.object;
  const cases = plural(casesOf(row.node).length, 'case');
  const lines = (what: string, tag: Tag, next: string): DetailItem[] => [
    {
      label: '',
      lines: [[span(`${row.node.label}  ${cases}`, 'strong')], [], [span(what, tag)], [], [span(next, 'dim')]],
    },
  ];
  const absent = state.absent.get(path);
  if (absent) return lines(`${relative(state.root, path)} ${ABSENT[absent][0]}`, 'warn', ABSENT[absent][1]);
  const refusal = state.refused.has(row.key) ? commonRefusal(casesOf(row.node), state.outcomes) : null;
  if (!refusal) return null;
  const next = 'None of its cases ran. They run again as soon as it is rebuilt; → lists them.';
  return lines(refusalText(refusal), refusal.verdict === 'error' ? 'bad' : 'warn', next);
}
