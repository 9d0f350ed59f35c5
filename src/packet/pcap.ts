/** Reading frames out of capture files: pcap (micro- and nanosecond, either byte order) and pcapng. */
import { InputError } from '../input-error.ts';
import { type Frame, linkProblem } from './frame.ts';
import { readPcapng } from './pcapng.ts';

const HEADER = 24;
const RECORD = 16;

const MAGICS: readonly { readonly magic: number; readonly little: boolean }[] = [
  { magic: 0xd4c3b2a1, little: true },
  { magic: 0x4d3cb2a1, little: true },
  { magic: 0xa1b2c3d4, little: false },
  { magic: 0xa1b23c4d, little: false },
];
const PCAPNG_MAGIC = 0x0a0d0d0a;

function magicOf(bytes: Uint8Array): number {
  if (bytes.length < 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, false);
}

/** Whether the bytes begin like a capture file rather than like a packet. */
export function isCapture(bytes: Uint8Array): boolean {
  const magic = magicOf(bytes);
  return magic === PCAPNG_MAGIC || MAGICS.some((m) => m.magic === magic);
}

function readClassic(bytes: Uint8Array, little: boolean, most: number): Frame[] {
  if (bytes.length < HEADER) throw new InputError(`the pcap header is cut: ${bytes.length} of ${HEADER} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const linkType = view.getUint32(20, little) & 0xffff;
  const frames: Frame[] = [];
  for (let at = HEADER; at < bytes.length && frames.length < most; ) {
    const number = frames.length + 1;
    if (at + RECORD > bytes.length) throw new InputError(`the capture ends inside the header of frame ${number}`);
    const captured = view.getUint32(at + 8, little);
    const start = at + RECORD;
    if (captured > bytes.length - start) {
      throw new InputError(`frame ${number} says ${captured} bytes, the capture has ${bytes.length - start} left`);
    }
    const wire_length = view.getUint32(at + 12, little);
    frames.push({ number, bytes: bytes.subarray(start, start + captured), wire_length, link_type: linkType });
    at = start + captured;
  }
  return frames;
}

function framesUpTo(bytes: Uint8Array, most: number): Frame[] {
  const magic = magicOf(bytes);
  const known = MAGICS.find((m) => m.magic === magic);
  if (magic !== PCAPNG_MAGIC && !known) throw new InputError('not a pcap or pcapng file');
  const frames = known ? readClassic(bytes, known.little, most) : readPcapng(bytes, most);
  const problem = frames.map(linkProblem).find((one) => one !== null);
  if (problem) throw new InputError(problem);
  return frames;
}

/** All frames of a capture. Throws InputError when it is none, is damaged, or not of Ethernet frames. */
export function readCapture(bytes: Uint8Array): Frame[] {
  return framesUpTo(bytes, Number.POSITIVE_INFINITY);
}

/** One frame by number from 1; what comes behind it is not looked at. Throws InputError naming how many there are. */
export function frameOf(bytes: Uint8Array, number: number): Frame {
  const frames = framesUpTo(bytes, number);
  const frame = frames[number - 1];
  if (!frame) {
    const has = frames.length === 1 ? '1 frame' : `${frames.length} frames`;
    throw new InputError(`there is no frame ${number}: the capture has ${has}`);
  }
  return frame;
}
