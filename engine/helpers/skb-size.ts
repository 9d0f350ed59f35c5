/** The skb helpers that lengthen or shorten the packet at its ends, and the packet's type (net/core/filter.c). */
import { type Skb, SUMMED } from '../net/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker } from './run-ctx.ts';

/** SKB_MAX_ALLOC: four pages less struct skb_shared_info. */
export const SKB_MAX_LEN = 4 * 4096 - 320;
const PACKET_OTHERHOST = 3;

/** __bpf_skb_min_len */
function minLength(skb: Skb): number {
  const transport = skb.transportOffset;
  return transport > 0 ? transport : Math.max(0, skb.networkOffset);
}

/** bpf_skb_change_tail */
const changeTail: HelperMaker = (rc) => (ctx, length, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const wanted = length! >>> 0;
  if ((flagsLo! | flagsHi!) !== 0 || wanted > SKB_MAX_LEN || wanted < minLength(skb)) return -ERRNO.EINVAL;
  if (skb.encapsulation) return -ERRNO.ENOTSUPP;
  // Both ways the complete sum is given up rather than adjusted (__skb_grow_rcsum, __skb_trim_rcsum).
  if (wanted !== skb.length && skb.ipSummed === SUMMED.COMPLETE) skb.ipSummed = SUMMED.NONE;
  if (wanted > skb.length) {
    if (!skb.grow(wanted - skb.length)) return -ERRNO.ENOMEM;
  } else {
    skb.tail = skb.data + wanted;
  }
  if (skb.isGso) {
    skb.gsoSize = 0;
    skb.gsoSegs = 0;
  }
  skb.show();
  return 0;
};

/** bpf_skb_change_head */
const changeHead: HelperMaker = (rc) => (ctx, room, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const bytes = room! >>> 0;
  const length = skb.length + bytes;
  if ((flagsLo! | flagsHi!) !== 0 || length > 0xffff_ffff || (!skb.isGso && length > SKB_MAX_LEN)) return -ERRNO.EINVAL;
  if (!skb.ensureHeadroom(bytes)) return -ERRNO.ENOMEM;
  skb.data -= bytes;
  rc.mem.u8.fill(0, skb.data, skb.data + bytes);
  skb.mac = skb.data;
  skb.show();
  return 0;
};

/** bpf_skb_change_type */
const changeType: HelperMaker = (rc) => (ctx, type) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const wanted = type! >>> 0;
  if (skb.pktType > PACKET_OTHERHOST || wanted > PACKET_OTHERHOST) return -ERRNO.EINVAL;
  skb.pktType = wanted;
  skb.show();
  return 0;
};

/** By helper name. */
export const SKB_SIZE_HELPERS: Readonly<Record<string, HelperMaker>> = {
  skb_change_tail: changeTail,
  skb_change_head: changeHead,
  skb_change_type: changeType,
};
