/** Map keys and values between bytes and what people write and read: by BTF where the object has it, else as integers or hex. */
import { type Decoded, decodeBtf, encodeBtf, MAP_TYPE, type MapDump, type ObjectSpec } from '../../engine/index.ts';
import { prefixText } from '../backends/preset-prefix.ts';
import { rawBytes, untyped } from '../backends/preset-values.ts';
import { valueText } from '../format/values.ts';
import { InputError } from '../input-error.ts';
import { toHex } from '../packet/hex.ts';

/** What a run of bytes is: its BTF type (0: unknown) and its size. */
export interface Shape {
  readonly btf: ObjectSpec['btf'];
  readonly type_id: number;
  readonly size: number;
}

export function keyShape(spec: ObjectSpec | null, dump: MapDump): Shape {
  return { btf: spec?.btf ?? null, type_id: dump.key_type_id, size: dump.key_size };
}

/** A key for people: of tries over addresses the prefix. */
export function keyText(spec: ObjectSpec | null, dump: MapDump, key: Uint8Array): string {
  const prefix = dump.type === MAP_TYPE.LPM_TRIE ? prefixText(key) : null;
  return prefix ?? valueText(decodeBytes(keyShape(spec, dump), key));
}

export function valueShape(spec: ObjectSpec | null, dump: MapDump): Shape {
  return { btf: spec?.btf ?? null, type_id: dump.value_type_id, size: dump.value_size };
}

const INTEGER_SIZES = [1, 2, 4, 8];

function readInteger(bytes: Uint8Array): number | bigint {
  let value = 0n;
  for (let i = bytes.length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** Bytes as a value for people: structs by field name; without BTF integers of 1, 2, 4 or 8 bytes, else `{hex}`. */
export function decodeBytes(shape: Shape, bytes: Uint8Array): Decoded {
  if (shape.btf && shape.type_id > 0) return decodeBtf(shape.btf, shape.type_id, bytes);
  return INTEGER_SIZES.includes(bytes.length) ? readInteger(bytes) : { hex: toHex(bytes) };
}

/** The same with enumerators by name. */
export function namedBytes(shape: Shape, bytes: Uint8Array): Decoded {
  if (!shape.btf || shape.type_id <= 0) return decodeBytes(shape, bytes);
  return decodeBtf(shape.btf, shape.type_id, bytes, { enum_names: true });
}

/**
 * Writes a value as users write it (as in presets) over `into`; fields that it does not name keep their bytes.
 * Throws InputError beginning with `path`.
 */
export function encodeOver(shape: Shape, value: unknown, into: Uint8Array, path: string): void {
  const raw = rawBytes(value, path);
  if (raw && raw.length !== into.length)
    throw new InputError(`${path}: ${raw.length} bytes where ${into.length} belong`);
  if (raw) into.set(raw);
  else if (!shape.btf || shape.type_id === 0) into.set(untyped(value, into.length, path));
  else {
    const done = encodeBtf(shape.btf, shape.type_id, value, into);
    if (!done.ok) throw new InputError(`${path}: ${done.error.message}`);
  }
}

/** Bytes of each CPU's value: every one starts at a multiple of 8. */
export function cpuStride(dump: MapDump): number {
  return (dump.value_size + 7) & ~7;
}

/** A whole value of a dump; of percpu maps the list of every CPU's, or the only one. */
export function decodeValue(spec: ObjectSpec | null, dump: MapDump, value: Uint8Array): Decoded {
  const shape = valueShape(spec, dump);
  if (!dump.percpu) return decodeBytes(shape, value);
  const list: Decoded[] = [];
  for (let at = 0; at < value.length; at += cpuStride(dump)) {
    list.push(decodeBytes(shape, value.subarray(at, at + dump.value_size)));
  }
  return list.length === 1 ? (list[0] as Decoded) : list;
}

/** Arrays list only what is not zero: an index that is absent holds zeros. */
export function isArrayMap(dump: MapDump): boolean {
  return dump.type === MAP_TYPE.ARRAY || dump.type === MAP_TYPE.PERCPU_ARRAY;
}

/** A data section (`.bss`, `.rodata`, …): one value whose fields are variables. */
export function isDataSection(spec: ObjectSpec | null, dump: MapDump): boolean {
  return spec?.maps.some((map) => map.name === dump.name && map.data !== null) ?? dump.name.startsWith('.');
}
