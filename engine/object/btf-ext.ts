/** .BTF.ext by section name: which function starts where, which source line an instruction is from, CO-RE relocation records. */
import { type BtfData, btfString } from './btf.ts';
import { malformed } from './elf.ts';
import { u16At, u32At } from './le-bytes.ts';

/** One CO-RE relocation (struct bpf_core_relo). */
export interface CoreRecord {
  /** Byte offset of the instruction in the section. */
  readonly offset: number;
  readonly type_id: number;
  /** Indices such as `0:1:2`, offset in the string section. */
  readonly access: number;
  /** enum bpf_core_relo_kind. */
  readonly kind: number;
}

/** Line records of a section, four words each: instruction's byte offset, file name, line text (string offsets), line and column. */
export type LineWords = Uint32Array;
export const LINE_WORDS = 4;

export interface BtfExt {
  /** Byte offset of a function in its section → id of its FUNC. */
  readonly funcs: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Sorted by instruction. */
  readonly lines: ReadonlyMap<string, LineWords>;
  /** Sorted by instruction. */
  readonly relos: ReadonlyMap<string, readonly CoreRecord[]>;
}

const SECTION = '.BTF.ext';

function bad(message: string, offset: number): never {
  return malformed(`${SECTION}: ${message}`, { section: SECTION, offset });
}

/** Parses .BTF.ext; ends in `malformed` naming the offset in it. */
export function parseBtfExt(data: Uint8Array, btf: BtfData): BtfExt {
  if (data.length < 24) bad(`header is cut: ${data.length} of 24 bytes`, data.length);
  if (u16At(data, 0) !== 0xeb9f) bad('does not start with the BTF magic', 0);
  if (data[2] !== 1) bad(`version ${data[2]} is unknown`, 2);
  const header = u32At(data, 4);
  if (header < 24 || header > data.length) bad(`header of ${header} bytes does not fit`, 4);
  const funcs = new Map<string, Map<number, number>>();
  const lines = new Map<string, Uint32Array[]>();
  const relos = new Map<string, CoreRecord[]>();
  eachTable(data, btf, { at: 8, least: 8, what: 'func_info' }, (section, at, size, count) => {
    const map = funcs.get(section) ?? new Map<number, number>();
    for (let i = 0; i < count; i++) map.set(u32At(data, at + i * size), u32At(data, at + i * size + 4));
    funcs.set(section, map);
  });
  eachTable(data, btf, { at: 16, least: 16, what: 'line_info' }, (section, at, size, count) => {
    const words = new Uint32Array(count * LINE_WORDS);
    for (let i = 0; i < words.length; i++) words[i] = u32At(data, at + (i >> 2) * size + (i & 3) * 4);
    const parts = lines.get(section) ?? [];
    parts.push(words);
    lines.set(section, parts);
  });
  if (header >= 32) {
    eachTable(data, btf, { at: 24, least: 16, what: 'core_relo' }, (section, at, size, count) => {
      const list = relos.get(section) ?? [];
      for (let i = 0; i < count; i++) list.push(coreRecord(data, at + i * size));
      relos.set(section, list);
    });
  }
  for (const list of relos.values()) list.sort((a, b) => a.offset - b.offset);
  return { funcs, lines: new Map([...lines].map(([section, parts]) => [section, sortLines(parts)])), relos };
}

function coreRecord(data: Uint8Array, at: number): CoreRecord {
  return {
    offset: u32At(data, at),
    type_id: u32At(data, at + 4),
    access: u32At(data, at + 8),
    kind: u32At(data, at + 12),
  };
}

type EachSection = (section: string, at: number, recordSize: number, count: number) => void;

/** Calls `each` for every section's records of the table whose offset and length stand at `table.at` of the header. */
function eachTable(
  data: Uint8Array,
  btf: BtfData,
  table: { readonly at: number; readonly least: number; readonly what: string },
  each: EachSection,
): void {
  const start = u32At(data, 4) + u32At(data, table.at);
  const length = u32At(data, table.at + 4);
  const end = start + length;
  if (length === 0) return;
  if (end > data.length)
    bad(`${table.what} (${length} bytes at ${start}) reaches past its end at ${data.length}`, table.at);
  if (length < 4) bad(`${table.what} is cut`, start);
  const size = u32At(data, start);
  if (size < table.least || size % 4 !== 0) bad(`${table.what} has records of ${size} bytes`, start);
  for (let at = start + 4; at < end; ) {
    if (at + 8 > end) bad(`${table.what} is cut`, at);
    const count = u32At(data, at + 4);
    if (at + 8 + count * size > end) bad(`${table.what} of ${count} records reaches past its end`, at + 4);
    each(btfString(btf, u32At(data, at)), at + 8, size, count);
    at += 8 + count * size;
  }
}

function sortLines(parts: readonly Uint32Array[]): LineWords {
  const words = new Uint32Array(parts.reduce((n, p) => n + p.length, 0));
  let at = 0;
  let sorted = true;
  for (const part of parts) {
    words.set(part, at);
    at += part.length;
  }
  for (let i = LINE_WORDS; i < words.length && sorted; i += LINE_WORDS) sorted = words[i]! >= words[i - LINE_WORDS]!;
  if (sorted) return words;
  const rows = Array.from({ length: words.length / LINE_WORDS }, (_, i) =>
    words.slice(i * LINE_WORDS, (i + 1) * LINE_WORDS),
  );
  rows.sort((a, b) => a[0]! - b[0]!);
  for (const [i, row] of rows.entries()) words.set(row, i * LINE_WORDS);
  return words;
}

/** Index of the first record at or after a byte offset. */
export function lowerBound(length: number, key: (index: number) => number, offset: number): number {
  let lo = 0;
  let hi = length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (key(mid) < offset) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}
