/** A thread that breaks: its case is an error, the others run in the next one, and a watch goes on. */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent, TestOutcome } from '../../../src/outcome.ts';
import type { CaseRunner, CaseRunOptions } from '../../../src/runner/case-runner.ts';
import { WorkerRunner } from '../../../src/runner/client.ts';
import { RunnerCrash } from '../../../src/runner/crash.ts';
import { SteadyRunner } from '../../../src/runner/steady.ts';
import type { SettledCase } from '../../../src/test-case.ts';
import { WatchSession } from '../../../src/watch/session.ts';
import { ROOT } from '../../support/balancer-copy.ts';
import { outcomeOf, settled } from '../../support/settled.ts';

const CRASHING_WORKER = new URL('../../support/crashing-worker.ts', import.meta.url).href;
const CASES = ['a', 'b', 'c', 'd', 'e'].map((name) => settled(name));
const RUN = { run: 7, cause: 'start', kept: 0 };

/** A runner whose thread breaks at cases, `lost` outcomes before that being under way to us. */
function breaking(at: ReadonlySet<string>, lost = 0): CaseRunner {
  const crash = () => Promise.reject(new RunnerCrash('it broke', null));
  const run = async (ids: ReadonlySet<string>, { run: nth }: CaseRunOptions, emit: (event: RunEvent) => void) => {
    const cases = CASES.filter((one) => ids.has(one.id));
    emit({ type: 'start', run: nth, cause: '', kept: 0, cases });
    const broken = cases.findIndex((one) => at.has(one.name));
    const told = broken < 0 ? cases : cases.slice(0, Math.max(0, broken - lost));
    for (const one of told) emit({ type: 'outcome', run: nth, outcome: outcomeOf(one) });
    if (broken >= 0) throw new RunnerCrash('it broke', cases[broken]!.id);
    emit({ type: 'end', run: nth, took_ms: 1, cancelled: false });
  };
  return {
    setProject: crash,
    setCases: () => {},
    open: crash,
    run,
    outcome: crash,
    details: crash,
    close: async () => {},
  };
}

async function told(at: string[], lost = 0, options: CaseRunOptions = RUN) {
  const events: RunEvent[] = [];
  const crashes: (string | null)[] = [];
  const runner = new SteadyRunner(breaking(new Set(at), lost), ({ case_id }) => crashes.push(case_id));
  await runner.run(new Set(CASES.map((one) => one.id)), options, (event) => events.push(event));
  const outcomes = events.flatMap((event): TestOutcome[] => (event.type === 'outcome' ? [event.outcome] : []));
  const names = outcomes.map(({ id }) => CASES.find((one: SettledCase) => one.id === id)?.name);
  return { names, verdicts: outcomes.map((one) => one.verdict), outcomes, events, crashes };
}

test('one case breaks the thread: it is an error, all others run, told in order as one run', async () => {
  for (const lost of [0, 1, 2]) {
    const { names, verdicts, outcomes, events, crashes } = await told(['c'], lost);
    expect(names).toEqual(['a', 'b', 'c', 'd', 'e']);
    expect(verdicts).toEqual(['pass', 'pass', 'error', 'pass', 'pass']);
    expect(outcomes[2]?.reason).toContain('bpfdeck broke here: it broke');
    expect(events.map((event) => event.type).filter((type) => type !== 'outcome')).toEqual(['start', 'end']);
    expect(crashes).toHaveLength(1);
  }
});

test('the first and the last case', async () => {
  expect((await told(['a'])).verdicts).toEqual(['error', 'pass', 'pass', 'pass', 'pass']);
  expect((await told(['e'])).verdicts).toEqual(['pass', 'pass', 'pass', 'pass', 'error']);
});

test('after three crashes the rest is said to be not run, and keeps nothing old', async () => {
  const { verdicts, outcomes, events } = await told(['a', 'b', 'c']);
  expect(verdicts).toEqual(['error', 'error', 'error', 'error', 'error']);
  expect(outcomes.map((one) => one.reason.startsWith('not run'))).toEqual([false, false, false, true, true]);
  expect(events.at(-1)).toMatchObject({ type: 'end', cancelled: false });
});

test('a run that was stopped is not taken up again', async () => {
  const { verdicts, events } = await told(['c'], 0, { ...RUN, signal: AbortSignal.abort() });
  expect(verdicts).toEqual(['pass', 'pass', 'error']);
  expect(events.at(-1)).toMatchObject({ type: 'end', cancelled: true });
});

test('questions beside runs get an answer that says so', async () => {
  const runner = new SteadyRunner(breaking(new Set()), () => {});
  await runner.setProject({ btf: null, lenient: false });
  expect((await runner.open('/x.o')).refusal?.message).toContain('it broke');
  expect([await runner.outcome('a'), await runner.details('a')]).toEqual([null, null]);
});

const caseFile = (second: string) => `import { suite } from 'bpfdeck';
const packet = (first) => first + 'ff ff ff ff ff 02 00 00 00 00 01 08 06' + '00'.repeat(46);
suite({ object: 'parse.o', program: 'parse', expect: { retval: 'XDP_PASS' } }, [
  { name: 'one', data_in: packet('ff') }, { name: 'two', data_in: packet('${second}') }, { name: 'three', data_in: packet('ff') },
]);`;

test('a watch outlives its thread, whether that throws or ends, and runs again when a file changes', async () => {
  const root = mkdtempSync(join(tmpdir(), 'steady-'));
  writeFileSync(join(root, 'parse.o'), readFileSync(join(ROOT, 'fixtures/objects/xdp-parse/xdp-parse.bpf.o')));
  writeFileSync(join(root, 'bpfdeck.config.ts'), "export default { objects: '*.o', cases: '*.case.ts' };");
  writeFileSync(join(root, 'all.case.ts'), caseFile('dd'));
  const request = { cwd: root, filters: [], objects: [] };
  const session = new WatchSession({ request, runner: new WorkerRunner(CRASHING_WORKER), poll: false });
  const counts = () =>
    session
      .getSnapshot()
      .counts.map((span) => span.text)
      .join('');
  const until = (holds: () => boolean) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (holds()) resolve();
      };
      session.subscribe(look);
      look();
    });
  try {
    await session.start();
    await until(() => counts() === '1 failed · 2 passed (3)');
    const events = () =>
      session
        .getSnapshot()
        .events.map((line) => line.map((span) => span.text).join(''))
        .join('\n');
    expect(events()).toContain('bpfdeck broke while it ran two: ');
    writeFileSync(join(root, 'all.case.ts'), caseFile('ff'));
    await until(() => counts() === '3 passed (3)');
    writeFileSync(join(root, 'all.case.ts'), caseFile('de'));
    await until(() => counts() === '1 failed · 2 passed (3)');
    session.send({ do: 'rerun-all' });
    await until(() => events().split('bpfdeck broke while it ran two').length === 4);
  } finally {
    await session.finish(0);
    rmSync(root, { recursive: true });
  }
});
