/** The kernel's one's complement sums (include/net/checksum.h), to the bit: programs see unfolded values through bpf_csum_update. */

/** Words that are summed before carries are folded: sums of 16-bit halves stay below 2^31. */
const WORDS_MAX = 1 << 14;

/** csum_partial: 32-bit sum of the bytes as little-endian words, added to `sum`. Zero only when everything is zero. */
export function csumPartial(u8: Uint8Array, at: number, bytes: number, sum: number): number {
  let total = sum | 0;
  let i = at;
  for (let words = bytes >>> 2; words > 0; words -= WORDS_MAX) {
    const end = i + Math.min(words, WORDS_MAX) * 4;
    let lo = 0;
    let hi = 0;
    for (; i < end; i += 4) {
      lo += u8[i]! | (u8[i + 1]! << 8);
      hi += u8[i + 2]! | (u8[i + 3]! << 8);
    }
    total = addHalves(total, lo, hi);
  }
  let tail = 0;
  for (let shift = 0; i < at + bytes; i++, shift += 8) tail |= u8[i]! << shift;
  return addHalves(total, tail & 0xffff, tail >>> 16) >>> 0;
}

/** The same where the bytes start at a multiple of 2, as the Internet's headers do in memory: half the loads. */
export function csumPartial16(u16: Uint16Array, u8: Uint8Array, at: number, bytes: number, sum: number): number {
  if ((at & 1) !== 0 || bytes >= WORDS_MAX * 4) return csumPartial(u8, at, bytes, sum);
  let lo = 0;
  let hi = 0;
  let i = at >>> 1;
  const end = i + ((bytes >>> 1) & ~1);
  for (; i < end; i += 2) {
    lo += u16[i]!;
    hi += u16[i + 1]!;
  }
  if ((bytes & 2) !== 0) lo += u16[i++]!;
  if ((bytes & 1) !== 0) {
    if ((bytes & 2) !== 0) hi += u8[i * 2]!;
    else lo += u8[i * 2]!;
  }
  return addHalves(sum | 0, lo, hi) >>> 0;
}

/** sum + lo + hi * 65536, the carries out of 32 bits added back in: int32 arithmetic throughout. Both are below 2^31 - 2^16. */
function addHalves(sum: number, lo: number, hi: number): number {
  const low = lo + (sum & 0xffff);
  const high = hi + (sum >>> 16) + (low >>> 16);
  const back = (low & 0xffff) + (high >>> 16);
  const top = (high & 0xffff) + (back >>> 16);
  return ((top << 16) | (back & 0xffff)) + (top >>> 16);
}

/** csum_add */
export function csumAdd(a: number, b: number): number {
  return addHalves(a | 0, b & 0xffff, b >>> 16) >>> 0;
}

export function csumSub(a: number, b: number): number {
  return csumAdd(a, ~b);
}

/** csum_from32to16: folded to 16 bits, not complemented. */
export function csumFrom32To16(sum: number): number {
  let total = (sum & 0xffff) + (sum >>> 16);
  total = (total & 0xffff) + (total >>> 16);
  return total;
}

/** csum_fold: folded and complemented, as headers carry it. */
export function csumFold(sum: number): number {
  return ~csumFrom32To16(sum) & 0xffff;
}

/** A sum over bytes at an odd offset has its bytes the other way round (csum_shift). */
function csumShift(sum: number, offset: number): number {
  return (offset & 1) === 0 ? sum : ((sum >>> 8) | (sum << 24)) >>> 0;
}

/** csum_block_add */
export function csumBlockAdd(sum: number, block: number, offset: number): number {
  return csumAdd(sum, csumShift(block, offset));
}

/** csum_block_sub */
export function csumBlockSub(sum: number, block: number, offset: number): number {
  return csumBlockAdd(sum, ~block, offset);
}

/** csum_replace_by_diff on a header's 16-bit sum: the new one. */
export function csumReplaceByDiff(check: number, diff: number): number {
  return csumFold(csumAdd(diff, ~check));
}

/** csum_replace4: the header's sum after a 32-bit field went from one value to another. */
export function csumReplace4(check: number, from: number, to: number): number {
  return csumFold(csumAdd(csumSub(~check, from), to));
}

/** csum_replace2: the same for a 16-bit field; RFC 1624 in 16 bits, which differs from csumReplace4 in its zeros. */
export function csumReplace2(check: number, from: number, to: number): number {
  return ~csum16Add(csum16Add(~check & 0xffff, ~from & 0xffff), to & 0xffff) & 0xffff;
}

function csum16Add(a: number, b: number): number {
  const sum = a + b;
  return sum > 0xffff ? (sum & 0xffff) + 1 : sum;
}
