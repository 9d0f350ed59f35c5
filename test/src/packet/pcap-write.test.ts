/** Captures that are written are read back as they were. */
import { expect, test } from 'bun:test';
import { readCapture } from '../../../src/packet/pcap.ts';
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
