/** Differences of packets by header field. */
import { expect, test } from 'bun:test';
import { expectPacket } from '../../../src/expect/packet.ts';
import { parseHex } from '../../../src/packet/hex.ts';

const FRAME = parseHex(
  '020000000002 020000000001 0800 4500001c 00000000 4011 26cf 0a000001 0a000002 9c400035 00080000'.replaceAll(' ', ''),
);

function changed(offset: number, byte: number): Uint8Array {
  const copy = FRAME.slice();
  copy[offset] = byte;
  return copy;
}

test('equal packets have none', () => {
  expect(expectPacket(FRAME, null, FRAME.slice())).toEqual([]);
});

test('a field is named, with the values people read', () => {
  const found = expectPacket(changed(22, 63), null, FRAME);
  expect(found[0]).toMatchObject({ field: 'data_out', at: 'ipv4.ttl', expected: '63', received: '64' });
  expect(found[0]?.fix?.header).toEqual({ layer: 'ipv4', nth: 1, field: 'ttl', value: '64' });
  expect(found.map((d) => d.at)).toEqual(['ipv4.ttl', 'ipv4.check']);
});

test('bytes after the last header are shown as they are', () => {
  const longer = new Uint8Array([...FRAME, 1, 2, 3]);
  const [first] = expectPacket(longer, null, new Uint8Array([...FRAME, 1, 9, 3]));
  expect(first?.at).toBe('padding');
  expect(first?.expected).toContain('010203');
});

test('a packet that came back as it was sent says so', () => {
  const [first] = expectPacket(changed(22, 63), FRAME, FRAME);
  expect(first).toMatchObject({ at: '', received: '42 bytes, as sent' });
});

test('another size is said first, missing layers are absent', () => {
  const [first, ...rest] = expectPacket(FRAME, null, FRAME.subarray(0, 34));
  expect(first).toMatchObject({ expected: '42 bytes', received: '34 bytes' });
  expect(rest).toContainEqual(expect.objectContaining({ at: 'udp', received: '(absent)' }));
});

test('no packet at all', () => {
  expect(expectPacket(FRAME, null, null)).toEqual([
    { field: 'data_out', at: '', expected: '42 bytes', received: 'no packet' },
  ]);
});
