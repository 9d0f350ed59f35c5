/** Contexts by field name: from what a user writes to the bytes of ctx_in, and from ctx_out back to names. */
import { ok, type Result, refuse } from '../errors.ts';
import { type CtxField, type CtxStruct, userCtxOf } from '../uapi/contexts.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import type { Decoded } from './types.ts';

const SAFE = BigInt(Number.MAX_SAFE_INTEGER);

/**
 * The context struct of a program type as bytes. Values are numbers, bigints or strings (decimal or 0x…), arrays of them for
 * array fields (missing elements are 0); what is left out is 0, but an XDP packet's data_end is the packet's length. Refuses
 * names the struct does not have and values that do not fit.
 */
export function ctxFromFields(
  type: number,
  fields: { readonly [field: string]: unknown },
  dataLength: number,
): Result<Uint8Array> {
  const struct = userCtxOf(type);
  if (struct === null) return refuse('unsupported', 0, 'contexts of this program type by field name are not supported');
  const bytes = new Uint8Array(struct.size);
  const given = type === PROG_TYPE.XDP ? { data_end: dataLength, ...fields } : fields;
  for (const [name, value] of Object.entries(given)) {
    const wrong = setField(struct, bytes, name, value);
    if (wrong !== null) return refuse('run', 0, `${struct.name}: ${wrong}`);
  }
  return ok(struct.open === true ? bytes.slice(0, givenBytes(struct, given)) : bytes);
}

/** How long an open context is: up to the last element given. */
function givenBytes(struct: CtxStruct, given: { readonly [field: string]: unknown }): number {
  const ends = struct.fields.map(({ name, offset, size }) => {
    const value = given[name];
    return value === undefined ? 0 : offset + size * (Array.isArray(value) ? value.length : 1);
  });
  return Math.max(0, ...ends);
}

/** Writes one field; what is wrong with it, or null. */
function setField(struct: CtxStruct, bytes: Uint8Array, name: string, value: unknown): string | null {
  const named = struct.fields.filter((candidate) => candidate.name !== '');
  const field = named.find((candidate) => candidate.name === name);
  if (field === undefined) return `no field ${name}; it has ${named.map((candidate) => candidate.name).join(', ')}`;
  const count = field.count ?? 1;
  const values: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (count > 1 && !Array.isArray(value)) return `${name} is an array of ${count} numbers`;
  if (values.length > count) return `${name} has ${values.length} values, room for ${count}`;
  for (const [i, element] of values.entries()) {
    const number = numberOf(element);
    if (number === null) return `${name} is ${JSON.stringify(element) ?? String(element)}, not a number`;
    if (number < 0n || number >= 1n << BigInt(field.size * 8))
      return `${name} is ${number}, it has ${field.size * 8} bits`;
    setElement(bytes, field, i, number);
  }
  return null;
}

function numberOf(value: unknown): bigint | null {
  if (typeof value === 'bigint') return value;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : null;
  return typeof value === 'string' && /^\s*(\d+|0x[\da-f]+)\s*$/i.test(value) ? BigInt(value) : null;
}

function setElement(bytes: Uint8Array, field: CtxField, index: number, value: bigint): void {
  const at = field.offset + index * field.size;
  for (let i = 0; i < field.size; i++) bytes[at + i] = Number((value >> BigInt(8 * i)) & 0xffn);
}

/** A context struct's bytes by field name, in the struct's order; of bytes cut short, the fields that are whole. */
export function ctxToFields(type: number, bytes: Uint8Array): Decoded {
  const fields: { [field: string]: Decoded } = {};
  const struct = userCtxOf(type);
  for (const field of struct?.fields ?? []) {
    const room = Math.floor((bytes.length - field.offset) / field.size);
    const all = field.count ?? 1;
    const count = struct?.open === true ? Math.min(all, room) : all;
    if (field.name === '') continue;
    if (field.offset + count * field.size > bytes.length) continue;
    const elements = Array.from({ length: count }, (_, i) => elementOf(bytes, field, i));
    fields[field.name] = field.count === undefined ? elements[0]! : elements;
  }
  return fields;
}

function elementOf(bytes: Uint8Array, field: CtxField, index: number): number | bigint {
  const at = field.offset + index * field.size;
  let value = 0n;
  for (let i = field.size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]!);
  return value <= SAFE ? Number(value) : value;
}
