/** Runners side by side: one start, outcomes in the cases' order, one end; bail and stopping. */
import { expect, test } from 'bun:test';
import type { RunEvent, Verdict } from '../../../src/outcome.ts';
import type { CaseRunner } from '../../../src/runner/case-runner.ts';
import { ManyRunners } from '../../../src/runner/many.ts';
import type { SettledCase } from '../../../src/test-case.ts';
import { outcomeOf, settled } from '../../support/settled.ts';

/** Takes as long as it is told for each case. */
function fakeRunner(ms: number, verdicts: { readonly [name: string]: Verdict }): CaseRunner {
  let cases: readonly SettledCase[] = [];
  return {
    setProject: async () => {},
    setCases: (all) => {
      cases = all;
    },
    open: async () => ({ programs: [], refusal: null }),
    run: async (ids, { signal }, emit) => {
      for (const one of cases.filter((each) => ids.has(each.id))) {
        await Bun.sleep(ms);
        if (signal?.aborted) return;
        emit({ type: 'outcome', run: 1, outcome: outcomeOf(one, verdicts[one.name] ?? 'pass') });
      }
    },
    outcome: async () => null,
    details: async () => null,
    close: async () => {},
  };
}

const CASES = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => settled(name));

async function run(verdicts: { readonly [name: string]: Verdict }, options = {}): Promise<string[]> {
  const many = new ManyRunners([fakeRunner(20, verdicts), fakeRunner(1, verdicts)]);
  many.setCases(CASES);
  const events: RunEvent[] = [];
  const all = new Set(CASES.map((one) => one.id));
  await many.run(all, { run: 1, cause: 'start', kept: 0, ...options }, (event) => events.push(event));
  await many.close();
  return events.map((event) => (event.type === 'outcome' ? event.outcome.id.slice(-1) : event.type));
}

test('outcomes come in the order of the cases', async () => {
  expect(await run({})).toEqual(['start', 'a', 'b', 'c', 'd', 'e', 'f', 'end']);
});

test('bail ends at the first in order, whoever was faster', async () => {
  expect(await run({ b: 'fail', e: 'fail' }, { bail: true })).toEqual(['start', 'a', 'b', 'end']);
});

test('stopping ends all of them', async () => {
  expect(await run({}, { signal: AbortSignal.abort() })).toEqual(['start', 'end']);
});
