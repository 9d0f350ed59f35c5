/** Tells a whole ELF file from one that is still being written, without opening it. */

const HEADER_BYTES = 64;
const SECTION_HEADER_BYTES = 64;
const MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const SHT_NOBITS = 8;

/**
 * False while a file can be the beginning of an ELF object and no more: shorter than its header, or than its section
 * table, or than a section in it. A file that is no 64-bit ELF at all is as whole as it will get: opening it says what it is.
 */
export function isWholeElf(bytes: Uint8Array): boolean {
  if (!MAGIC.every((byte, i) => i >= bytes.length || bytes[i] === byte)) return !startsWithZeros(bytes);
  if (bytes.length < HEADER_BYTES) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const table = Number(view.getBigUint64(0x28, true));
  const count = view.getUint16(0x3c, true);
  if (table === 0) return false;
  if (table + count * SECTION_HEADER_BYTES > bytes.length) return false;
  for (let i = 0; i < count; i++) {
    const at = table + i * SECTION_HEADER_BYTES;
    const end = Number(view.getBigUint64(at + 0x18, true)) + Number(view.getBigUint64(at + 0x20, true));
    if (view.getUint32(at + 4, true) !== SHT_NOBITS && end > bytes.length) return false;
  }
  return true;
}

/** Writers that give a file its size first leave zeros where the header will be. */
function startsWithZeros(bytes: Uint8Array): boolean {
  return bytes.subarray(0, HEADER_BYTES).every((byte) => byte === 0);
}
