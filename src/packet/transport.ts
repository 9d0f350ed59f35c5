/** Header readers of TCP with options and of UDP. */
import { transportChecksum, udpChecksum } from './checksum.ts';
import { type HeaderReader, LayerBuilder } from './layers.ts';
import { readTcpOptions } from './options.ts';
import { TUNNEL_PORTS } from './protocols.ts';
import { flagNames, flagsText } from './tcp-flags.ts';

/** The eight bytes that ICMP errors quote at least: ports, and of TCP the sequence number. */
function quotedStart(b: LayerBuilder): ReturnType<LayerBuilder['layer']> {
  const source = b.number('source', 0, 2);
  const dest = b.number('dest', 2, 2);
  b.number('seq', 4, 4);
  return b.layer(8, `${source} → ${dest} cut`);
}

export const readTcp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'tcp', at);
  if (limit - at < 20) return { layer: quotedStart(b), next: null, limit };
  const source = b.number('source', 0, 2);
  const dest = b.number('dest', 2, 2);
  b.number('seq', 4, 4);
  b.number('ack_seq', 8, 4);
  const doff = b.u8(12) >> 4;
  b.field('doff', 12, 1, doff);
  const flags = b.u16(12) & 0x1ff;
  b.field('flags', 12, 2, flagsText(flags));
  b.number('window', 14, 2);
  b.field('check', 16, 2, transportChecksum(packet, { at, field: 16, protocol: 6, pseudo: true }));
  b.number('urg_ptr', 18, 2);
  const length = doff >= 5 && at + doff * 4 <= limit ? doff * 4 : 20;
  readTcpOptions(b, 20, length);
  return { layer: b.layer(length, `${source} → ${dest} ${flagNames(flags)}`.trim()), next: null, limit };
};

/** Tunnels are known by the destination port; GTP-U answers go to any port, from its own. */
function tunnelOf(source: number, dest: number): string | null {
  const found = Object.entries(TUNNEL_PORTS).find(([, port]) => port === dest);
  return found?.[0] ?? (source === TUNNEL_PORTS.gtpu ? 'gtpu' : null);
}

export const readUdp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'udp', at);
  const source = b.number('source', 0, 2);
  const dest = b.number('dest', 2, 2);
  const length = b.number('len', 4, 2);
  b.field('check', 6, 2, udpChecksum(packet, at, length));
  const end = length >= 8 ? Math.min(limit, at + length) : limit;
  return { layer: b.layer(8, `${source} → ${dest} len ${length}`), next: tunnelOf(source, dest), limit: end };
};
