/** Rows of the live screen's tables that hold a text. */
import type { InterfaceRow } from './view-interfaces.ts';
import type { ErrorView } from './view-parts.ts';

export interface SearchedTables {
  readonly interfaces: readonly InterfaceRow[];
  readonly errors: readonly ErrorView[];
}

function words({ interfaces, errors }: SearchedTables, focus: 'interfaces' | 'errors'): string[] {
  if (focus === 'errors') return errors.map((row) => `${row.tracepoint} ${row.reason} ${row.detail} ${row.why}`);
  return interfaces.map((row) => `${row.name} ${row.netns} ${row.state} ${row.why_long}`);
}

/** Places of the rows, none for an empty text. */
export function matchesOf(tables: SearchedTables, focus: 'interfaces' | 'errors', text: string): number[] {
  if (text === '') return [];
  const wanted = text.toLowerCase();
  return words(tables, focus).flatMap((row, i) => (row.toLowerCase().includes(wanted) ? [i] : []));
}
