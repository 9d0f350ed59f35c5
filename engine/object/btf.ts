/** BTF as plain data: the raw bytes and where each type starts in them; names and members are read when asked for. */
import { malformed } from './elf.ts';
import { bigU64At, setU32, textAt, u16At, u32At } from './le-bytes.ts';

/** Parsed .BTF: plain data that structuredClone takes. Offsets count from the start of `raw`. */
export interface BtfData {
  /** Header, types and strings. Sizes and offsets of data sections are filled in, as libbpf does. */
  readonly raw: Uint8Array;
  /** Where type N starts; [0] is void and means nothing. */
  readonly types: Uint32Array;
  readonly strings: number;
  readonly strings_end: number;
}

/** BTF_KIND_* (include/uapi/linux/btf.h). */
export const KIND = {
  VOID: 0,
  INT: 1,
  PTR: 2,
  ARRAY: 3,
  STRUCT: 4,
  UNION: 5,
  ENUM: 6,
  FWD: 7,
  TYPEDEF: 8,
  VOLATILE: 9,
  CONST: 10,
  RESTRICT: 11,
  FUNC: 12,
  FUNC_PROTO: 13,
  VAR: 14,
  DATASEC: 15,
  FLOAT: 16,
  DECL_TAG: 17,
  TYPE_TAG: 18,
  ENUM64: 19,
} as const;

/** Bytes after the 12 of struct btf_type: fixed, and for each of `vlen` members. */
const EXTRA: readonly (readonly [fixed: number, member: number])[] = [
  [0, 0],
  [4, 0],
  [0, 0],
  [12, 0],
  [0, 12],
  [0, 12],
  [0, 8],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 0],
  [0, 8],
  [4, 0],
  [0, 12],
  [0, 0],
  [4, 0],
  [0, 0],
  [0, 12],
];

/** VAR and FUNC linkage. */
export const LINKAGE = { STATIC: 0, GLOBAL: 1, EXTERN: 2 } as const;

export interface Member {
  readonly name: string;
  readonly type_id: number;
  readonly bit_offset: number;
  /** 0 when it is no bit field. */
  readonly bit_size: number;
}

/** One variable of a DATASEC: `type_id` is the VAR (or, for kernel functions, the FUNC). */
export interface SecVar {
  readonly type_id: number;
  readonly offset: number;
  readonly size: number;
  /** Where the record stands in `raw`. */
  readonly at: number;
}

/** Names and source lines are cut here: a string section without NULs must not cost its length at each of its uses. */
const TEXT_MAX = 4096;

const parsed = new WeakMap<Uint8Array, BtfData>();

/** Parses raw BTF, a copy of which is kept; ends in `malformed` naming `section` and the offset in it. */
export function parseBtf(bytes: Uint8Array, section = '.BTF'): BtfData {
  const raw = bytes.slice();
  const bad = (message: string, offset: number): never => malformed(`${section}: ${message}`, { section, offset });
  if (raw.length < 24) bad(`header is cut: ${raw.length} of 24 bytes`, raw.length);
  if (u16At(raw, 0) !== 0xeb9f) {
    bad(u16At(raw, 0) === 0x9feb ? 'is big-endian, which is not supported' : 'does not start with the BTF magic', 0);
  }
  if (raw[2] !== 1) bad(`version ${raw[2]} is unknown`, 2);
  const header = u32At(raw, 4);
  if (header < 24 || header > raw.length) bad(`header of ${header} bytes does not fit`, 4);
  const start = header + u32At(raw, 8);
  const end = start + u32At(raw, 12);
  const strings = header + u32At(raw, 16);
  const strings_end = strings + u32At(raw, 20);
  if (end > raw.length) bad(`types (${u32At(raw, 12)} bytes at ${start}) reach past its end at ${raw.length}`, 12);
  if (strings_end > raw.length)
    bad(`strings (${u32At(raw, 20)} bytes at ${strings}) reach past its end at ${raw.length}`, 20);
  if (strings_end > strings && raw[strings_end - 1] !== 0) bad('strings do not end in NUL', strings_end - 1);
  const types = findTypes(raw, start, end, bad);
  const btf = { raw, types, strings, strings_end };
  checkReferences(btf, bad);
  return btf;
}

/** Same, remembered for as long as `file` lives, whose BTF it is (the types of a kernel are read once). */
export function parseBtfOnce(file: Uint8Array, bytes: () => Uint8Array, section: string): BtfData {
  let btf = parsed.get(file);
  if (btf === undefined) {
    btf = parseBtf(bytes(), section);
    parsed.set(file, btf);
  }
  return btf;
}

function findTypes(raw: Uint8Array, start: number, end: number, bad: (m: string, at: number) => never): Uint32Array {
  const starts = new Uint32Array(Math.floor((end - start) / 12) + 1);
  let count = 1;
  let at = start;
  while (at < end) {
    if (at + 12 > end) bad(`type ${count} is cut`, at);
    const info = u32At(raw, at + 4);
    const kind = (info >>> 24) & 0x1f;
    const extra = kind === 0 ? undefined : EXTRA[kind];
    if (extra === undefined) bad(`type ${count} has the unknown kind ${kind}`, at + 4);
    const next = at + 12 + extra![0] + extra![1] * (info & 0xffff);
    if (next > end) bad(`type ${count} reaches past the end of the types`, at);
    starts[count++] = at;
    at = next;
  }
  return starts.slice(0, count);
}

/** Every name and type id inside the types points to something; after this no accessor checks bounds. */
function checkReferences(btf: BtfData, bad: (m: string, at: number) => never): void {
  const { raw, types } = btf;
  const nameMax = btf.strings_end - btf.strings;
  const name = (at: number) =>
    u32At(raw, at) === 0 || u32At(raw, at) < nameMax || bad('a name is outside the strings', at);
  const type = (at: number) => u32At(raw, at) < types.length || bad(`type ${u32At(raw, at)} is not there`, at);
  for (let id = 1; id < types.length; id++) {
    const at = types[id]!;
    const info = u32At(raw, at + 4);
    const kind = (info >>> 24) & 0x1f;
    name(at);
    if (REFERS.has(kind)) type(at + 8);
    if (kind === KIND.ARRAY) {
      type(at + 12);
      type(at + 16);
      continue;
    }
    const step = EXTRA[kind]![1];
    if (step === 0) continue;
    const nameFirst = kind !== KIND.DATASEC;
    const typeAt = kind === KIND.DATASEC ? 0 : kind === KIND.ENUM || kind === KIND.ENUM64 ? -1 : 4;
    for (let i = 0, m = at + 12; i < (info & 0xffff); i++, m += step) {
      if (nameFirst) name(m);
      if (typeAt >= 0) type(m + typeAt);
    }
  }
}

/** Kinds whose third word is a type id, not a size. */
const REFERS: ReadonlySet<number> = new Set([
  KIND.PTR,
  KIND.TYPEDEF,
  KIND.VOLATILE,
  KIND.CONST,
  KIND.RESTRICT,
  KIND.FUNC,
  KIND.FUNC_PROTO,
  KIND.VAR,
  KIND.DECL_TAG,
  KIND.TYPE_TAG,
]);

/** Types including void: ids run from 1 to this minus 1. */
export function typeCount(btf: BtfData): number {
  return btf.types.length;
}

/** Text at an offset of the string section, '' when it is outside. */
export function btfString(btf: BtfData, offset: number): string {
  if (offset >= btf.strings_end - btf.strings) return '';
  const at = btf.strings + offset;
  return textAt(btf.raw, at, Math.min(btf.strings_end, at + TEXT_MAX));
}

/** Kind of a type; VOID for 0 and for ids that are not there. */
export function kindOf(btf: BtfData, id: number): number {
  return id > 0 && id < btf.types.length ? btf.raw[btf.types[id]! + 7]! & 0x1f : KIND.VOID;
}

export function nameOf(btf: BtfData, id: number): string {
  return kindOf(btf, id) === KIND.VOID ? '' : btfString(btf, u32At(btf.raw, btf.types[id]!));
}

export function vlenOf(btf: BtfData, id: number): number {
  return kindOf(btf, id) === KIND.VOID ? 0 : u16At(btf.raw, btf.types[id]! + 4);
}

/** Struct with bit fields in the new encoding, signed enum, forward declaration of a union. */
export function kindFlag(btf: BtfData, id: number): boolean {
  return kindOf(btf, id) !== KIND.VOID && btf.raw[btf.types[id]! + 7]! >> 7 === 1;
}

/** The size that INT, STRUCT, UNION, ENUM, FLOAT and DATASEC record. */
export function sizeField(btf: BtfData, id: number): number {
  return kindOf(btf, id) === KIND.VOID ? 0 : u32At(btf.raw, btf.types[id]! + 8);
}

/** What a pointer, typedef, qualifier, function, variable or tag refers to; 0 for void. */
export function referredType(btf: BtfData, id: number): number {
  return sizeField(btf, id);
}

/** The type behind typedefs, qualifiers and type tags. */
export function skipModifiers(btf: BtfData, id: number): number {
  let at = id;
  for (let depth = 0; depth < 64; depth++) {
    const kind = kindOf(btf, at);
    const modifier = (kind >= KIND.TYPEDEF && kind <= KIND.RESTRICT) || kind === KIND.TYPE_TAG;
    if (!modifier) return at;
    at = referredType(btf, at);
  }
  return 0;
}

export function isComposite(btf: BtfData, id: number): boolean {
  const kind = kindOf(btf, id);
  return kind === KIND.STRUCT || kind === KIND.UNION;
}

export function isEnum(btf: BtfData, id: number): boolean {
  const kind = kindOf(btf, id);
  return kind === KIND.ENUM || kind === KIND.ENUM64;
}

export interface IntInfo {
  readonly signed: boolean;
  readonly char: boolean;
  readonly bool: boolean;
  /** Old encoding of bit fields. */
  readonly bit_offset: number;
  readonly bits: number;
}

export function intInfo(btf: BtfData, id: number): IntInfo {
  const word = u32At(btf.raw, btf.types[id]! + 12);
  const encoding = (word >>> 24) & 15;
  return {
    signed: (encoding & 1) !== 0,
    char: (encoding & 2) !== 0,
    bool: (encoding & 4) !== 0,
    bit_offset: (word >>> 16) & 0xff,
    bits: word & 0xff,
  };
}

export function arrayInfo(btf: BtfData, id: number): { readonly type_id: number; readonly nelems: number } {
  const at = btf.types[id]! + 12;
  return { type_id: u32At(btf.raw, at), nelems: u32At(btf.raw, at + 8) };
}

export function memberAt(btf: BtfData, id: number, index: number): Member {
  const at = btf.types[id]! + 12 + index * 12;
  const offset = u32At(btf.raw, at + 8);
  const packed = kindFlag(btf, id);
  return {
    name: btfString(btf, u32At(btf.raw, at)),
    type_id: u32At(btf.raw, at + 4),
    bit_offset: packed ? offset & 0xffffff : offset,
    bit_size: packed ? offset >>> 24 : 0,
  };
}

/** Whether a member has this name, without decoding it. */
export function memberIs(btf: BtfData, id: number, index: number, name: string): boolean {
  const offset = u32At(btf.raw, btf.types[id]! + 12 + index * 12);
  return startsWith(btf, offset, name) && btf.raw[btf.strings + offset + name.length] === 0;
}

/** Whether a type is called `name` or `name_…`, which may be a flavour of it: a cheap test before names are decoded. */
export function mayBeNamed(btf: BtfData, id: number, name: string): boolean {
  return beginsAsName(btf, u32At(btf.raw, btf.types[id]!), name);
}

function beginsAsName(btf: BtfData, offset: number, name: string): boolean {
  if (!startsWith(btf, offset, name)) return false;
  const next = btf.raw[btf.strings + offset + name.length];
  return next === 0 || next === 0x5f;
}

/** Only for names of one byte a character, as C's are; others match nothing. */
function startsWith(btf: BtfData, offset: number, name: string): boolean {
  const { raw } = btf;
  const at = btf.strings + offset;
  for (let i = 0; i < name.length; i++) if (raw[at + i] !== name.charCodeAt(i)) return false;
  return true;
}

/** Members of a struct or union; empty for other kinds. */
export function membersOf(btf: BtfData, id: number): Member[] {
  if (!isComposite(btf, id)) return [];
  return Array.from({ length: vlenOf(btf, id) }, (_, i) => memberAt(btf, id, i));
}

export interface EnumValue {
  readonly name: string;
  readonly value: bigint;
}

/** Names and values of an ENUM or ENUM64. */
export function enumValues(btf: BtfData, id: number): EnumValue[] {
  return Array.from({ length: vlenOf(btf, id) }, (_, i) => enumValueAt(btf, id, i));
}

export function enumValueAt(btf: BtfData, id: number, index: number): EnumValue {
  const at = enumRecord(btf, id, index);
  const wide = kindOf(btf, id) === KIND.ENUM64;
  const raw = wide ? bigU64At(btf.raw, at + 4) : BigInt(u32At(btf.raw, at + 4));
  const value = kindFlag(btf, id) ? BigInt.asIntN(wide ? 64 : 32, raw) : raw;
  return { name: btfString(btf, u32At(btf.raw, at)), value };
}

/** Whether an enum value is called `name` or `name_…`. */
export function enumMayBeNamed(btf: BtfData, id: number, index: number, name: string): boolean {
  return beginsAsName(btf, u32At(btf.raw, enumRecord(btf, id, index)), name);
}

function enumRecord(btf: BtfData, id: number, index: number): number {
  return btf.types[id]! + 12 + index * (kindOf(btf, id) === KIND.ENUM64 ? 12 : 8);
}

/** Parameters of a FUNC_PROTO. */
export function paramsOf(btf: BtfData, id: number): { readonly name: string; readonly type_id: number }[] {
  const base = btf.types[id]! + 12;
  return Array.from({ length: vlenOf(btf, id) }, (_, i) => ({
    name: btfString(btf, u32At(btf.raw, base + i * 8)),
    type_id: u32At(btf.raw, base + i * 8 + 4),
  }));
}

/** Linkage of a VAR or FUNC. */
export function linkageOf(btf: BtfData, id: number): number {
  return kindOf(btf, id) === KIND.VAR ? u32At(btf.raw, btf.types[id]! + 12) : vlenOf(btf, id);
}

/** Makes a VAR or FUNC static (libbpf does it for hidden symbols). */
export function setStatic(btf: BtfData, id: number): void {
  if (kindOf(btf, id) === KIND.VAR) setU32(btf.raw, btf.types[id]! + 12, LINKAGE.STATIC);
  else setU32(btf.raw, btf.types[id]! + 4, KIND.FUNC << 24);
}

/** Variables of a DATASEC in file order. */
export function secVars(btf: BtfData, id: number): SecVar[] {
  if (kindOf(btf, id) !== KIND.DATASEC) return [];
  const base = btf.types[id]! + 12;
  return Array.from({ length: vlenOf(btf, id) }, (_, i) => {
    const at = base + i * 12;
    return { type_id: u32At(btf.raw, at), offset: u32At(btf.raw, at + 4), size: u32At(btf.raw, at + 8), at };
  });
}

/** Component of a DECL_TAG: -1 for the declaration itself, else a member or parameter index. */
export function tagComponent(btf: BtfData, id: number): number {
  return u32At(btf.raw, btf.types[id]! + 12) | 0;
}

/** First type of a kind with this name, 0 if there is none. */
export function findType(btf: BtfData, kind: number, name: string): number {
  for (let id = 1; id < btf.types.length; id++) {
    if (kindOf(btf, id) === kind && nameOf(btf, id) === name) return id;
  }
  return 0;
}
