/** Steps and expectations on real objects in the engine: what holds passes, what does not is named in the user's terms. */
import { expect, test } from 'bun:test';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { pkt } from '../../../src/define.ts';
import type { RecordExpectation } from '../../../src/test-case.ts';
import { cameOf, runOn } from '../../support/fixture-cases.ts';
import { STEP_CASES } from '../../support/step-cases.ts';

const udp = pkt.eth().ipv4({ saddr: '10.0.0.1', daddr: '10.0.0.2', ttl: 9 }).udp({ source: 5, dest: 53 });
const count = { object: 'map-array', program: 'count_in_place', data_in: udp };
const report = { object: 'ringbuf', program: 'report', data_in: udp };

for (const one of STEP_CASES) {
  test(one.name, async () => {
    const { verdict, differences, reason } = await runOn(new EngineBackend(), one);
    expect({ verdict, differences, reason }).toEqual({ verdict: 'pass', differences: [], reason: '' });
  });
}

test('a failure names its step, and later steps are not judged', async () => {
  const wrong = { expect: { maps: { by_protocol: { 17: { packets: 9 } } } } };
  expect(await cameOf({ ...count, steps: [{}, wrong, wrong] })).toEqual([
    ...['fail', 'step 2', 'maps by_protocol[17].packets: 9 / 2'],
  ]);
});

test('a step that the object cannot run is an error of that step', async () => {
  expect(await cameOf({ ...count, steps: [{}, { program: 'count_in_plaec' }] })).toEqual([
    ...['error', 'step 2', 'the object has no program count_in_plaec: did you mean count_in_place?'],
  ]);
  const frozen = {
    object: 'globals',
    program: 'use_globals',
    data_in: udp,
    steps: [{}, { maps: { '.rodata': { threshold: 1 } } }],
  };
  expect((await cameOf(frozen)).slice(0, 2)).toEqual(['error', 'step 2']);
});

test('header fields that differ are named', async () => {
  const fields = { 'ipv4.ttl': 8, 'udp.dest': 54, 'tcp.dest': 1, udp: null, 'ipv4.saddr': '10.0.0.1' };
  expect(await cameOf({ ...count, expect: { data_out: fields } })).toEqual([
    'fail',
    'data_out ipv4.ttl: 8 / 9',
    expect.stringContaining('data_out udp.dest: 54 / 53'),
    'data_out tcp.dest: 1 / (absent)',
    expect.stringContaining('data_out udp: (absent) / '),
  ]);
});

test('per-CPU values', async () => {
  const env = { cpus: 2, cpu: 1 };
  const totals = (value: unknown) => cameOf({ ...count, env, expect: { maps: { totals: { 1: value } } } });
  expect(await totals([{ packets: 0 }, { packets: 1 }])).toEqual(['pass']);
  expect(await totals({ cpu: 1, value: { packets: 1 } })).toEqual(['pass']);
  expect(await totals({ sum: { packets: 1, bytes: 42 } })).toEqual(['pass']);
  expect(await totals({ sum: { packets: 2 } })).toEqual(['fail', 'maps totals[1].packets (sum): 2 / 1']);
  expect(await totals({ cpu: 0, value: { packets: 1 } })).toEqual(['fail', 'maps totals[1][0].packets: 1 / 0']);
  expect((await totals({ cpu: 2, value: { packets: 1 } })).join()).toContain('there is no CPU 2');
});

test('records: order, map, type, bytes, too few and too many', async () => {
  const records = (...wanted: RecordExpectation[]) => cameOf({ ...report, expect: { records: wanted } });
  expect(await records()).toEqual(['fail', expect.stringContaining('records [0]: no more records / events 2a')]);
  expect(await records({ type: 'event', value: { length: 43 } })).toEqual(['fail', 'records [0].length: 43 / 42']);
  expect(await records({ type: 'event' }, { map: 'events' })).toEqual([
    'fail',
    'records [1]: a record in events / no record',
  ]);
  expect(await records('2a0000000008 0000 0100000000000000')).toEqual(['pass']);
  expect((await records('2a'))[1]).toContain('records [0]: 2a / 2a00');
  expect((await records({ type: 'evnt' })).join()).toContain('no type evnt');
});

test('redirects', async () => {
  const to = (program: string, redirect: unknown, maps = {}) =>
    cameOf({ object: 'redirects', program, data_in: udp, maps, expect: { redirect: redirect as never } });
  const devices = { devices: { 1: { ifindex: 1 } } };
  expect(await to('to_interface', 1)).toEqual(['pass']);
  expect(await to('to_interface', { helper: 'bpf_redirect', ifindex: 1 })).toEqual(['pass']);
  expect(await to('to_interface', 2)).toEqual(['fail', 'redirect ifindex: 2 / 1']);
  expect(await to('to_interface', false)).toEqual(['fail', 'redirect : none / bpf_redirect to 1']);
  expect(await to('to_device', { map: 'devices', key: 1, ifindex: 1 }, devices)).toEqual(['pass']);
  expect(await to('to_all', { map: 'devices', broadcast: true }, devices)).toEqual(['pass']);
  expect(await to('to_device_missing', { map: 'devices' })).toEqual(['fail', 'redirect : map devices / none']);
});

test('contexts: fields that differ, fields that are not there', async () => {
  const context = { object: 'tc-context', program: 'read_context', data_in: udp, ctx_in: { mark: 7 } };
  expect(await cameOf({ ...context, expect: { ctx_out: { mark: 8 } } })).toEqual(['fail', 'ctx_out mark: 8 / 7']);
  expect((await cameOf({ ...context, expect: { ctx_out: { marc: 8 } } }))[1]).toContain('no field marc: it has len');
});

test('objects of one world: what does not fit is named', async () => {
  const entry = { object: 'shared/entry', program: 'enter', data_in: udp };
  expect(
    await cameOf({ ...entry, with: ['shared/stage'], maps: { next: { 1: 'decide' } }, expect: { retval: 'XDP_TX' } }),
  ).toEqual(['pass']);
  const clash = await cameOf({ ...entry, with: ['shared/clash'] });
  expect(clash.join()).toContain(
    "map counts: it cannot be the pinned map of the name: value_size is 8, the other's 16",
  );
  const wrong = await cameOf({ ...entry, with: ['shared/stage'], maps: { next: { 1: 'stage.bpf.o#decde' } } });
  expect(wrong.join()).toContain('no program stage.bpf.o#decde: did you mean stage.bpf.o#decide?');
  const alone = await cameOf({ ...entry, expect: { maps: { 'stage.bpf.o#.bss': { dropped: 1 } } } });
  expect(alone.join()).toContain('no map stage.bpf.o#.bss');
});

test('Bloom filters: what is not in it, what should not be, what cannot be asked', async () => {
  const filter = (sources: unknown) =>
    cameOf({
      object: 'bloom',
      program: 'first_seen',
      data_in: udp,
      maps: { sources: [7] },
      expect: { maps: { sources } },
    });
  expect(await filter({ has: [7, 9], lacks: [7, 8] })).toEqual([
    ...['fail', 'maps sources[9]: may be in it / not in it', 'maps sources[7]: not in it / may be in it'],
  ]);
  expect((await filter({ 0: 7 })).join()).toContain('a list of values belongs here');
  expect((await filter(['many'])).join()).toContain('expect.maps.sources[0]');
});

test('queues and stacks: values in the order in which they would be taken out', async () => {
  const round = (maps: { readonly [map: string]: unknown }) =>
    cameOf({ object: 'queue-stack', program: 'push_and_pop', data_in: udp, expect: { maps } });
  expect(await round({ queue: [3, 4], stack: [3, 2] })).toEqual(['pass']);
  expect((await round({ queue: [4, 3, 5], stack: [3] })).slice(1)).toEqual([
    ...['maps queue[0]: 4 / 3', 'maps queue[1]: 3 / 4', 'maps queue[2]: 5 / (absent)', 'maps stack[1]: (absent) / 2'],
  ]);
});
