/** Header readers of options: walks kind, length, value lists of IPv4, TCP, IPv6 extensions and neighbour discovery. */
import { toHex } from './hex.ts';
import { ipv4Text, ipv6Text, type LayerBuilder, macText } from './layers.ts';
import { IPV4_OPTIONS, IPV6_OPTIONS, ND_OPTIONS, nameIn, TCP_OPTIONS } from './protocols.ts';

interface OptionFormat {
  readonly names: { readonly [kind: number]: string };
  /** Kinds that are one byte, without a length. */
  readonly single: readonly number[];
  /** Kind after which nothing but padding comes. */
  readonly end: number | null;
  /** Bytes of the whole option by its length byte. */
  readonly size: (length: number) => number;
  /** Text of an option whose value is `size` bytes from `at`; null: its bytes. */
  readonly text: (b: LayerBuilder, name: string, at: number, size: number) => string | null;
}

/** What an option without a value says by being there. */
const PRESENT = 'present';

/** Adds a field `options.NAME` for each; what does not parse becomes one field `options`. */
function readOptions(b: LayerBuilder, from: number, to: number, format: OptionFormat): void {
  for (let at = from; at < to; ) {
    const kind = b.u8(at);
    const name = `options.${nameIn(format.names, kind) ?? kind}`;
    if (kind === format.end) {
      b.hex(name, at, to - at);
      return;
    }
    const single = format.single.includes(kind);
    const size = single ? 1 : at + 1 < to ? format.size(b.u8(at + 1)) : 0;
    if (size < (single ? 1 : 2) || at + size > to) {
      b.hex('options', at, to - at);
      return;
    }
    const text = size <= 2 ? PRESENT : format.text(b, nameIn(format.names, kind) ?? '', at + 2, size - 2);
    b.field(name, at, size, text ?? `0x${toHex(b.slice(at + 2, size - 2))}`);
    at += size;
  }
}

function ipv4List(b: LayerBuilder, at: number, size: number): string {
  const count = Math.floor((size - 1) / 4);
  const addresses = Array.from({ length: count }, (_, i) => ipv4Text(b.slice(at + 1 + 4 * i, 4)));
  return [`pointer ${b.u8(at)}`, ...addresses].join(' ');
}

const IPV4_FORMAT: OptionFormat = {
  names: IPV4_OPTIONS,
  single: [0, 1],
  end: 0,
  size: (length) => length,
  text: (b, name, at, size) => {
    if (name === 'router_alert' && size === 2) return String(b.u16(at));
    if (['record_route', 'lsrr', 'ssrr'].includes(name)) return ipv4List(b, at, size);
    return null;
  },
};

function sackText(b: LayerBuilder, at: number, size: number): string {
  return Array.from({ length: size / 8 }, (_, i) => `${b.u32(at + 8 * i)}-${b.u32(at + 8 * i + 4)}`).join(' ');
}

const TCP_FORMAT: OptionFormat = {
  names: TCP_OPTIONS,
  single: [0, 1],
  end: 0,
  size: (length) => length,
  text: (b, name, at, size) => {
    if (name === 'mss' && size === 2) return String(b.u16(at));
    if (name === 'wscale' && size === 1) return String(b.u8(at));
    if (name === 'timestamps' && size === 8) return `tsval ${b.u32(at)} tsecr ${b.u32(at + 4)}`;
    if (name === 'sack' && size % 8 === 0) return sackText(b, at, size);
    return null;
  },
};

const IPV6_FORMAT: OptionFormat = {
  names: IPV6_OPTIONS,
  single: [0],
  end: null,
  size: (length) => length + 2,
  text: (b, name, at, size) => {
    if (name === 'padn' && b.slice(at, size).every((byte) => byte === 0)) return `${size + 2} bytes`;
    if (name === 'router_alert' && size === 2) return String(b.u16(at));
    if (name === 'jumbo' && size === 4) return String(b.u32(at));
    if (name === 'tunnel_limit' && size === 1) return String(b.u8(at));
    if (name === 'home_address' && size === 16) return ipv6Text(b.slice(at, 16));
    return null;
  },
};

function prefixText(b: LayerBuilder, at: number): string {
  const flags = b.u8(at + 1);
  const words = [flags & 0x80 ? ' on-link' : '', flags & 0x40 ? ' autonomous' : ''].join('');
  return `${ipv6Text(b.slice(at + 14, 16))}/${b.u8(at)}${words} valid ${b.u32(at + 2)} preferred ${b.u32(at + 6)}`;
}

const ND_FORMAT: OptionFormat = {
  names: ND_OPTIONS,
  single: [],
  end: null,
  size: (length) => length * 8,
  text: (b, name, at, size) => {
    if (name.endsWith('lladdr') && size === 6) return macText(b.slice(at, 6));
    if (name === 'mtu' && size === 6) return String(b.u32(at + 2));
    if (name === 'prefix' && size === 30) return prefixText(b, at);
    return null;
  },
};

/** Offsets count from the start of the header that `b` builds; `to` must lie within the packet. */
export const readIpv4Options = (b: LayerBuilder, from: number, to: number): void =>
  readOptions(b, from, to, IPV4_FORMAT);
export const readTcpOptions = (b: LayerBuilder, from: number, to: number): void => readOptions(b, from, to, TCP_FORMAT);
export const readIpv6Options = (b: LayerBuilder, from: number, to: number): void =>
  readOptions(b, from, to, IPV6_FORMAT);
export const readNdOptions = (b: LayerBuilder, from: number, to: number): void => readOptions(b, from, to, ND_FORMAT);

/** Bytes of an option's value found by kind in a list like IPv4's or IPv6's, its length byte counting `head` bytes less than the whole. */
function optionValue(
  options: Uint8Array,
  single: readonly number[],
  head: number,
  kinds: readonly number[],
): Uint8Array | null {
  for (let at = 0; at < options.length; ) {
    const kind = options[at]!;
    const size = single.includes(kind) ? 1 : (options[at + 1] ?? 0) + head;
    if (size < 1 || (size < 2 && !single.includes(kind)) || at + size > options.length) return null;
    if (kinds.includes(kind)) return options.subarray(at + 2, at + size);
    at += size;
  }
  return null;
}

const SOURCE_ROUTES = [131, 137];
const HOME_ADDRESS = 201;

/** Where IPv4 options route to in the end, which checksums cover in place of `daddr` (RFC 1122); null when they do not, or are there. */
export function routedDestination(options: Uint8Array): Uint8Array | null {
  const route = optionValue(options, [0, 1], 0, SOURCE_ROUTES);
  // The pointer counts from the option's first byte, which is two in front of its value.
  if (!route || route.length < 5 || route[0]! > route.length + 2 || route.length % 4 !== 1) return null;
  return route.subarray(route.length - 4);
}

/** The home address in an IPv6 destination header's options, which checksums cover in place of `saddr` (RFC 6275). */
export function homeAddress(options: Uint8Array): Uint8Array | null {
  const address = optionValue(options, [0], 2, [HOME_ADDRESS]);
  return address?.length === 16 ? address : null;
}
