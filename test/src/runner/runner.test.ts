/** The runner on a backend that does what it is told: verdicts, reasons, stopping, what must never pass. */
import { expect, test } from 'bun:test';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent, TestOutcome } from '../../../src/outcome.ts';
import { ObjectStore } from '../../../src/runner/object-store.ts';
import { requestOf, runCases } from '../../../src/runner/runner.ts';
import type { SettledCase } from '../../../src/test-case.ts';
import { FakeBackend, type FakeScript, fakeObject } from '../../support/fake-backend.ts';
import { settled } from '../../support/settled.ts';

const directory = mkdtempSync(join(tmpdir(), 'runner-'));
const OBJECT = join(directory, 'lb.o');

function scene(script: FakeScript) {
  writeFileSync(OBJECT, fakeObject(script));
  const backend = new FakeBackend();
  return { backend, objects: new ObjectStore(backend, null), lenient: false };
}

async function run(script: FakeScript, cases: readonly SettledCase[], options = {}) {
  const events: RunEvent[] = [];
  const scope = scene(script);
  const settings = { run: 1, cause: 'start', kept: 0, ...options };
  await runCases(cases, scope, settings, (event) => events.push(event));
  const outcomes = events.flatMap((e): TestOutcome[] => (e.type === 'outcome' ? [e.outcome] : []));
  return { events, outcomes, scope };
}

const one = (name: string, more: Partial<SettledCase> = {}) => settled(name, { object: OBJECT, ...more });
const TX = { programs: { xdp_lb: { retval: 3 } } };

test('events come in order: start, an outcome a case, end', async () => {
  const { events } = await run(TX, [one('a'), one('b')]);
  expect(events.map((e) => e.type)).toEqual(['start', 'outcome', 'outcome', 'end']);
});

test('a verdict by name or number passes or fails', async () => {
  const cases = [one('name', { expect: { retval: 'XDP_TX' } }), one('number', { expect: { retval: 3 } })];
  const { outcomes } = await run(TX, [...cases, one('other', { expect: { retval: 'XDP_DROP' } })]);
  expect(outcomes.map((o) => o.verdict)).toEqual(['pass', 'pass', 'fail']);
  const fix = { path: ['retval'], value: 3, named: 'XDP_TX' };
  expect(outcomes[2]?.differences).toEqual([
    { field: 'retval', at: '', expected: 'XDP_DROP (1)', received: 'XDP_TX (3)', fix },
  ]);
});

test('a verdict of another program type is a mistake of the case, not a difference', async () => {
  const { outcomes } = await run(TX, [one('a', { expect: { retval: 'TC_ACT_SHOT' } })]);
  expect(outcomes[0]).toMatchObject({ verdict: 'error', differences: [] });
  expect(outcomes[0]?.reason).toContain('XDP programs');
});

test('without an expectation a run must end well', async () => {
  const script = { programs: { good: {}, bad: { errno: 22 } } };
  const { outcomes } = await run(script, [one('a', { program: 'good' }), one('b', { program: 'bad' })]);
  expect(outcomes.map((o) => o.verdict)).toEqual(['pass', 'fail']);
  expect(outcomes[1]?.differences[0]).toMatchObject({ field: 'errno', expected: '0', received: 'EINVAL (22)' });
});

test('an errno may be what is expected', async () => {
  const script = { programs: { xdp_lb: { errno: 28 } } };
  const { outcomes } = await run(script, [one('a', { expect: { errno: 28 } }), one('b', { expect: { errno: 22 } })]);
  expect(outcomes.map((o) => o.verdict)).toEqual(['pass', 'fail']);
});

test('what the engine does not have is skipped by name; any other refusal is an error', async () => {
  const refusal = (stage: 'unsupported' | 'load') => ({
    stage,
    errno: 0,
    message: 'bpf_fib_lookup is missing',
    where: {},
  });
  const script = { programs: { un: { refusal: refusal('unsupported') }, no: { refusal: refusal('load') } } };
  const { outcomes } = await run(script, [one('a', { program: 'un' }), one('b', { program: 'no' })]);
  expect(outcomes.map((o) => [o.verdict, o.reason])).toEqual([
    ['skip', 'bpf_fib_lookup is missing'],
    ['error', 'bpf_fib_lookup is missing'],
  ]);
});

test('an object that is not there is an error that names it', async () => {
  const { outcomes } = await run(TX, [one('a', { object: join(directory, 'gone.o') })]);
  expect(outcomes[0]).toMatchObject({ verdict: 'error' });
  expect(outcomes[0]?.reason).toContain('gone.o: no such file');
});

test('a throw of the backend is our bug; the cases after it still run', async () => {
  const script = { programs: { boom: { throws: 'broken invariant' }, xdp_lb: {} } };
  const { outcomes } = await run(script, [one('a', { program: 'boom' }), one('b')]);
  expect(outcomes.map((o) => o.verdict)).toEqual(['error', 'pass']);
  expect(outcomes[0]?.reason).toBe('engine bug: broken invariant');
});

test('skipped and to-do cases never reach the backend', async () => {
  const cases = [one('a', { mode: 'skip', skip_reason: 'no vlan yet' }), one('b', { mode: 'todo' })];
  const { outcomes, scope } = await run(TX, cases);
  expect(outcomes.map((o) => [o.verdict, o.reason])).toEqual([
    ['skip', 'no vlan yet'],
    ['todo', ''],
  ]);
  expect(scope.backend.runs).toHaveLength(0);
});

test('printk is compared line by line', async () => {
  const script = { programs: { xdp_lb: { printk: ['one', 'two 22'] } } };
  const good = one('good', { expect: { printk: ['one', /^two \d+$/] } });
  const short = one('short', { expect: { printk: ['one'] } });
  const long = one('long', { expect: { printk: ['one', /two/, 'three'] } });
  const { outcomes } = await run(script, [good, short, long]);
  expect(outcomes.map((o) => o.verdict)).toEqual(['pass', 'fail', 'fail']);
  expect(outcomes[1]?.differences).toEqual([
    {
      ...{ field: 'printk', at: 'line 2', expected: 'no more lines', received: 'two 22' },
      fix: { path: ['printk', 1], value: 'two 22' },
    },
  ]);
  expect(outcomes[2]?.differences[0]).toMatchObject({ at: 'line 3', expected: 'three', received: 'no line' });
});

test('aborting ends the run under way and says cancelled; the stopped case has no outcome', async () => {
  const stop = new AbortController();
  const script = { programs: { xdp_lb: { takes_ms: 60_000 } } };
  const running = run(script, [one('a'), one('b')], { signal: stop.signal });
  setTimeout(() => stop.abort(), 5);
  const { events, outcomes } = await running;
  expect(outcomes).toHaveLength(0);
  expect(events.at(-1)).toMatchObject({ type: 'end', cancelled: true });
});

test('bail stops at the first case that does not pass', async () => {
  const cases = [one('a', { expect: { retval: 1 } }), one('b')];
  const { outcomes } = await run(TX, cases, { bail: true });
  expect(outcomes).toHaveLength(1);
});

test('retries: a case that does not pass runs again, and says how often it ran', async () => {
  const { outcomes, scope } = await run(TX, [one('a', { expect: { retval: 1 } }), one('b')], {
    retries: 2,
    explain: 'failures',
  });
  expect(outcomes.map((o) => [o.verdict, o.attempts])).toEqual([
    ['fail', 3],
    ['pass', undefined],
  ]);
  expect(scope.backend.runs).toHaveLength(4);
  // To say why, however often it ran before.
  expect(scope.backend.traced).toHaveLength(1);
});

test('a request carries what the case says and nothing else', () => {
  const full = one('a', {
    type: 'XDP',
    data_in: new Uint8Array([1]),
    ctx_in: { json: { ingress_ifindex: 1 } },
    repeat: 3,
    flags: 2,
    budget: 99,
    env: { time_ns: 5, cpus: 2 },
  });
  expect(requestOf(full, true)).toEqual({
    object: OBJECT,
    program: 'xdp_lb',
    type: 'XDP',
    presets: [],
    ctx: { ingress_ifindex: 1 },
    opts: { data_in: new Uint8Array([1]), repeat: 3, flags: 2, budget: 99, env: { time_ns: 5n, cpus: 2 } },
    lenient: true,
  });
  expect(requestOf(one('b'), false)).toEqual({ object: OBJECT, program: 'xdp_lb', presets: [], opts: { env: {} } });
});
