/** The kernel's one's complement sums (include/net/checksum.h), to the bit: programs see unfolded values through bpf_csum_update. */

/** csum_partial: 32-bit sum of the bytes as little-endian words, added to `sum`. Zero only when everything is zero. */
export function csumPartial(u8: Uint8Array, at: number, bytes: number, sum: number): number {
  let total = sum >>> 0;
  const end = at + bytes;
  let i = at;
  for (; i + 3 < end; i += 4) total += (u8[i]! | (u8[i + 1]! << 8) | (u8[i + 2]! << 16) | (u8[i + 3]! << 24)) >>> 0;
  let tail = 0;
  for (let shift = 0; i < end; i++, shift += 8) tail |= u8[i]! << shift;
  return carry32(total + tail);
}

/** Folds the carries of an exact sum back into 32 bits. */
function carry32(sum: number): number {
  let total = sum;
  while (total > 0xffff_ffff) total = (total % 0x1_0000_0000) + Math.floor(total / 0x1_0000_0000);
  return total;
}

export function csumAdd(a: number, b: number): number {
  return carry32((a >>> 0) + (b >>> 0));
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
