/** One complement's sums against a model in whole numbers, and against checksums that real headers carry. */
import { expect, test } from 'bun:test';
import {
  csumAdd,
  csumBlockAdd,
  csumBlockSub,
  csumFold,
  csumPartial,
  csumPartial16,
  csumReplace2,
  csumReplace4,
  csumSub,
} from '../../../engine/net/csum.ts';
import { bytesOf, seeded } from '../../support/map-world.ts';

/** Sum of the bytes as a little-endian number, modulo 2^32 - 1; of several numbers with remainder 0, the one that is not 0. */
function model(bytes: Uint8Array, sum: number): number {
  let total = BigInt(sum);
  bytes.forEach((byte, i) => {
    total += BigInt(byte) << BigInt(8 * (i % 4));
  });
  const rest = Number(total % 0xffff_ffffn);
  return rest === 0 && total !== 0n ? 0xffff_ffff : rest;
}

test('csum_partial is the sum modulo 2^32 - 1, at any length and start', () => {
  const below = seeded(5);
  for (let i = 0; i < 500; i++) {
    const bytes = Uint8Array.from({ length: below(200) }, () => (below(3) === 0 ? 0xff : below(256)));
    const sum = [0, 0xffff_ffff, below(2 ** 31)][below(3)]!;
    const at = below(bytes.length + 1);
    expect(csumPartial(bytes, at, bytes.length - at, sum)).toBe(model(bytes.subarray(at), sum));
  }
});

test('the same by half words, wherever the bytes start and however many they are', () => {
  const below = seeded(8);
  const bytes = Uint8Array.from({ length: 70_000 }, () => (below(2) === 0 ? 0xff : below(256)));
  const halves = new Uint16Array(bytes.buffer);
  for (const length of [...Array.from({ length: 70 }, (_, i) => i), 1500, 65_534, 65_535, 65_536, 65_537, 69_990]) {
    for (const at of [0, 1, 2, 3]) {
      const sum = [0, 1, 0xffff_ffff, 0xffff_0000][below(4)]!;
      expect(csumPartial16(halves, bytes, at, length, sum)).toBe(model(bytes.subarray(at, at + length), sum));
      expect(csumPartial(bytes, at, length, sum)).toBe(model(bytes.subarray(at, at + length), sum));
    }
  }
});

test('what was added can be subtracted, also at odd offsets', () => {
  const below = seeded(6);
  for (let i = 0; i < 200; i++) {
    const [a, b, offset] = [below(2 ** 31) * 2 + 1, below(2 ** 31), below(9)];
    expect(csumFold(csumSub(csumAdd(a, b), b))).toBe(csumFold(a));
    expect(csumFold(csumBlockSub(csumBlockAdd(a, b, offset), b, offset))).toBe(csumFold(a));
  }
});

test('a header with its checksum in it folds to 0', () => {
  const header = bytesOf('45000073000040004011b861c0a80001c0a800c7');
  expect(csumFold(csumPartial(header, 0, 20, 0))).toBe(0);
});

test('replacing a field gives the checksum that a fresh sum gives', () => {
  const below = seeded(7);
  for (let i = 0; i < 200; i++) {
    const header = Uint8Array.from({ length: 20 }, () => below(256));
    const dv = new DataView(header.buffer);
    dv.setUint16(10, 0, true);
    const check = csumFold(csumPartial(header, 0, 20, 0));
    const [from, to] = [dv.getUint32(12, true), below(2 ** 31)];
    dv.setUint32(12, to, true);
    const fresh = csumFold(csumPartial(header, 0, 20, 0));
    expect(csumReplace4(check, from, to)).toBe(fresh);
    const half = below(65536);
    const before = dv.getUint16(4, true);
    dv.setUint16(4, half, true);
    expect(csumReplace2(fresh, before, half)).toBe(csumFold(csumPartial(header, 0, 20, 0)));
  }
});
