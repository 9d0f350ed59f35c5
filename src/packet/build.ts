/** Builds packets layer by layer: `pkt.eth().ipv4({dst: '192.0.2.7'}).udp({dport: 53}).payload('hi')`; each step is a new packet. */
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { LayerName, PayloadSource } from './build-fields.ts';
import type { Around, Ends, LayerRow } from './build-layer.ts';
import { joined } from './build-layer.ts';
import { ARP, ETH, MPLS, TAG } from './build-link.ts';
import {
  FRAGMENT,
  finalDestination,
  homeSource,
  IPV4,
  IPV6,
  ipv4Ends,
  ipv6Ends,
  OPTIONS_HEADER,
  ROUTING,
} from './build-network.ts';
import { ICMP, ICMPV6, SCTP, TCP, UDP } from './build-transport.ts';
import { GENEVE, GRE, GTPU, VXLAN } from './build-tunnel.ts';
import { bytesOrNull, Given, isRecord } from './build-values.ts';
import { type FieldsOf, fullName, shortNames } from './short-names.ts';

const ROWS: { readonly [P in LayerName]: LayerRow<P> } = {
  eth: ETH,
  vlan: TAG,
  qinq: TAG,
  arp: ARP,
  mpls: MPLS,
  ipv4: IPV4,
  ipv6: IPV6,
  hopopts: OPTIONS_HEADER,
  routing: ROUTING,
  fragment: FRAGMENT,
  dstopts: OPTIONS_HEADER,
  icmp: ICMP,
  icmpv6: ICMPV6,
  tcp: TCP,
  udp: UDP,
  sctp: SCTP,
  gre: GRE,
  vxlan: VXLAN,
  geneve: GENEVE,
  gtpu: GTPU,
};

interface Header {
  readonly layer: LayerName;
  /** Under the full names. */
  readonly fields: { readonly [name: string]: unknown };
  readonly given: Given;
}
type Part = Header | { readonly layer: 'payload'; readonly bytes: Uint8Array };

/** A field that sets a whole word takes back what was said of its parts before. */
const PARTS: { readonly [whole: string]: readonly string[] } = {
  tos: ['dscp', 'ecn'],
  tclass: ['dscp', 'ecn'],
  frag_off: ['df', 'mf', 'offset'],
};

/** Fields under their full names. Throws InputError for a field given under both. */
function fullFields(layer: LayerName, fields: object): { [name: string]: unknown } {
  if (!isRecord(fields)) throw new InputError(`${layer} must be given an object of fields`);
  const out: { [name: string]: unknown } = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    const full = fullName(layer, name);
    if (Object.hasOwn(out, full)) throw new InputError(`${layer}.${full} is given twice, once under its short name`);
    out[full] = value;
  }
  return out;
}

function merged(before: Header['fields'], after: Header['fields']): Header['fields'] {
  const taken = Object.keys(after).flatMap((name) => PARTS[name] ?? []);
  const kept = Object.entries(before).filter(([name]) => !taken.includes(name));
  return { ...Object.fromEntries(kept), ...after };
}

/** Names that a layer takes, by which a misspelt one is guessed. */
const KNOWN: ReadonlyMap<LayerName, readonly string[]> = new Map(
  (Object.keys(ROWS) as LayerName[]).map((layer) => [layer, [...ROWS[layer].fields, ...shortNames(layer)]]),
);

function headerOf(layer: LayerName, fields: Header['fields']): Header {
  return { layer, fields, given: new Given(layer, fields, KNOWN.get(layer)!) };
}

/** Addresses that checksums cover: of the last IP header before `index`, or those that headers in between put in their place. */
function endsBefore(parts: readonly Part[], index: number): Ends | null {
  let source: Uint8Array | null = null;
  let destination: Uint8Array | null = null;
  for (let i = index - 1; i >= 0; i--) {
    const part = parts[i]!;
    if (part.layer === 'payload') continue;
    const { given } = part;
    if (part.layer === 'routing') destination ??= finalDestination(given);
    if (part.layer === 'dstopts') source ??= homeSource(given);
    if (part.layer === 'ipv4') return ipv4Ends(given);
    if (part.layer !== 'ipv6') continue;
    const ends = ipv6Ends(given);
    return { source: source ?? ends.source, destination: destination ?? ends.destination };
  }
  return null;
}

function encode(parts: readonly Part[]): Uint8Array {
  let body: Uint8Array = new Uint8Array(0);
  for (let i = parts.length - 1; i >= 0; i--) {
    const part = parts[i]!;
    if (part.layer === 'payload') {
      body = joined(part.bytes, body);
      continue;
    }
    const next = parts[i + 1]?.layer ?? 'payload';
    const around: Around = { next: next === 'payload' ? null : next, ends: endsBefore(parts, i) };
    body = joined(ROWS[part.layer].encode(part.given, body, around), body);
  }
  return body;
}

/** Frames and fragments cannot be longer than this in any case a program meets. */
const PAYLOAD_MAX = 1 << 20;

function payloadBytes(source: unknown): Uint8Array {
  const bytes = bytesOrNull(source);
  if (bytes) return bytes.slice();
  if (!isRecord(source)) throw new InputError('payload must be bytes, text, {hex} or {length, fill}');
  const given = new Given('payload', source, ['length', 'fill', 'hex']);
  const length = given.uint('length', 32);
  if (length > PAYLOAD_MAX) given.fail('length', `more than ${PAYLOAD_MAX} bytes`);
  return new Uint8Array(length).fill(given.uint('fill', 8));
}

export class PacketBuilder {
  private readonly parts: readonly Part[];
  private readonly least: number;
  private encoded: Uint8Array | null = null;

  constructor(parts: readonly Part[] = [], least = 0) {
    this.parts = parts;
    this.least = least;
  }

  /** Checks the fields at once, so that a mistake is reported where it is written. */
  private add<P extends LayerName>(layer: P, fields: FieldsOf<P> | undefined): PacketBuilder {
    return this.replaced(this.parts.length, headerOf(layer, fullFields(layer, fields ?? {})));
  }

  private replaced(index: number, header: Header): PacketBuilder {
    ROWS[header.layer].encode(header.given, new Uint8Array(0), { next: null, ends: null });
    return new PacketBuilder([...this.parts.slice(0, index), header, ...this.parts.slice(index + 1)], this.least);
  }

  eth(fields?: FieldsOf<'eth'>): PacketBuilder {
    return this.add('eth', fields);
  }
  /** An 802.1Q tag. */
  vlan(fields?: FieldsOf<'vlan'>): PacketBuilder {
    return this.add('vlan', fields);
  }
  /** An 802.1ad service tag, around a `vlan`. */
  qinq(fields?: FieldsOf<'qinq'>): PacketBuilder {
    return this.add('qinq', fields);
  }
  arp(fields?: FieldsOf<'arp'>): PacketBuilder {
    return this.add('arp', fields);
  }
  mpls(fields?: FieldsOf<'mpls'>): PacketBuilder {
    return this.add('mpls', fields);
  }
  /** Behind another IP header: a tunnel. */
  ipv4(fields?: FieldsOf<'ipv4'>): PacketBuilder {
    return this.add('ipv4', fields);
  }
  ipv6(fields?: FieldsOf<'ipv6'>): PacketBuilder {
    return this.add('ipv6', fields);
  }
  hopopts(fields?: FieldsOf<'hopopts'>): PacketBuilder {
    return this.add('hopopts', fields);
  }
  routing(fields?: FieldsOf<'routing'>): PacketBuilder {
    return this.add('routing', fields);
  }
  /** An IPv6 fragment header. */
  fragment(fields?: FieldsOf<'fragment'>): PacketBuilder {
    return this.add('fragment', fields);
  }
  dstopts(fields?: FieldsOf<'dstopts'>): PacketBuilder {
    return this.add('dstopts', fields);
  }
  icmp(fields?: FieldsOf<'icmp'>): PacketBuilder {
    return this.add('icmp', fields);
  }
  icmpv6(fields?: FieldsOf<'icmpv6'>): PacketBuilder {
    return this.add('icmpv6', fields);
  }
  tcp(fields?: FieldsOf<'tcp'>): PacketBuilder {
    return this.add('tcp', fields);
  }
  udp(fields?: FieldsOf<'udp'>): PacketBuilder {
    return this.add('udp', fields);
  }
  sctp(fields?: FieldsOf<'sctp'>): PacketBuilder {
    return this.add('sctp', fields);
  }
  gre(fields?: FieldsOf<'gre'>): PacketBuilder {
    return this.add('gre', fields);
  }
  vxlan(fields?: FieldsOf<'vxlan'>): PacketBuilder {
    return this.add('vxlan', fields);
  }
  geneve(fields?: FieldsOf<'geneve'>): PacketBuilder {
    return this.add('geneve', fields);
  }
  gtpu(fields?: FieldsOf<'gtpu'>): PacketBuilder {
    return this.add('gtpu', fields);
  }

  /** Bytes, text (UTF-8), `{hex}`, or `{length, fill}`. */
  payload(source: PayloadSource): PacketBuilder {
    return new PacketBuilder([...this.parts, { layer: 'payload', bytes: payloadBytes(source) }], this.least);
  }

  /** Zeros behind everything, counted by no header, up to `size` bytes in all: 60 is the shortest Ethernet frame. */
  pad(size: number): PacketBuilder {
    return new PacketBuilder(this.parts, new Given('pad', { size }, ['size']).uint('size', 16));
  }

  /** Where the nth (from 1) layer of a kind is. Throws InputError if there are fewer. */
  private find(layer: string, nth: number): number {
    const at = this.parts.flatMap((part, i) => (part.layer === layer ? [i] : []))[nth - 1];
    if (at !== undefined) return at;
    const has = this.parts.map((part) => part.layer).join(' ▸ ') || 'nothing';
    throw new InputError(`there is no ${layer}${nth > 1 ? `[${nth}]` : ''} in the packet: it has ${has}`);
  }

  /** The packet with fields of the nth (from 1) layer of a kind changed; what is counted or computed follows. */
  with<P extends LayerName>(layer: P, fields: FieldsOf<P>, nth = 1): PacketBuilder {
    const at = this.find(layer, nth);
    const before = this.parts[at] as Header;
    return this.replaced(at, headerOf(layer, merged(before.fields, fullFields(layer, fields))));
  }

  /** The packet without the nth (from 1) layer of a kind. */
  without(layer: LayerName | 'payload', nth = 1): PacketBuilder {
    const at = this.find(layer, nth);
    return new PacketBuilder([...this.parts.slice(0, at), ...this.parts.slice(at + 1)], this.least);
  }

  /** What is left when everything in front of the nth (from 1) layer of a kind is taken off, as a tunnel's end does. */
  from(layer: LayerName | 'payload', nth = 1): PacketBuilder {
    return new PacketBuilder(this.parts.slice(this.find(layer, nth)));
  }

  /** The packet with another one's layers behind its own, as a tunnel's start does. */
  append(inner: PacketBuilder): PacketBuilder {
    return new PacketBuilder([...this.parts, ...inner.parts], Math.max(this.least, inner.least));
  }

  /** The packet's bytes, a copy. Throws InputError when a length does not fit its field. */
  bytes(): Uint8Array {
    this.encoded ??= encode(this.parts);
    const out = new Uint8Array(Math.max(this.least, this.encoded.length));
    out.set(this.encoded);
    return out;
  }

  /** Size in bytes. */
  get length(): number {
    this.encoded ??= encode(this.parts);
    return Math.max(this.least, this.encoded.length);
  }
}

/** The empty packet that all others are built from. */
export const pkt = new PacketBuilder();

function addListed(packet: PacketBuilder, item: unknown, where: string): PacketBuilder {
  const entries = typeof item === 'string' ? [[item, {}] as const] : isRecord(item) ? Object.entries(item) : [];
  const [layer, fields] = entries[0] ?? [];
  if (entries.length !== 1 || layer === undefined) {
    throw new InputError(`${where} must be a layer's name, or an object of one name and its fields`);
  }
  if (layer === 'payload') return packet.payload(fields as PayloadSource);
  if (layer === 'pad') return packet.pad(fields as number);
  if (!Object.hasOwn(ROWS, layer)) {
    const names = [...LAYER_NAMES, 'payload', 'pad'];
    throw new InputError(`${where}: there is no layer ${layer}${didYouMean(layer, names) || `: ${names.join(', ')}`}`);
  }
  try {
    return packet[layer as LayerName]((fields ?? {}) as never);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${where}: ${error.message}`);
  }
}

/** Names of the fields that a layer of the builder has, null when there is no such layer. */
export function fieldNames(layer: string): readonly string[] | null {
  return Object.hasOwn(ROWS, layer) ? ROWS[layer as LayerName].fields : null;
}

export const LAYER_NAMES: readonly string[] = Object.keys(ROWS);

/** A packet from plain data, as JSON and YAML write it: `['eth', {ipv4: {dst: '192.0.2.7'}}, {payload: 'hi'}]`. */
export function packetOf(layers: readonly unknown[], where: string): PacketBuilder {
  return layers.reduce<PacketBuilder>((packet, item, i) => addListed(packet, item, `${where}[${i}]`), pkt);
}

export type ListedLayer =
  | LayerName
  | { readonly [P in LayerName]?: FieldsOf<P> }
  | { readonly payload: PayloadSource }
  | { readonly pad: number };
