/** Keys and values as users write them, to bytes: by BTF type where the object has it, by size where not, or as hex. */
import { encodeBtf, MAP_TYPE, type MapSpec, type ObjectSpec, typeName } from '../../engine/index.ts';
import { InputError } from '../input-error.ts';
import { parseHex } from '../packet/hex.ts';
import { parsePrefix } from './preset-prefix.ts';

/** Turns what a user wrote for a key or a value of one map into its bytes. Throws InputError beginning with `path`. */
export interface Encoder {
  readonly key: (given: unknown, path: string) => Uint8Array;
  /** Percpu: every CPU's value, each rounded up to 8 bytes, in order. */
  readonly value: (given: unknown, path: string) => Uint8Array;
}

const PERCPU: ReadonlySet<number> = new Set<number>([
  MAP_TYPE.PERCPU_ARRAY,
  MAP_TYPE.PERCPU_HASH,
  MAP_TYPE.LRU_PERCPU_HASH,
]);

const KEY_SHOWN = 40;

/** A key as a place in a message. */
export function keyText(given: unknown): string {
  const text = typeof given === 'object' && given !== null ? JSON.stringify(given, plainNumbers) : String(given);
  return text.length > KEY_SHOWN ? `${text.slice(0, KEY_SHOWN - 1)}…` : text;
}

function plainNumbers(_name: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** Bytes given as such: `hex:…`, `{hex: '…'}`, a Uint8Array; null for everything else. */
export function rawBytes(given: unknown, path: string): Uint8Array | null {
  if (given instanceof Uint8Array) return given;
  const hex =
    typeof given === 'string' && given.startsWith('hex:')
      ? given.slice(4)
      : typeof given === 'object' && given !== null && Object.keys(given).join() === 'hex'
        ? (given as { hex: unknown }).hex
        : null;
  if (typeof hex !== 'string') return null;
  try {
    return parseHex(hex);
  } catch (error) {
    throw new InputError(`${path}: ${(error as Error).message}`);
  }
}

function integerOf(given: unknown): bigint | null {
  if (typeof given === 'bigint') return given;
  if (typeof given === 'boolean') return given ? 1n : 0n;
  if (typeof given === 'number') return Number.isSafeInteger(given) ? BigInt(given) : null;
  if (typeof given !== 'string' || !/^-?(0x[0-9a-f]+|\d+)$/i.test(given)) return null;
  return given.startsWith('-') ? -BigInt(given.slice(1)) : BigInt(given);
}

/** Without BTF: a little-endian integer of up to 8 bytes, or a list of bytes. */
export function untyped(given: unknown, size: number, path: string): Uint8Array {
  if (Array.isArray(given) && given.every((b) => Number.isInteger(b) && b >= 0 && b <= 255)) {
    return sized(Uint8Array.from(given as number[]), size, path);
  }
  const number = integerOf(given);
  if (number === null || size > 8) {
    throw new InputError(`${path}: no type is known (compile with -g): write its ${size} bytes as 'hex:…'`);
  }
  const bits = BigInt(size * 8);
  if (number >= 1n << bits || number < -(1n << (bits - 1n))) {
    throw new InputError(`${path}: ${number} does not fit in ${size} bytes`);
  }
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Number((number >> BigInt(8 * i)) & 255n);
  return bytes;
}

function sized(bytes: Uint8Array, size: number, path: string): Uint8Array {
  if (bytes.length === size) return bytes;
  throw new InputError(`${path}: ${bytes.length} bytes where ${size} are needed`);
}

/** One value of a type over a base of zeros. */
function encode(spec: ObjectSpec, typeId: number, size: number, given: unknown, path: string): Uint8Array {
  const raw = rawBytes(given, path);
  if (raw !== null) return sized(raw, size, path);
  if (spec.btf === null || typeId === 0) return untyped(given, size, path);
  const bytes = new Uint8Array(size);
  const done = encodeBtf(spec.btf, typeId, given, bytes);
  if (!done.ok) throw new InputError(`${path}: ${done.error.message}`);
  return bytes;
}

function roundUp8(size: number): number {
  return (size + 7) & ~7;
}

/** Whether a list given for a percpu element means one value a CPU (a list of one: the same for all): always, unless the value itself is a list. */
export function isPerCpuList(
  spec: ObjectSpec | null,
  map: Pick<MapSpec, 'value_type_id' | 'value_size'>,
  given: unknown,
): given is readonly unknown[] {
  if (!Array.isArray(given)) return false;
  const valueIsList =
    spec?.btf && map.value_type_id !== 0 ? typeName(spec.btf, map.value_type_id).endsWith(']') : false;
  const untypedBytes = (!spec?.btf || map.value_type_id === 0) && given.length === map.value_size;
  return (!valueIsList && !untypedBytes) || given.every((item) => Array.isArray(item));
}

function perCpu(spec: ObjectSpec, map: MapSpec, cpus: number, given: unknown, path: string): Uint8Array {
  const stride = roundUp8(map.value_size);
  const whole = rawBytes(given, path);
  if (whole !== null && whole.length === stride * cpus) return whole;
  const one = isPerCpuList(spec, map, given) ? (given.length === 1 ? given[0] : null) : given;
  const list = one === null ? (given as readonly unknown[]) : new Array<unknown>(cpus).fill(one);
  if (list.length !== cpus) {
    throw new InputError(`${path}: ${list.length} values for ${cpus} CPU${cpus === 1 ? '' : 's'} (see --cpus)`);
  }
  const bytes = new Uint8Array(stride * cpus);
  list.forEach((one, cpu) => {
    bytes.set(encode(spec, map.value_type_id, map.value_size, one, `${path} cpu ${cpu}`), cpu * stride);
  });
  return bytes;
}

/** Encoder for the keys and values of one map. */
export function encoderOf(spec: ObjectSpec, map: MapSpec, cpus: number): Encoder {
  return {
    key: (given, path) => {
      const prefix = map.type === MAP_TYPE.LPM_TRIE ? parsePrefix(given, map.key_size) : null;
      return prefix ?? encode(spec, map.key_type_id, map.key_size, given, path);
    },
    value: (given, path) =>
      PERCPU.has(map.type)
        ? perCpu(spec, map, cpus, given, path)
        : encode(spec, map.value_type_id, map.value_size, given, path),
  };
}

/** The new content of a data section: what the object has, with the variables given written over it. */
export function dataSection(spec: ObjectSpec, map: MapSpec, given: unknown, path: string): Uint8Array {
  const raw = rawBytes(given, path);
  if (raw !== null) return sized(raw, map.value_size, path);
  if (spec.btf === null || map.value_type_id === 0) {
    throw new InputError(
      `${path}: its variables have no types (compile with -g): write its ${map.value_size} bytes as 'hex:…'`,
    );
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InputError(`${path}: content of a data section is {variable: value}`);
  }
  const bytes = new Uint8Array(map.value_size);
  bytes.set((map.data ?? new Uint8Array(0)).subarray(0, map.value_size));
  const done = encodeBtf(spec.btf, map.value_type_id, given, bytes);
  if (!done.ok) throw new InputError(`${path}: ${done.error.message}`);
  return bytes;
}
