/** WHY frames of a live run are lost: a row for every way there is, silent ones included, with a sentence that names it and one that mends it. */

import { LOST_AFTER } from './why-after.ts';
import { LOST_AT_REDIRECT } from './why-redirect.ts';
import type { LiveFacts, Loss, LossRow } from './why-types.ts';

export type { LiveFacts, Loss } from './why-types.ts';

import { LOST_BY_VERDICT } from './why-verdict.ts';

/** From the program's verdict to the far end's stack. */
export const LOSS_ROWS: readonly LossRow[] = [...LOST_BY_VERDICT, ...LOST_AT_REDIRECT, ...LOST_AFTER];

/** By report: a screen asks several times. */
const FOUND = new WeakMap<LiveFacts['report'], readonly Loss[]>();

/** Everything that is lost, what needs mending most first: what nobody asked for, then by number of frames. */
export function whyLost(facts: LiveFacts): readonly Loss[] {
  const known = FOUND.get(facts.report);
  if (known !== undefined) return known;
  const found = LOSS_ROWS.flatMap((row) =>
    row
      .find(facts)
      .map((loss): Loss => ({ ...loss, row: row.name, wanted: row.wanted === true, silent: row.silent === true })),
  );
  const sorted = found.sort((a, b) => Number(a.wanted) - Number(b.wanted) || b.count - a.count);
  FOUND.set(facts.report, sorted);
  return sorted;
}
