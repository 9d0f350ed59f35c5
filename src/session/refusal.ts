/** Groups of cases that all came to nothing for one reason: their object cannot be opened, their program is not supported. */
import type { TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';

export interface CommonRefusal {
  readonly message: string;
  /** `error`: it should have run; `skip`: what it needs is not supported. */
  readonly verdict: 'error' | 'skip';
}

/** Why none of the cases ran; null: some did, or they have reasons of their own. */
export function commonRefusal(
  cases: readonly SettledCase[],
  outcomes: ReadonlyMap<string, TestOutcome>,
): CommonRefusal | null {
  const first = cases[0] && outcomes.get(cases[0].id);
  const refusal = first?.refusal;
  if (!refusal || (first.verdict !== 'error' && first.verdict !== 'skip')) return null;
  const alike = cases.every((one) => outcomes.get(one.id)?.refusal?.message === refusal.message);
  return alike ? { message: refusal.message, verdict: first.verdict } : null;
}
