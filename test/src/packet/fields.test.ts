/** Header fields by path, and what they are said to hold. */
import { describe, expect, test } from 'bun:test';
import { pkt } from '../../../src/packet/build.ts';
import { dissect, fieldAt } from '../../../src/packet/dissect.ts';
import { fieldHolds, fieldOf, parseFieldPath } from '../../../src/packet/fields.ts';

const packet = pkt
  .eth()
  .ipv4({ ecn: 'CE', dscp: 10, df: true })
  .append(pkt.ipv4({ ttl: 7, src: '198.51.100.1' }))
  .tcp({
    flags: 'SA',
    options: [{ mss: 1400 }, 'nop', 'nop', 'sack_permitted', { timestamps: { tsval: 1, tsecr: 2 } }],
  })
  .payload('hello');
const bytes = packet.bytes();
const layers = dissect(bytes);

test.each([
  ['ipv4.ttl', '64'],
  ['ipv4[2].ttl', '7'],
  ['ipv4[2].src', '198.51.100.1'],
  ['ipv4[2].saddr', '198.51.100.1'],
  ['ipv4.dscp', '10'],
  ['ipv4.ecn', '3 (CE)'],
  ['ipv4.df', '1'],
  ['ipv4.mf', '0'],
  ['ipv4.offset', '0'],
  ['tcp.sport', '40000'],
  ['tcp.options.mss', '1400'],
  ['tcp.options.nop[2]', 'present'],
  ['tcp.options.timestamps', 'tsval 1 tsecr 2'],
  ['payload', '5 bytes'],
  ['tcp', '40000 → 80 SYN ACK'],
])('%s is %s', (path, value) => {
  expect(fieldOf(layers, path)?.value).toBe(value);
});

test.each(['ipv4[3].ttl', 'udp.dest', 'tcp.options.nop[3]', 'tcp.options.fastopen', 'padding'])(
  '%s is absent',
  (path) => {
    expect(fieldOf(layers, path)).toBeNull();
  },
);

test.each([
  ['ipv4', 'tll', 'ipv4.tll: ipv4 has no field tll: did you mean ttl?'],
  ['ipv5', 'ttl', 'ipv5.ttl: there is no layer ipv5: did you mean ipv4?'],
  ['ipv4[0]', 'ttl', 'ipv4[0].ttl: layers and fields count from 1'],
  ['ipv4 ', 'ttl', 'is no field: layer.field, as in ipv4.ttl or ipv4[2].ttl'],
])('%s.%s cannot be', (layer, field, message) => {
  expect(() => parseFieldPath(`${layer}.${field}`)).toThrow(message);
});

test('the name that the dissector gives a byte reads back as its field', () => {
  for (const layer of layers.filter((one) => one.proto !== 'payload')) {
    for (let at = layer.start; at < layer.end; at++) {
      const field = fieldOf(layers, fieldAt(layers, at));
      expect([at, field !== null && field.start <= at && at < field.end]).toEqual([at, true]);
    }
  }
});

describe('holds', () => {
  test.each([
    ['ipv4.ttl', 64, true],
    ['ipv4.ttl', 63, false],
    ['ipv4.ttl', 64n, true],
    ['ipv4.ttl', '64', true],
    ['ipv4.ttl', '0x40', true],
    ['ipv4.df', true, true],
    ['ipv4.mf', true, false],
    ['ipv4.ecn', 'CE', true],
    ['ipv4.ecn', 'ECT(0)', false],
    ['ipv4[2].protocol', 'TCP', true],
    ['ipv4[2].protocol', 'udp', false],
    ['ipv4.check', 'right', true],
    ['ipv4.check', 'wrong', false],
    ['eth.dst', '02-00-00-00-00-02', true],
    ['eth.h_proto', 0x0800, true],
    ['eth.h_proto', 'IPv4', true],
    ['tcp.flags', 'SA', true],
    ['tcp.flags', 'S', false],
    ['tcp.flags', 'SYN ACK', true],
    ['tcp.flags', { syn: true, ack: true }, true],
    ['tcp.flags', { syn: true }, false],
    ['tcp.flags', 0x12, true],
    ['tcp.options.sack_permitted', true, true],
    ['tcp.options.timestamps', /^tsval 1 /, true],
    ['payload', 'hello', true],
    ['payload', 'hell', false],
    ['payload', { hex: '68656c6c6f' }, true],
    ['payload', '5 bytes', true],
    ['ipv4.ttl', '', false],
    ['ipv4.ttl', null, false],
  ])('%s %p: %p', (path, expected, holds) => {
    expect(fieldHolds(bytes, fieldOf(layers, path)!, expected)).toBe(holds);
  });

  test('a wrong checksum, an IPv6 address in another notation', () => {
    const other = pkt.eth().ipv6({ dst: '2001:db8::7' }).udp({ check: 0xbeef }).bytes();
    expect(fieldHolds(other, fieldOf(dissect(other), 'udp.check')!, 'wrong')).toBe(true);
    expect(fieldHolds(other, fieldOf(dissect(other), 'ipv6.dst')!, '2001:DB8:0::7')).toBe(true);
    expect(fieldHolds(other, fieldOf(dissect(other), 'ipv6.dst')!, '2001:db8::8')).toBe(false);
  });
});
