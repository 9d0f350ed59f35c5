/** Encodes option lists: IPv4, TCP, IPv6 extension headers, neighbour discovery. */
import { InputError } from '../input-error.ts';
import { filledUp, joined } from './build-layer.ts';
import { be, Given, isRecord } from './build-values.ts';
import { IPV4_OPTIONS, IPV6_OPTIONS, ND_OPTIONS, TCP_OPTIONS } from './protocols.ts';

type Data = Uint8Array | readonly number[];
type Encoder = (given: Given, name: string) => Data;

interface OptionFormat {
  readonly kinds: { readonly [kind: number]: string };
  /** Options of one byte. */
  readonly single: readonly string[];
  /** Options that have no value, so their name alone stands for them. */
  readonly bare: readonly string[];
  /** Values that are not just bytes. */
  readonly values: { readonly [name: string]: Encoder };
  /** Kind and length in front of a value. */
  readonly head: (kind: number, size: number) => readonly number[];
}

const uint =
  (size: 1 | 2 | 4): Encoder =>
  (given, name) =>
    be(given.uint(name, size * 8), size);

function addresses(given: Given): Uint8Array {
  const list = given.list('addresses').map((_, i, all) => {
    const one = new Given(`${given.where}.addresses`, { [i + 1]: all[i] }, [String(i + 1)]);
    return one.ipv4(String(i + 1), '0.0.0.0');
  });
  return joined(...list);
}

/** Pointer (from the option's first byte, so 4 is the first address), addresses, room for more. */
const route: Encoder = (given, name) => {
  const inner = given.inner(name, ['slots', 'pointer', 'addresses']);
  const list = addresses(inner);
  const slots = Math.max(inner.uint('slots', 4), list.length / 4);
  const recorded = name === 'record_route' ? 4 + list.length : 4;
  return [
    inner.uint('pointer', 8, recorded),
    ...filledUp(list, 4),
    ...new Array<number>(slots * 4 - list.length).fill(0),
  ];
};

const byTotal = (kind: number, size: number): readonly number[] => [kind, size + 2];

const IPV4_FORMAT: OptionFormat = {
  kinds: IPV4_OPTIONS,
  single: ['nop', 'end'],
  bare: [],
  values: { router_alert: uint(2), record_route: route, lsrr: route, ssrr: route },
  head: byTotal,
};

const sack: Encoder = (given, name) =>
  given.list(name).flatMap((edge) => {
    if (!Array.isArray(edge) || edge.length !== 2) return given.fail(name, 'a list of [left, right]');
    const ends = new Given(`${given.where}.${name}`, { left: edge[0], right: edge[1] }, ['left', 'right']);
    return [...be(ends.uint('left', 32), 4), ...be(ends.uint('right', 32), 4)];
  });

const timestamps: Encoder = (given, name) => {
  const inner = given.inner(name, ['tsval', 'tsecr']);
  return [...be(inner.uint('tsval', 32), 4), ...be(inner.uint('tsecr', 32), 4)];
};

const TCP_FORMAT: OptionFormat = {
  kinds: TCP_OPTIONS,
  single: ['nop', 'end'],
  bare: ['sack_permitted'],
  values: { mss: uint(2), wscale: uint(1), sack, timestamps },
  head: byTotal,
};

const IPV6_FORMAT: OptionFormat = {
  kinds: IPV6_OPTIONS,
  single: ['pad1'],
  bare: [],
  values: {
    padn: (given, name) => {
      const size = given.uint(name, 8);
      return size < 2 ? given.fail(name, 'two bytes at least') : new Uint8Array(size - 2);
    },
    router_alert: uint(2),
    jumbo: uint(4),
    tunnel_limit: uint(1),
    home_address: (given, name) => given.ipv6(name, '::'),
  },
  head: (kind, size) => [kind, size],
};

const prefix: Encoder = (given, name) => {
  const inner = given.inner(name, ['prefix', 'length', 'flags', 'valid', 'preferred']);
  const head = [...be(inner.uint('length', 8, 64), 1), ...be(inner.uint('flags', 8, 0xc0), 1)];
  const times = [...be(inner.uint('valid', 32, 86400), 4), ...be(inner.uint('preferred', 32, 14400), 4)];
  return [...head, ...times, 0, 0, 0, 0, ...inner.ipv6('prefix', '2001:db8::')];
};

const lladdr: Encoder = (given, name) => given.mac(name, '00:00:00:00:00:00');

const ND_FORMAT: OptionFormat = {
  kinds: ND_OPTIONS,
  single: [],
  bare: [],
  values: {
    source_lladdr: lladdr,
    target_lladdr: lladdr,
    mtu: (given, name) => [0, 0, ...be(given.uint(name, 32), 4)],
    prefix,
  },
  head: (kind, size) => [kind, Math.ceil((size + 2) / 8)],
};

function kindOf(format: OptionFormat, name: string): number {
  return Number(Object.entries(format.kinds).find(([, word]) => word === name)![0]);
}

function encodeOne(format: OptionFormat, given: Given, name: string): Data {
  if (format.single.includes(name)) return [kindOf(format, name)];
  const value = format.values[name];
  const data = format.bare.includes(name) ? [] : value ? value(given, name) : given.bytes(name);
  return framed(format, given, name, kindOf(format, name), data);
}

function framed(format: OptionFormat, given: Given, name: string, kind: number, data: Data): Data {
  if (data.length > 253) given.fail(name, 'longer than an option can be');
  return [...format.head(kind, data.length), ...data];
}

function encodeItem(format: OptionFormat, where: string, item: unknown): Data {
  const names = Object.values(format.kinds);
  const withoutValue = [...format.single, ...format.bare];
  if (typeof item === 'string') {
    if (!withoutValue.includes(item)) {
      throw new InputError(
        `${where} has no option ${JSON.stringify(item)} without a value: ${withoutValue.join(', ')}`,
      );
    }
    return encodeOne(format, new Given(where, { [item]: true }, names), item);
  }
  if (isRecord(item) && 'kind' in item) {
    const given = new Given(where, item, ['kind', 'data']);
    return framed(format, given, 'data', given.uint('kind', 8), given.bytes('data'));
  }
  const given = new Given(where, item, names);
  return given.names().flatMap((name) => (given.raw(name) === false ? [] : [...encodeOne(format, given, name)]));
}

function encodeList(given: Given, format: OptionFormat): Uint8Array {
  const whole = given.raw('options');
  if (whole instanceof Uint8Array) return whole;
  const where = `${given.where}.options`;
  return joined(...given.list('options').map((item) => encodeItem(format, where, item)));
}

function limited(given: Given, bytes: Uint8Array, most: number): Uint8Array {
  return bytes.length > most ? given.fail('options', `${bytes.length} bytes, more than the ${most} that fit`) : bytes;
}

export function ipv4Options(given: Given): Uint8Array {
  return limited(given, filledUp(encodeList(given, IPV4_FORMAT), 4), 40);
}

export function tcpOptions(given: Given): Uint8Array {
  return limited(given, filledUp(encodeList(given, TCP_FORMAT), 4), 40);
}

/** What follows next header and length: options, then padding so that with these two it is a multiple of eight bytes. */
export function ipv6Options(given: Given): Uint8Array {
  const options = encodeList(given, IPV6_FORMAT);
  const missing = (8 - ((options.length + 2) % 8)) % 8;
  const padding =
    missing === 0 ? [] : missing === 1 ? [0] : [1, missing - 2, ...new Array<number>(missing - 2).fill(0)];
  return limited(given, joined(options, padding), 2046);
}

/** Neighbour discovery options, each filled up to a multiple of eight bytes. */
export function ndOptions(given: Given): Uint8Array {
  const whole = given.raw('options');
  if (whole instanceof Uint8Array) return whole;
  const where = `${given.where}.options`;
  return joined(...given.list('options').map((item) => filledUp(encodeItem(ND_FORMAT, where, item), 8)));
}
