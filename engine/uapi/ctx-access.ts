/** Which accesses of its context a program type allows (is_valid_access), and what is wrong with the others. */
import type { CtxField, CtxStruct } from './contexts.ts';

/** The field that an access of the context lies in, if its rules allow the access. */
export function ctxField(struct: CtxStruct, from: number, size: number, write: boolean): CtxField | undefined {
  const field = struct.fields.find((f) => from >= f.offset && from + size <= f.offset + f.size * (f.count ?? 1));
  if (field === undefined || from % size !== 0) return undefined;
  if (write ? field.write === 'no' : !field.read) return undefined;
  if (field.widths === 'any') return field;
  const starts = (from - field.offset) % field.size === 0;
  if (field.widths === 'start') return starts && size <= field.size ? field : undefined;
  const whole = size === field.size && starts;
  return whole || (!write && field.widths !== 'whole' && size < field.size) ? field : undefined;
}

/** The field that a byte of the context belongs to; undefined for padding, and outside. */
export function ctxFieldAt(struct: CtxStruct, offset: number): CtxField | undefined {
  return struct.fields.find((one) => offset >= one.offset && offset < one.offset + one.size * (one.count ?? 1));
}

/** Why a field cannot be used like that: ends a sentence that says how it is used. */
export function ctxFieldRule(field: CtxField, write: boolean): string {
  if (write && field.write === 'no') return 'which programs of this type cannot write';
  if (!write && !field.read) return 'which programs of this type cannot read';
  return `which has ${field.size} ${field.size === 1 ? 'byte' : 'bytes'} and is not accessed like that`;
}
