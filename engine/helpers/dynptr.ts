/**
 * Dynamic pointers to map values and ring buffer records (kernel/bpf/helpers.c, ringbuf.c). A program could forge the 16
 * bytes of one, so whatever is reached through it is checked again.
 */
import { FAULT, REGION } from '../layout.ts';
import { RingbufMap } from '../maps/ringbuf.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import { badMap } from './map.ts';
import { commitRecord } from './ringbuf.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

/** sizeof(struct bpf_dynptr): data address, 0, size with the kind above it, 0. */
const BYTES = 16;
const DATA = 0;
const SIZE = 8;
const MAX_SIZE = (1 << 24) - 1;
const KIND_SHIFT = 28;
const LOCAL = 1;
const RINGBUF = 2;

function put(rc: RunCtx, at: number, data: number, size: number, kind: number): void {
  const { dv } = rc.mem;
  dv.setUint32(at + DATA, data, true);
  dv.setUint32(at + DATA + 4, 0, true);
  dv.setUint32(at + SIZE, size | (kind << KIND_SHIFT), true);
  dv.setUint32(at + SIZE + 4, 0, true);
}

function dataOf(rc: RunCtx, at: number): number {
  return rc.mem.dv.getUint32(at + DATA, true);
}

/** Address of `bytes` bytes at an offset into what a dynptr shows; 0 for a null dynptr, -E2BIG outside. */
function within(rc: RunCtx, at: number, offset: number, bytes: number): number {
  const data = dataOf(rc, at);
  const size = rc.mem.dv.getUint32(at + SIZE, true) & MAX_SIZE;
  if (data === 0) return 0;
  return bytes > size || offset > size - bytes ? -ERRNO.E2BIG : data + offset;
}

const fromMem: HelperMaker = (rc) => (data, size, flagsLo, flagsHi, pointer) => {
  const at = pointer! >>> 0;
  const bytes = size! >>> 0;
  if (!checkWrite(rc, data!, bytes) || !checkWrite(rc, at, BYTES)) return 0;
  const errno = bytes > MAX_SIZE ? -ERRNO.E2BIG : (flagsLo! | flagsHi!) !== 0 ? -ERRNO.EINVAL : 0;
  put(rc, at, errno === 0 ? data! >>> 0 : 0, errno === 0 ? bytes : 0, errno === 0 ? LOCAL : 0);
  return errno;
};

const read: HelperMaker = (rc) => (to, size, pointer, offset, flagsLo, flagsHi) => {
  const at = pointer! >>> 0;
  const bytes = size! >>> 0;
  if (!checkWrite(rc, to!, bytes) || !checkRead(rc, at, BYTES)) return 0;
  if (dataOf(rc, at) === 0 || (flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
  const from = within(rc, at, offset! >>> 0, bytes);
  if (from < 0 || !checkRead(rc, from, bytes)) return Math.min(from, 0);
  rc.mem.u8.copyWithin(to! >>> 0, from, from + bytes);
  return 0;
};

const write: HelperMaker = (rc) => (pointer, offset, from, size, flagsLo, flagsHi) => {
  const at = pointer! >>> 0;
  const bytes = size! >>> 0;
  if (!checkRead(rc, from!, bytes) || !checkRead(rc, at, BYTES)) return 0;
  if (dataOf(rc, at) === 0 || (flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
  const to = within(rc, at, offset! >>> 0, bytes);
  if (to < 0 || !checkWrite(rc, to, bytes)) return Math.min(to, 0);
  rc.mem.u8.copyWithin(to, from! >>> 0, (from! >>> 0) + bytes);
  return 0;
};

const data: HelperMaker = (rc) => (pointer, offset, size) => {
  const at = pointer! >>> 0;
  if (!checkRead(rc, at, BYTES)) return 0;
  const address = within(rc, at, offset! >>> 0, size! >>> 0);
  return address > 0 && checkWrite(rc, address, size! >>> 0) ? address : 0;
};

const reserve: HelperMaker = (rc) => (handle, size, flagsLo, flagsHi, pointer) => {
  const map = rc.host.byHandle(handle!);
  const at = pointer! >>> 0;
  const bytes = size! >>> 0;
  if (!(map instanceof RingbufMap)) return badMap(rc, handle!);
  if (!checkWrite(rc, at, BYTES)) return 0;
  put(rc, at, 0, 0, 0);
  if ((flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
  if (bytes > MAX_SIZE) return -ERRNO.E2BIG;
  const record = map.reserve(bytes);
  if (record === 0) return -ERRNO.EINVAL;
  put(rc, at, record, bytes, RINGBUF);
  return 0;
};

/** Submits or discards the record of a dynptr, which is null from then on; nothing happens to a null one. */
function commit(rc: RunCtx, pointer: number, discard: boolean): number {
  const at = pointer >>> 0;
  if (!checkWrite(rc, at, BYTES)) return 0;
  const record = dataOf(rc, at);
  if (record === 0) return 0;
  if (rc.mem.dv.getUint32(at + SIZE, true) >>> KIND_SHIFT !== RINGBUF) {
    return rc.fault(FAULT.BAD_ARGUMENT, at, BYTES, false, REGION.RINGBUF);
  }
  commitRecord(rc, record, discard);
  put(rc, at, 0, 0, 0);
  return 0;
}

const submit: HelperMaker = (rc) => (pointer) => commit(rc, pointer!, false);

const discard: HelperMaker = (rc) => (pointer) => commit(rc, pointer!, true);

/** By helper name. */
export const DYNPTR_HELPERS: Readonly<Record<string, HelperMaker>> = {
  dynptr_from_mem: fromMem,
  dynptr_read: read,
  dynptr_write: write,
  dynptr_data: data,
  ringbuf_reserve_dynptr: reserve,
  ringbuf_submit_dynptr: submit,
  ringbuf_discard_dynptr: discard,
};
