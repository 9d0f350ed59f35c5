/** The checksum helpers (net/core/filter.c): sums over memory, and header fields that follow a change. */

import { PRIV } from '../layout.ts';
import {
  csumAdd,
  csumFrom32To16,
  csumPartial16,
  csumReplace2,
  csumReplace4,
  csumReplaceByDiff,
  csumSub,
} from '../net/csum.ts';
import { type Skb, SUMMED } from '../net/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead } from './check-mem.ts';
import { skbOf } from './ctx-arg.ts';
import { u64 } from './map.ts';
import type { HelperMaker } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;
/** Flags of the replace helpers: bytes of the field in the low four bits. */
const FIELD_MASK = 0xf;
const F = { PSEUDO_HDR: 0x10, MARK_MANGLED_0: 0x20, MARK_ENFORCE: 0x40, IPV6: 0x80 };
const L4_FLAGS = FIELD_MASK | F.PSEUDO_HDR | F.MARK_MANGLED_0 | F.MARK_ENFORCE | F.IPV6;
const CSUM_MANGLED_0 = 0xffff;
const OFFSET_MAX = 0xffff;
const LEVEL = { QUERY: 0, INC: 1, DEC: 2, RESET: 3 };
const SKB_MAX_CSUM_LEVEL = 3;

/** bpf_csum_diff: any length of either side, folded to 16 bits since 6.13. */
const diff: HelperMaker = (rc) => (from, fromSize, to, toSize, seed) => {
  const minus = fromSize! >>> 0;
  const plus = toSize! >>> 0;
  if (!checkRead(rc, from!, minus) || !checkRead(rc, to!, plus)) return 0;
  const { u16, u8 } = rc.mem;
  let sum = seed! >>> 0;
  if (minus !== 0 && plus !== 0) {
    sum = csumSub(csumPartial16(u16, u8, to! >>> 0, plus, sum), csumPartial16(u16, u8, from! >>> 0, minus, 0));
  } else if (plus !== 0) {
    sum = csumPartial16(u16, u8, to! >>> 0, plus, sum);
  } else if (minus !== 0) {
    sum = ~csumPartial16(u16, u8, from! >>> 0, minus, ~sum >>> 0) >>> 0;
  }
  return csumFrom32To16(sum);
};

/** bpf_csum_update: the sum in r0's low half, or -ENOTSUPP in all of it. */
const update: HelperMaker = (rc) => (ctx, sum) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const complete = skb.ipSummed === SUMMED.COMPLETE;
  if (complete) skb.csum = csumAdd(skb.csum, sum!);
  rc.mem.i32[R0] = complete ? skb.csum : -ERRNO.ENOTSUPP;
  rc.mem.i32[R0 + 1] = complete ? 0 : -1;
  return 0;
};

/** bpf_csum_level */
const level: HelperMaker = (rc) => (ctx, levelLo, levelHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const unnecessary = skb.ipSummed === SUMMED.UNNECESSARY;
  switch (u64(levelLo!, levelHi!)) {
    case LEVEL.QUERY:
      return unnecessary ? skb.csumLevel : -ERRNO.EACCES;
    case LEVEL.INC:
      incrementLevel(skb);
      return 0;
    case LEVEL.DEC:
      if (unnecessary && skb.csumLevel > 0) skb.csumLevel--;
      else if (unnecessary) skb.ipSummed = SUMMED.NONE;
      return 0;
    case LEVEL.RESET:
      skb.resetChecksumUnnecessary();
      return 0;
    default:
      return -ERRNO.EINVAL;
  }
};

/** __skb_incr_checksum_unnecessary */
function incrementLevel(skb: Skb): void {
  if (skb.ipSummed === SUMMED.UNNECESSARY) {
    if (skb.csumLevel < SKB_MAX_CSUM_LEVEL) skb.csumLevel++;
  } else if (skb.ipSummed === SUMMED.NONE) {
    skb.ipSummed = SUMMED.UNNECESSARY;
    skb.csumLevel = 0;
  }
}

/** 0 when a replace helper may touch the 16-bit sum at `offset` with these flags, or a negative errno. */
function checkField(skb: Skb, offset: number, flags: number, known: number): number {
  if (flags > known || (flags & ~known) !== 0) return -ERRNO.EINVAL;
  if (offset > OFFSET_MAX || (offset & 1) !== 0 || offset + 2 > skb.length) return -ERRNO.EFAULT;
  return 0;
}

/** bpf_l3_csum_replace */
const l3Replace: HelperMaker = (rc) => (ctx, offset, fromLo, fromHi, to, _toHi, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const flags = u64(flagsLo!, flagsHi!);
  const errno = checkField(skb, offset! >>> 0, flags, FIELD_MASK);
  if (errno !== 0) return errno;
  const at = skb.data + (offset! >>> 0);
  const check = skb.u16(at);
  switch (flags) {
    case 0:
      if ((fromLo! | fromHi!) !== 0) return -ERRNO.EINVAL;
      skb.setU16(at, csumReplaceByDiff(check, to!));
      return 0;
    case 2:
      skb.setU16(at, csumReplace2(check, fromLo! & 0xffff, to! & 0xffff));
      return 0;
    case 4:
      skb.setU16(at, csumReplace4(check, fromLo!, to!));
      return 0;
    default:
      return -ERRNO.EINVAL;
  }
};

/** bpf_l4_csum_replace */
const l4Replace: HelperMaker = (rc) => (ctx, offset, fromLo, fromHi, to, _toHi, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const flags = u64(flagsLo!, flagsHi!);
  const errno = checkField(skb, offset! >>> 0, flags, L4_FLAGS);
  if (errno !== 0) return errno;
  const at = skb.data + (offset! >>> 0);
  const mangled0 = (flags & F.MARK_MANGLED_0) !== 0;
  if (mangled0 && (flags & F.MARK_ENFORCE) === 0 && skb.u16(at) === 0) return 0;
  switch (flags & FIELD_MASK) {
    case 0:
      if ((fromLo! | fromHi!) !== 0) return -ERRNO.EINVAL;
      replaceByDiff(skb, at, to!, flags);
      break;
    case 2:
      replaceField(skb, at, fromLo! & 0xffff, to! & 0xffff, flags);
      break;
    case 4:
      replaceField(skb, at, fromLo!, to!, flags);
      break;
    default:
      return -ERRNO.EINVAL;
  }
  if (mangled0 && skb.u16(at) === 0) skb.setU16(at, CSUM_MANGLED_0);
  return 0;
};

/** inet_proto_csum_replace_by_diff */
function replaceByDiff(skb: Skb, at: number, by: number, flags: number): void {
  skb.setU16(at, csumReplaceByDiff(skb.u16(at), by));
  const pseudo = (flags & F.PSEUDO_HDR) !== 0 && (flags & F.IPV6) === 0;
  if (pseudo && skb.ipSummed === SUMMED.COMPLETE) skb.csum = ~csumSub(by, skb.csum) >>> 0;
}

/** inet_proto_csum_replace4, and inet_proto_csum_replace2, which is the same with 16-bit values. */
function replaceField(skb: Skb, at: number, from: number, to: number, flags: number): void {
  skb.setU16(at, csumReplace4(skb.u16(at), from, to));
  if ((flags & F.PSEUDO_HDR) === 0 || skb.ipSummed !== SUMMED.COMPLETE) return;
  skb.csum = ~csumAdd(csumSub(~skb.csum, from), to) >>> 0;
}

/** By helper name. */
export const CSUM_HELPERS: Readonly<Record<string, HelperMaker>> = {
  csum_diff: diff,
  csum_update: update,
  csum_level: level,
  l3_csum_replace: l3Replace,
  l4_csum_replace: l4Replace,
};
