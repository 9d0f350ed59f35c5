/** Header readers of IPv6 extension headers: hop-by-hop and destination options, routing, fragment, authentication. */
import { type HeaderReader, hexNumber, ipv6Text, LayerBuilder, type Packet, type Step } from './layers.ts';
import { homeAddress, readIpv6Options } from './options.ts';
import { layerOfProtocol, protocolText } from './protocols.ts';

type Body = (b: LayerBuilder, length: number, packet: Packet, at: number) => string;

/** A header of `(hdrlen + more) * unit` bytes that begins with the next header's number. */
function extension(proto: string, more: number, unit: number, body: Body): HeaderReader {
  return (packet, at, limit): Step | null => {
    if (limit - at < 8) return null;
    const b = new LayerBuilder(packet, proto, at);
    const protocol = b.u8(0);
    const length = (b.u8(1) + more) * unit;
    if (at + length > limit) return null;
    b.field('nexthdr', 0, 1, protocolText(protocol));
    b.number('hdrlen', 1, 1);
    const summary = body(b, length, packet, at);
    const layer = b.layer(length, `${summary} nh ${protocolText(protocol)}`);
    return { layer, next: layerOfProtocol(protocol, packet.ip?.version ?? 6), limit };
  };
}

const JUMBO = 194;

/** Length of a jumbogram from its first option, null if that is not it. */
function jumboLength(b: LayerBuilder, length: number): number | null {
  return length >= 8 && b.u8(2) === JUMBO && b.u8(3) === 4 ? b.u32(4) : null;
}

export const readHopByHop = extension('hopopts', 1, 8, (b, length, packet, at) => {
  readIpv6Options(b, 2, length);
  const jumbo = jumboLength(b, length);
  if (jumbo !== null && packet.ip) packet.ip = { ...packet.ip, end: at + jumbo };
  return `${length} bytes`;
});

export const readDestination = extension('dstopts', 1, 8, (b, length, packet) => {
  readIpv6Options(b, 2, length);
  const source = homeAddress(b.slice(2, length - 2));
  if (source && packet.ip) packet.ip = { ...packet.ip, source };
  return `${length} bytes`;
});

const SEGMENT_ROUTING = 4;

function addressFields(b: LayerBuilder, from: number, count: number): void {
  for (let i = 0; i < count; i++) b.ipv6('segments', from + 16 * i);
}

/**
 * Transport checksums cover the final destination: the last address of types 0 and 2, the first segment (they stand in
 * reverse) of segment routing.
 */
function finalDestination(b: LayerBuilder, type: number, count: number): Uint8Array | null {
  if (count === 0) return null;
  return b.slice(type === SEGMENT_ROUTING ? 8 : 8 + 16 * (count - 1), 16);
}

export const readRouting = extension('routing', 1, 8, (b, length, packet) => {
  const type = b.number('type', 2, 1);
  const left = b.number('segments_left', 3, 1);
  const room = Math.floor((length - 8) / 16);
  if (type !== 0 && type !== 2 && type !== SEGMENT_ROUTING) {
    b.hex('data', 4, length - 4);
    return `type ${type} left ${left}`;
  }
  let count = room;
  if (type === SEGMENT_ROUTING) {
    count = Math.min(room, b.number('first_segment', 4, 1) + 1);
    b.field('flags', 5, 1, hexNumber(b.u8(5), 2));
    b.number('tag', 6, 2);
  } else {
    b.hex('reserved', 4, 4);
  }
  addressFields(b, 8, count);
  const tlvs = 8 + 16 * count;
  if (tlvs < length) b.hex('tlvs', tlvs, length - tlvs);
  const final = finalDestination(b, type, count);
  if (left > 0 && final && packet.ip) packet.ip = { ...packet.ip, destination: final };
  return `type ${type} left ${left}${final ? ` to ${ipv6Text(final)}` : ''}`;
});

export const readAuthentication = extension('ah', 2, 4, (b, length) => {
  b.hex('data', 2, length - 2);
  return `${length} bytes`;
});

/** `0x05c9 MF offset 1480`. */
function fragmentText(word: number): string {
  const offset = word & 0xfff8;
  return `${hexNumber(word, 4)}${word & 1 ? ' MF' : ''}${offset ? ` offset ${offset}` : ''}`;
}

export const readFragment: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'fragment', at);
  const protocol = b.u8(0);
  b.field('nexthdr', 0, 1, protocolText(protocol));
  b.number('reserved', 1, 1);
  const word = b.u16(2);
  b.field('frag_off', 2, 2, fragmentText(word));
  b.field('identification', 4, 4, hexNumber(b.u32(4), 8));
  if (packet.ip) packet.ip = { ...packet.ip, fragment: (word & 0xfff9) !== 0 };
  const layer = b.layer(8, `${fragmentText(word)} nh ${protocolText(protocol)}`);
  return { layer, next: word >> 3 ? null : layerOfProtocol(protocol, 6), limit };
};
