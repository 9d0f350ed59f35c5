/** Settled cases and outcomes for tests, with everything that does not matter filled in. */
import type { TestOutcome, Verdict } from '../../src/outcome.ts';
import type { SettledCase } from '../../src/test-case.ts';

export function settled(name: string, more: Partial<SettledCase> = {}): SettledCase {
  const object = more.object ?? '/p/build/lb.o';
  const program = more.program ?? 'xdp_lb';
  const base = { file: '/p/test/lb.case.ts', line: 3, type: null, data_in: null, ctx_in: null, presets: [], env: {} };
  const rest = { repeat: 0, flags: 0, budget: null, mode: 'run' as const, skip_reason: '', expect: {} };
  return { id: `${object} › ${program} › ${name}`, name, object, program, ...base, ...rest, ...more };
}

export function outcomeOf(one: SettledCase, verdict: Verdict = 'pass', more: Partial<TestOutcome> = {}): TestOutcome {
  const nothing = { differences: [], reason: '', refusal: null, result: null, maps: [], maps_before: [], took_ms: 0.5 };
  return { id: one.id, verdict, ...nothing, ...more };
}

export const FAILED: Partial<TestOutcome> = {
  differences: [{ field: 'retval', at: '', expected: 'XDP_TX (3)', received: 'XDP_DROP (1)' }],
};
