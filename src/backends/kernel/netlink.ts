/** rtnetlink (man 7 rtnetlink): messages with nested attributes to one network namespace, each acknowledged, and what dumps give back. */
import { errnoName } from '../../../engine/index.ts';
import { closeFd, syscall, syscallRestarted } from './syscall.ts';

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0x8_0000;
const NLM_F = { REQUEST: 1, ACK: 4, ROOT_MATCH: 0x300 } as const;
/** NLM_F_CREATE with NLM_F_EXCL. */
export const CREATE = 0x600;
const NLMSG = { ERROR: 2, DONE: 3 } as const;
const HEADER = 16;
const NESTED = 0x8000;
const ROOM = 1 << 16;

/** The value of an attribute: a number is a u32, text is ended by NUL, a list is nested. */
export type AttrData = number | string | Uint8Array | readonly NetAttr[];
export type NetAttr = readonly [type: number, data: AttrData];

function bytesOf(data: AttrData): Uint8Array {
  if (data instanceof Uint8Array) return data;
  if (typeof data === 'number') return new Uint8Array(new Uint32Array([data]).buffer);
  if (typeof data === 'string') return new TextEncoder().encode(`${data}\0`);
  return encode(data);
}

const padded = (length: number): number => (length + 3) & ~3;

function encode(attrs: readonly NetAttr[]): Uint8Array {
  const parts = attrs.map(([type, data]): [number, Uint8Array] => [
    Array.isArray(data) ? type | NESTED : type,
    bytesOf(data),
  ]);
  const out = new Uint8Array(parts.reduce((sum, [, bytes]) => sum + 4 + padded(bytes.length), 0));
  const view = new DataView(out.buffer);
  let at = 0;
  for (const [type, bytes] of parts) {
    view.setUint16(at, 4 + bytes.length, true);
    view.setUint16(at + 2, type, true);
    out.set(bytes, at + 4);
    at += 4 + padded(bytes.length);
  }
  return out;
}

/** Attributes behind a header, as the value of an attribute that holds a whole message. */
export function message(header: Uint8Array, attrs: readonly NetAttr[]): Uint8Array {
  return Uint8Array.of(...header, ...encode(attrs));
}

/** Attributes by type, from `at` on. */
export function attributesOf(bytes: Uint8Array, at: number): Map<number, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const found = new Map<number, Uint8Array>();
  while (at + 4 <= bytes.length) {
    const length = view.getUint16(at, true);
    if (length < 4) break;
    found.set(view.getUint16(at + 2, true) & 0x3fff, bytes.subarray(at + 4, at + length));
    at += padded(length);
  }
  return found;
}

/** A socket that belongs to the namespace this thread was in when it was made. */
export class Netlink {
  private readonly fd: number;
  private sequence = 0;

  /** Throws an Error that names the errno. */
  constructor() {
    this.fd = syscall('socket', [AF_NETLINK, SOCK_RAW_CLOEXEC, 0]);
    if (this.fd < 0) throw new Error(`a netlink socket gives ${errnoName(-this.fd)}`);
  }

  private send(type: number, flags: number, header: Uint8Array, attrs: readonly NetAttr[]): void {
    const bytes = message(Uint8Array.of(...new Uint8Array(HEADER), ...header), attrs);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, bytes.length, true);
    view.setUint16(4, type, true);
    view.setUint16(6, flags, true);
    view.setUint32(8, ++this.sequence, true);
    syscallRestarted('sendto', [this.fd, bytes, bytes.length, 0, null, 0]);
  }

  /** Messages of one answer; a negative errno ends it. */
  private *answers(): Iterable<{ readonly type: number; readonly body: Uint8Array }> {
    for (;;) {
      const room = new Uint8Array(ROOM);
      const got = syscallRestarted('recvfrom', [this.fd, room, room.length, 0, null, null]);
      if (got <= 0) return;
      const view = new DataView(room.buffer);
      for (let at = 0; at + HEADER <= got; ) {
        const length = view.getUint32(at, true);
        yield { type: view.getUint16(at + 4, true), body: room.subarray(at + HEADER, at + length) };
        at += padded(length);
      }
    }
  }

  /** Asks for a change; 0 or a positive errno. */
  change(type: number, flags: number, header: Uint8Array, attrs: readonly NetAttr[]): number {
    this.send(type, NLM_F.REQUEST | NLM_F.ACK | flags, header, attrs);
    for (const { type: kind, body } of this.answers()) {
      if (kind === NLMSG.ERROR) return -new DataView(body.buffer, body.byteOffset).getInt32(0, true);
    }
    return 0;
  }

  /** Everything of a kind, the messages' bodies. */
  dump(type: number, header: Uint8Array): Uint8Array[] {
    this.send(type, NLM_F.REQUEST | NLM_F.ROOT_MATCH, header, []);
    const all: Uint8Array[] = [];
    for (const { type: kind, body } of this.answers()) {
      if (kind === NLMSG.DONE || kind === NLMSG.ERROR) break;
      all.push(body);
    }
    return all;
  }

  close(): void {
    closeFd(this.fd);
  }
}
