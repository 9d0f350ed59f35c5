/** New expected values for what the cursor is on: what would be written, and writing it. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { State } from '../session/state.ts';
import { cursorIndex, isBad, type Row } from '../session/tree.ts';
import type { SettledCase } from '../test-case.ts';
import type { Updates } from '../update/plan.ts';

function casesOf(row: Row | undefined): readonly SettledCase[] {
  if (row?.kind === 'case') return [row.one];
  if (row?.kind === 'program') return row.node.cases;
  return row?.kind === 'object' ? row.node.programs.flatMap((program) => program.cases) : [];
}

/** For the case, program or object under the cursor. Throws when a file cannot be read. */
export async function planFor(state: State, rows: readonly Row[]): Promise<Updates> {
  const { planUpdates } = await import('../update/plan.ts');
  const row = rows[cursorIndex(rows, state.selected, state.cases)];
  const bad = casesOf(row).flatMap((one) => {
    const outcome = state.outcomes.get(one.id);
    return outcome && isBad(outcome) ? [[one, outcome] as const] : [];
  });
  return planUpdates(bad, (file) => readFileSync(file, 'utf8'));
}

export function writePlan({ files }: Updates): void {
  for (const [file, text] of files) writeFileSync(file, text);
}
