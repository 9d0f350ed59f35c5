/** Bytes of a BTF type as plain values: numbers, arrays, objects by field and variable name. */
import {
  arrayInfo,
  type BtfData,
  enumValues,
  intInfo,
  isComposite,
  KIND,
  kindFlag,
  kindOf,
  type Member,
  membersOf,
  nameOf,
  referredType,
  secVars,
  sizeField,
  skipModifiers,
  vlenOf,
} from './btf.ts';
import { typeSize } from './btf-types.ts';

/** One value of BTF type, decoded for people and JSON: numbers above 2^53 are bigint, structs are objects, char arrays stay arrays. */
export type Decoded =
  | number
  | bigint
  | string
  | boolean
  | null
  | readonly Decoded[]
  | { readonly [field: string]: Decoded };

type Fields = { [field: string]: Decoded };

/** Values decoded at most: unions of unions repeat the same bytes without end. */
const VALUES_MAX = 4_000_000;
const DEPTH_MAX = 64;

/** How values are shown. */
export interface DecodeOpts {
  /** Enums by the name of their value, where they have one. Default: as numbers. */
  readonly enum_names?: boolean;
}

interface Decoder {
  readonly btf: BtfData;
  readonly bytes: Uint8Array;
  readonly names: boolean;
  left: number;
}

/**
 * Decodes `bytes` as a value of a type, or of a variable or data section (an object by variable name). Members of
 * anonymous structs and unions stand beside the others, every member of a union is there. What the bytes do not
 * reach, void and functions are null.
 */
export function decodeBtf(btf: BtfData, typeId: number, bytes: Uint8Array, opts: DecodeOpts = {}): Decoded {
  return decode({ btf, bytes, names: opts.enum_names ?? false, left: VALUES_MAX }, typeId, 0, 0);
}

function decode(d: Decoder, typeId: number, at: number, depth: number): Decoded {
  const { btf } = d;
  const id = skipModifiers(btf, typeId);
  if (depth > DEPTH_MAX || d.left-- <= 0) return null;
  switch (kindOf(btf, id)) {
    case KIND.INT:
      return number(d, id, at * 8, sizeField(btf, id) * 8);
    case KIND.ENUM:
    case KIND.ENUM64:
      return enumeration(d, id, at * 8, sizeField(btf, id) * 8);
    case KIND.PTR:
      return number(d, id, at * 8, 64);
    case KIND.FLOAT:
      return float(d, sizeField(btf, id), at);
    case KIND.ARRAY:
      return elements(d, id, at, depth);
    case KIND.STRUCT:
    case KIND.UNION: {
      const fields: Fields = {};
      decodeMembers(d, id, at, depth, fields);
      return fields;
    }
    case KIND.VAR:
      return decode(d, referredType(btf, id), at, depth + 1);
    case KIND.DATASEC: {
      const fields: Fields = {};
      for (const v of secVars(btf, id))
        put(fields, nameOf(btf, v.type_id), decode(d, v.type_id, at + v.offset, depth + 1));
      return fields;
    }
    default:
      return null;
  }
}

/** Sets a field whatever its name is. */
function put(fields: Fields, name: string, value: Decoded): void {
  if (name !== '__proto__') fields[name] = value;
  else Object.defineProperty(fields, name, { value, enumerable: true, configurable: true, writable: true });
}

function elements(d: Decoder, id: number, at: number, depth: number): Decoded {
  const { type_id, nelems } = arrayInfo(d.btf, id);
  const size = typeSize(d.btf, type_id);
  const list: Decoded[] = [];
  if (size <= 0) return list;
  const count = Math.min(nelems, Math.ceil((d.bytes.length - at) / size));
  for (let i = 0; i < count && d.left > 0; i++) list.push(decode(d, type_id, at + i * size, depth + 1));
  return list;
}

function decodeMembers(d: Decoder, id: number, at: number, depth: number, into: Fields): void {
  d.left -= vlenOf(d.btf, id);
  if (depth > DEPTH_MAX || d.left < 0) return;
  for (const member of membersOf(d.btf, id)) {
    const type = skipModifiers(d.btf, member.type_id);
    const bits = bitRange(d.btf, member, type);
    if (member.name === '' && isComposite(d.btf, type)) {
      decodeMembers(d, type, at + (member.bit_offset >>> 3), depth + 1, into);
    } else if (member.name === '') {
      // Padding of bit fields.
    } else if (bits !== null) {
      const value = kindOf(d.btf, type) === KIND.INT ? number : enumeration;
      put(into, member.name, value(d, type, at * 8 + bits.offset, bits.size));
    } else {
      put(into, member.name, decode(d, type, at + member.bit_offset / 8, depth + 1));
    }
  }
}

/** Where a bit field is, in either encoding; null for a member of whole bytes. */
export function bitRange(btf: BtfData, member: Member, type: number): { offset: number; size: number } | null {
  if (member.bit_size > 0) return { offset: member.bit_offset, size: member.bit_size };
  if (kindOf(btf, type) === KIND.INT) {
    const { bits, bit_offset } = intInfo(btf, type);
    if (bits !== sizeField(btf, type) * 8) return { offset: member.bit_offset + bit_offset, size: bits };
  }
  return member.bit_offset % 8 === 0 ? null : { offset: member.bit_offset, size: Math.max(0, typeSize(btf, type) * 8) };
}

function enumeration(d: Decoder, id: number, from: number, bits: number): Decoded {
  const value = integer(d.bytes, from, bits, kindFlag(d.btf, id));
  if (value === null || !d.names) return value;
  return enumValues(d.btf, id).find((v) => v.value === BigInt(value))?.name ?? value;
}

function number(d: Decoder, id: number, from: number, bits: number): Decoded {
  const plain = kindOf(d.btf, id) === KIND.INT ? intInfo(d.btf, id) : null;
  const value = integer(d.bytes, from, bits, plain?.signed ?? false);
  return plain?.bool && value !== null ? value !== 0 : value;
}

/** `bits` bits from bit `from`, as a number when that is exact; null when the bytes do not reach that far. */
function integer(bytes: Uint8Array, from: number, bits: number, signed: boolean): number | bigint | null {
  const start = Math.floor(from / 8);
  const end = Math.ceil((from + bits) / 8);
  if (end > bytes.length || bits <= 0 || bits > 128) return null;
  if (from % 8 === 0 && bits <= 32 && bits % 8 === 0) {
    let value = 0;
    for (let i = end - 1; i >= start; i--) value = value * 256 + bytes[i]!;
    return signed && value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
  }
  let wide = 0n;
  for (let i = end - 1; i >= start; i--) wide = (wide << 8n) | BigInt(bytes[i]!);
  wide >>= BigInt(from % 8);
  const value = signed ? BigInt.asIntN(bits, wide) : BigInt.asUintN(bits, wide);
  const short = Number(value);
  return Number.isSafeInteger(short) ? short : value;
}

function float(d: Decoder, size: number, at: number): Decoded {
  if (at + size > d.bytes.length) return null;
  const view = new DataView(d.bytes.buffer, d.bytes.byteOffset + at, size);
  return size === 4 ? view.getFloat32(0, true) : size === 8 ? view.getFloat64(0, true) : null;
}

/** A variable of a data section. */
export interface DatasecVar {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
  /** Type of its value. */
  readonly type_id: number;
}

/** Variables of a DATASEC in the order of their offsets; empty for other types. */
export function datasecVars(btf: BtfData, typeId: number): DatasecVar[] {
  return secVars(btf, typeId).map((v) => {
    const type_id = kindOf(btf, v.type_id) === KIND.VAR ? referredType(btf, v.type_id) : v.type_id;
    return { name: nameOf(btf, v.type_id), offset: v.offset, size: v.size, type_id };
  });
}
