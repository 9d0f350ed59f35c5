/** Header readers of tunnels: GRE, VXLAN, Geneve. */
import { type HeaderReader, hexNumber, LayerBuilder } from './layers.ts';
import { ethertypeText, readerOfEthertype } from './link.ts';

/** Transparent Ethernet bridging: a whole frame inside. */
const TEB = 0x6558;

function inner(type: number): string | null {
  return type === TEB ? 'eth' : readerOfEthertype(type);
}

export const readGre: HeaderReader = (packet, at, limit) => {
  if (limit - at < 4) return null;
  const b = new LayerBuilder(packet, 'gre', at);
  const flags = b.u16(0);
  const type = b.u16(2);
  b.field('flags', 0, 2, hexNumber(flags, 4));
  b.field('protocol', 2, 2, ethertypeText(type));
  let length = 4;
  const words: readonly (readonly [number, string])[] = [
    [0x8000, 'csum'],
    [0x2000, 'key'],
    [0x1000, 'seq'],
  ];
  for (const [bit, name] of words) {
    if (!(flags & bit)) continue;
    if (at + length + 4 > limit) return null;
    b.hex(name, length, 4);
    length += 4;
  }
  const version0 = (flags & 7) === 0;
  return { layer: b.layer(length, ethertypeText(type)), next: version0 ? inner(type) : null, limit };
};

export const readVxlan: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8 || !(packet.bytes[at]! & 0x08)) return null;
  const b = new LayerBuilder(packet, 'vxlan', at);
  b.field('flags', 0, 1, hexNumber(b.u8(0), 2));
  const vni = b.u32(4) >>> 8;
  b.field('vni', 4, 3, vni);
  return { layer: b.layer(8, `vni ${vni}`), next: 'eth', limit };
};

export const readGeneve: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'geneve', at);
  const length = 8 + (b.u8(0) & 0x3f) * 4;
  if (b.u8(0) >> 6 !== 0 || at + length > limit) return null;
  const type = b.u16(2);
  b.field('flags', 1, 1, hexNumber(b.u8(1), 2));
  b.field('protocol', 2, 2, ethertypeText(type));
  const vni = b.u32(4) >>> 8;
  b.field('vni', 4, 3, vni);
  if (length > 8) b.hex('options', 8, length - 8);
  return { layer: b.layer(length, `vni ${vni}`), next: inner(type), limit };
};
