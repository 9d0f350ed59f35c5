/** Encoders of IPv4, IPv6 and its extension headers. */
import type { LayerName } from './build-fields.ts';
import { type Ends, joined, type LayerRow, row, setU16 } from './build-layer.ts';
import { ipv4Options, ipv6Options } from './build-options.ts';
import { be, Given } from './build-values.ts';
import { internetChecksum } from './checksum.ts';
import { homeAddress, routedDestination } from './options.ts';
import { ECN_NAMES, PROTOCOL_EXPERIMENT, protocolOf } from './protocols.ts';

/** The protocol given, else that of the layer that follows. */
function protocol(given: Given, name: string, next: LayerName | null): number {
  return given.uint(name, 8, (next === null ? null : protocolOf(next)) ?? PROTOCOL_EXPERIMENT);
}

/** The byte given, with the parts that are given in its place. */
function trafficClass(given: Given, name: string): number {
  const whole = given.uint(name, 8);
  const dscp = given.uint('dscp', 6, whole >> 2);
  return (dscp << 2) | given.named('ecn', 2, ECN_NAMES, whole & 3);
}

/** A fragment offset in bytes, which headers count in eights. */
function offset(given: Given, fallback: number): number {
  const bytes = given.uint('offset', 16, fallback);
  return bytes % 8 === 0 ? bytes : given.fail('offset', 'a multiple of 8');
}

function ipv4FragOff(given: Given): number {
  const whole = given.uint('frag_off', 16);
  const df = given.uint('df', 1, (whole >> 14) & 1);
  const mf = given.uint('mf', 1, (whole >> 13) & 1);
  return (whole & 0x8000) | (df << 14) | (mf << 13) | (offset(given, (whole & 0x1fff) * 8) / 8);
}

export const IPV4: LayerRow<'ipv4'> = row(
  [
    ...(['version', 'ihl', 'tos', 'dscp', 'ecn', 'tot_len', 'id', 'frag_off', 'df', 'mf', 'offset'] as const),
    ...(['ttl', 'protocol', 'check', 'saddr', 'daddr', 'options'] as const),
  ],
  (given, body, { next }) => {
    const options = ipv4Options(given);
    const length = 20 + options.length;
    const ends = ipv4Addresses(given);
    const header = joined(
      [(given.uint('version', 4, 4) << 4) | given.uint('ihl', 4, length / 4), trafficClass(given, 'tos')],
      be(given.counted('tot_len', 16, length + body.length), 2),
      be(given.uint('id', 16), 2),
      be(ipv4FragOff(given), 2),
      [given.uint('ttl', 8, 64), protocol(given, 'protocol', next), 0, 0],
      ends.source,
      ends.destination,
      options,
    );
    setU16(header, 10, given.uint('check', 16, internetChecksum(header, 10)));
    return header;
  },
);

const IPV6_FIELDS = ['version', 'tclass', 'dscp', 'ecn', 'flow_lbl', 'payload_len', 'nexthdr', 'hop_limit'] as const;

export const IPV6: LayerRow<'ipv6'> = row([...IPV6_FIELDS, 'saddr', 'daddr'], (given, body, { next }) => {
  const first = (given.uint('version', 4, 6) << 8) | trafficClass(given, 'tclass');
  const ends = ipv6Ends(given);
  return joined(
    be(first * 2 ** 20 + given.uint('flow_lbl', 20), 4),
    be(given.counted('payload_len', 16, body.length), 2),
    [protocol(given, 'nexthdr', next), given.uint('hop_limit', 8, 64)],
    ends.source,
    ends.destination,
  );
});

/** The addresses as they stand in the header. */
function ipv4Addresses(given: Given): Ends {
  return { source: given.ipv4('saddr', '192.0.2.1'), destination: given.ipv4('daddr', '192.0.2.2') };
}

/** The addresses that checksums cover. */
export function ipv4Ends(given: Given): Ends {
  const ends = ipv4Addresses(given);
  return { ...ends, destination: routedDestination(ipv4Options(given)) ?? ends.destination };
}

export function ipv6Ends(given: Given): Ends {
  return { source: given.ipv6('saddr', '2001:db8::1'), destination: given.ipv6('daddr', '2001:db8::2') };
}

/** Hop-by-hop and destination options. */
export const OPTIONS_HEADER: LayerRow<'hopopts' | 'dstopts'> = row(
  ['nexthdr', 'hdrlen', 'options'],
  (given, _body, { next }) => {
    const options = ipv6Options(given);
    const words = (options.length + 2) / 8;
    return joined([protocol(given, 'nexthdr', next), given.uint('hdrlen', 8, words - 1)], options);
  },
);

const SEGMENT_ROUTING = 4;

function segmentsOf(given: Given): Uint8Array[] {
  return given.list('segments').map((segment, i) => {
    const name = String(i + 1);
    return new Given(`${given.where}.segments`, { [name]: segment }, [name]).ipv6(name, '::');
  });
}

function routingBody(given: Given, type: number): Uint8Array {
  if (given.has('data')) return given.bytes('data');
  const segments = segmentsOf(given);
  const last = Math.max(segments.length - 1, 0);
  const head =
    type === SEGMENT_ROUTING
      ? [given.uint('first_segment', 8, last), given.uint('flags', 8), ...be(given.uint('tag', 16), 2)]
      : [0, 0, 0, 0];
  return joined(head, ...segments, given.bytes('tlvs'));
}

const ROUTING_FIELDS = ['nexthdr', 'hdrlen', 'type', 'segments_left', 'segments', 'first_segment', 'flags'] as const;

export const ROUTING: LayerRow<'routing'> = row(
  [...ROUTING_FIELDS, 'tag', 'tlvs', 'data'],
  (given, _body, { next }) => {
    const type = given.uint('type', 8, SEGMENT_ROUTING);
    const rest = routingBody(given, type);
    if ((rest.length + 4) % 8 !== 0) given.fail(given.has('data') ? 'data' : 'tlvs', 'so long that it ends on 8 bytes');
    const hdrlen = given.uint('hdrlen', 8, (rest.length + 4) / 8 - 1);
    return joined([protocol(given, 'nexthdr', next), hdrlen, type, given.uint('segments_left', 8)], rest);
  },
);

/** The address that checksums cover in place of `saddr`, null when destination options name none. */
export function homeSource(given: Given): Uint8Array | null {
  return homeAddress(ipv6Options(given));
}

/** The address that checksums cover in place of `daddr`, null when the routing header is spent or names none. */
export function finalDestination(given: Given): Uint8Array | null {
  if (given.uint('segments_left', 8) === 0) return null;
  const segments = segmentsOf(given);
  return segments.at(given.uint('type', 8, SEGMENT_ROUTING) === SEGMENT_ROUTING ? 0 : -1) ?? null;
}

export const FRAGMENT: LayerRow<'fragment'> = row(
  ['nexthdr', 'reserved', 'frag_off', 'mf', 'offset', 'identification'],
  (given, _body, { next }) => {
    const whole = given.uint('frag_off', 16);
    const word = offset(given, whole & 0xfff8) | (whole & 6) | given.uint('mf', 1, whole & 1);
    return joined(
      [protocol(given, 'nexthdr', next), given.uint('reserved', 8)],
      be(word, 2),
      be(given.uint('identification', 32), 4),
    );
  },
);
