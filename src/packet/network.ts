/** Header readers of IPv4 with options and of IPv6. */
import { headerChecksum } from './checksum.ts';
import { type HeaderReader, hexNumber, LayerBuilder } from './layers.ts';
import { readIpv4Options, routedDestination } from './options.ts';
import { layerOfProtocol, protocolText } from './protocols.ts';

/** `0x6000 DF MF offset 1480`: the word of the header and what it says. */
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
  const source = b.ipv4('saddr', 12);
  const dest = b.ipv4('daddr', 16);
  readIpv4Options(b, 20, length);
  // A length of zero is what segmentation offload above 64 KiB leaves: the packet reaches to the end of its frame.
  const end = total === 0 ? limit : at + Math.max(total, length);
  const fragment = (fragOff & 0x3fff) !== 0;
  const destination = routedDestination(b.slice(20, length - 20)) ?? b.slice(16, 4);
  packet.ip = { version: 4, source: b.slice(12, 4), destination, end, fragment };
  const later = (fragOff & 0x1fff) !== 0;
  const layer = b.layer(length, `${source} → ${dest} ttl ${ttl} proto ${protocolText(protocol)}`);
  return { layer, next: later ? null : layerOfProtocol(protocol, 4), limit: Math.min(limit, end) };
};

export const readIpv6: HeaderReader = (packet, at, limit) => {
  if (limit - at < 40) return null;
  const b = new LayerBuilder(packet, 'ipv6', at);
  const word = b.u32(0);
  if (word >>> 28 !== 6) return null;
  b.field('version', 0, 1, 6);
  b.field('tclass', 0, 2, hexNumber((word >>> 20) & 0xff, 2));
  b.field('flow_lbl', 1, 3, hexNumber(word & 0xfffff, 5));
  const payload = b.number('payload_len', 4, 2);
  const protocol = b.u8(6);
  b.field('nexthdr', 6, 1, protocolText(protocol));
  const hops = b.number('hop_limit', 7, 1);
  const source = b.ipv6('saddr', 8);
  const dest = b.ipv6('daddr', 24);
  // Zero in front of hop-by-hop options: a jumbogram, whose option says how long it is.
  const end = payload === 0 && protocol === 0 ? limit : at + 40 + payload;
  packet.ip = { version: 6, source: b.slice(8, 16), destination: b.slice(24, 16), end, fragment: false };
  const layer = b.layer(40, `${source} → ${dest} hop limit ${hops} nh ${protocolText(protocol)}`);
  return { layer, next: layerOfProtocol(protocol, 6), limit: Math.min(limit, end) };
};
