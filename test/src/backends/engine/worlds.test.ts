/** Worlds over many objects: which go, that they let go of their memory, and that results do not depend on it. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import type { LoadedObject } from '../../../../engine/index.ts';
import { EngineWorlds } from '../../../../src/backends/engine/worlds.ts';
import { EngineBackend } from '../../../../src/backends/engine.ts';

function fakeWorlds() {
  const released: string[] = [];
  const worlds = new EngineWorlds<{ object: LoadedObject }>();
  const add = (path: string, shape = '') => {
    worlds.makeRoom(path, shape);
    const object = { release: () => released.push(`${path}${shape}`) } as unknown as LoadedObject;
    worlds.add(path, shape, { object });
  };
  return { worlds, released, add };
}

test('the one used longest ago makes room, whichever object it is of', () => {
  const { worlds, released, add } = fakeWorlds();
  for (const path of 'abcdef') add(path);
  expect(released).toEqual([]);
  expect(worlds.get('a', '')).toBeDefined();
  add('a', '2');
  expect(released).toEqual(['b']);
  expect(worlds.get('b', '')).toBeUndefined();
  add('g');
  expect(released).toEqual(['b', 'c']);
});

test('a world of the same shape, a reopened object and the end let go of theirs', () => {
  const { worlds, released, add } = fakeWorlds();
  for (const shape of ['1', '1', '2']) add('a', shape);
  add('b', '1');
  expect(released).toEqual(['a1']);
  worlds.forget('a');
  expect(released).toEqual(['a1', 'a1', 'a2']);
  worlds.clear();
  expect(released).toEqual(['a1', 'a1', 'a2', 'b1']);
});

test('runs of more objects than there are worlds answer as when each had its own', async () => {
  const file = (name: string) =>
    new Uint8Array(readFileSync(new URL(`../../../../fixtures/objects/${name}/${name}.bpf.o`, import.meta.url)));
  const names = ['globals', 'map-hash', 'map-array', 'xdp-adjust', 'environment', 'printk', 'map-lpm', 'queue-stack'];
  const shared = new EngineBackend();
  const answer = async (backend: EngineBackend, name: string) => {
    const { spec } = await backend.open(name, file(name));
    const program = spec!.programs[0]!.name;
    const reply = await backend.run({ object: name, program, presets: [], opts: { data_in: new Uint8Array(64) } });
    return { ...reply, result: { ...reply.result, duration_ns: 0 } };
  };
  for (const name of [...names, ...names.toReversed()]) {
    const alone = new EngineBackend();
    expect(await answer(shared, name)).toEqual(await answer(alone, name));
    await alone.close();
  }
  await shared.close();
});
