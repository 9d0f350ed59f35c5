/** docs/LIVE.md says what there is: options, keys of devices, keys of the screen, a namespace that is one. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { DEVICE_KEYS } from '../../../src/live/devices.ts';
import { parseFaults } from '../../../src/live/faults.ts';
import { readLiveNetns } from '../../../src/live/netns.ts';
import { liveNetwork } from '../../../src/live/network.ts';
import { LIVE_KEYS } from '../../../ui/live/keys.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const text = read('docs/LIVE.md');
const options = new Set([...read('src/commands/live.ts').matchAll(/\.option\('([\w-]+)'/g)].map(([, name]) => name!));

test('every option that it names exists, and it names every option that says what is run', () => {
  const named = new Set([...text.matchAll(/--([a-z][\w-]*)/g)].map(([, name]) => name!));
  expect([...named].filter((name) => !options.has(name))).toEqual([]);
  const unnamed = ['map', 'cpus', 'btf', 'interval', 'fps', 'ascii'];
  expect([...options].filter((name) => !named.has(name) && !unnamed.includes(name))).toEqual([]);
});

test('every key of a device, and every key of the screen that acts on the run', () => {
  expect(DEVICE_KEYS.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
  const shown = LIVE_KEYS.map(({ keys }) => keys[0]!).filter(
    (key) => /^[a-zA-Z.+@?]$/.test(key) && key !== 'q' && key !== 'k',
  );
  expect(shown.filter((key) => !text.includes(`\`${key}\``))).toEqual([]);
});

test('the namespace in it is one', () => {
  const json = /```json\n([\s\S]*?)```/.exec(text)![1]!;
  const { netns, far, words, sockets, faults } = readLiveNetns(JSON.parse(json));
  const network = liveNetwork(words, netns, far);
  expect(network.links).toHaveLength(1);
  expect(sockets).toEqual([{ netns: 'near', socket: 0, read: false, rcvbuf: 20000 }]);
  expect(parseFaults(faults, network.devices)?.link).toHaveLength(1);
});
