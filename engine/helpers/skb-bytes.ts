/** The skb helpers that copy bytes in and out of the packet (net/core/filter.c); the packet is linear, so nothing is pulled. */
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import { skbOf } from './ctx-arg.ts';
import { u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const INT_MAX = 0x7fff_ffff;
const RELATIVE_OFFSET_MAX = 0xffff;
const F_RECOMPUTE_CSUM = 1;
const F_INVALIDATE_HASH = 2;
const HDR_START = { MAC: 0, NET: 1 };

/** What the load helpers do when the range is not there. */
function cleared(rc: RunCtx, to: number, length: number): number {
  rc.mem.u8.fill(0, to, to + length);
  return -ERRNO.EFAULT;
}

/** bpf_skb_load_bytes; bpf_flow_dissector_load_bytes finds nothing, as there is no skb behind what BPF_PROG_RUN dissects. */
const load: HelperMaker = (rc) => (ctx, offset, to, length) => {
  if (rc.progType === PROG_TYPE.FLOW_DISSECTOR) {
    return checkWrite(rc, to!, length!) ? cleared(rc, to! >>> 0, length! >>> 0) : 0;
  }
  const skb = skbOf(rc, ctx!);
  if (skb === null || !checkWrite(rc, to!, length!)) return 0;
  const from = offset! >>> 0;
  const bytes = length! >>> 0;
  if (from > INT_MAX || from + bytes > skb.length) return cleared(rc, to! >>> 0, bytes);
  rc.mem.copy(to! >>> 0, skb.data + from, bytes);
  return 0;
};

/** bpf_skb_load_bytes_relative */
const loadRelative: HelperMaker = (rc) => (ctx, offset, to, length, start) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null || !checkWrite(rc, to!, length!)) return 0;
  const from = offset! >>> 0;
  const bytes = length! >>> 0;
  const header = start! >>> 0;
  const base = header === HDR_START.MAC ? skb.mac : skb.net;
  if (from > RELATIVE_OFFSET_MAX || header > HDR_START.NET || base + from + bytes > skb.tail) {
    return cleared(rc, to! >>> 0, bytes);
  }
  rc.mem.copy(to! >>> 0, base + from, bytes);
  return 0;
};

/** bpf_skb_store_bytes */
const store: HelperMaker = (rc) => (ctx, offset, from, length, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null || !checkRead(rc, from!, length!)) return 0;
  const flags = u64(flagsLo!, flagsHi!);
  if (flags > (F_RECOMPUTE_CSUM | F_INVALIDATE_HASH)) return -ERRNO.EINVAL;
  const to = offset! >>> 0;
  const bytes = length! >>> 0;
  if (to > INT_MAX || to + bytes > skb.length) return -ERRNO.EFAULT;
  const at = skb.data + to;
  const recompute = (flags & F_RECOMPUTE_CSUM) !== 0;
  if (recompute) skb.sumWithout(at, bytes, to);
  rc.mem.copy(at, from! >>> 0, bytes);
  if (recompute) skb.sumWith(at, bytes, to);
  if ((flags & F_INVALIDATE_HASH) !== 0) {
    skb.clearHash();
    skb.show();
  }
  return 0;
};

/** bpf_skb_pull_data: everything is in the linear part, so only a wish for more than there is fails. */
const pull: HelperMaker = (rc) => (ctx, length) => {
  const skb = skbOf(rc, ctx!);
  return skb !== null && length! >>> 0 > skb.length ? -ERRNO.ENOMEM : 0;
};

/** By helper name. */
export const SKB_BYTES_HELPERS: Readonly<Record<string, HelperMaker>> = {
  skb_load_bytes: load,
  skb_load_bytes_relative: loadRelative,
  skb_store_bytes: store,
  skb_pull_data: pull,
};
