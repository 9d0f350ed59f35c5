/** A case as the runs it is made of: each step a case of its own, for whoever asks, compares and shows. */
import type { TestOutcome } from '../outcome.ts';
import type { SettledCase } from '../test-case.ts';

/** The case as its steps; a case without steps is its only one. */
export function stepsOf(one: SettledCase): readonly SettledCase[] {
  const { steps, ...rest } = one;
  return steps === undefined ? [one] : steps.map((step) => ({ ...rest, ...step }));
}

/** Every object that a case is about. */
export function objectsOf(one: SettledCase): readonly string[] {
  return [...new Set([one.object, ...(one.with ?? []), ...(one.live?.peers ?? [])])];
}

/** The step that an outcome is about: the one that failed, else the last. */
export function shownStep(one: SettledCase, outcome: TestOutcome): SettledCase {
  const steps = stepsOf(one);
  return steps[(outcome.step?.number ?? steps.length) - 1] ?? one;
}

/** `step 2 of 3: ACK`; '' where the case has no steps. */
export function stepText(outcome: TestOutcome): string {
  const { step } = outcome;
  if (step === undefined) return '';
  return `step ${step.number} of ${step.of}${step.name === '' ? '' : `: ${step.name}`}`;
}
