/** What narrows the list, in words: the chips beside the project, the list's title, the prompt that is being typed into. */
import { filtersAny, found } from '../session/filter.ts';
import type { State } from '../session/state.ts';
import type { Row } from '../session/tree.ts';
import { type Line, plural, span } from './text.ts';

export interface PromptView {
  /** `name`, `file`, `/`. */
  readonly label: string;
  readonly text: string;
  /** How much matches: `3 cases`. */
  readonly note: string;
}

export function chips(state: State): string[] {
  const { name, file } = state.filter;
  const out: string[] = [];
  const only = state.cases.filter((one) => one.only).length;
  if (only > 0) out.push(`only: ${only} of ${state.cases.length}`);
  if (state.onlyFailed) out.push('only failed');
  if (state.onlyChanged) out.push('only changed');
  if (name !== '') out.push(`name: ${name}`);
  if (file !== '') out.push(`file: ${file}`);
  if (state.search !== '') out.push(`/${state.search}`);
  return out;
}

/** Why the list is empty, and what brings it back. */
export function nothingListed(state: State): Line[] {
  const { name, file } = state.filter;
  const said = (words: string, key: string): Line[] => [[span(words, 'warn')], [span(key, 'dim')]];
  if (name !== '') return said(`No case has “${name}” in its name or program.`, 'Esc clears the filter.');
  if (file !== '') return said(`No case file or object has “${file}” in its path.`, 'Esc clears the filter.');
  if (state.onlyFailed) return said('Nothing fails.', 'f or Esc lists all cases again; what breaks appears here.');
  if (state.onlyChanged) return said('Nothing of what changed last is listed.', 'o or Esc lists all cases again.');
  return [];
}

function listed(rows: readonly Row[]): number {
  return rows.filter((row) => row.kind === 'case').length;
}

/** `all · 27`, `3 of 27`; while searching which match of how many the cursor is on. */
export function listTitle(state: State, rows: readonly Row[], total: number, cursor: number): string {
  const shown = filtersAny(state) ? `${listed(rows)} of ${total}` : `all · ${total}`;
  if (state.search === '') return shown;
  const matches = rows.flatMap((row, i) => (found(row, state.search) ? [i] : []));
  const at = matches.indexOf(cursor);
  return `${shown} · match ${at < 0 ? '' : `${at + 1} of `}${matches.length}`;
}

const LABELS = { name: 'name', file: 'file', search: '/', packet: 'packet', ctx: 'ctx', repeat: 'repeat' } as const;

export function promptView(state: State, rows: readonly Row[]): PromptView | null {
  const { prompt } = state;
  if (!prompt) return null;
  const label = LABELS[prompt.kind];
  const narrows = prompt.kind === 'name' || prompt.kind === 'file';
  if (prompt.kind !== 'search') return { label, text: prompt.text, note: narrows ? plural(listed(rows), 'case') : '' };
  const matches = rows.filter((row) => found(row, prompt.text)).length;
  return { label, text: prompt.text, note: prompt.text === '' ? '' : plural(matches, 'line') };
}
