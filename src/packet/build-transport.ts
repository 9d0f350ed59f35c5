/** Encoders of TCP, UDP, ICMP, ICMPv6 and SCTP. */
import { type Around, filledUp, joined, type LayerRow, row, setU16 } from './build-layer.ts';
import { ndOptions, tcpOptions } from './build-options.ts';
import { be, type Given } from './build-values.ts';
import { internetChecksum, pseudoHeaderSum, swap32 } from './checksum.ts';
import { crc32c } from './crc32c.ts';
import { ICMP_TYPES, ICMPV6_TYPES, SCTP_CHUNKS, TUNNEL_PORTS } from './protocols.ts';
import { CHUNK_FIELDS } from './sctp.ts';
import { parseFlags } from './tcp-flags.ts';

const PORT = 40000;

/** The Internet checksum over header, payload and, where there are addresses, pseudo header. */
function checksum(header: Uint8Array, field: number, body: Uint8Array, protocol: number, ends: Around['ends']): number {
  const length = header.length + body.length;
  const seed = ends ? pseudoHeaderSum(ends.source, ends.destination, protocol, length) : 0;
  return internetChecksum(joined(header, body), field, seed);
}

const SYN = 2;
const TCP_FIELDS = [
  'source',
  'dest',
  'seq',
  'ack_seq',
  'doff',
  'flags',
  'window',
  'check',
  'urg_ptr',
  'options',
] as const;

function flagsOf(given: Given): number {
  if (!given.has('flags')) return SYN;
  return parseFlags(given.raw('flags')) ?? given.fail('flags', 'letters of FSRPAUECN, names, or a number up to 511');
}

export const TCP: LayerRow<'tcp'> = row(TCP_FIELDS, (given, body, { ends }) => {
  const options = tcpOptions(given);
  const doff = given.uint('doff', 4, 5 + options.length / 4);
  const header = joined(
    be(given.uint('source', 16, PORT), 2),
    be(given.uint('dest', 16, 80), 2),
    be(given.uint('seq', 32), 4),
    be(given.uint('ack_seq', 32), 4),
    be((doff << 12) | flagsOf(given), 2),
    be(given.uint('window', 16, 64240), 2),
    [0, 0],
    be(given.uint('urg_ptr', 16), 2),
    options,
  );
  setU16(header, 16, given.uint('check', 16, checksum(header, 16, body, 6, ends)));
  return header;
});

const UDP_DEST = 40001;

export const UDP: LayerRow<'udp'> = row(['source', 'dest', 'len', 'check'], (given, body, { next, ends }) => {
  const port = (TUNNEL_PORTS as { readonly [layer: string]: number })[next ?? ''] ?? UDP_DEST;
  const header = joined(
    be(given.uint('source', 16, PORT), 2),
    be(given.uint('dest', 16, port), 2),
    be(given.counted('len', 16, 8 + body.length), 2),
    [0, 0],
  );
  // Zero would say that there is none.
  setU16(header, 6, given.uint('check', 16, checksum(header, 6, body, 17, ends) || 0xffff));
  return header;
});

/** The four bytes behind the checksum: all of `rest`, or the fields that the type puts there. */
function icmpRest(given: Given, pointer: 8 | 32): Uint8Array {
  const rest = Uint8Array.from(be(given.uint('rest', 32), 4));
  const put = (name: string, bits: number, at: number): void => {
    if (given.has(name)) rest.set(be(given.uint(name, bits), (bits / 8) as 1 | 2 | 4), at);
  };
  put('id', 16, 0);
  put('sequence', 16, 2);
  put('mtu', pointer === 8 ? 16 : 32, pointer === 8 ? 2 : 0);
  put('pointer', pointer, 0);
  if (given.has('gateway')) rest.set(given.ipv4('gateway', ''), 0);
  return rest;
}

const ICMP_FIELDS = ['type', 'code', 'checksum', 'id', 'sequence', 'mtu', 'gateway', 'pointer', 'rest'] as const;

export const ICMP: LayerRow<'icmp'> = row(ICMP_FIELDS, (given, body, { next }) => {
  const type = given.named('type', 8, ICMP_TYPES, next === 'ipv4' ? 3 : 8);
  const header = joined([type, given.uint('code', 8), 0, 0], icmpRest(given, 8));
  setU16(header, 2, given.uint('checksum', 16, checksum(header, 2, body, 1, null)));
  return header;
});

const ICMPV6_FIELDS = [
  ...(['type', 'code', 'checksum', 'id', 'sequence', 'mtu', 'pointer', 'router', 'solicited', 'override'] as const),
  ...(['hop_limit', 'flags', 'lifetime', 'reachable_time', 'retrans_timer', 'rest'] as const),
  ...(['target', 'destination', 'options'] as const),
] as const;

function discoveryRest(given: Given, type: number): Uint8Array {
  const rest = icmpRest(given, 32);
  if (type === 136) {
    const bits = ['router', 'solicited', 'override'].map((name, i) => given.uint(name, 1) << (7 - i));
    rest[0] = rest[0]! | bits.reduce((all, bit) => all | bit, 0);
  }
  if (type === 134) {
    if (given.has('hop_limit')) rest[0] = given.uint('hop_limit', 8);
    if (given.has('flags')) rest[1] = given.uint('flags', 8);
    if (given.has('lifetime')) setU16(rest, 2, given.uint('lifetime', 16));
  }
  return rest;
}

/** What neighbour discovery messages hold behind their first eight bytes. */
function discoveryBody(given: Given, type: number): Uint8Array {
  if (type < 133 || type > 137) return new Uint8Array(0);
  const timers = ['reachable_time', 'retrans_timer'].flatMap((name) => be(given.uint(name, 32), 4));
  return joined(
    type === 134 ? timers : [],
    type >= 135 ? given.ipv6('target', '2001:db8::2') : [],
    type === 137 ? given.ipv6('destination', '2001:db8::2') : [],
    ndOptions(given),
  );
}

export const ICMPV6: LayerRow<'icmpv6'> = row(ICMPV6_FIELDS, (given, body, { next, ends }) => {
  const type = given.named('type', 8, ICMPV6_TYPES, next === 'ipv6' ? 1 : 128);
  const header = joined([type, given.uint('code', 8), 0, 0], discoveryRest(given, type), discoveryBody(given, type));
  setU16(header, 2, given.uint('checksum', 16, checksum(header, 2, body, 58, ends)));
  return header;
});

/** Begins and ends a user message. */
const WHOLE_MESSAGE = 3;
const CHUNK_NAMES = [
  ...['type', 'flags', 'length', 'value'],
  ...new Set(Object.values(CHUNK_FIELDS).flatMap((rows) => rows.map(([name]) => name))),
];

function chunk(given: Given): Uint8Array {
  const type = given.named('type', 8, SCTP_CHUNKS, 0);
  const fixed = (CHUNK_FIELDS[type] ?? []).flatMap(([name, size]) => be(given.uint(name, size * 8), size));
  const value = given.bytes('value');
  const length = given.counted('length', 16, 4 + fixed.length + value.length);
  const head = [type, given.uint('flags', 8, type === 0 ? WHOLE_MESSAGE : 0), ...be(length, 2)];
  return filledUp(joined(head, fixed, value), 4);
}

export const SCTP: LayerRow<'sctp'> = row(['source', 'dest', 'vtag', 'checksum', 'chunks'], (given, body) => {
  const header = joined(
    be(given.uint('source', 16, PORT), 2),
    be(given.uint('dest', 16, 5000), 2),
    be(given.uint('vtag', 32), 4),
    [0, 0, 0, 0],
    ...given.items('chunks', CHUNK_NAMES).map(chunk),
  );
  header.set(be(given.uint('checksum', 32, swap32(crc32c(joined(header, body)))), 4), 8);
  return header;
});
