/** Header readers of the link layer: Ethernet, 802.1Q/802.1ad tags, ARP, MPLS labels. */
import { type HeaderReader, hexNumber, ipv4Text, LayerBuilder, macText, type Step } from './layers.ts';

const ETHERTYPES: Readonly<Record<number, { readonly name: string; readonly reader: string }>> = {
  2048: { name: 'IPv4', reader: 'ipv4' },
  2054: { name: 'ARP', reader: 'arp' },
  33024: { name: '802.1Q', reader: 'vlan' },
  34525: { name: 'IPv6', reader: 'ipv6' },
  34887: { name: 'MPLS', reader: 'mpls' },
  34984: { name: '802.1ad', reader: 'vlan' },
};

/** Reader for an ethertype (GRE carries them too), null if none. */
export function readerOfEthertype(type: number): string | null {
  return ETHERTYPES[type]?.reader ?? null;
}

export function ethertypeText(type: number): string {
  if (type < 0x600) return `${type} (802.3 length)`;
  const known = ETHERTYPES[type];
  return known ? `${hexNumber(type, 4)} (${known.name})` : hexNumber(type, 4);
}

/** Programs that see packets from the IP header on get 14 zero bytes back in front of them. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((b) => b === 0);
}

export const readEthernet: HeaderReader = (packet, at, limit) => {
  if (limit - at < 14) return null;
  const b = new LayerBuilder(packet, 'eth', at);
  const dest = b.field('h_dest', 0, 6, macText(b.slice(0, 6)));
  const source = b.field('h_source', 6, 6, macText(b.slice(6, 6)));
  const type = b.u16(12);
  b.field('h_proto', 12, 2, ethertypeText(type));
  if (isBlank(b.slice(0, 14)) && limit - at > 14) {
    const version = packet.bytes[at + 14]! >> 4;
    const next = version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : null;
    return { layer: b.layer(14, 'zeros'), next, limit };
  }
  return { layer: b.layer(14, `${source} → ${dest} ${ethertypeText(type)}`), next: readerOfEthertype(type), limit };
};

export const readVlan: HeaderReader = (packet, at, limit) => {
  if (limit - at < 4) return null;
  const b = new LayerBuilder(packet, 'vlan', at);
  const tci = b.u16(0);
  b.field('pcp', 0, 1, tci >> 13);
  b.field('dei', 0, 1, (tci >> 12) & 1);
  b.field('vid', 0, 2, tci & 0xfff);
  const type = b.u16(2);
  b.field('h_proto', 2, 2, ethertypeText(type));
  return {
    layer: b.layer(4, `id ${tci & 0xfff} prio ${tci >> 13} ${ethertypeText(type)}`),
    next: readerOfEthertype(type),
    limit,
  };
};

export const readMpls: HeaderReader = (packet, at, limit) => {
  if (limit - at < 4) return null;
  const b = new LayerBuilder(packet, 'mpls', at);
  const word = b.u32(0);
  const bottom = (word >>> 8) & 1;
  b.field('label', 0, 3, word >>> 12);
  b.field('tc', 2, 1, (word >>> 9) & 7);
  b.field('bos', 2, 1, bottom);
  b.field('ttl', 3, 1, word & 0xff);
  const version = limit - at > 4 ? packet.bytes[at + 4]! >> 4 : 0;
  const inner = version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : null;
  return { layer: b.layer(4, `label ${word >>> 12} ttl ${word & 0xff}`), next: bottom ? inner : 'mpls', limit };
};

const ARP_OPS: Readonly<Record<number, string>> = { 1: 'request', 2: 'reply' };

function arpAddresses(b: LayerBuilder): string {
  b.field('ar_sha', 8, 6, macText(b.slice(8, 6)));
  const sip = b.field('ar_sip', 14, 4, ipv4Text(b.slice(14, 4)));
  b.field('ar_tha', 18, 6, macText(b.slice(18, 6)));
  const tip = b.field('ar_tip', 24, 4, ipv4Text(b.slice(24, 4)));
  return `${sip} → ${tip}`;
}

export const readArp: HeaderReader = (packet, at, limit): Step | null => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'arp', at);
  b.number('ar_hrd', 0, 2);
  b.field('ar_pro', 2, 2, ethertypeText(b.u16(2)));
  const hln = b.number('ar_hln', 4, 1);
  const pln = b.number('ar_pln', 5, 1);
  const op = b.u16(6);
  const name = ARP_OPS[op];
  b.field('ar_op', 6, 2, name ? `${op} (${name})` : op);
  const whole = hln === 6 && pln === 4 && limit - at >= 28;
  const who = whole ? ` ${arpAddresses(b)}` : '';
  return { layer: b.layer(whole ? 28 : 8, `${name ?? `op ${op}`}${who}`), next: null, limit };
};
