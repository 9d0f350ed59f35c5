/** What frames are made of: lists from files, fields that vary, how many packets that makes, and the same again for the same seed. */
import { expect, test } from 'bun:test';
import { chanceFrom, layOut, readFrames } from '../../../src/live/traffic.ts';
import { pkt } from '../../../src/packet/build.ts';
import { dissect } from '../../../src/packet/dissect.ts';
import { fieldOf } from '../../../src/packet/fields.ts';
import { writePcap } from '../../../src/packet/pcap-write.ts';
import { parseVariation } from '../../../src/packet/vary.ts';

const udp = pkt.eth().ipv4().udp().bytes();
const tcp = pkt.eth().ipv4().tcp().bytes();
const value = (packet: Uint8Array, path: string) => fieldOf(dissect(packet), path)!.value;
const laid = (list: readonly Uint8Array[], ...texts: string[]) => layOut(list, texts.map(parseVariation), 1);

test('a capture, or lines of hex', () => {
  expect(readFrames(writePcap([udp, tcp]), 'x')).toEqual([udp, tcp]);
  const text = '# two frames\n00 01 02\n\nhex:0a0b # the second\n';
  expect(readFrames(new TextEncoder().encode(text), 'x')).toEqual([Uint8Array.of(0, 1, 2), Uint8Array.of(10, 11)]);
  expect(() => readFrames(new TextEncoder().encode('00\nzz\n'), '--frames f')).toThrow('--frames f, line 2: hex:');
  expect(() => readFrames(new TextEncoder().encode('# nothing\n'), '--frames f')).toThrow('has no frames');
});

test('without fields that vary the list is as it was', () => {
  expect(laid([udp, tcp])).toEqual({ packets: [udp, tcp], note: '' });
});

test('all fields step together, until they are where they began', () => {
  const { packets, note } = laid([udp], 'ip.src=10.0.0.1-10.0.0.4', 'udp.dport=100-105');
  expect([packets.length, note]).toEqual([12, '']);
  expect(packets.slice(4, 7).map((one) => [value(one, 'ipv4.saddr'), value(one, 'udp.dest')])).toEqual([
    ['10.0.0.1', '104'],
    ['10.0.0.2', '105'],
    ['10.0.0.3', '100'],
  ]);
});

test('a list varies too, each frame with its own checksums', () => {
  const { packets } = laid([udp, tcp], 'ip.ttl=1-3');
  expect(packets.map((one) => value(one, 'ipv4.ttl'))).toEqual(['1', '2', '3', '1', '2', '3']);
  expect(packets.map((one) => dissect(one)[2]!.proto)).toEqual(['udp', 'tcp', 'udp', 'tcp', 'udp', 'tcp']);
  expect(packets.every((one) => value(one, 'ipv4.check').endsWith('(right)'))).toBe(true);
  expect(() => laid([udp, tcp], 'udp.dport=1-2')).toThrow(
    'the packet has no udp.dport: it is eth, ipv4, tcp (frame 2)',
  );
});

test('more than there is room for: the first ones, and it says so', () => {
  const { packets, note } = laid([udp], 'ip.src=10.0.0.0/8');
  expect([packets.length, note]).toEqual([65_536, 'the first 65,536 of 16777216 packets take turns']);
});

test('by chance: within the range, the same for the same seed', () => {
  const one = laid([udp], 'udp.dport=1000-1003:random');
  expect(one.packets).toHaveLength(4096);
  expect(one.note).toBe('4,096 packets by chance take turns');
  expect(new Set(one.packets.map((packet) => value(packet, 'udp.dest')))).toEqual(
    new Set(['1000', '1001', '1002', '1003']),
  );
  expect(laid([udp], 'udp.dport=1000-1003:random').packets).toEqual(one.packets as Uint8Array[]);
  const wide = chanceFrom(5);
  expect(Array.from({ length: 64 }, () => wide(1n << 128n)).some((n) => n > 1n << 96n)).toBe(true);
});
