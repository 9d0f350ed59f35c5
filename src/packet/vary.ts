/** Packets that differ in header fields: a field, the values that it takes in turn or by chance, checksums kept right. */
import { InputError } from '../input-error.ts';
import { dissect } from './dissect.ts';
import { fieldOf } from './fields.ts';
import type { Layer } from './layers.ts';
import { parseValues, type Values } from './ranges.ts';
import { Recheck } from './recheck.ts';
import { fullName } from './short-names.ts';

/** A field as the user named it, and its values still as text: how many bits it has is the packet's to say. */
export interface Variation {
  readonly path: string;
  readonly values: string;
  readonly order: 'seq' | 'random';
}

/** Where a field lies: bits of a big-endian word of bytes. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly shift: number;
  readonly bits: number;
}

/** Fields that are no whole bytes: shift and bits in the bytes that they lie in. */
const PARTS: Readonly<Record<string, readonly [shift: number, bits: number]>> = {
  'vlan.pcp': [5, 3],
  'vlan.dei': [4, 1],
  'vlan.vid': [0, 12],
  'qinq.pcp': [5, 3],
  'qinq.dei': [4, 1],
  'qinq.vid': [0, 12],
  'mpls.label': [4, 20],
  'mpls.tc': [1, 3],
  'ipv4.dscp': [2, 6],
  'ipv4.ecn': [0, 2],
  'ipv4.df': [14, 1],
  'ipv6.tclass': [4, 8],
  'ipv6.dscp': [6, 6],
  'ipv6.ecn': [4, 2],
  'ipv6.flow_lbl': [0, 20],
  'tcp.flags': [0, 9],
};

/** Fields that say what the packet is made of, or are made from it. */
const SHAPES: readonly string[] = [
  ...['version', 'ihl', 'tot_len', 'payload_len', 'len', 'doff', 'hdrlen', 'opt_len', 'length', 'ar_hln', 'ar_pln'],
  ...['h_proto', 'protocol', 'nexthdr', 'next_type', 'bos', 'frag_off', 'offset', 'mf', 'segments_left', 'bytes'],
  ...['check', 'checksum', 'csum', 'first_segment'],
];
const SHAPING_FLAGS = ['gre.flags', 'gtpu.flags', 'geneve.flags'];

/** `FIELD=VALUES[:seq|:random]`. Throws InputError. */
export function parseVariation(text: string): Variation {
  const at = text.indexOf('=');
  if (at <= 0) throw new InputError(`--vary ${JSON.stringify(text)}: write FIELD=VALUES, as in udp.dport=1000-2000`);
  const said = text.slice(at + 1);
  const word = /:(\w*[g-z]\w*)$/i.exec(said)?.[1] ?? 'seq';
  if (word !== 'seq' && word !== 'random')
    throw new InputError(`--vary ${text.slice(0, at)}: the order is ${JSON.stringify(word)}: seq or random`);
  return { path: text.slice(0, at).trim(), values: said.replace(/:(random|seq)$/, ''), order: word };
}

/** `ip.src` is that of IPv4 or IPv6, whichever comes first. */
function settled(path: string, layers: readonly Layer[]): string {
  const match = /^ip(?=[.[])/.exec(path);
  const version = layers.find(({ proto }) => proto === 'ipv4' || proto === 'ipv6')?.proto ?? 'ipv4';
  return match === null ? path : `${version}${path.slice(2)}`;
}

function placeOf(layers: readonly Layer[], given: string): Place {
  const what = `--vary ${given}`;
  const path = settled(given, layers);
  const field = fieldOf(layers, path);
  if (field === null) {
    const has = layers.map(({ proto }) => proto).join(', ');
    throw new InputError(`${what}: the packet has no ${path}: it is ${has}`);
  }
  const layer = path.replace(/[[.].*$/, '');
  const name = fullName(layer, field.name);
  if (SHAPES.includes(name) || name.includes('.') || SHAPING_FLAGS.includes(`${layer}.${name}`))
    throw new InputError(`${what}: ${name} says what the packet is made of, or is made from it: it cannot vary`);
  const { start, end } = field;
  const [shift, bits] = PARTS[`${layer}.${name}`] ?? [0, (end - start) * 8];
  return { start, end, shift, bits };
}

function write(packet: Uint8Array, { start, end, shift, bits }: Place, value: bigint): void {
  let left = value << BigInt(shift);
  let mask = ((1n << BigInt(bits)) - 1n) << BigInt(shift);
  for (let at = end - 1; at >= start; at--) {
    const covered = Number(mask & 255n);
    packet[at] = (packet[at]! & ~covered) | (Number(left & 255n) & covered);
    left >>= 8n;
    mask >>= 8n;
  }
}

/** One packet and what varies in it. */
export class VariedPacket {
  private readonly base: Uint8Array;
  private readonly recheck: Recheck;
  private readonly fields: readonly { readonly place: Place; readonly values: Values; readonly variation: Variation }[];

  /** Throws InputError for a field that the packet does not have or that cannot vary, and for values that do not fit it. */
  constructor(base: Uint8Array, variations: readonly Variation[]) {
    this.base = base;
    this.recheck = new Recheck(base);
    const layers = dissect(base);
    this.fields = variations.map((variation) => {
      const place = placeOf(layers, variation.path);
      return { place, variation, values: parseValues(variation.values, place.bits, `--vary ${variation.path}`) };
    });
  }

  /** How many values each field has. */
  get counts(): bigint[] {
    return this.fields.map(({ values }) => values.count);
  }

  /** Packet n in turn; `chance` gives a number from 0 up to and without the one that it gets. */
  at(n: bigint, chance: (below: bigint) => bigint): Uint8Array {
    const packet = this.base.slice();
    for (const { place, values, variation } of this.fields) {
      const nth = variation.order === 'random' ? chance(values.count) : n % values.count;
      write(packet, place, values.at(nth));
    }
    this.recheck.right(packet);
    return packet;
  }

  /** Throws InputError naming a checksum that is not right any more. */
  check(packet: Uint8Array): void {
    const wrong = this.recheck.wrongIn(packet);
    if (wrong === null) return;
    const paths = this.fields.map(({ variation }) => variation.path).join(', ');
    throw new InputError(`--vary ${paths}: ${wrong} cannot be kept right`);
  }
}
