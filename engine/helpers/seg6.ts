/** Helpers of segment routing (net/core/filter.c): headers pushed, changed and acted upon by LWT_IN and LWT_SEG6LOCAL programs. */
import {
  encapsulateSrh,
  findHeader,
  insertSrh,
  lookupNexthop,
  NEXTHDR,
  SRH,
  setPayloadLength,
  validSrh,
} from '../net/seg6.ts';
import { PROTO, type Skb } from '../net/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead } from './check-mem.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';
import { popHeader, pushHeader } from './skb-room.ts';

const IPV6_BYTES = 40;
const IN6_BYTES = 16;
const INT_BYTES = 4;
/** SEG6_LOCAL_ACTION_* that bpf_lwt_seg6_action takes. */
const ACTION = { END_X: 2, END_T: 3, END_DT6: 7, END_B6: 9, END_B6_ENCAP: 10 };

/** bpf_push_seg6_encap: the packet goes by the header's segments, then its route is looked up. */
export function pushSegments(rc: RunCtx, skb: Skb, from: number, bytes: number, inline: boolean): number {
  if (!validSrh(rc.mem.u8, from, bytes, false)) return -ERRNO.EINVAL;
  if (inline && skb.protocol !== PROTO.IPV6) return -ERRNO.EBADMSG;
  const srh = rc.mem.u8.slice(from, from + bytes);
  if (!inline) skb.encapsulation = true;
  const errno = inline ? insertSrh(skb, srh) : encapsulateSrh(skb, srh, rc.netns, rc.ifindex);
  skb.show();
  if (errno !== 0) return errno;
  skb.setTransport(skb.data + IPV6_BYTES);
  return lookupNexthop(skb, null, 0, rc.netns, rc.ifindex);
}

/** bpf_update_srh_state: the header in hand is the packet's first routing header. */
function updateState(skb: Skb): void {
  const offset = findHeader(skb, NEXTHDR.ROUTING);
  if (offset < 0) {
    skb.segments = null;
    return;
  }
  const at = skb.data + offset;
  skb.segments = { from_tail: skb.tail - at, hdrlen: skb.mem.u8[at + SRH.HDRLEN]! << 3, valid: true };
}

/** seg6_bpf_has_valid_srh: a changed header gets its length written, and is checked again. */
function hasValidSrh(skb: Skb): boolean {
  const state = skb.segments;
  if (state === null) return false;
  if (state.valid) return true;
  if ((state.hdrlen & 7) !== 0) return false;
  const at = skb.tail - state.from_tail;
  const { u8 } = skb.mem;
  u8[at + SRH.HDRLEN] = state.hdrlen >> 3;
  state.valid = validSrh(u8, at, (u8[at + SRH.HDRLEN]! + 1) << 3, true);
  return state.valid;
}

/** Finds the header again after its packet was touched; false when it is gone. */
function refind(skb: Skb): boolean {
  const offset = findHeader(skb, NEXTHDR.ROUTING);
  if (offset < 0) return false;
  skb.segments!.from_tail = skb.length - offset;
  return true;
}

/** bpf_lwt_seg6_store_bytes: flags and tag, or TLVs; the kernel takes the last 8 bytes before the TLVs for TLVs too. */
const storeBytes: HelperMaker = (rc) => (ctx, offset, from, length) => {
  const skb = skbOf(rc, ctx!);
  const bytes = length! >>> 0;
  if (skb === null || !checkRead(rc, from!, bytes)) return 0;
  const state = skb.segments;
  if (state === null) return -ERRNO.EINVAL;
  const { u8 } = rc.mem;
  const srh = skb.tail - state.from_tail;
  const tlvs = srh + ((u8[srh + SRH.FIRST_SEGMENT]! + 1) << 4);
  const end = srh + SRH.SEGMENTS + state.hdrlen;
  const at = skb.data + (offset! >>> 0);
  if (at >= tlvs && at + bytes <= end) state.valid = false;
  else if (at < srh + SRH.FLAGS || at + bytes > srh + SRH.SEGMENTS) return -ERRNO.EFAULT;
  if (at + bytes > skb.tail) return -ERRNO.EFAULT;
  if (!refind(skb)) return -ERRNO.EINVAL;
  u8.copyWithin(at, from! >>> 0, (from! >>> 0) + bytes);
  return 0;
};

/** bpf_lwt_seg6_adjust_srh: room for TLVs, zeroed, or bytes of them taken out. */
const adjustSrh: HelperMaker = (rc) => (ctx, offset, difference) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const state = skb.segments;
  if (state === null) return -ERRNO.EINVAL;
  const by = difference! | 0;
  const srh = skb.tail - state.from_tail;
  const tlvs = srh + SRH.SEGMENTS + ((rc.mem.u8[srh + SRH.FIRST_SEGMENT]! + 1) << 4);
  const end = srh + SRH.SEGMENTS + state.hdrlen;
  const at = skb.data + (offset! >>> 0);
  if (at < tlvs || at > end || (by < 0 && at - by > end)) return -ERRNO.EFAULT;
  const errno = resize(skb, offset! >>> 0, by);
  skb.show();
  if (errno !== 0) return errno;
  setPayloadLength(skb);
  if (!refind(skb)) return -ERRNO.EINVAL;
  state.hdrlen = (state.hdrlen + by) & 0xffff;
  state.valid = false;
  return 0;
};

function resize(skb: Skb, offset: number, by: number): number {
  if (by <= 0) return popHeader(skb, offset, -by);
  if (!skb.ensureHeadroom(by)) return -ERRNO.ENOMEM;
  pushHeader(skb, offset, by);
  return 0;
}

/** bpf_lwt_seg6_action */
const action: HelperMaker = (rc) => (ctx, asked, params, length) => {
  const skb = skbOf(rc, ctx!);
  const bytes = length! >>> 0;
  if (skb === null || !checkRead(rc, params!, bytes)) return 0;
  const at = params! >>> 0;
  switch (asked! >>> 0) {
    case ACTION.END_X:
    case ACTION.END_T:
    case ACTION.END_DT6:
      return sendOn(rc, skb, asked! >>> 0, at, bytes);
    case ACTION.END_B6:
    case ACTION.END_B6_ENCAP:
      return bind(rc, skb, at, bytes, asked! >>> 0 === ACTION.END_B6);
    default:
      return -ERRNO.EINVAL;
  }
};

/** End.X by a next hop, End.T by a table, End.DT6 by a table after the outer headers are taken off. */
function sendOn(rc: RunCtx, skb: Skb, asked: number, params: number, bytes: number): number {
  if (!hasValidSrh(skb)) return -ERRNO.EBADMSG;
  if (bytes !== (asked === ACTION.END_X ? IN6_BYTES : INT_BYTES)) return -ERRNO.EINVAL;
  if (asked === ACTION.END_X) {
    return lookupNexthop(skb, rc.mem.u8.slice(params, params + IN6_BYTES), 0, rc.netns, rc.ifindex);
  }
  const table = rc.mem.dv.getUint32(params, true);
  if (asked === ACTION.END_DT6 && !decapsulate(skb)) return -ERRNO.EBADMSG;
  return lookupNexthop(skb, null, table, rc.netns, rc.ifindex);
}

/** Takes everything before the inner IPv6 header off; false when there is none. */
function decapsulate(skb: Skb): boolean {
  const offset = findHeader(skb, NEXTHDR.IPV6);
  if (offset < 0 || offset > skb.length) return false;
  skb.pulledFromSum(skb.net, offset);
  skb.data += offset;
  skb.net = skb.data;
  skb.setTransport(skb.data);
  skb.encapsulation = false;
  skb.show();
  updateState(skb);
  return true;
}

/** End.B6 and End.B6.Encaps: another header pushed, which is the one in hand from then on if the packet has a route. */
function bind(rc: RunCtx, skb: Skb, params: number, bytes: number, inline: boolean): number {
  if (skb.segments !== null && !hasValidSrh(skb)) return -ERRNO.EBADMSG;
  const errno = pushSegments(rc, skb, params, bytes, inline);
  if (errno === 0) updateState(skb);
  return errno;
}

/** By helper name. */
export const SEG6_HELPERS: Readonly<Record<string, HelperMaker>> = {
  lwt_seg6_store_bytes: storeBytes,
  lwt_seg6_adjust_srh: adjustSrh,
  lwt_seg6_action: action,
};
