/** Header readers of the transport layer: TCP with options, UDP, ICMP, ICMPv6, SCTP's common header. */
import { transportChecksum } from './checksum.ts';
import { type HeaderReader, hexNumber, ipv6Text, LayerBuilder, type Packet } from './layers.ts';

const TCP_FLAGS = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR', 'AE'];
const VXLAN_PORT = 4789;
const GENEVE_PORT = 6081;

function flagsText(flags: number): string {
  const names = TCP_FLAGS.filter((_, bit) => flags & (1 << bit));
  return names.length > 0 ? `${hexNumber(flags, 2)} (${names.join(' ')})` : hexNumber(flags, 2);
}

const TCP_OPTIONS: Readonly<Record<number, string>> = {
  1: 'nop',
  2: 'mss',
  3: 'wscale',
  4: 'sack_ok',
  5: 'sack',
  8: 'timestamp',
};

function readTcpOptions(b: LayerBuilder, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const kind = b.u8(at);
    if (kind === 0) {
      b.hex('options.end', at, to - at);
      return;
    }
    const length = kind === 1 ? 1 : at + 1 < to ? b.u8(at + 1) : 0;
    if (length < 1 || (kind !== 1 && length < 2) || at + length > to) {
      b.hex('options', at, to - at);
      return;
    }
    const name = `options.${TCP_OPTIONS[kind] ?? kind}`;
    if (kind === 2 && length === 4) b.field(name, at, length, b.u16(at + 2));
    else if (kind === 3 && length === 3) b.field(name, at, length, b.u8(at + 2));
    else b.hex(name, at, length);
    at += length;
  }
}

export const readTcp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 20) return null;
  const b = new LayerBuilder(packet, 'tcp', at);
  const source = b.number('source', 0, 2);
  const dest = b.number('dest', 2, 2);
  b.number('seq', 4, 4);
  b.number('ack_seq', 8, 4);
  const doff = b.u8(12) >> 4;
  b.field('doff', 12, 1, doff);
  const flags = b.u16(12) & 0x1ff;
  b.field('flags', 12, 2, flagsText(flags));
  b.number('window', 14, 2);
  b.field('check', 16, 2, transportChecksum(packet, at, 16, 6, true));
  b.number('urg_ptr', 18, 2);
  const length = doff >= 5 && at + doff * 4 <= limit ? doff * 4 : 20;
  readTcpOptions(b, 20, length);
  const names = TCP_FLAGS.filter((_, bit) => flags & (1 << bit)).join(' ');
  return { layer: b.layer(length, `${source} → ${dest} ${names}`.trim()), next: null, limit };
};

export const readUdp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'udp', at);
  const source = b.number('source', 0, 2);
  const dest = b.number('dest', 2, 2);
  const length = b.number('len', 4, 2);
  b.field('check', 6, 2, transportChecksum(packet, at, 6, 17, true));
  const next = dest === VXLAN_PORT ? 'vxlan' : dest === GENEVE_PORT ? 'geneve' : null;
  return { layer: b.layer(8, `${source} → ${dest} len ${length}`), next, limit };
};

interface IcmpNames {
  readonly [type: number]: string;
}
const ICMP: IcmpNames = {
  0: 'echo reply',
  3: 'destination unreachable',
  5: 'redirect',
  8: 'echo request',
  11: 'time exceeded',
  12: 'parameter problem',
};
const ICMPV6: IcmpNames = {
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
};

function readIcmpHeader(packet: Packet, at: number, proto: 'icmp' | 'icmpv6', names: IcmpNames): LayerBuilder {
  const b = new LayerBuilder(packet, proto, at);
  const type = b.u8(0);
  b.field('type', 0, 1, names[type] ? `${type} (${names[type]})` : type);
  b.number('code', 1, 1);
  const v6 = proto === 'icmpv6';
  b.field('checksum', 2, 2, transportChecksum(packet, at, 2, v6 ? 58 : 1, v6));
  const echo = v6 ? type === 128 || type === 129 : type === 0 || type === 8;
  if (echo) {
    b.number('id', 4, 2);
    b.number('sequence', 6, 2);
  } else if ((v6 && type === 2) || (!v6 && type === 3)) {
    b.number('mtu', v6 ? 4 : 6, v6 ? 4 : 2);
  } else {
    b.hex('rest', 4, 4);
  }
  return b;
}

/** Error messages carry the packet they are about. */
function quoted(type: number, errors: readonly number[], reader: string): string | null {
  return errors.includes(type) ? reader : null;
}

export const readIcmp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = readIcmpHeader(packet, at, 'icmp', ICMP);
  const type = b.u8(0);
  const summary = `${ICMP[type] ?? `type ${type}`} code ${b.u8(1)}`;
  return { layer: b.layer(8, summary), next: quoted(type, [3, 4, 5, 11, 12], 'ipv4'), limit };
};

export const readIcmpv6: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = readIcmpHeader(packet, at, 'icmpv6', ICMPV6);
  const type = b.u8(0);
  const neighbour = (type === 135 || type === 136) && limit - at >= 24;
  const target = neighbour ? ` ${b.field('target', 8, 16, ipv6Text(b.slice(8, 16)))}` : '';
  const summary = `${ICMPV6[type] ?? `type ${type}`} code ${b.u8(1)}${target}`;
  return { layer: b.layer(neighbour ? 24 : 8, summary), next: quoted(type, [1, 2, 3, 4], 'ipv6'), limit };
};

export const readSctp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 12) return null;
  const b = new LayerBuilder(packet, 'sctp', at);
  const source = b.number('source', 0, 2);
  const dest = b.number('dest', 2, 2);
  b.hex('vtag', 4, 4);
  b.hex('checksum', 8, 4);
  return { layer: b.layer(12, `${source} → ${dest}`), next: null, limit };
};
