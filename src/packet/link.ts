/** Header readers of the link layer: Ethernet, 802.1Q/802.1ad tags, ARP, MPLS labels. */
import { type HeaderReader, hexNumber, LayerBuilder, type Packet, type Step } from './layers.ts';
import { ARP_OPS, ethertypeText, layerOfEthertype, namedText, nameIn } from './protocols.ts';

/** Programs that see packets from the IP header on get 14 zero bytes back in front of them. */
function isBlank(bytes: Uint8Array): boolean {
  return bytes.every((b) => b === 0);
}

export const readEthernet: HeaderReader = (packet, at, limit) => {
  if (limit - at < 14) return null;
  const b = new LayerBuilder(packet, 'eth', at);
  const dest = b.mac('h_dest', 0);
  const source = b.mac('h_source', 6);
  const type = b.u16(12);
  b.field('h_proto', 12, 2, ethertypeText(type));
  if (isBlank(b.slice(0, 14)) && limit - at > 14) {
    return { layer: b.layer(14, 'zeros'), next: ipByVersion(packet, at + 14), limit };
  }
  return { layer: b.layer(14, `${source} → ${dest} ${ethertypeText(type)}`), next: layerOfEthertype(type), limit };
};

function tagReader(proto: 'vlan' | 'qinq'): HeaderReader {
  return (packet, at, limit) => {
    if (limit - at < 4) return null;
    const b = new LayerBuilder(packet, proto, at);
    const tci = b.u16(0);
    b.field('pcp', 0, 1, tci >> 13);
    b.field('dei', 0, 1, (tci >> 12) & 1);
    b.field('vid', 0, 2, tci & 0xfff);
    const type = b.u16(2);
    b.field('h_proto', 2, 2, ethertypeText(type));
    const summary = `id ${tci & 0xfff} prio ${tci >> 13} ${ethertypeText(type)}`;
    return { layer: b.layer(4, summary), next: layerOfEthertype(type), limit };
  };
}

/** The inner or only tag (802.1Q), and the service tag around it (802.1ad). */
export const readVlan = tagReader('vlan');
export const readQinq = tagReader('qinq');

/** Layer by the version in the first four bits, where nothing else says it. */
export function ipByVersion(packet: Packet, at: number): 'ipv4' | 'ipv6' | null {
  const version = (packet.bytes[at] ?? 0) >> 4;
  return version === 4 ? 'ipv4' : version === 6 ? 'ipv6' : null;
}

/** Behind the last label nothing says what comes: IP by its version, a frame by an ethertype that is known. */
function behindLabels(packet: Packet, at: number, limit: number): string | null {
  const ip = ipByVersion(packet, at);
  if (ip || limit - at < 14) return ip;
  return layerOfEthertype((packet.bytes[at + 12]! << 8) | packet.bytes[at + 13]!) ? 'eth' : null;
}

export const readMpls: HeaderReader = (packet, at, limit) => {
  if (limit - at < 4) return null;
  const b = new LayerBuilder(packet, 'mpls', at);
  const word = b.u32(0);
  const bottom = (word >>> 8) & 1;
  b.field('label', 0, 3, word >>> 12);
  b.field('tc', 2, 1, (word >>> 9) & 7);
  b.field('bos', 2, 1, bottom);
  b.field('ttl', 3, 1, word & 0xff);
  const next = bottom ? behindLabels(packet, at + 4, limit) : 'mpls';
  return { layer: b.layer(4, `label ${word >>> 12} ttl ${word & 0xff}`), next, limit };
};

function arpAddresses(b: LayerBuilder): string {
  b.mac('ar_sha', 8);
  const sip = b.ipv4('ar_sip', 14);
  b.mac('ar_tha', 18);
  const tip = b.ipv4('ar_tip', 24);
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
  const name = nameIn(ARP_OPS, op);
  b.field('ar_op', 6, 2, namedText(op, name));
  const whole = hln === 6 && pln === 4 && limit - at >= 28;
  const who = whole ? ` ${arpAddresses(b)}` : '';
  const end = whole ? 28 : 8;
  return { layer: b.layer(end, `${name ?? `op ${hexNumber(op, 4)}`}${who}`), next: null, limit };
};
