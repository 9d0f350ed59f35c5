/** Random packets and what was given for them: chains of layers, tunnels included, with random fields, from a seed. */
import { type PacketBuilder, pkt } from '../../src/packet/build.ts';
import type { LayerName } from '../../src/packet/build-fields.ts';
import { randomFrom } from './damage.ts';

type Random = () => number;

export interface Chain {
  readonly packet: PacketBuilder;
  /** Field paths and the values given. */
  readonly given: readonly (readonly [path: string, value: unknown])[];
}

type Make = (random: Random) => unknown;

const bits =
  (n: number): Make =>
  (random) =>
    Math.floor(random() * 2 ** n);
const from =
  (low: number, high: number): Make =>
  (random) =>
    low + Math.floor(random() * (high - low));
const bytes = (random: Random, n: number): number[] => Array.from({ length: n }, () => Math.floor(random() * 256));
const mac: Make = (random) =>
  bytes(random, 6)
    .map((b) => b.toString(16).padStart(2, '0'))
    .join(':');
const ip4: Make = (random) => bytes(random, 4).join('.');
const ip6: Make = (random) => {
  const groups = Array.from({ length: 8 }, () => (random() < 0.4 ? 0 : Math.floor(random() * 65536)));
  return groups.map((g) => g.toString(16)).join(':');
};
/** No port of a tunnel, behind which the dissector would look for one. */
const port = from(10000, 60000);
const bool: Make = (random) => random() < 0.5;

/** Fields that may be given at random without making another packet of it. */
const FIELDS: { readonly [layer in LayerName]: { readonly [field: string]: Make } } = {
  eth: { dst: mac, h_source: mac },
  vlan: { vid: bits(12), pcp: bits(3), dei: bool },
  qinq: { id: bits(12), pcp: bits(3), dei: bool },
  arp: { op: from(1, 3), sha: mac, sip: ip4, ar_tha: mac, tip: ip4, ar_hrd: bits(16) },
  mpls: { label: bits(20), tc: bits(3), ttl: bits(8) },
  ipv4: { src: ip4, daddr: ip4, ttl: bits(8), id: bits(16), dscp: bits(6), ecn: bits(2), df: bool, check: bits(16) },
  ipv6: { saddr: ip6, dst: ip6, hop_limit: bits(8), flow_lbl: bits(20), tclass: bits(8) },
  hopopts: {},
  routing: { tag: bits(16), flags: bits(8) },
  fragment: { identification: bits(32), reserved: bits(8) },
  dstopts: {},
  icmp: { code: bits(8), id: bits(16), seq: bits(16), checksum: bits(16) },
  icmpv6: { code: bits(8), id: bits(16), sequence: bits(16) },
  tcp: {
    sport: bits(16),
    dest: bits(16),
    seq: bits(32),
    ack: bits(32),
    flags: bits(9),
    window: bits(16),
    urg: bits(16),
  },
  udp: { source: port, dport: port, check: bits(16) },
  sctp: { sport: bits(16), dport: bits(16), vtag: bits(32) },
  gre: { key: bits(32), seq: bits(32), csum: bits(16) },
  vxlan: { vni: bits(24), gbp: bits(16) },
  geneve: { vni: bits(24) },
  gtpu: { teid: bits(32), seq: bits(16), npdu: bits(8) },
};

interface Part {
  readonly layer: LayerName;
  readonly fields: { readonly [name: string]: unknown };
}

function part(random: Random, layer: LayerName, without: readonly string[] = []): Part {
  const rows = Object.entries(FIELDS[layer]).filter(([name]) => !without.includes(name) && random() < 0.5);
  return { layer, fields: Object.fromEntries(rows.map(([name, make]) => [name, make(random)])) };
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[Math.floor(random() * list.length)]!;
}

function some(random: Random, layers: readonly LayerName[]): Part[] {
  return layers.filter(() => random() < 0.25).map((layer) => part(random, layer));
}

function frame(random: Random, depth: number): Part[] {
  const tags = some(random, ['qinq', 'vlan']);
  return [part(random, 'eth'), ...tags, ...pick(random, [network, network, arp, labels])(random, depth)];
}

function arp(random: Random): Part[] {
  return [part(random, 'arp')];
}

function labels(random: Random, depth: number): Part[] {
  return [part(random, 'mpls'), ...some(random, ['mpls', 'mpls']), ...network(random, depth)];
}

function network(random: Random, depth: number): Part[] {
  if (random() < 0.5) return [part(random, 'ipv4'), ...above(random, depth, 'icmp')];
  const extensions = some(random, ['hopopts', 'dstopts', 'routing', 'fragment', 'dstopts']);
  return [part(random, 'ipv6'), ...extensions, ...above(random, depth, 'icmpv6')];
}

function above(random: Random, depth: number, icmp: LayerName): Part[] {
  if (depth === 0 || random() < 0.4) return [part(random, pick(random, ['tcp', 'udp', 'sctp', icmp]))];
  const udp = part(random, 'udp', ['dport']);
  const tunnels: readonly (() => Part[])[] = [
    () => network(random, depth - 1),
    () => [part(random, 'gre'), ...network(random, depth - 1)],
    () => [part(random, 'gre'), ...frame(random, depth - 1)],
    () => [udp, part(random, 'vxlan'), ...frame(random, depth - 1)],
    () => [udp, part(random, 'geneve'), ...frame(random, depth - 1)],
    () => [udp, part(random, 'gtpu'), ...network(random, depth - 1)],
  ];
  return pick(random, tunnels)();
}

/** A packet of up to three tunnels, with what was given for each layer as paths. */
export function randomChain(seed: number): Chain {
  const random = randomFrom(seed);
  const parts = frame(random, 3);
  const counts = new Map<string, number>();
  let packet = pkt;
  const given: (readonly [string, unknown])[] = [];
  for (const { layer, fields } of parts) {
    const nth = (counts.get(layer) ?? 0) + 1;
    counts.set(layer, nth);
    packet = packet[layer](fields as never);
    for (const [name, value] of Object.entries(fields)) given.push([`${layer}[${nth}].${name}`, value]);
  }
  return { packet: packet.payload(Uint8Array.from(bytes(random, from(0, 20)(random) as number))), given };
}
