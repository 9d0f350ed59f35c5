/** Failing cases are run again, traced, up to the step that failed; passing ones, long ones and the kernel's are not. */
import { expect, test } from 'bun:test';
import type { RunReply, RunRequest } from '../../../src/backends/backend.ts';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { pkt } from '../../../src/define.ts';
import type { RunEvent, TestOutcome } from '../../../src/outcome.ts';
import { ObjectStore } from '../../../src/runner/object-store.ts';
import { runCases } from '../../../src/runner/runner.ts';
import type { TestCase } from '../../../src/test-case.ts';
import { fixtureCase } from '../../support/fixture-cases.ts';

const udp = pkt.eth().ipv4({ saddr: '10.0.0.1', daddr: '10.0.0.2', ttl: 9 }).udp({ source: 5, dest: 53 });

/** An engine that remembers what it was asked. */
class Watched extends EngineBackend {
  readonly asked: RunRequest[] = [];

  override run(request: RunRequest): Promise<RunReply> {
    this.asked.push(request);
    return super.run(request);
  }
}

interface Came {
  readonly came: TestOutcome;
  readonly asked: readonly RunRequest[];
}

/** The outcome, explained. */
async function outcomeOf(given: Omit<TestCase, 'name'>): Promise<Came> {
  const backend = new Watched();
  const events: RunEvent[] = [];
  const scope = { backend, objects: new ObjectStore(backend, null), lenient: false };
  const options = { run: 1, cause: 'start', kept: 0, explain: 'failures' } as const;
  await runCases([fixtureCase(given)], scope, options, (event) => events.push(event));
  const [came] = events.flatMap((event) => (event.type === 'outcome' ? [event.outcome] : []));
  return { came: came!, asked: backend.asked };
}

const count = { object: 'map-array', program: 'count_in_place', data_in: udp };

test('a case that passes is run once', async () => {
  const { came, asked } = await outcomeOf({ ...count, expect: { retval: 'XDP_PASS' } });
  expect(came.verdict).toBe('pass');
  expect(came.why).toBeUndefined();
  expect(asked).toHaveLength(1);
});

test('a case that fails says why, and its result is that of the fast run', async () => {
  const { came, asked } = await outcomeOf({ ...count, expect: { retval: 'XDP_DROP' } });
  expect(came.verdict).toBe('fail');
  expect(came.why?.registers[0]?.value).toBe('XDP_PASS (2)');
  expect(came.why?.note).toBe('');
  expect(came.result?.trace).toBeUndefined();
  expect(asked).toHaveLength(2);
  expect(structuredClone(came.why)).toEqual(came.why!);
});

test('of a case with steps the one that failed is traced, on the maps that those before it left', async () => {
  const wrong = { expect: { maps: { by_protocol: { 17: { packets: 9 } } } } };
  const { came, asked } = await outcomeOf({ ...count, steps: [{}, wrong, {}] });
  expect(came.step?.number).toBe(2);
  const [, again] = asked;
  expect(again?.opts.trace).toBeUndefined();
  expect(again?.more?.map(({ opts }) => opts.trace !== undefined)).toEqual([true]);
  expect(came.why?.calls[0]?.said).toStartWith('bpf_map_lookup_elem(by_protocol, 17) → {packets: 1, ');
});

test('of an endless loop a part is looked at', async () => {
  const loop = { object: 'faults/endless-loop', program: 'endless_loop', data_in: udp, budget: 3_000_000 };
  const { came } = await outcomeOf({ ...loop, expect: { retval: 'XDP_PASS' } });
  expect(came.why?.note).toMatch(/^an endless loop: its first \d+ instructions were looked at$/);
});

test('long runs are not traced', async () => {
  const { came, asked } = await outcomeOf({ ...count, repeat: 200_000, expect: { retval: 'XDP_DROP' } });
  expect(came.result?.insns_executed).toBeGreaterThan(1_000_000);
  expect(came.why).toBeUndefined();
  expect(asked).toHaveLength(1);
});

test('a program of another object of the world is explained by its own lines, types and variables', async () => {
  const shared = { object: 'shared/entry', with: ['shared/stage'], program: 'enter', data_in: udp };
  const { came } = await outcomeOf({ ...shared, maps: { next: { 1: 'decide' } }, expect: { retval: 'XDP_DROP' } });
  expect(came.why?.returned).toMatchObject({ program: 'decide', file: 'stage.bpf.c' });
  expect(came.why?.source.find((line) => line.returned)?.text).toContain('seen->packets <= limit');
  expect(came.why?.values.map((value) => value.name)).toContain('limit');
  expect(came.why?.decisive?.condition).toContain('limit');
});
