/** The helpers for dynamic pointers to map values, ring buffer records and packets (kernel/bpf/helpers.c, ringbuf.c). */
import { FAULT, REGION } from '../layout.ts';
import { RingbufMap } from '../maps/ringbuf.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import {
  checkRange,
  DYNPTR,
  DYNPTR_BYTES,
  type Dynptr,
  dynptrAt,
  NULL_DYNPTR,
  putDynptr,
  SIZE_MAX,
  showsPacket,
} from './dynptr-parts.ts';
import { badMap } from './map.ts';
import { commitRecord } from './ringbuf.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';
import { SKB_BYTES_HELPERS } from './skb-bytes.ts';
import { XDP_HELPERS } from './xdp.ts';

const fromMem: HelperMaker = (rc) => (data, size, flagsLo, flagsHi, pointer) => {
  const at = pointer! >>> 0;
  const bytes = size! >>> 0;
  if (!checkWrite(rc, data!, bytes) || !checkWrite(rc, at, DYNPTR_BYTES)) return 0;
  const errno = bytes > SIZE_MAX ? -ERRNO.E2BIG : (flagsLo! | flagsHi!) !== 0 ? -ERRNO.EINVAL : 0;
  const made = { ...NULL_DYNPTR, data: data! >>> 0, size: bytes, kind: DYNPTR.LOCAL };
  putDynptr(rc, at, errno === 0 ? made : NULL_DYNPTR);
  return errno;
};

const read: HelperMaker = (rc) => {
  const loadSkb = SKB_BYTES_HELPERS.skb_load_bytes!(rc);
  const loadXdp = XDP_HELPERS.xdp_load_bytes!(rc);
  return (to, size, pointer, offset, flagsLo, flagsHi) => {
    const at = pointer! >>> 0;
    const bytes = size! >>> 0;
    if (!checkWrite(rc, to!, bytes) || !checkRead(rc, at, DYNPTR_BYTES)) return 0;
    const dynptr = dynptrAt(rc, at);
    if (dynptr.data === 0 || (flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
    const errno = checkRange(dynptr, offset! >>> 0, bytes);
    if (errno < 0) return errno;
    const from = dynptr.offset + (offset! >>> 0);
    if (showsPacket(rc, dynptr)) return (rc.skb === null ? loadXdp : loadSkb)(dynptr.data, from, to!, bytes);
    if (!checkRead(rc, dynptr.data + from, bytes)) return 0;
    rc.mem.u8.copyWithin(to! >>> 0, dynptr.data + from, dynptr.data + from + bytes);
    return 0;
  };
};

const write: HelperMaker = (rc) => {
  const storeSkb = SKB_BYTES_HELPERS.skb_store_bytes!(rc);
  const storeXdp = XDP_HELPERS.xdp_store_bytes!(rc);
  return (pointer, offset, from, size, flagsLo, flagsHi) => {
    const at = pointer! >>> 0;
    const bytes = size! >>> 0;
    if (!checkRead(rc, from!, bytes) || !checkRead(rc, at, DYNPTR_BYTES)) return 0;
    const dynptr = dynptrAt(rc, at);
    if (dynptr.data === 0 || dynptr.readOnly) return -ERRNO.EINVAL;
    const errno = checkRange(dynptr, offset! >>> 0, bytes);
    if (errno < 0) return errno;
    const to = dynptr.offset + (offset! >>> 0);
    const packet = showsPacket(rc, dynptr);
    if (packet && rc.skb !== null) return storeSkb(dynptr.data, to, from!, bytes, flagsLo!, flagsHi!);
    if ((flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
    if (packet) return storeXdp(dynptr.data, to, from!, bytes);
    if (!checkWrite(rc, dynptr.data + to, bytes)) return 0;
    rc.mem.u8.copyWithin(dynptr.data + to, from! >>> 0, (from! >>> 0) + bytes);
    return 0;
  };
};

/** bpf_dynptr_data: packets and read-only memory are looked at through slices alone. */
const data: HelperMaker = (rc) => (pointer, offset, size) => {
  const at = pointer! >>> 0;
  const bytes = size! >>> 0;
  if (!checkRead(rc, at, DYNPTR_BYTES)) return 0;
  const dynptr = dynptrAt(rc, at);
  if (dynptr.data === 0 || dynptr.readOnly || checkRange(dynptr, offset! >>> 0, bytes) < 0) return 0;
  if (dynptr.kind === DYNPTR.SKB || dynptr.kind === DYNPTR.XDP) return 0;
  const address = dynptr.data + dynptr.offset + (offset! >>> 0);
  return checkWrite(rc, address, bytes) ? address : 0;
};

const reserve: HelperMaker = (rc) => (handle, size, flagsLo, flagsHi, pointer) => {
  const map = rc.host.byHandle(handle!);
  const at = pointer! >>> 0;
  const bytes = size! >>> 0;
  if (!(map instanceof RingbufMap)) return badMap(rc, handle!);
  if (!checkWrite(rc, at, DYNPTR_BYTES)) return 0;
  putDynptr(rc, at, NULL_DYNPTR);
  if ((flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
  if (bytes > SIZE_MAX) return -ERRNO.E2BIG;
  const record = map.reserve(bytes);
  if (record === 0) return -ERRNO.EINVAL;
  putDynptr(rc, at, { ...NULL_DYNPTR, data: record, size: bytes, kind: DYNPTR.RINGBUF });
  return 0;
};

/** Submits or discards the record of a dynptr, which is null from then on; nothing happens to a null one. */
function commit(rc: RunCtx, pointer: number, discard: boolean): number {
  const at = pointer >>> 0;
  if (!checkWrite(rc, at, DYNPTR_BYTES)) return 0;
  const dynptr: Dynptr = dynptrAt(rc, at);
  if (dynptr.data === 0) return 0;
  if (dynptr.kind !== DYNPTR.RINGBUF) return rc.fault(FAULT.BAD_ARGUMENT, at, DYNPTR_BYTES, false, REGION.RINGBUF);
  commitRecord(rc, dynptr.data, discard);
  putDynptr(rc, at, NULL_DYNPTR);
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
