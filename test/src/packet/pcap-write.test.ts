/** Captures that are written are read back as they were. */
import { expect, test } from 'bun:test';
import { frameOf, readCapture } from '../../../src/packet/pcap.ts';
import { writePcap, writePcapng } from '../../../src/packet/pcap-write.ts';
import { PACKET_SAMPLES } from '../../support/packet-samples.ts';

const frames = PACKET_SAMPLES.map(([, packet]) => packet.bytes());

test.each([
  ['pcap', writePcap(frames)],
  ['pcapng', writePcapng(frames.map((bytes) => ({ bytes })))],
  [
    'pcapng with comments',
    writePcapng(PACKET_SAMPLES.map(([comment, packet]) => ({ comment, bytes: packet.bytes() }))),
  ],
  [
    'pcapng with interfaces',
    writePcapng(
      frames.map((bytes, i) => ({ bytes, interface: i % 2, direction: i % 2 === 0 ? 'in' : 'out' })),
      [{ name: 'veth0 xmit' }, { name: 'veth1 stack', description: 'went up' }],
    ),
  ],
])('%s', (_format, capture) => {
  const read = readCapture(capture);
  expect(read.map((frame) => frame.bytes)).toEqual(frames);
  expect(read.map((frame) => frame.wire_length)).toEqual(frames.map((frame) => frame.length));
  expect(new Set(read.map((frame) => frame.link_type))).toEqual(new Set([1]));
});

test('no frames', () => {
  expect(readCapture(writePcap([]))).toEqual([]);
  expect(readCapture(writePcapng([]))).toEqual([]);
});

test('one frame is found where what follows is cut; all frames are not', () => {
  const whole = writePcap([new Uint8Array(20).fill(1), new Uint8Array(20).fill(2)]);
  const cut = whole.subarray(0, whole.length - 5);
  expect(frameOf(cut, 1).bytes).toEqual(new Uint8Array(20).fill(1));
  expect(() => frameOf(cut, 2)).toThrow('frame 2 says 20 bytes, the capture has 15 left');
  expect(() => readCapture(cut)).toThrow('frame 2');
  const next = writePcapng([1, 2].map((byte) => ({ bytes: new Uint8Array(20).fill(byte) })));
  expect(frameOf(next.subarray(0, next.length - 8), 1).bytes[0]).toBe(1);
});

test.each([
  [101, 'frame 1 is of link type 101 (raw IP), and packets begin with their Ethernet header here'],
  [113, 'Linux cooked'],
])('link type %d is no Ethernet', (type, message) => {
  const capture = writePcap([new Uint8Array(20)]);
  capture[20] = type;
  expect(() => readCapture(capture)).toThrow(message);
});
