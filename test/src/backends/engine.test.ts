/** The engine backend, in this thread and in its own: fresh maps, presets, refusals, cancelling. */
import { afterAll, describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { Backend, RunRequest } from '../../../src/backends/backend.ts';
import { openNearEngine } from '../../../src/backends/engine/near.ts';
import { openEngine } from '../../../src/backends/engine/worker.ts';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { parseHex, toHex } from '../../../src/packet/hex.ts';
import { fixture } from '../../support/cli.ts';

const FRAME = parseHex('ffffffffffff02000000000108004500001c0000000040117cd07f0000017f00000104d2000900080000');
const bytesOf = (name: string) => new Uint8Array(readFileSync(fixture(name)));

function request(object: string, program: string, more: Partial<RunRequest> = {}): RunRequest {
  return { object, program, presets: [], opts: { data_in: FRAME }, ...more };
}

const worker = openEngine();
const near = openNearEngine();
const sides: [string, Backend][] = [
  ['in this thread', new EngineBackend()],
  ['in its own', worker],
  ['in whichever is right', near],
];
afterAll(async () => {
  await worker.close();
  await near.close();
});

describe.each(sides)('%s', (_where, backend) => {
  async function run(name: string, program: string, more: Partial<RunRequest> = {}) {
    expect((await backend.open(name, bytesOf(name))).refusal).toBeNull();
    return backend.run(request(name, program, more));
  }

  test('maps are fresh for every run', async () => {
    for (let i = 0; i < 3; i++) {
      const { result, maps } = await run('map-array', 'count_in_place');
      expect(result?.retval).toBe(2);
      const [entry] = maps.find((m) => m.name === 'by_protocol')!.entries;
      expect(toHex(entry!.value)).toBe('01000000000000002a00000000000000');
    }
  });

  test('maps before the run have the presets, maps after it what the program did', async () => {
    const presets = [{ map: 'by_protocol', content: { 17: { packets: 41 } } }];
    const { maps, maps_before } = await run('map-array', 'count_in_place', { presets });
    const packets = [maps_before, maps].map((side) => side.find((m) => m.name === 'by_protocol')!.entries[0]!.value[0]);
    expect(packets).toEqual([41, 42]);
  });

  test('inner maps made for presets are empty again for the next run, however many runs', async () => {
    const frame = { data_in: FRAME.slice(0, 33) }; // outer 1, slot 0
    const filled = [{ map: 'array_outer', content: { 1: { 0: 5 } } }];
    for (let i = 0; i < 50; i++) {
      const { result, maps, refusal } = await run('map-in-map', 'by_length', { presets: filled, opts: frame });
      expect(refusal).toBeNull();
      expect(result?.retval).toBe(2);
      expect(maps.find((m) => m.name === 'array_outer')!.refs).toEqual(['first', 'array_outer.inner', 'second']);
    }
    expect((await run('map-in-map', 'by_length', { opts: frame })).result?.retval).toBe(1);
  });

  test('a preset that does not fit is a refusal that names its place', async () => {
    const { result, refusal } = await run('map-hash', 'count_flow', {
      presets: [{ map: 'flows', content: [1, 2, 3].map((protocol) => [{ protocol }, 1]) }],
    });
    expect(result).toBeNull();
    expect(refusal).toMatchObject({ stage: 'run', message: 'flows[{"protocol":3}]: the map is full: E2BIG (7)' });
  });

  test('a program that is not there, an object that is not open', async () => {
    expect((await run('map-hash', 'count_flows')).refusal?.message).toContain('did you mean count_flow?');
    expect((await backend.run(request('nowhere', 'x'))).refusal?.message).toContain('not open');
  });

  test('an object opened anew is the new one', async () => {
    await backend.open('same', bytesOf('map-array'));
    expect((await backend.run(request('same', 'count_in_place'))).result?.retval).toBe(2);
    await backend.open('same', bytesOf('xdp-verdicts'));
    expect((await backend.run(request('same', 'verdict_tx'))).result?.retval).toBe(3);
    expect((await backend.open('same', new Uint8Array([1, 2, 3]))).refusal?.stage).toBe('open');
    expect((await backend.run(request('same', 'verdict_tx'))).refusal?.message).toContain('not open');
  });

  test('context by fields, and a field that is none', async () => {
    const done = await run('tc-context', 'read_context', { ctx: { mark: 9 } });
    expect(done.result?.errno).toBe(0);
    expect((await run('tc-context', 'read_context', { ctx: { mrak: 9 } })).refusal?.message).toContain('mrak');
  });

  test('possible CPUs shape percpu values', async () => {
    const done = await run('map-array', 'count_in_place', { opts: { data_in: FRAME, env: { cpus: 4, cpu: 2 } } });
    const [entry] = done.maps.find((m) => m.name === 'totals')!.entries;
    expect(toHex(entry!.value)).toBe(`${'00'.repeat(32)}01000000000000002a00000000000000${'00'.repeat(16)}`);
  });
});

test.each([
  ['in its own thread', worker],
  ['in whichever is right', near],
])('%s: cancel stops a run that would not end, and the next one runs', async (_where, backend) => {
  await backend.open('loop', bytesOf('faults/endless-loop'));
  const endless = request('loop', 'endless_loop', { opts: { data_in: FRAME, budget: Number.MAX_SAFE_INTEGER } });
  const running = backend.run(endless);
  const poke = setInterval(() => backend.cancel(), 10);
  const { result } = await running.finally(() => clearInterval(poke));
  expect(result).toMatchObject({ errno: 4, retval: null });
  const bounded = await backend.run(request('loop', 'endless_loop', { opts: { data_in: FRAME, budget: 1000 } }));
  expect(bounded.result?.fault?.kind).toContain('loop');
});

test('a run that does not end soon answers as it does where it has a thread to itself', async () => {
  const bytes = bytesOf('faults/endless-loop');
  const long = request('long', 'endless_loop', { opts: { data_in: FRAME, budget: 20_000_000 } });
  const repeated = request('long', 'endless_loop', { opts: { data_in: FRAME, budget: 5000, repeat: 1000 } });
  for (const asked of [long, repeated]) {
    const fresh = openNearEngine();
    await fresh.open('long', bytes);
    await worker.open('long', bytes);
    const [ours, theirs] = [await fresh.run(asked), await worker.run(asked)];
    expect({ ...ours.result, duration_ns: 0 }).toEqual({ ...theirs.result!, duration_ns: 0 });
    expect(ours.result?.insns_executed).toBeGreaterThanOrEqual(asked.opts.budget!);
    await fresh.close();
  }
});
