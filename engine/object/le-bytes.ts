/** Little-endian reads and writes at byte offsets that the caller has checked, and text between NULs. */

export function u16At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

export function u32At(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
}

/** A u64 as a number: exact to 2^53, rounded above, which is past the end of any file. */
export function u64At(bytes: Uint8Array, at: number): number {
  return u32At(bytes, at) + u32At(bytes, at + 4) * 2 ** 32;
}

export function bigU64At(bytes: Uint8Array, at: number): bigint {
  return BigInt(u32At(bytes, at)) | (BigInt(u32At(bytes, at + 4)) << 32n);
}

export function setU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value & 0xff;
  bytes[at + 1] = (value >> 8) & 0xff;
  bytes[at + 2] = (value >> 16) & 0xff;
  bytes[at + 3] = (value >>> 24) & 0xff;
}

/** Writes the low `size` bytes of `value`. */
export function setUint(bytes: Uint8Array, at: number, size: number, value: bigint): void {
  let rest = value;
  for (let i = 0; i < size; i++) {
    bytes[at + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

const utf8 = new TextDecoder('utf-8');

/** Text from `at` to the first NUL, or to `end`. */
export function textAt(bytes: Uint8Array, at: number, end: number): string {
  let text = '';
  for (let i = at; i < end; i++) {
    const byte = bytes[i]!;
    if (byte === 0) return text;
    if (byte > 0x7e || i - at > 200) return longTextAt(bytes, at, end);
    text += String.fromCharCode(byte);
  }
  return text;
}

function longTextAt(bytes: Uint8Array, at: number, end: number): string {
  const nul = bytes.indexOf(0, at);
  return utf8.decode(bytes.subarray(at, nul < 0 || nul > end ? end : nul));
}
