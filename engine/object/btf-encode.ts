/** Values as a user writes them into the bytes of a BTF type, over what is there; mistakes are named by their path. */
import { ok, type Refusal, type Result, refuse } from '../errors.ts';
import { ERRNO } from '../uapi/errno.ts';
import {
  arrayInfo,
  type BtfData,
  enumValues,
  intInfo,
  isComposite,
  isEnum,
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
} from './btf.ts';
import { bitRange } from './btf-decode.ts';
import { typeName, typeSize } from './btf-types.ts';

const DEPTH_MAX = 64;
/** Anonymous structs and unions in each other. */
const SEEN_MAX = 256;

/** A place in the bytes: type, first byte, and how the user gets there. */
interface Place {
  readonly type: number;
  readonly at: number;
  readonly path: string;
  readonly depth: number;
}

interface Encoder {
  readonly btf: BtfData;
  readonly into: Uint8Array;
}

/**
 * Writes `value` over `into` as a value of the type (of a variable or a data section too): what it does not name keeps
 * its bytes. Takes numbers, bigint, decimal and 0x strings, booleans, names of enum values; arrays and sparse objects
 * `{index: v}`; objects by field name, members of anonymous structs and unions included; `{hex: '…'}` and Uint8Array for
 * the raw bytes of anything; strings for arrays of bytes. A refusal reads `value.backend.state: 300 does not fit in __u8`.
 */
export function encodeBtf(
  btf: BtfData,
  typeId: number,
  value: unknown,
  into: Uint8Array,
  root = 'value',
): Result<void> {
  const size = typeSize(btf, typeId);
  if (size > into.length)
    return wrong(`${root}: ${typeName(btf, typeId)} has ${size} bytes, there is room for ${into.length}`);
  const problem = encode({ btf, into }, { type: typeId, at: 0, path: root, depth: 0 }, value);
  return problem === null ? ok(undefined) : wrong(problem);
}

function wrong(message: string): { readonly ok: false; readonly error: Refusal } {
  return refuse('run', ERRNO.EINVAL, message);
}

/** null, or what is wrong. */
type Problem = string | null;

function encode(e: Encoder, place: Place, value: unknown): Problem {
  const { btf } = e;
  const type = skipModifiers(btf, place.type);
  const here = { ...place, type };
  if (place.depth > DEPTH_MAX) return `${place.path}: nested too deeply`;
  const raw = rawBytes(btf, type, value);
  if (raw !== null) return typeof raw === 'string' ? `${place.path}: ${raw}` : encodeRaw(e, place, raw);
  switch (kindOf(btf, type)) {
    case KIND.INT:
    case KIND.PTR:
    case KIND.ENUM:
    case KIND.ENUM64:
      return encodeBits(e, place, place.at * 8, Math.max(0, typeSize(btf, type)) * 8, value);
    case KIND.FLOAT:
      return encodeFloat(e, place, sizeField(btf, type), value);
    case KIND.ARRAY:
      return encodeArray(e, here, value);
    case KIND.STRUCT:
    case KIND.UNION:
      return encodeFields(e, here, value);
    case KIND.VAR:
      return encode(e, { ...place, type: referredType(btf, type), depth: place.depth + 1 }, value);
    case KIND.DATASEC:
      return encodeVars(e, here, value);
    default:
      return `${place.path}: ${typeName(btf, place.type)} has no value`;
  }
}

/** Bytes of a Uint8Array or `{hex: '…'}`; a sentence when the digits are no bytes; null when the value is something else. */
function rawBytes(btf: BtfData, type: number, value: unknown): Uint8Array | string | null {
  if (value instanceof Uint8Array) return value;
  if (!isRecord(value) || typeof value.hex !== 'string' || Object.keys(value).length !== 1) return null;
  if (isComposite(btf, type) && findMember(btf, type, 'hex') !== null) return null;
  const digits = value.hex.replace(/^0x/, '').replace(/[\s:]/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) return `${JSON.stringify(value.hex.slice(0, 40))} is not pairs of hex digits`;
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}

function count(bytes: number): string {
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

function encodeRaw(e: Encoder, place: Place, raw: Uint8Array): Problem {
  const size = typeSize(e.btf, place.type);
  if (size < 0) return `${place.path}: ${typeName(e.btf, place.type)} has no value`;
  const whole =
    kindOf(e.btf, skipModifiers(e.btf, place.type)) === KIND.ARRAY ? raw.length <= size : raw.length === size;
  if (!whole) return `${place.path}: ${count(raw.length)} for ${typeName(e.btf, place.type)}, which has ${size}`;
  if (place.at + raw.length > e.into.length) return behind(e, place);
  e.into.set(raw, place.at);
  return null;
}

/** Only types that contradict themselves get here: the size of the whole was checked first. */
function behind(e: Encoder, place: Place): string {
  return `${place.path}: lies behind the ${e.into.length} bytes there are`;
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 40));
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object';
  return String(value);
}

/** Integers, pointers, enums and bit fields. */
function encodeBits(e: Encoder, place: Place, from: number, bits: number, value: unknown): Problem {
  const type = skipModifiers(e.btf, place.type);
  const number = toInteger(e.btf, type, value);
  const name = typeName(e.btf, place.type);
  if (number === null) return `${place.path}: ${noInteger(e.btf, type, value, name)}`;
  if (from + bits > e.into.length * 8) return behind(e, place);
  if (!fits(e.btf, type, number, bits, value)) {
    const what =
      bits === sizeField(e.btf, type) * 8 || kindOf(e.btf, type) === KIND.PTR ? name : `${name} of ${bits} bits`;
    return `${place.path}: ${show(value)} does not fit in ${what}`;
  }
  writeBits(e.into, from, bits, number);
  return null;
}

function writeBits(into: Uint8Array, from: number, bits: number, value: bigint): void {
  for (let i = 0; i < bits; ) {
    const shift = (from + i) & 7;
    const count = Math.min(8 - shift, bits - i);
    const mask = ((1 << count) - 1) << shift;
    const at = (from + i) >>> 3;
    const part = Number((value >> BigInt(i)) & 0xffn) << shift;
    into[at] = (into[at]! & ~mask) | (part & mask);
    i += count;
  }
}

function toInteger(btf: BtfData, type: number, value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isInteger(value) ? BigInt(value) : null;
  if (typeof value !== 'string') return null;
  const text = value.trim();
  if (/^-?(\d+|0x[0-9a-f]+)$/i.test(text)) return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
  return isEnum(btf, type) ? (enumValues(btf, type).find((v) => v.name === text)?.value ?? null) : null;
}

function noInteger(btf: BtfData, type: number, value: unknown, name: string): string {
  if (!isEnum(btf, type) || typeof value !== 'string') return `${show(value)} is no ${name}`;
  const names = enumValues(btf, type).map((v) => v.name);
  const list = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '');
  return `${show(value)} is no value of ${name} (${list})`;
}

/** Signed types also take their bits written as 0x…, bytes of text both ways. */
function fits(btf: BtfData, type: number, number: bigint, bits: number, value: unknown): boolean {
  if (bits <= 0) return false;
  const int = kindOf(btf, type) === KIND.INT ? intInfo(btf, type) : null;
  const signed = int?.signed ?? kindFlag(btf, type);
  const character = bits === 8 && (int?.char === true || nameOf(btf, type) === 'char');
  const hex = typeof value === 'string' && /^\s*0x/i.test(value);
  const top = 1n << BigInt(bits);
  const low = signed || character ? -(top >> 1n) : 0n;
  const high = signed && !character && !hex ? top >> 1n : top;
  return number >= low && number < high && !(int?.bool === true && number > 1n);
}

function encodeFloat(e: Encoder, place: Place, size: number, value: unknown): Problem {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  const known = size === 4 || size === 8;
  if (typeof number !== 'number' || !known) return `${place.path}: ${show(value)} is no ${typeName(e.btf, place.type)}`;
  if (place.at + size > e.into.length) return behind(e, place);
  const view = new DataView(e.into.buffer, e.into.byteOffset + place.at, size);
  if (size === 4) view.setFloat32(0, number, true);
  else view.setFloat64(0, number, true);
  return null;
}

function encodeArray(e: Encoder, place: Place, value: unknown): Problem {
  const { type_id, nelems } = arrayInfo(e.btf, place.type);
  const size = typeSize(e.btf, type_id);
  if (typeof value === 'string' && size === 1) return encodeText(e, place, nelems, value);
  const entries = Array.isArray(value) ? [...value.entries()] : isRecord(value) ? Object.entries(value) : null;
  if (entries === null) return `${place.path}: ${show(value)} is no ${typeName(e.btf, place.type)}`;
  for (const [key, element] of entries) {
    if (element === undefined) continue;
    const index = Number(key);
    const known = Number.isInteger(index) && index >= 0 && String(key).trim() !== '';
    if (!known) return `${place.path}: ${show(key)} is no index of ${typeName(e.btf, place.type)}`;
    if (index >= nelems) return `${place.path}[${index}]: there are only ${nelems} elements`;
    const at = place.at + index * size;
    const problem = encode(e, { type: type_id, at, path: `${place.path}[${index}]`, depth: place.depth + 1 }, element);
    if (problem !== null) return problem;
  }
  return null;
}

const utf8 = new TextEncoder();

/** As a C initialiser does: the rest is 0, and the last NUL may be missing. */
function encodeText(e: Encoder, place: Place, nelems: number, value: string): Problem {
  const bytes = utf8.encode(value);
  if (bytes.length > nelems)
    return `${place.path}: a text of ${bytes.length} bytes does not fit in ${typeName(e.btf, place.type)}`;
  if (place.at + nelems > e.into.length) return behind(e, place);
  e.into.fill(0, place.at, place.at + nelems);
  e.into.set(bytes, place.at);
  return null;
}

/** A member and where its bits start, counted from the struct that was searched. */
interface Found {
  readonly member: Member;
  /** Bits of the anonymous structs and unions around it. */
  readonly base: number;
}

function findMember(btf: BtfData, id: number, name: string, seen = new Set<number>()): Found | null {
  // An anonymous struct that was searched once has nothing new the second time.
  if (name === '' || seen.size > SEEN_MAX || seen.has(id)) return null;
  seen.add(id);
  for (const member of membersOf(btf, id)) {
    if (member.name === name) return { member, base: 0 };
    const type = skipModifiers(btf, member.type_id);
    const inside = member.name === '' && isComposite(btf, type) ? findMember(btf, type, name, seen) : null;
    if (inside !== null) return { member: inside.member, base: inside.base + member.bit_offset };
  }
  return null;
}

function encodeFields(e: Encoder, place: Place, value: unknown): Problem {
  const { btf } = e;
  if (!isRecord(value)) return `${place.path}: ${show(value)} is no ${typeName(btf, place.type)}`;
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    const found = findMember(btf, place.type, name);
    const path = `${place.path}.${name}`;
    if (found === null)
      return `${path}: ${typeName(btf, place.type)} has no such field (${fieldNames(btf, place.type)})`;
    const type = skipModifiers(btf, found.member.type_id);
    const bits = bitRange(btf, found.member, type);
    const at = place.at + (found.base + found.member.bit_offset) / 8;
    const inside = { type: found.member.type_id, at, path, depth: place.depth + 1 };
    const from = place.at * 8 + found.base + (bits?.offset ?? 0);
    const problem = bits === null ? encode(e, inside, field) : encodeBits(e, inside, from, bits.size, field);
    if (problem !== null) return problem;
  }
  return null;
}

function fieldNames(btf: BtfData, id: number): string {
  const names = collectNames(btf, id, new Set());
  return names.slice(0, 12).join(', ') + (names.length > 12 ? ', …' : '');
}

function collectNames(btf: BtfData, id: number, seen: Set<number>): string[] {
  if (seen.size > SEEN_MAX || seen.has(id)) return [];
  seen.add(id);
  return membersOf(btf, id).flatMap((m) =>
    m.name === '' ? collectNames(btf, skipModifiers(btf, m.type_id), seen) : [m.name],
  );
}

function encodeVars(e: Encoder, place: Place, value: unknown): Problem {
  const { btf } = e;
  if (!isRecord(value)) return `${place.path}: ${show(value)} is no object of variables`;
  const vars = secVars(btf, place.type);
  for (const [name, content] of Object.entries(value)) {
    if (content === undefined) continue;
    const found = vars.find((v) => nameOf(btf, v.type_id) === name);
    const path = `${place.path}.${name}`;
    if (found === undefined) {
      const known = vars.slice(0, 12).map((v) => nameOf(btf, v.type_id));
      return `${path}: there is no such variable in ${nameOf(btf, place.type)} (${known.join(', ')})`;
    }
    if (found.offset + Math.max(0, typeSize(btf, found.type_id)) > e.into.length)
      return `${path}: lies behind the ${e.into.length} bytes there are`;
    const problem = encode(e, { type: found.type_id, at: found.offset, path, depth: place.depth + 1 }, content);
    if (problem !== null) return problem;
  }
  return null;
}
