/** The packet builder: what it fills in, what may be given wrong on purpose, what it says of mistakes. */
import { describe, expect, test } from 'bun:test';
import { bytesOf } from '../../../src/cases/bytes.ts';
import { pkt } from '../../../src/define.ts';
import { InputError } from '../../../src/input-error.ts';
import { packetOf } from '../../../src/packet/build.ts';
import { dissect } from '../../../src/packet/dissect.ts';
import { fieldOf } from '../../../src/packet/fields.ts';
import { parseHex, toHex } from '../../../src/packet/hex.ts';

const scope = { root: '/nowhere', file: '/nowhere/some.case.ts' };

function names(bytes: Uint8Array): string {
  return dissect(bytes)
    .map((layer) => layer.proto)
    .join(' ');
}

function value(bytes: Uint8Array, path: string): string | undefined {
  return fieldOf(dissect(bytes), path)?.value;
}

test('nothing but defaults, byte by byte', () => {
  const eth = '020000000002 020000000001 0800';
  const ipv4 = '4500 001e 0000 0000 4011 f6cb c0000201 c0000202';
  expect(toHex(pkt.eth().ipv4().udp().payload('hi').bytes())).toBe(
    toHex(parseHex(`${eth} ${ipv4} 9c40 9c41 000a daea 6869`)),
  );
});

test('each step is a packet of its own', () => {
  const base = pkt.eth().ipv4({ dst: '198.51.100.1' });
  const udp = base.udp();
  const tcp = base.tcp();
  expect([names(base.bytes()), names(udp.bytes()), names(tcp.bytes())]).toEqual([
    'eth ipv4',
    'eth ipv4 udp',
    'eth ipv4 tcp',
  ]);
  const bytes = udp.bytes();
  bytes.fill(0);
  expect(names(udp.bytes())).toBe('eth ipv4 udp');
  expect(pkt.length).toBe(0);
});

test('what is given stands, however wrong', () => {
  const bytes = pkt
    .eth({ type: 0x86dd })
    .ipv4({ version: 4, tot_len: 20, check: 0xbeef })
    .udp({ len: 9, check: 1 })
    .bytes();
  expect(toHex(bytes).slice(24)).toStartWith('86dd4500001400000000');
  const right = pkt.eth().ipv4({ check: 0xbeef }).udp({ check: 1 }).bytes();
  expect(value(right, 'ipv4.check')).toBe('0xbeef (wrong, should be 0xf6cd)');
  expect(value(right, 'udp.check')).toBe('0x0001 (wrong, should be 0x4358)');
});

test('with: fields change, what is counted follows, parts give way to the whole', () => {
  const packet = pkt
    .eth()
    .ipv4({ dscp: 46, df: true })
    .append(pkt.ipv4({ ttl: 9 }).udp());
  const less = packet.with('ipv4', { ttl: 8 }, 2);
  expect(value(less.bytes(), 'ipv4[1].ttl')).toBe('64');
  expect(value(less.bytes(), 'ipv4[2].ttl')).toBe('8');
  expect(value(less.bytes(), 'ipv4[2].check')).toEndWith('(right)');
  expect(value(packet.bytes(), 'ipv4.tos')).toBe('0xb8');
  expect(value(packet.with('ipv4', { ecn: 3 }).bytes(), 'ipv4.tos')).toBe('0xbb');
  expect(value(packet.with('ipv4', { tos: 4 }).bytes(), 'ipv4.tos')).toBe('0x04');
  expect(value(packet.with('ipv4', { frag_off: 0x2000 }).bytes(), 'ipv4.frag_off')).toBe('0x2000 MF');
});

test('without, from, append: what tunnels and tags do', () => {
  const plain = pkt.eth().ipv4().udp().payload('x');
  const tagged = pkt.eth().vlan({ id: 5 }).append(plain.from('ipv4'));
  expect(tagged.without('vlan').bytes()).toEqual(plain.bytes());
  const tunnel = pkt.eth().ipv4({ dst: '198.51.100.9' }).append(plain.from('ipv4'));
  expect(names(tunnel.bytes())).toBe('eth ipv4 ipv4 udp payload');
  expect(pkt.eth().append(tunnel.from('ipv4', 2)).bytes()).toEqual(plain.bytes());
});

test('padding is counted by no header', () => {
  const padded = pkt.eth().ipv4().udp().pad(60);
  expect(padded.length).toBe(60);
  expect(names(padded.bytes())).toBe('eth ipv4 udp padding');
  expect(pkt.eth().payload({ length: 100, fill: 7 }).pad(60).length).toBe(114);
});

test('a computed UDP checksum is never zero, which would mean none', () => {
  const udp = (word: readonly number[]): string => toHex(pkt.ipv4().udp().payload(word).bytes().subarray(26, 28));
  const sum = [...parseHex(udp([0, 0]))];
  expect(udp([0, 1])).not.toBe('ffff');
  expect(udp(sum)).toBe('ffff');
});

describe('one sentence for a mistake, naming layer and field', () => {
  const untyped = pkt as unknown as { [layer: string]: (fields: unknown) => typeof pkt };
  test.each([
    [() => pkt.tcp({ sport: 70000 }), 'tcp.source is 70000: a whole number from 0 to 65535'],
    [() => pkt.udp({ dport: 1.5 }), 'udp.dest is 1.5: a whole number from 0 to 65535'],
    [() => pkt.ipv4({ dst: '1.2.3' }), 'ipv4.daddr is "1.2.3": an IPv4 address, as text or 4 bytes'],
    [() => pkt.ipv6({ src: '::g' }), 'ipv6.saddr is "::g": an IPv6 address, as text or 16 bytes'],
    [() => pkt.eth({ src: [1, 2] }), 'eth.h_source is a list: a MAC address, as text or 6 bytes'],
    [() => untyped.ipv4!({ tttl: 1 }), 'ipv4 has no field `tttl`: did you mean ttl?'],
    [() => untyped.ipv4!('x'), 'ipv4 must be given an object of fields'],
    [() => untyped.ipv4!({ ecn: 'XX' }), 'ipv4.ecn is "XX": a number, or one of not ECT, ECT(1), ECT(0), CE'],
    [() => pkt.ipv4({ offset: 7 }), 'ipv4.offset is 7: a multiple of 8'],
    [() => pkt.ipv4({ src: '1.1.1.1', saddr: '1.1.1.1' }), 'ipv4.saddr is given twice, once under its short name'],
    [() => pkt.tcp({ flags: 'SX' }), 'tcp.flags is "SX": letters of FSRPAUECN, names, or a number up to 511'],
    [() => pkt.tcp({ options: [{ mss: 70000 }] }), 'tcp.options.mss is 70000: a whole number from 0 to 65535'],
    [
      () => pkt.tcp({ options: [{ kind: 9, data: { hex: '00'.repeat(60) } }] }),
      'tcp.options is a list: 64 bytes, more than the 40 that fit',
    ],
    [
      () => untyped.tcp!({ options: ['mss'] }),
      'tcp.options has no option "mss" without a value: nop, end, sack_permitted',
    ],
    [() => pkt.sctp({ chunks: [{}, { tsn: -1 }] }), 'sctp.chunks[2].tsn is -1: a whole number from 0 to 4294967295'],
    [
      () => pkt.ipv4().payload({ length: 70000 }).bytes(),
      'ipv4.tot_len would be 70020, more than 65535: give it, or a shorter payload',
    ],
    [() => pkt.eth().with('udp', {}), 'there is no udp in the packet: it has eth'],
    [() => pkt.eth().without('eth', 2), 'there is no eth[2] in the packet: it has eth'],
    [() => pkt.payload(7 as never), 'payload must be bytes, text, {hex} or {length, fill}'],
    [() => pkt.payload({ hex: 'abc' }), 'hex: an odd number of digits'],
    [() => pkt.pad(-1), 'pad.size is -1: a whole number from 0 to 65535'],
  ])('%#', (make, message) => {
    expect(make).toThrow(InputError);
    expect(make).toThrow(message);
  });
});

test('a case takes a packet, or one as plain data, for bytes', () => {
  const packet = pkt.eth().ipv4({ ttl: 1 }).udp({ dport: 53 }).payload('hi').pad(60);
  const listed = ['eth', { ipv4: { ttl: 1 } }, { udp: { dport: 53 } }, { payload: 'hi' }, { pad: 60 }];
  expect(bytesOf(packet, 'data_in', scope)).toEqual(packet.bytes());
  expect(bytesOf({ packet: listed }, 'data_in', scope)).toEqual(packet.bytes());
  expect(() => bytesOf(pkt.ipv4().payload({ length: 70000 }), 'data_in', scope)).toThrow('data_in: ipv4.tot_len');
  expect(() => packetOf(['eth', { ipv5: {} }], 'data_in.packet')).toThrow(
    'data_in.packet[1]: there is no layer ipv5: did you mean ipv4?',
  );
  expect(() => packetOf([{ eth: {}, ipv4: {} }], 'x')).toThrow('x[0] must be a layer');
  expect(() => packetOf([{ udp: { dport: -1 } }], 'x')).toThrow('x[0]: udp.dest is -1');
});
