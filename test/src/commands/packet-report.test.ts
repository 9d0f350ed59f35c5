/** What `run` says of the packet. */
import { expect, test } from 'bun:test';
import type { ProgRunResult } from '../../../engine/index.ts';
import { packetReport } from '../../../src/commands/packet-report.ts';
import { makeStyle } from '../../../src/format/style.ts';
import { parseHex } from '../../../src/packet/hex.ts';

const XDP = 6;
const CGROUP_SKB = 8;
const eth = 'ffffffffffff 020000000001 0800';
const ip = '4500001c 00000000 40117cd0 7f000001 7f000001';
const udp = '04d2 0035 0008 0000';
const frame = parseHex(eth + ip + udp);
const plain = makeStyle(false);

function result(data_out: Uint8Array | null, data_size_out = data_out?.length ?? null): ProgRunResult {
  return { data_out, data_size_out } as ProgRunResult;
}

function changed(at: number, value: number): Uint8Array {
  const bytes = frame.slice();
  bytes[at] = value;
  return bytes;
}

test('an untouched packet', () => {
  expect(packetReport(XDP, frame, result(frame), plain)).toEqual(['42 bytes, unchanged  eth ▸ ipv4 ▸ udp']);
});

test('a changed field is named', () => {
  const lines = packetReport(XDP, frame, result(changed(22, 0x3f)), plain);
  expect(lines[0]).toBe('42 bytes  eth ▸ ipv4 ▸ udp');
  expect(lines).toContain('~ ipv4.ttl  64 → 63');
});

test('the Ethernet header that types above it lose is no change', () => {
  const got = frame.slice();
  got.fill(0, 0, 14);
  expect(packetReport(CGROUP_SKB, frame, result(got), plain)).toEqual(['42 bytes, unchanged  eth ▸ ipv4 ▸ udp']);
  got[22] = 1;
  expect(packetReport(CGROUP_SKB, frame, result(got), plain)).toContain('~ ipv4.ttl  64 → 1');
});

test('a packet that did not fit', () => {
  expect(packetReport(XDP, frame, result(frame.slice(0, 10), 42), plain)).toEqual(['10 of 42 bytes, more did not fit']);
});

test('no packet, no line', () => {
  expect(packetReport(XDP, null, result(null), plain)).toEqual([]);
});
