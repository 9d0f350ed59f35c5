/** Numbers that name what comes next in a packet, and their words: ethertypes, IP protocols, TCP flags, ICMP and SCTP types. */
import { hexNumber } from './layers.ts';

interface Known {
  readonly name: string;
  /** Layer that the number announces; null when the dissector knows the name only. */
  readonly layer: string | null;
}

const ETHERTYPES: Readonly<Record<number, Known>> = {
  2048: { name: 'IPv4', layer: 'ipv4' },
  2054: { name: 'ARP', layer: 'arp' },
  /** Transparent Ethernet bridging: a whole frame inside of GRE or Geneve. */
  25944: { name: 'TEB', layer: 'eth' },
  33024: { name: '802.1Q', layer: 'vlan' },
  34525: { name: 'IPv6', layer: 'ipv6' },
  34887: { name: 'MPLS', layer: 'mpls' },
  34984: { name: '802.1ad', layer: 'qinq' },
};

const PROTOCOLS: Readonly<Record<number, Known>> = {
  0: { name: 'hop-by-hop', layer: 'hopopts' },
  1: { name: 'ICMP', layer: 'icmp' },
  2: { name: 'IGMP', layer: null },
  4: { name: 'IPIP', layer: 'ipv4' },
  6: { name: 'TCP', layer: 'tcp' },
  17: { name: 'UDP', layer: 'udp' },
  41: { name: 'IPv6', layer: 'ipv6' },
  43: { name: 'routing', layer: 'routing' },
  44: { name: 'fragment', layer: 'fragment' },
  47: { name: 'GRE', layer: 'gre' },
  50: { name: 'ESP', layer: null },
  51: { name: 'AH', layer: 'ah' },
  58: { name: 'ICMPv6', layer: 'icmpv6' },
  59: { name: 'none', layer: null },
  60: { name: 'destination options', layer: 'dstopts' },
  132: { name: 'SCTP', layer: 'sctp' },
  137: { name: 'MPLS', layer: 'mpls' },
  143: { name: 'Ethernet', layer: 'eth' },
};

/** For experiments (RFC 3692) and local use (IEEE 802): what a payload right behind such a header is announced as. */
export const PROTOCOL_EXPERIMENT = 253;
export const ETHERTYPE_LOCAL = 0x88b5;

/** Well-known UDP ports of tunnels, by the layer inside. */
export const TUNNEL_PORTS = { vxlan: 4789, geneve: 6081, gtpu: 2152, mpls: 6635 } as const;

/** Only IPv6 has extension headers: protocol 0 in an IPv4 header is no hop-by-hop header. */
const EXTENSIONS = new Set(['hopopts', 'routing', 'fragment', 'dstopts']);

/** Layer that an ethertype announces (GRE and Geneve carry them too), null if none is known. */
export function layerOfEthertype(type: number): string | null {
  return ETHERTYPES[type]?.layer ?? null;
}

export function layerOfProtocol(protocol: number, version: 4 | 6): string | null {
  const layer = PROTOCOLS[protocol]?.layer ?? null;
  return version === 4 && layer !== null && EXTENSIONS.has(layer) ? null : layer;
}

function byLayer(table: Readonly<Record<number, Known>>): ReadonlyMap<string, number> {
  return new Map(Object.entries(table).flatMap(([number, { layer }]) => (layer ? [[layer, Number(number)]] : [])));
}
const ETHERTYPE_BY_LAYER = byLayer(ETHERTYPES);
const PROTOCOL_BY_LAYER = byLayer(PROTOCOLS);

export function ethertypeOf(layer: string): number | null {
  return ETHERTYPE_BY_LAYER.get(layer) ?? null;
}

export function protocolOf(layer: string): number | null {
  return PROTOCOL_BY_LAYER.get(layer) ?? null;
}

export function ethertypeText(type: number): string {
  if (type < 0x600) return `${type} (802.3 length)`;
  const known = ETHERTYPES[type];
  return known ? `${hexNumber(type, 4)} (${known.name})` : hexNumber(type, 4);
}

export function protocolText(protocol: number): string {
  return namedText(protocol, PROTOCOLS[protocol]?.name);
}

/** `8 (echo request)`, or the number alone. */
export function namedText(value: number, name: string | undefined): string {
  return name === undefined ? String(value) : `${value} (${name})`;
}

/** From bit 0 on; AE is the bit in front of the others' byte (RFC 9768, once NS). */
export const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'AE'] as const;

export const ECN_NAMES = { 0: 'not ECT', 1: 'ECT(1)', 2: 'ECT(0)', 3: 'CE' } as const;

export const ARP_OPS = { 1: 'request', 2: 'reply' } as const;

export const ICMP_TYPES = {
  0: 'echo reply',
  3: 'destination unreachable',
  4: 'source quench',
  5: 'redirect',
  8: 'echo request',
  9: 'router advertisement',
  10: 'router solicitation',
  11: 'time exceeded',
  12: 'parameter problem',
  13: 'timestamp request',
  14: 'timestamp reply',
} as const;

export const ICMPV6_TYPES = {
  1: 'destination unreachable',
  2: 'packet too big',
  3: 'time exceeded',
  4: 'parameter problem',
  128: 'echo request',
  129: 'echo reply',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbour solicitation',
  136: 'neighbour advertisement',
  137: 'redirect',
} as const;

export const SCTP_CHUNKS = {
  0: 'data',
  1: 'init',
  2: 'init ack',
  3: 'sack',
  4: 'heartbeat',
  5: 'heartbeat ack',
  6: 'abort',
  7: 'shutdown',
  8: 'shutdown ack',
  9: 'error',
  10: 'cookie echo',
  11: 'cookie ack',
  14: 'shutdown complete',
} as const;

export const GTPU_TYPES = {
  1: 'echo request',
  2: 'echo response',
  26: 'error indication',
  31: 'supported extension headers',
  254: 'end marker',
  255: 'G-PDU',
} as const;

/** Kinds of IPv4 options (RFC 791 and others). */
export const IPV4_OPTIONS = {
  0: 'end',
  1: 'nop',
  7: 'record_route',
  68: 'timestamp',
  130: 'security',
  131: 'lsrr',
  134: 'cipso',
  137: 'ssrr',
  148: 'router_alert',
} as const;

/** Kinds of options in IPv6 hop-by-hop and destination headers. */
export const IPV6_OPTIONS = {
  0: 'pad1',
  1: 'padn',
  4: 'tunnel_limit',
  5: 'router_alert',
  194: 'jumbo',
  201: 'home_address',
} as const;

export const TCP_OPTIONS = {
  0: 'end',
  1: 'nop',
  2: 'mss',
  3: 'wscale',
  4: 'sack_permitted',
  5: 'sack',
  8: 'timestamps',
  19: 'md5sig',
  28: 'user_timeout',
  29: 'ao',
  30: 'mptcp',
  34: 'fastopen',
} as const;

/** Kinds of neighbour discovery options (RFC 4861). */
export const ND_OPTIONS = { 1: 'source_lladdr', 2: 'target_lladdr', 3: 'prefix', 5: 'mtu' } as const;

/** The word for a number, undefined when it has none. */
export function nameIn(table: { readonly [value: number]: string }, value: number): string | undefined {
  return table[value];
}
