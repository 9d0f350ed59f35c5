/** Bob Jenkins' lookup3 hash as the kernel uses it (jhash, and jhash2 which agrees with it on little-endian machines). */
import type { WorldMemory } from '../memory.ts';

const INIT = 0xdeadbeef | 0;

function rotate(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by));
}

/** Hash of `bytes` bytes at an address, as an unsigned 32-bit number. */
export function jhash(mem: WorldMemory, address: number, bytes: number, seed: number): number {
  const { dv, u8 } = mem;
  let a = (INIT + bytes + seed) | 0;
  let b = a;
  let c = a;
  let at = address;
  let left = bytes;
  for (; left > 12; left -= 12, at += 12) {
    a = (a + dv.getInt32(at, true)) | 0;
    b = (b + dv.getInt32(at + 4, true)) | 0;
    c = (c + dv.getInt32(at + 8, true)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (left === 0) return c >>> 0;
  for (let i = 0; i < left; i++) {
    const part = u8[at + i]! << ((i & 3) * 8);
    if (i < 4) a = (a + part) | 0;
    else if (i < 8) b = (b + part) | 0;
    else c = (c + part) | 0;
  }
  return finish(a, b, c);
}

function finish(a: number, b: number, c: number): number {
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
