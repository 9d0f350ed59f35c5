/** Encoders of tunnels: GRE, VXLAN, Geneve, GTP-U. */
import { filledUp, joined, type LayerRow, row, setU16 } from './build-layer.ts';
import { ethertype } from './build-link.ts';
import { be, type Given } from './build-values.ts';
import { internetChecksum } from './checksum.ts';
import { GTPU_TYPES } from './protocols.ts';
import { GRE_WORDS, GTPU_FLAGS } from './tunnel.ts';

/** `csum: false` asks for none. */
function greHas(given: Given, name: string): boolean {
  return given.has(name) && given.raw(name) !== false;
}

export const GRE: LayerRow<'gre'> = row(['flags', 'protocol', 'csum', 'key', 'seq'], (given, body, { next }) => {
  const words = GRE_WORDS.filter(({ name }) => greHas(given, name));
  const header = joined(
    be(
      given.uint(
        'flags',
        16,
        words.reduce((all, { flag }) => all | flag, 0),
      ),
      2,
    ),
    ethertype(given, 'protocol', next),
    ...words.map(({ name }) => (name === 'csum' ? [0, 0, 0, 0] : be(given.uint(name, 32), 4))),
  );
  if (!greHas(given, 'csum')) return header;
  const computed = given.raw('csum') === true;
  setU16(header, 4, computed ? internetChecksum(joined(header, body), 4) : given.uint('csum', 16));
  return header;
});

const VNI_IS_THERE = 0x08;
const POLICY_IS_THERE = 0x80;

export const VXLAN: LayerRow<'vxlan'> = row(['flags', 'vni', 'gbp'], (given) =>
  joined(
    [given.uint('flags', 8, VNI_IS_THERE | (given.has('gbp') ? POLICY_IS_THERE : 0)), 0],
    be(given.uint('gbp', 16), 2),
    be(given.uint('vni', 24, 1), 3),
    [0],
  ),
);

function geneveOption(given: Given): Uint8Array {
  const data = filledUp(given.bytes('data'), 4);
  if (data.length > 124) given.fail('data', 'longer than the 124 bytes that an option can have');
  return joined(be(given.uint('class', 16), 2), [given.uint('type', 8), data.length / 4], data);
}

const CRITICAL = 0x40;

export const GENEVE: LayerRow<'geneve'> = row(
  ['opt_len', 'flags', 'protocol', 'vni', 'options'],
  (given, _body, { next }) => {
    const items = given.items('options', ['class', 'type', 'data']);
    const options = joined(...items.map(geneveOption));
    const critical = items.some((item) => item.uint('type', 8) & 0x80);
    return joined(
      [given.counted('opt_len', 6, options.length / 4), given.uint('flags', 8, critical ? CRITICAL : 0)],
      ethertype(given, 'protocol', next),
      be(given.uint('vni', 24, 1), 3),
      [0],
      options,
    );
  },
);

/** Length in four bytes first, the next one's type last. */
function gtpuExtension(given: Given, next: number): Uint8Array {
  const data = given.bytes('data');
  const words = Math.max(1, Math.ceil((data.length + 2) / 4));
  if (words > 255) given.fail('data', 'longer than an extension header can be');
  const out = new Uint8Array(words * 4);
  out[0] = words;
  out.set(data, 1);
  out[out.length - 1] = next;
  return out;
}

const GTPU_FIELDS = ['flags', 'type', 'length', 'teid', 'seq', 'npdu', 'next_type', 'extensions'] as const;

export const GTPU: LayerRow<'gtpu'> = row(GTPU_FIELDS, (given, body) => {
  const extensions = given.items('extensions', ['type', 'data']);
  const types = extensions.map((one) => one.uint('type', 8));
  const present =
    (types.length > 0 || given.has('next_type') ? GTPU_FLAGS.EXTENSION : 0) |
    (given.has('seq') ? GTPU_FLAGS.SEQUENCE : 0) |
    (given.has('npdu') ? GTPU_FLAGS.N_PDU : 0);
  const flags = given.uint('flags', 8, GTPU_FLAGS.VERSION_1 | GTPU_FLAGS.GTP | present);
  const optional = [...be(given.uint('seq', 16), 2), given.uint('npdu', 8), given.uint('next_type', 8, types[0] ?? 0)];
  const rest = joined(flags & 7 ? optional : [], ...extensions.map((one, i) => gtpuExtension(one, types[i + 1] ?? 0)));
  return joined(
    [flags, given.named('type', 8, GTPU_TYPES, 255)],
    be(given.counted('length', 16, rest.length + body.length), 2),
    be(given.uint('teid', 32, 1), 4),
    rest,
  );
});
