/** Header readers of ICMP and ICMPv6 with neighbour discovery. */
import { transportChecksum } from './checksum.ts';
import { type HeaderReader, hexNumber, LayerBuilder } from './layers.ts';
import { readNdOptions } from './options.ts';
import { ICMP_TYPES, ICMPV6_TYPES, namedText, nameIn } from './protocols.ts';

/** What the four bytes behind the checksum hold. */
type Rest = 'echo' | 'mtu16' | 'mtu32' | 'gateway' | 'pointer8' | 'pointer32' | 'flags' | 'router' | null;

const ICMP_REST: Readonly<Record<number, Rest>> = {
  0: 'echo',
  3: 'mtu16',
  5: 'gateway',
  8: 'echo',
  12: 'pointer8',
  13: 'echo',
  14: 'echo',
};
const ICMPV6_REST: Readonly<Record<number, Rest>> = {
  2: 'mtu32',
  4: 'pointer32',
  128: 'echo',
  129: 'echo',
  134: 'router',
  136: 'flags',
};

function readRest(b: LayerBuilder, rest: Rest): void {
  if (rest === 'echo') {
    b.number('id', 4, 2);
    b.number('sequence', 6, 2);
  } else if (rest === 'mtu16') b.number('mtu', 6, 2);
  else if (rest === 'mtu32') b.number('mtu', 4, 4);
  else if (rest === 'gateway') b.ipv4('gateway', 4);
  else if (rest === 'pointer8') b.number('pointer', 4, 1);
  else if (rest === 'pointer32') b.number('pointer', 4, 4);
  else if (rest === 'flags') {
    for (const [i, name] of ['router', 'solicited', 'override'].entries())
      b.field(name, 4, 1, (b.u8(4) >> (7 - i)) & 1);
  } else if (rest === 'router') {
    b.number('hop_limit', 4, 1);
    b.field('flags', 5, 1, hexNumber(b.u8(5), 2));
    b.number('lifetime', 6, 2);
  } else b.hex('rest', 4, 4);
}

/** Error messages carry the packet they are about. */
const ICMP_ERRORS = new Set([3, 4, 5, 11, 12]);
const ICMPV6_ERRORS = new Set([1, 2, 3, 4]);

export const readIcmp: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'icmp', at);
  const type = b.u8(0);
  const name = nameIn(ICMP_TYPES, type);
  b.field('type', 0, 1, namedText(type, name));
  const code = b.number('code', 1, 1);
  b.field('checksum', 2, 2, transportChecksum(packet, { at, field: 2, protocol: 1, pseudo: false }));
  readRest(b, ICMP_REST[type] ?? null);
  const layer = b.layer(8, `${name ?? `type ${type}`} code ${code}`);
  return { layer, next: ICMP_ERRORS.has(type) ? 'ipv4' : null, limit };
};

interface Discovery {
  /** Bytes of the message in front of its options. */
  readonly size: number;
  readonly addresses: readonly string[];
}

const DISCOVERY: Readonly<Record<number, Discovery>> = {
  133: { size: 8, addresses: [] },
  134: { size: 16, addresses: [] },
  135: { size: 24, addresses: ['target'] },
  136: { size: 24, addresses: ['target'] },
  137: { size: 40, addresses: ['target', 'destination'] },
};

/** Addresses, timers and options of neighbour discovery; the bytes of the whole message, 8 if it is another or is cut. */
function readDiscovery(b: LayerBuilder, type: number, room: number): number {
  const known = DISCOVERY[type];
  if (!known || room < known.size) return 8;
  if (type === 134) {
    b.number('reachable_time', 8, 4);
    b.number('retrans_timer', 12, 4);
  }
  known.addresses.forEach((name, i) => {
    b.ipv6(name, 8 + 16 * i);
  });
  readNdOptions(b, known.size, room);
  return room;
}

export const readIcmpv6: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'icmpv6', at);
  const type = b.u8(0);
  const name = nameIn(ICMPV6_TYPES, type);
  b.field('type', 0, 1, namedText(type, name));
  const code = b.number('code', 1, 1);
  b.field('checksum', 2, 2, transportChecksum(packet, { at, field: 2, protocol: 58, pseudo: true }));
  readRest(b, ICMPV6_REST[type] ?? null);
  const length = readDiscovery(b, type, limit - at);
  const layer = b.layer(length, `${name ?? `type ${type}`} code ${code}`);
  return { layer, next: ICMPV6_ERRORS.has(type) ? 'ipv6' : null, limit };
};
