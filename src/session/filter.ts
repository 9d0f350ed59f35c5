/** Which cases the list shows: filters by name, by file, by failure and by what changed, which all hold together; and the search. */
import { relative } from 'node:path';
import type { SettledCase } from '../test-case.ts';
import { isBad, type Outcomes, type Row } from './tree.ts';

export interface Filter {
  /** Words that a case's name or program must hold, all of them; '': any. */
  readonly name: string;
  /** Part of the path of its case file or object; '': any. */
  readonly file: string;
}

export interface Filtering {
  readonly root: string;
  readonly outcomes: Outcomes;
  readonly filter: Filter;
  readonly onlyFailed: boolean;
  readonly onlyChanged: boolean;
  readonly changed: ReadonlySet<string>;
}

export function filtersAny({ filter, onlyFailed, onlyChanged }: Filtering): boolean {
  return filter.name !== '' || filter.file !== '' || onlyFailed || onlyChanged;
}

/** Whether text holds every word of the wanted ones, whatever their case. */
function holdsWords(text: string, wanted: string): boolean {
  const low = text.toLowerCase();
  return wanted
    .toLowerCase()
    .split(' ')
    .every((word) => low.includes(word));
}

export function accepts(by: Filtering, one: SettledCase): boolean {
  const { root, outcomes, filter, onlyFailed, onlyChanged, changed } = by;
  if (onlyFailed && !isBad(outcomes.get(one.id))) return false;
  if (onlyChanged && !changed.has(one.id)) return false;
  if (filter.name !== '' && !holdsWords(`${one.program} ${one.name}`, filter.name)) return false;
  if (filter.file === '') return true;
  return [one.file, one.object].some((path) => holdsWords(relative(root, path), filter.file));
}

/** Whether a search finds a row: by what stands in it. */
export function found(row: Row, search: string): boolean {
  if (search === '') return false;
  if (row.kind === 'case') return holdsWords(row.one.name, search);
  return holdsWords(row.kind === 'error' ? row.error.message : row.node.label, search);
}

/** The next row that the search finds from `from` on, going round; -1: none. `from` itself is looked at last. */
export function nextMatch(rows: readonly Row[], search: string, from: number, by: 1 | -1): number {
  for (let step = 1; step <= rows.length; step++) {
    const at = (from + by * step + rows.length * 2) % rows.length;
    if (found(rows[at]!, search)) return at;
  }
  return -1;
}
