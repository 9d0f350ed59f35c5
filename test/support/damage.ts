/** Damaged copies of object files: cut, bytes flipped, sizes and counts set to huge; the same for the same seed. */

export interface Damaged {
  /** What was done, for the name of a failure. */
  readonly what: string;
  readonly bytes: Uint8Array;
  /** A header or table that cannot be right: opening must refuse it. */
  readonly hopeless: boolean;
}

/** mulberry32: numbers from 0 to 1 by a seed. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Header {
  readonly at: number;
  readonly name: number;
  readonly type: number;
  readonly offset: number;
  readonly size: number;
}

function headers(bytes: Uint8Array): Header[] {
  const dv = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const table = Number(dv.getBigUint64(40, true));
  return Array.from({ length: dv.getUint16(60, true) }, (_, i) => {
    const at = table + i * 64;
    return {
      at,
      name: dv.getUint32(at, true),
      type: dv.getUint32(at + 4, true),
      offset: Number(dv.getBigUint64(at + 24, true)),
      size: Number(dv.getBigUint64(at + 32, true)),
    };
  });
}

/** Every copy cut where a section starts or ends: the table of sections is last, so all are hopeless. */
export function cutAtSections(bytes: Uint8Array): Damaged[] {
  const ends = new Set(headers(bytes).flatMap((h) => (h.type === 8 ? [h.offset] : [h.offset, h.offset + h.size])));
  ends.add(0);
  ends.add(63);
  ends.add(bytes.length - 1);
  return [...ends]
    .filter((end) => end < bytes.length)
    .map((end) => ({ what: `cut at ${end}`, bytes: bytes.slice(0, end), hopeless: true }));
}

export function cutAnywhere(bytes: Uint8Array, random: () => number): Damaged {
  const end = Math.floor(random() * bytes.length);
  return { what: `cut at ${end}`, bytes: bytes.slice(0, end), hopeless: true };
}

export function flipBytes(bytes: Uint8Array, random: () => number): Damaged {
  const copy = bytes.slice();
  const places: number[] = [];
  for (let n = 1 + Math.floor(random() * 8); n > 0; n--) {
    const at = Math.floor(random() * copy.length);
    copy[at] = copy[at]! ^ (1 + Math.floor(random() * 255));
    places.push(at);
  }
  return { what: `bytes ${places.join(', ')} changed`, bytes: copy, hopeless: false };
}

const HUGE = [0xffff_ffff_ffff_ffffn, 0x7fff_ffff_ffff_ffffn, 0xffff_ffffn, 0x7fff_ffffn, 1n << 40n];

/** The file's or a section's header with a size, count or place beyond all bounds. */
export function hugeHeader(bytes: Uint8Array, random: () => number): Damaged {
  const copy = bytes.slice();
  const dv = new DataView(copy.buffer);
  const value = HUGE[Math.floor(random() * HUGE.length)]!;
  const choice = random();
  if (choice < 0.2) {
    dv.setBigUint64(40, value, true);
    return { what: `e_shoff ${value}`, bytes: copy, hopeless: true };
  }
  if (choice < 0.4) {
    dv.setUint16(60, 0xffff, true);
    return { what: 'e_shnum 65535', bytes: copy, hopeless: true };
  }
  const filed = headers(bytes).filter((h) => h.type !== 0);
  const header = filed[Math.floor(random() * filed.length)]!;
  const field = header.type === 8 || choice < 0.7 ? 32 : 24;
  dv.setBigUint64(header.at + field, value, true);
  return {
    what: `section header at ${header.at}: ${field === 32 ? 'size' : 'offset'} ${value}`,
    bytes: copy,
    hopeless: header.type !== 8,
  };
}

/** A 4-byte word inside a section (a symbol, a relocation, a BTF record or header, an instruction) set to something huge. */
export function hugeWord(bytes: Uint8Array, random: () => number): Damaged {
  const copy = bytes.slice();
  const filed = headers(bytes).filter((h) => h.type !== 0 && h.type !== 8 && h.size >= 4);
  const header = filed[Math.floor(random() * filed.length)]!;
  // Headers and first records of tables are worth more tries than the rest.
  const reach = random() < 0.5 ? Math.min(header.size, 64) : header.size;
  const at = header.offset + (Math.floor((random() * (reach - 3)) / 4) << 2);
  const value = [0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x00ff_ffff, 0xffff][Math.floor(random() * 5)]!;
  new DataView(copy.buffer).setUint32(at, value, true);
  return { what: `word at ${at} set to ${value}`, bytes: copy, hopeless: false };
}
