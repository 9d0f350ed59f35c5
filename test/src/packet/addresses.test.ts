/** Addresses as people write them. */
import { expect, test } from 'bun:test';
import { parseIpv4, parseIpv6, parseMac } from '../../../src/packet/addresses.ts';
import { crc32c } from '../../../src/packet/crc32c.ts';
import { ipv6Text, macText } from '../../../src/packet/layers.ts';

test.each([
  ['02:00:00:00:00:01', '02:00:00:00:00:01'],
  ['2-0-0-0-0-A', '02:00:00:00:00:0a'],
  ['0200000000ff', '02:00:00:00:00:ff'],
])('MAC %s', (text, same) => {
  expect(macText(parseMac(text)!)).toBe(same);
});

test.each(['', '02:00', '02:00:00:00:00:001', '02:00:00:00:00:0g', '02:00:00:00:00:01:02'])('no MAC: %p', (text) => {
  expect(parseMac(text)).toBeNull();
});

test.each(['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.x', '1..2.3', ' 1.2.3.4'])('no IPv4: %p', (text) => {
  expect(parseIpv4(text)).toBeNull();
});

test.each([
  ['::', '::'],
  ['::1', '::1'],
  ['1::', '1::'],
  ['2001:DB8:0:0:1::1', '2001:db8::1:0:0:1'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
  ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
])('IPv6 %s', (text, same) => {
  expect(ipv6Text(parseIpv6(text)!)).toBe(same);
});

test.each([
  '',
  ':',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4::5:6:7:8:9',
  '12345::',
  '1.2.3.4::',
  '::1.2.3',
])('no IPv6: %p', (text) => {
  expect(parseIpv6(text)).toBeNull();
});

test('CRC-32C of the check string and of RFC 3720 (B.4)', () => {
  expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(crc32c(new Uint8Array([1, 2, 3, 4, 5]), 1)).toBe(crc32c(new Uint8Array([1, 0, 0, 0, 0])));
});
