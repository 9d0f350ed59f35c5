/** Reading frames out of pcapng: sections of either byte order, enhanced, simple and (obsolete) packet blocks. */
import { InputError } from '../input-error.ts';
import type { Frame } from './frame.ts';

const BLOCK = { SECTION: 0x0a0d0d0a, INTERFACE: 1, PACKET: 2, SIMPLE: 3, ENHANCED: 6 } as const;
const BYTE_ORDER = 0x1a2b3c4d;

interface Interface {
  readonly link_type: number;
  readonly snap_length: number;
}

interface Reader {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  little: boolean;
  interfaces: Interface[];
  readonly frames: Frame[];
}

function byteOrder(view: DataView, at: number): boolean {
  if (at + 12 > view.byteLength) throw new InputError(`pcapng: the section header at byte ${at} is cut`);
  if (view.getUint32(at + 8, true) === BYTE_ORDER) return true;
  if (view.getUint32(at + 8, false) === BYTE_ORDER) return false;
  throw new InputError(`pcapng: the section header at byte ${at} has no byte-order mark`);
}

function push(r: Reader, start: number, captured: number, wire: number, room: number, iface: number): void {
  const number = r.frames.length + 1;
  if (captured > room) throw new InputError(`pcapng: frame ${number} says ${captured} bytes, its block has ${room}`);
  const link = r.interfaces[iface]?.link_type;
  if (link === undefined) throw new InputError(`pcapng: frame ${number} is of interface ${iface}, which has no block`);
  const bytes = r.bytes.subarray(start, start + captured);
  r.frames.push({ number, bytes, wire_length: wire, link_type: link });
}

/** Bytes of fixed fields before the packet data (or options) of a block. */
const FIXED: Readonly<Record<number, number>> = {
  [BLOCK.INTERFACE]: 8,
  [BLOCK.PACKET]: 20,
  [BLOCK.SIMPLE]: 4,
  [BLOCK.ENHANCED]: 20,
};

function readBlock(r: Reader, type: number, body: number, size: number): void {
  const { view, little } = r;
  const fixed = FIXED[type];
  if (fixed === undefined) return;
  if (size < fixed) throw new InputError(`pcapng: the block at byte ${body - 8} is too short for its type ${type}`);
  const room = size - fixed;
  const start = body + fixed;
  if (type === BLOCK.INTERFACE) {
    r.interfaces.push({ link_type: view.getUint16(body, little), snap_length: view.getUint32(body + 4, little) });
  } else if (type === BLOCK.SIMPLE) {
    const wire = view.getUint32(body, little);
    const snap = r.interfaces[0]?.snap_length || wire;
    push(r, start, Math.min(wire, snap), wire, room, 0);
  } else {
    const iface = type === BLOCK.ENHANCED ? view.getUint32(body, little) : view.getUint16(body, little);
    push(r, start, view.getUint32(body + 12, little), view.getUint32(body + 16, little), room, iface);
  }
}

/** The first `most` frames. Throws InputError where a block before them is damaged. */
export function readPcapng(bytes: Uint8Array, most: number): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const r: Reader = { bytes, view, little: true, interfaces: [], frames: [] };
  for (let at = 0; at < bytes.length && r.frames.length < most; ) {
    if (at + 12 > bytes.length) throw new InputError(`pcapng: the file ends inside the block at byte ${at}`);
    if (view.getUint32(at, true) === BLOCK.SECTION) {
      r.little = byteOrder(view, at);
      r.interfaces = [];
    }
    const length = view.getUint32(at + 4, r.little);
    if (length < 12 || length % 4 !== 0 || length > bytes.length - at) {
      throw new InputError(`pcapng: the block at byte ${at} has the impossible length ${length}`);
    }
    readBlock(r, view.getUint32(at, r.little), at + 8, length - 12);
    at += length;
  }
  return r.frames;
}
