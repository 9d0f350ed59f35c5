/** The helpers of XDP programs that move, measure and copy the packet (net/core/filter.c). */

import { checkRead, checkWrite } from './check-mem.ts';
import { buffOf } from './ctx-arg.ts';
import type { HelperMaker } from './run-ctx.ts';

const adjustHead: HelperMaker = (rc) => (ctx, offset) => buffOf(rc, ctx!)?.adjustHead(offset! | 0) ?? 0;

const adjustTail: HelperMaker = (rc) => (ctx, offset) => buffOf(rc, ctx!)?.adjustTail(offset! | 0) ?? 0;

const adjustMeta: HelperMaker = (rc) => (ctx, offset) => buffOf(rc, ctx!)?.adjustMeta(offset! | 0) ?? 0;

const getBuffLen: HelperMaker = (rc) => (ctx) => buffOf(rc, ctx!)?.length ?? 0;

const loadBytes: HelperMaker = (rc) => (ctx, offset, to, length) => {
  const buff = buffOf(rc, ctx!);
  if (buff === null || !checkWrite(rc, to!, length!)) return 0;
  const errno = buff.checkRange(offset! >>> 0, length! >>> 0);
  if (errno === 0) buff.copyRange(offset! >>> 0, length! >>> 0, to! >>> 0, false);
  return errno;
};

const storeBytes: HelperMaker = (rc) => (ctx, offset, from, length) => {
  const buff = buffOf(rc, ctx!);
  if (buff === null || !checkRead(rc, from!, length!)) return 0;
  const errno = buff.checkRange(offset! >>> 0, length! >>> 0);
  if (errno === 0) buff.copyRange(offset! >>> 0, length! >>> 0, from! >>> 0, true);
  return errno;
};

/** By helper name. */
export const XDP_HELPERS: Readonly<Record<string, HelperMaker>> = {
  xdp_adjust_head: adjustHead,
  xdp_adjust_tail: adjustTail,
  xdp_adjust_meta: adjustMeta,
  xdp_get_buff_len: getBuffLen,
  xdp_load_bytes: loadBytes,
  xdp_store_bytes: storeBytes,
};
