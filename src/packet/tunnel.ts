/** Header readers of tunnels: GRE, VXLAN, Geneve, GTP-U. */
import { transportChecksum } from './checksum.ts';
import { toHex } from './hex.ts';
import { type HeaderReader, hexNumber, LayerBuilder } from './layers.ts';
import { ipByVersion } from './link.ts';
import { ethertypeText, GTPU_TYPES, layerOfEthertype, namedText, nameIn } from './protocols.ts';

/** GRE's optional words, in order, each with its flag. */
export const GRE_WORDS = [
  { flag: 0x8000, name: 'csum' },
  { flag: 0x2000, name: 'key' },
  { flag: 0x1000, name: 'seq' },
] as const;

export const readGre: HeaderReader = (packet, at, limit) => {
  if (limit - at < 4) return null;
  const b = new LayerBuilder(packet, 'gre', at);
  const flags = b.u16(0);
  const type = b.u16(2);
  b.field('flags', 0, 2, hexNumber(flags, 4));
  b.field('protocol', 2, 2, ethertypeText(type));
  const version0 = (flags & 7) === 0;
  let length = 4;
  for (const { flag, name } of version0 ? GRE_WORDS : []) {
    if (!(flags & flag)) continue;
    if (at + length + 4 > limit) return null;
    if (name === 'csum') {
      b.field(name, 4, 2, transportChecksum(packet, { at, field: 4, protocol: 47, pseudo: false }));
    } else b.hex(name, length, 4);
    length += 4;
  }
  return { layer: b.layer(length, ethertypeText(type)), next: version0 ? layerOfEthertype(type) : null, limit };
};

export const readVxlan: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8 || !(packet.bytes[at]! & 0x08)) return null;
  const b = new LayerBuilder(packet, 'vxlan', at);
  const flags = b.u8(0);
  b.field('flags', 0, 1, hexNumber(flags, 2));
  if (flags & 0x80) b.number('gbp', 2, 2);
  const vni = b.u32(4) >>> 8;
  b.field('vni', 4, 3, vni);
  return { layer: b.layer(8, `vni ${vni}`), next: 'eth', limit };
};

function readGeneveOptions(b: LayerBuilder, from: number, to: number): void {
  for (let at = from; at < to; ) {
    const size = at + 4 <= to ? 4 + (b.u8(at + 3) & 0x1f) * 4 : 0;
    if (size === 0 || at + size > to) {
      b.hex('options', at, to - at);
      return;
    }
    const name = `options.${hexNumber(b.u16(at), 4)}:${hexNumber(b.u8(at + 2), 2)}`;
    b.field(name, at, size, size > 4 ? `0x${toHex(b.slice(at + 4, size - 4))}` : 'present');
    at += size;
  }
}

export const readGeneve: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'geneve', at);
  const length = 8 + (b.u8(0) & 0x3f) * 4;
  if (b.u8(0) >> 6 !== 0 || at + length > limit) return null;
  const type = b.u16(2);
  b.field('opt_len', 0, 1, b.u8(0) & 0x3f);
  b.field('flags', 1, 1, hexNumber(b.u8(1), 2));
  b.field('protocol', 2, 2, ethertypeText(type));
  const vni = b.u32(4) >>> 8;
  b.field('vni', 4, 3, vni);
  readGeneveOptions(b, 8, length);
  return { layer: b.layer(length, `vni ${vni}`), next: layerOfEthertype(type), limit };
};

/** Flags of GTPv1-U: any of the last three makes room for sequence number, N-PDU number and extension type. */
export const GTPU_FLAGS = { VERSION_1: 0x20, GTP: 0x10, EXTENSION: 4, SEQUENCE: 2, N_PDU: 1 } as const;
const G_PDU = 255;

/** Extension headers from `at`, each with its length in four bytes and the next one's type last; where they end, null if cut. */
function readExtensions(b: LayerBuilder, first: number, room: number): number | null {
  let at = 12;
  for (let type = first; type !== 0; ) {
    const size = at < room ? b.u8(at) * 4 : 0;
    if (size === 0 || at + size > room) return null;
    b.hex(`extensions.${hexNumber(type, 2)}`, at + 1, size - 2);
    type = b.u8(at + size - 1);
    at += size;
  }
  return at;
}

export const readGtpu: HeaderReader = (packet, at, limit) => {
  if (limit - at < 8) return null;
  const b = new LayerBuilder(packet, 'gtpu', at);
  const flags = b.u8(0);
  if (flags >> 4 !== 3) return null;
  const type = b.u8(1);
  b.field('flags', 0, 1, hexNumber(flags, 2));
  b.field('type', 1, 1, namedText(type, nameIn(GTPU_TYPES, type)));
  const size = b.number('length', 2, 2);
  b.hex('teid', 4, 4);
  let length = 8;
  if (flags & 7) {
    if (limit - at < 12) return null;
    b.number('seq', 8, 2);
    b.number('npdu', 10, 1);
    const extension = b.u8(11);
    b.field('next_type', 11, 1, hexNumber(extension, 2));
    const end = readExtensions(b, flags & GTPU_FLAGS.EXTENSION ? extension : 0, limit - at);
    if (end === null) return null;
    length = end;
  }
  const next = type === G_PDU ? ipByVersion(packet, at + length) : null;
  const text = hexNumber(b.u32(4), 8);
  return { layer: b.layer(length, `teid ${text}`), next, limit: Math.max(at + length, Math.min(limit, at + 8 + size)) };
};
