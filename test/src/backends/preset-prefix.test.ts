/** Prefixes as keys of longest-prefix tries. */
import { expect, test } from 'bun:test';
import { parsePrefix, prefixText } from '../../../src/backends/preset-prefix.ts';
import { toHex } from '../../../src/packet/hex.ts';

test.each([
  ['10.1.0.0/16', 8, '100000000a010000'],
  ['192.0.2.1', 8, '20000000c0000201'],
  ['0.0.0.0/0', 8, '0000000000000000'],
  ['2001:db8::/32', 20, '2000000020010db8000000000000000000000000'],
  ['::', 20, '8000000000000000000000000000000000000000'],
  ['::ffff:10.0.0.1/128', 20, '8000000000000000000000000000ffff0a000001'],
  ['1:2:3:4:5:6:7:8', 20, '8000000000010002000300040005000600070008'],
])('%s', (text, size, hex) => {
  const key = parsePrefix(text, size)!;
  expect(toHex(key)).toBe(hex);
  expect(parsePrefix(prefixText(key), size)).toEqual(key);
});

test('keys as text; what is no prefix of an address', () => {
  expect(prefixText(parsePrefix('192.0.2.0/24', 8)!)).toBe('192.0.2.0/24');
  expect(prefixText(parsePrefix('2001:db8::/32', 20)!)).toBe('2001:db8::/32');
  expect(prefixText(new Uint8Array(12))).toBeNull();
  expect(prefixText(new Uint8Array(8).fill(255))).toBeNull();
});

test.each([
  ['10.0.0.0/33', 8],
  ['10.0.0/8', 8],
  ['10.0.0.256', 8],
  ['10.0.0.1/8/8', 8],
  ['10.0.0.1/', 8],
  ['10.0.0.1', 20],
  ['::1', 8],
  ['1::2::3', 20],
  ['1:2:3:4:5:6:7', 20],
  ['1:2:3:4:5:6:7::8', 20],
  ['10.0.0.1', 12],
  [7, 8],
])('%j for a key of %d bytes is none', (given, size) => expect(parsePrefix(given, size)).toBeNull());
