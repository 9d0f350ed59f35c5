/** Writing Ethernet frames as capture files: pcap, and pcapng with interfaces by name, and a comment and a direction a frame. */
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
  /** Which of the interfaces, from 0; default the first. */
  readonly interface?: number;
  readonly direction?: 'in' | 'out';
}

export interface CaptureInterface {
  readonly name: string;
  readonly description?: string;
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
/** Fixed fields of an enhanced packet block and of an interface block. */
const PACKET_FIXED = 20;
const INTERFACE_FIXED = 8;
/** An option's head, and the option that ends the list. */
const OPTION_HEAD = 4;
const OPTION_MAX = 0xffff;
const OPTION = { COMMENT: 1, IF_NAME: 2, IF_DESCRIPTION: 3, EPB_FLAGS: 2 } as const;
const DIRECTION = { in: 1, out: 2 } as const;

type Option = readonly [code: number, value: Uint8Array];

function textOption(code: number, text: string | undefined): Option[] {
  const value = new TextEncoder().encode(text ?? '').subarray(0, OPTION_MAX);
  return value.length === 0 ? [] : [[code, value]];
}

function directionOption(direction: CommentedFrame['direction']): Option[] {
  return direction === undefined ? [] : [[OPTION.EPB_FLAGS, Uint8Array.of(DIRECTION[direction], 0, 0, 0)]];
}

/** Bytes of a list of options with its end; none for no options. */
function optionsSize(options: readonly Option[]): number {
  const heads = options.length === 0 ? 0 : OPTION_HEAD;
  return options.reduce((sum, [, value]) => sum + OPTION_HEAD + fours(value.length), heads);
}

function writeOptions(options: readonly Option[], view: DataView, bytes: Uint8Array, from: number): void {
  let at = from;
  for (const [code, value] of options) {
    view.setUint16(at, code, true);
    view.setUint16(at + 2, value.length, true);
    bytes.set(value, at + OPTION_HEAD);
    at += OPTION_HEAD + fours(value.length);
  }
}

function sectionBlock(): Uint8Array {
  return block(SECTION, 16, (view) => {
    view.setUint32(0, 0x1a2b3c4d, true);
    view.setUint16(4, 1, true);
    view.setBigInt64(8, -1n, true);
  });
}

function interfaceBlock({ name, description }: CaptureInterface): Uint8Array {
  const options = [...textOption(OPTION.IF_NAME, name), ...textOption(OPTION.IF_DESCRIPTION, description)];
  return block(INTERFACE, INTERFACE_FIXED + optionsSize(options), (view, bytes) => {
    view.setUint16(0, LINKTYPE_ETHERNET, true);
    view.setUint32(4, SNAP_LENGTH, true);
    writeOptions(options, view, bytes, INTERFACE_FIXED);
  });
}

function packetBlock(frame: CommentedFrame): Uint8Array {
  const options = [...textOption(OPTION.COMMENT, frame.comment), ...directionOption(frame.direction)];
  const at = PACKET_FIXED + fours(frame.bytes.length);
  return block(ENHANCED_PACKET, at + optionsSize(options), (view, bytes) => {
    view.setUint32(0, frame.interface ?? 0, true);
    view.setUint32(12, frame.bytes.length, true);
    view.setUint32(16, frame.bytes.length, true);
    bytes.set(frame.bytes, PACKET_FIXED);
    writeOptions(options, view, bytes, at);
  });
}

const UNNAMED: CaptureInterface = { name: '' };

/** A little-endian pcapng of one section, all frames at time zero; without `interfaces` one that has no name. */
export function writePcapng(
  frames: readonly CommentedFrame[],
  interfaces: readonly CaptureInterface[] = [UNNAMED],
): Uint8Array<ArrayBuffer> {
  const blocks = [sectionBlock(), ...interfaces.map(interfaceBlock), ...frames.map(packetBlock)];
  const out = new Uint8Array(blocks.reduce((sum, b) => sum + b.length, 0));
  let at = 0;
  for (const one of blocks) {
    out.set(one, at);
    at += one.length;
  }
  return out;
}
