/** Header readers of the network layer: IPv4 with options, IPv6 and its extension headers. */
import { headerChecksum } from './checksum.ts';
import { type HeaderReader, hexNumber, ipv4Text, ipv6Text, LayerBuilder, type Packet } from './layers.ts';

const PROTOCOLS: Readonly<Record<number, { readonly name: string; readonly reader: string | null }>> = {
  0: { name: 'hop-by-hop', reader: 'ipv6.hop' },
  1: { name: 'ICMP', reader: 'icmp' },
  2: { name: 'IGMP', reader: null },
  4: { name: 'IPIP', reader: 'ipv4' },
  6: { name: 'TCP', reader: 'tcp' },
  17: { name: 'UDP', reader: 'udp' },
  41: { name: 'IPv6', reader: 'ipv6' },
  43: { name: 'routing', reader: 'ipv6.route' },
  44: { name: 'fragment', reader: 'ipv6.frag' },
  47: { name: 'GRE', reader: 'gre' },
  50: { name: 'ESP', reader: null },
  51: { name: 'AH', reader: 'ah' },
  58: { name: 'ICMPv6', reader: 'icmpv6' },
  59: { name: 'none', reader: null },
  60: { name: 'destination options', reader: 'ipv6.dst' },
  132: { name: 'SCTP', reader: 'sctp' },
};

export function protocolText(protocol: number): string {
  const known = PROTOCOLS[protocol];
  return known ? `${protocol} (${known.name})` : String(protocol);
}

/** Extension headers exist in IPv6 only: protocol 0 in an IPv4 header is no hop-by-hop header. */
function readerOf(protocol: number, version: 4 | 6): string | null {
  const reader = PROTOCOLS[protocol]?.reader ?? null;
  return version === 4 && reader?.startsWith('ipv6.') ? null : reader;
}

const OPTIONS: Readonly<Record<number, string>> = {
  1: 'nop',
  7: 'record route',
  68: 'timestamp',
  130: 'security',
  131: 'loose source route',
  137: 'strict source route',
  148: 'router alert',
};

function readOptions(b: LayerBuilder, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const kind = b.u8(at);
    const single = kind === 0 || kind === 1;
    const length = single ? 1 : at + 1 < to ? b.u8(at + 1) : 0;
    if (!single && (length < 2 || at + length > to)) {
      b.hex('options', at, to - at);
      return;
    }
    if (kind === 0) {
      b.hex('options.end', at, to - at);
      return;
    }
    b.hex(`options.${OPTIONS[kind] ?? kind}`, at, length);
    at += length;
  }
}

function fragmentText(fragOff: number): string {
  const flags = [fragOff & 0x8000 ? 'CE' : '', fragOff & 0x4000 ? 'DF' : '', fragOff & 0x2000 ? 'MF' : ''];
  const offset = (fragOff & 0x1fff) * 8;
  return [hexNumber(fragOff, 4), ...flags.filter(Boolean), ...(offset ? [`offset ${offset}`] : [])].join(' ');
}

export const readIpv4: HeaderReader = (packet, at, limit) => {
  if (limit - at < 20) return null;
  const b = new LayerBuilder(packet, 'ipv4', at);
  const version = b.u8(0) >> 4;
  const ihl = b.u8(0) & 15;
  if (version !== 4) return null;
  b.field('version', 0, 1, version);
  b.field('ihl', 0, 1, ihl);
  b.field('tos', 1, 1, hexNumber(b.u8(1), 2));
  const total = b.number('tot_len', 2, 2);
  b.number('id', 4, 2);
  const fragOff = b.u16(6);
  b.field('frag_off', 6, 2, fragmentText(fragOff));
  const ttl = b.number('ttl', 8, 1);
  const protocol = b.u8(9);
  b.field('protocol', 9, 1, protocolText(protocol));
  const length = ihl >= 5 && at + ihl * 4 <= limit ? ihl * 4 : 20;
  b.field('check', 10, 2, headerChecksum(b.slice(0, length), 10));
  const source = b.field('saddr', 12, 4, ipv4Text(b.slice(12, 4)));
  const dest = b.field('daddr', 16, 4, ipv4Text(b.slice(16, 4)));
  readOptions(b, 20, length);
  const end = at + Math.max(total, length);
  packet.ip = {
    version: 4,
    source: b.slice(12, 4),
    destination: b.slice(16, 4),
    end,
    fragment: (fragOff & 0x3fff) !== 0,
  };
  const later = (fragOff & 0x1fff) !== 0;
  const layer = b.layer(length, `${source} → ${dest} ttl ${ttl} proto ${protocolText(protocol)}`);
  return { layer, next: later ? null : readerOf(protocol, 4), limit: Math.min(limit, end) };
};

export const readIpv6: HeaderReader = (packet, at, limit) => {
  if (limit - at < 40) return null;
  const b = new LayerBuilder(packet, 'ipv6', at);
  const word = b.u32(0);
  if (word >>> 28 !== 6) return null;
  b.field('version', 0, 1, 6);
  b.field('priority', 0, 2, hexNumber((word >>> 20) & 0xff, 2));
  b.field('flow_lbl', 1, 3, hexNumber(word & 0xfffff, 5));
  const payload = b.number('payload_len', 4, 2);
  const protocol = b.u8(6);
  b.field('nexthdr', 6, 1, protocolText(protocol));
  const hops = b.number('hop_limit', 7, 1);
  const source = b.field('saddr', 8, 16, ipv6Text(b.slice(8, 16)));
  const dest = b.field('daddr', 24, 16, ipv6Text(b.slice(24, 16)));
  const end = at + 40 + payload;
  packet.ip = { version: 6, source: b.slice(8, 16), destination: b.slice(24, 16), end, fragment: false };
  const layer = b.layer(40, `${source} → ${dest} hop limit ${hops} nh ${protocolText(protocol)}`);
  return { layer, next: readerOf(protocol, 6), limit: Math.min(limit, end) };
};

function extension(proto: string, size: (b: LayerBuilder) => number): HeaderReader {
  return (packet: Packet, at, limit) => {
    if (limit - at < 8) return null;
    const b = new LayerBuilder(packet, proto, at);
    const protocol = b.u8(0);
    b.field('nexthdr', 0, 1, protocolText(protocol));
    b.number('hdrlen', 1, 1);
    const length = size(b);
    if (at + length > limit) return null;
    b.hex('data', 2, length - 2);
    const layer = b.layer(length, `${length} bytes nh ${protocolText(protocol)}`);
    return { layer, next: readerOf(protocol, packet.ip?.version ?? 6), limit };
  };
}

const eights = (b: LayerBuilder): number => (b.u8(1) + 1) * 8;
export const readHopByHop = extension('ipv6.hop', eights);
export const readRouting = extension('ipv6.route', eights);
export const readDestination = extension('ipv6.dst', eights);
export const readAuthentication = extension('ah', (b) => (b.u8(1) + 2) * 4);

export const readFragment: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'ipv6.frag', at);
  const protocol = b.u8(0);
  b.field('nexthdr', 0, 1, protocolText(protocol));
  const word = b.u16(2);
  b.field('frag_off', 2, 2, (word >> 3) * 8);
  b.field('more', 3, 1, word & 1);
  b.field('identification', 4, 4, hexNumber(b.u32(4), 8));
  if (packet.ip) packet.ip = { ...packet.ip, fragment: (word & 0xfff9) !== 0 };
  const layer = b.layer(8, `offset ${(word >> 3) * 8}${word & 1 ? ' more' : ''} nh ${protocolText(protocol)}`);
  return { layer, next: word >> 3 ? null : readerOf(protocol, 6), limit };
};
