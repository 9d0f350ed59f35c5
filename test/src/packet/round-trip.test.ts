/** What goes into the builder comes out of the dissector; and packets cut or damaged anywhere never stop it. */
import { expect, test } from 'bun:test';
import { dissect } from '../../../src/packet/dissect.ts';
import { fieldHolds, fieldOf } from '../../../src/packet/fields.ts';
import { randomFrom } from '../../support/damage.ts';
import { randomChain } from '../../support/packet-chains.ts';
import { PACKET_SAMPLES } from '../../support/packet-samples.ts';

/** What is wrong with how layers lie: one behind the other without a hole, fields within theirs, all of the packet told. */
function misplaced(bytes: Uint8Array): string[] {
  const wrong: string[] = [];
  let at = 0;
  for (const layer of dissect(bytes)) {
    if (layer.start !== at || layer.end < layer.start) wrong.push(`${layer.proto} at ${layer.start}, not ${at}`);
    const outside = layer.fields.filter((field) => field.start < layer.start || field.end > layer.end);
    wrong.push(...outside.map((field) => `${layer.proto}.${field.name} at ${field.start} to ${field.end}`));
    at = layer.end;
  }
  return at === bytes.length ? wrong : [...wrong, `${at} of ${bytes.length} bytes told`];
}

const SEEDS = Array.from({ length: 400 }, (_, seed) => seed);

test.each(SEEDS)('chain %i', (seed) => {
  const { packet, given } = randomChain(seed);
  const bytes = packet.bytes();
  const layers = dissect(bytes);
  expect(misplaced(bytes)).toEqual([]);
  for (const [path, value] of given) {
    const field = fieldOf(layers, path);
    const holds = field !== null && fieldHolds(bytes, field, value);
    expect([seed, path, value, holds ? 'holds' : field?.value]).toEqual([seed, path, value, 'holds']);
  }
  const wrong = layers.flatMap((layer) =>
    layer.fields.filter((field) => field.value.includes('(wrong')).map((field) => `${layer.proto}.${field.name}`),
  );
  const asked = new Set(given.map(([path]) => path.replace(/\[\d+\]/, '')));
  expect(wrong.filter((path) => !asked.has(path))).toEqual([]);
});

test('chains are of every layer', () => {
  const seen = new Set(SEEDS.flatMap((seed) => dissect(randomChain(seed).packet.bytes()).map((layer) => layer.proto)));
  const all = ['eth', 'vlan', 'qinq', 'arp', 'mpls', 'ipv4', 'ipv6', 'hopopts', 'routing', 'fragment', 'dstopts'];
  const rest = ['icmp', 'icmpv6', 'tcp', 'udp', 'sctp', 'gre', 'vxlan', 'geneve', 'gtpu', 'payload'];
  expect([...seen].sort()).toEqual([...all, ...rest].sort());
});

test.each(PACKET_SAMPLES)('%s, cut at every byte', (_name, packet) => {
  const bytes = packet.bytes();
  for (let size = 0; size <= bytes.length; size++) expect(misplaced(bytes.slice(0, size))).toEqual([]);
});

test.each(PACKET_SAMPLES)('%s, damaged', (name, packet) => {
  const random = randomFrom(name.length * 7919 + packet.length);
  for (let round = 0; round < 200; round++) {
    const bytes = packet.bytes();
    for (let n = 0; n < 4; n++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    expect(misplaced(bytes)).toEqual([]);
  }
});
