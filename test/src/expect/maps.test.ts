/** Expectations on maps, on real objects in the engine: entries named, fields named, absent entries, sections, queues, mistakes. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MapDump, ObjectSpec } from '../../../engine/index.ts';
import { EngineBackend } from '../../../src/backends/engine.ts';
import { expectMaps } from '../../../src/expect/maps.ts';
import { mapChanges } from '../../../src/maps/changes.ts';
import { requestOf } from '../../../src/runner/runner.ts';
import { settled } from '../../support/settled.ts';

const BALANCER = join(import.meta.dir, '../../../fixtures/projects/balancer/build');

interface Ran {
  readonly spec: ObjectSpec;
  readonly maps: readonly MapDump[];
  readonly before: readonly MapDump[];
}

/** What maps hold after a frame that the filter drops: source in a blocked prefix. */
async function ran(cpus = 1): Promise<Ran> {
  const backend = new EngineBackend();
  const object = join(BALANCER, 'filter.o');
  const { spec } = await backend.open(object, new Uint8Array(readFileSync(object)));
  if (!spec) throw new Error('filter.o does not open');
  const presets = [
    { map: 'reasons', content: { 3: 7 } },
    { map: '.data', content: { pings_left: 4 } },
  ];
  const one = settled('arp', {
    object,
    program: 'filter',
    presets,
    env: { cpus },
    data_in: new Uint8Array(60).fill(0),
  });
  const reply = await backend.run(requestOf(one, false));
  if (!reply.result) throw new Error(reply.refusal?.message);
  return { spec, maps: reply.maps, before: reply.maps_before };
}

const differences = async (wanted: { [map: string]: unknown }) => {
  const { spec, maps } = await ran();
  return expectMaps(wanted, spec, maps).map(({ fix: _fix, ...told }) => told);
};

test('entries that hold give nothing, in every way to write them', async () => {
  expect(await differences({ reasons: { 3: 7 } })).toEqual([]);
  expect(await differences({ reasons: [[3, 7]] })).toEqual([]);
  expect(await differences({ reasons: { 3: '0x7', 9: 0 } })).toEqual([]);
});

test('a difference names map, key and both values', async () => {
  expect(await differences({ reasons: { 3: 8 } })).toEqual([
    { field: 'maps', at: 'reasons[3]', expected: '8', received: '7' },
  ]);
});

test('null: an entry that must be absent', async () => {
  expect(await differences({ blocked: [['2001:db8::/32', null]] })).toEqual([]);
  const found = await differences({ reasons: [[3, null]] });
  expect(found).toEqual([{ field: 'maps', at: 'reasons[3]', expected: '(absent)', received: '7' }]);
});

test('sections: only the variables named', async () => {
  expect(await differences({ '.data': { pings_left: 4 } })).toEqual([]);
  expect(await differences({ '.data': { pings_left: 5 } })).toEqual([
    { field: 'maps', at: '.data.pings_left', expected: '5', received: '4' },
  ]);
});

test('what makes no sense is a mistake that says where', async () => {
  const { spec, maps } = await ran();
  const mistake = (wanted: { [map: string]: unknown }) => () => expectMaps(wanted, spec, maps);
  expect(mistake({ reason: { 3: 7 } })).toThrow(/no map reason: it has .*reasons/);
  expect(mistake({ '.data': { nothing: 1 } })).toThrow(/nothing/);
  expect(mistake({ reasons: { 3: 'many' } })).toThrow(/reasons\[3\]/);
  expect(mistake({ reasons: 5 })).toThrow(/write \[\[key, value\]/);
});

test('what the program changed is a line each', async () => {
  const { spec, maps, before } = await ran();
  const lines = mapChanges(spec, before, maps);
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) expect(line).toMatch(/^[\w.]+(\[.*\])?[\w.[\]]* {2}.+/);
  expect(mapChanges(spec, maps, maps)).toEqual([]);
});
