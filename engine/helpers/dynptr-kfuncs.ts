/** The kernel functions for dynamic pointers (net/core/filter.c, kernel/bpf/helpers.c): to packets, slices, adjusting, copies. */
import { PRIV } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import { buffOf, skbOf } from './ctx-arg.ts';
import {
  checkRange,
  DYNPTR,
  DYNPTR_BYTES,
  type Dynptr,
  dynptrAt,
  NULL_DYNPTR,
  putDynptr,
  showsPacket,
} from './dynptr-parts.ts';
import { u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const PKT_DATA = PRIV.PKT_DATA >> 2;
const PKT_END = PRIV.PKT_END >> 2;

/** Types whose programs may store into the packet (may_access_direct_pkt_data): others' dynptrs of it are read-only. */
const WRITERS: ReadonlySet<number> = new Set<number>([
  ...[PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.LWT_XMIT, PROG_TYPE.SK_SKB],
]);

function fromPacket(rc: RunCtx, pointer: number, flags: number, made: Dynptr): number {
  if (!checkWrite(rc, pointer >>> 0, DYNPTR_BYTES)) return 0;
  putDynptr(rc, pointer >>> 0, flags === 0 ? made : NULL_DYNPTR);
  return flags === 0 ? 0 : -ERRNO.EINVAL;
}

/** bpf_dynptr_from_skb */
const fromSkb: HelperMaker = (rc) => (ctx, flagsLo, flagsHi, pointer) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const readOnly = !WRITERS.has(rc.progType);
  const made = { data: ctx! >>> 0, size: skb.length, kind: DYNPTR.SKB, offset: 0, readOnly };
  return fromPacket(rc, pointer!, u64(flagsLo!, flagsHi!), made);
};

/** bpf_dynptr_from_xdp */
const fromXdp: HelperMaker = (rc) => (ctx, flagsLo, flagsHi, pointer) => {
  const buff = buffOf(rc, ctx!);
  if (buff === null) return 0;
  const made = { data: ctx! >>> 0, size: buff.length, kind: DYNPTR.XDP, offset: 0, readOnly: false };
  return fromPacket(rc, pointer!, u64(flagsLo!, flagsHi!), made);
};

/** bpf_dynptr_slice: where the bytes are if they are in one piece, else `buffer` with a copy of them, else NULL. */
function slice(rc: RunCtx, dynptr: Dynptr, offset: number, buffer: number, bytes: number): number {
  if (dynptr.data === 0 || checkRange(dynptr, offset, bytes) < 0) return 0;
  const from = dynptr.offset + offset;
  if (!showsPacket(rc, dynptr)) return checkRead(rc, dynptr.data + from, bytes) ? dynptr.data + from : 0;
  if (rc.skb !== null) return rc.skb.data + from;
  const { xdp } = rc;
  if (xdp === null) return 0;
  const at = rc.mem.u32[PKT_DATA]! + from;
  if (at + bytes <= rc.mem.u32[PKT_END]!) return at;
  if (buffer === 0 || !checkWrite(rc, buffer, bytes)) return 0;
  xdp.copyRange(from, bytes, buffer, false);
  return buffer;
}

const sliceOf =
  (write: boolean): HelperMaker =>
  (rc) =>
  (pointer, offsetLo, offsetHi, buffer, bytesLo, bytesHi) => {
    const at = pointer! >>> 0;
    if (!checkRead(rc, at, DYNPTR_BYTES)) return 0;
    const dynptr = dynptrAt(rc, at);
    if (write && dynptr.readOnly) return 0;
    return slice(rc, dynptr, u64(offsetLo!, offsetHi!), buffer! >>> 0, u64(bytesLo!, bytesHi!));
  };

/** A function of a dynptr that is there and of one that is null. */
const asked =
  (answer: (dynptr: Dynptr) => number, ofNull: number): HelperMaker =>
  (rc) =>
  (pointer) => {
    if (!checkRead(rc, pointer!, DYNPTR_BYTES)) return 0;
    const dynptr = dynptrAt(rc, pointer! >>> 0);
    return dynptr.data === 0 ? ofNull : answer(dynptr);
  };

/** bpf_dynptr_adjust */
const adjust: HelperMaker = (rc) => (pointer, startLo, startHi, endLo, endHi) => {
  const at = pointer! >>> 0;
  if (!checkWrite(rc, at, DYNPTR_BYTES)) return 0;
  const dynptr = dynptrAt(rc, at);
  const [start, end] = [u64(startLo!, startHi!), u64(endLo!, endHi!)];
  if (dynptr.data === 0 || start > end) return -ERRNO.EINVAL;
  if (start > dynptr.size || end > dynptr.size) return -ERRNO.ERANGE;
  putDynptr(rc, at, { ...dynptr, offset: dynptr.offset + start, size: end - start });
  return 0;
};

/** bpf_dynptr_clone */
const clone: HelperMaker = (rc) => (pointer, copy) => {
  if (!checkRead(rc, pointer!, DYNPTR_BYTES) || !checkWrite(rc, copy!, DYNPTR_BYTES)) return 0;
  const dynptr = dynptrAt(rc, pointer! >>> 0);
  putDynptr(rc, copy! >>> 0, dynptr.data === 0 ? NULL_DYNPTR : dynptr);
  return dynptr.data === 0 ? -ERRNO.EINVAL : 0;
};

/** By name without the bpf_ prefix. */
export const DYNPTR_KFUNCS: Readonly<Record<string, HelperMaker>> = {
  dynptr_from_skb: fromSkb,
  dynptr_from_xdp: fromXdp,
  dynptr_slice: sliceOf(false),
  dynptr_slice_rdwr: sliceOf(true),
  dynptr_size: asked(({ size }) => size, -ERRNO.EINVAL),
  dynptr_is_null: asked(() => 0, 1),
  dynptr_is_rdonly: asked(({ readOnly }) => (readOnly ? 1 : 0), 0),
  dynptr_adjust: adjust,
  dynptr_clone: clone,
};
