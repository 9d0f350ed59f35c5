/** Writing Ethernet frames as capture files: pcap, and pcapng with a comment a frame. */
import { LINKTYPE_ETHERNET } from './frame.ts';

const HEADER = 24;
const RECORD = 16;
const SNAP_LENGTH = 262144;

/** A little-endian microsecond pcap, all frames at time zero. */
export function writePcap(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(frames.reduce((sum, f) => sum + RECORD + f.length, HEADER));
  const view = new DataView(out.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, SNAP_LENGTH, true);
  view.setUint32(20, LINKTYPE_ETHERNET, true);
  let at = HEADER;
  for (const frame of frames) {
    view.setUint32(at + 8, frame.length, true);
    view.setUint32(at + 12, frame.length, true);
    out.set(frame, at + RECORD);
    at += RECORD + frame.length;
  }
  return out;
}

export interface CommentedFrame {
  readonly bytes: Uint8Array;
  /** Shown by Wireshark beside the frame. */
  readonly comment?: string;
}

function fours(size: number): number {
  return Math.ceil(size / 4) * 4;
}

/** A block: type, length, body filled up to four bytes, length again. */
function block(type: number, size: number, fill: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const length = 12 + fours(size);
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  fill(new DataView(bytes.buffer, 8, length - 12), bytes.subarray(8, length - 4));
  view.setUint32(length - 4, length, true);
  return bytes;
}

const SECTION = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;
const OPTION_COMMENT = 1;
/** Fixed fields of an enhanced packet block; an option's head; the option that ends the list. */
const PACKET_FIXED = 20;
const OPTION_HEAD = 4;

function sectionBlock(): Uint8Array {
  return block(SECTION, 16, (view) => {
    view.setUint32(0, 0x1a2b3c4d, true);
    view.setUint16(4, 1, true);
    view.setBigInt64(8, -1n, true);
  });
}

function interfaceBlock(): Uint8Array {
  return block(INTERFACE, 8, (view) => {
    view.setUint16(0, LINKTYPE_ETHERNET, true);
    view.setUint32(4, SNAP_LENGTH, true);
  });
}

function packetBlock(frame: CommentedFrame): Uint8Array {
  const comment = new TextEncoder().encode(frame.comment ?? '').subarray(0, 0xffff);
  const options = comment.length > 0 ? OPTION_HEAD + fours(comment.length) + OPTION_HEAD : 0;
  const at = PACKET_FIXED + fours(frame.bytes.length);
  return block(ENHANCED_PACKET, at + options, (view, bytes) => {
    view.setUint32(12, frame.bytes.length, true);
    view.setUint32(16, frame.bytes.length, true);
    bytes.set(frame.bytes, PACKET_FIXED);
    if (comment.length === 0) return;
    view.setUint16(at, OPTION_COMMENT, true);
    view.setUint16(at + 2, comment.length, true);
    bytes.set(comment, at + OPTION_HEAD);
  });
}

/** A little-endian pcapng of one section and one interface, all frames at time zero. */
export function writePcapng(frames: readonly CommentedFrame[]): Uint8Array<ArrayBuffer> {
  const blocks = [sectionBlock(), interfaceBlock(), ...frames.map(packetBlock)];
  const out = new Uint8Array(blocks.reduce((sum, b) => sum + b.length, 0));
  let at = 0;
  for (const one of blocks) {
    out.set(one, at);
    at += one.length;
  }
  return out;
}
