/** The number that a CO-RE relocation asks for: offset, size, existence, sign, shifts, type id, enum value. */
import { enumValueAt, intInfo, isEnum, KIND, kindFlag, kindOf, memberAt, sizeField, skipModifiers } from './btf.ts';
import { typeSize } from './btf-types.ts';
import { CORE, type CoreSpec, isEnumKind, isFieldKind } from './core-spec.ts';

export interface CoreValue {
  /** Unsigned, 64 bits. */
  readonly value: bigint;
  /** Bytes and type of the field, for the size of a load or store; 0 where they do not count. */
  readonly size: number;
  readonly type_id: number;
  /** The compiler must have written the local value into the instruction. */
  readonly exact: boolean;
}

/** null asks for the instruction to be poisoned; a string is why the relocation makes no sense. */
export type CoreAnswer = CoreValue | null | string;

const plain = (value: number | bigint, exact = true): CoreValue => ({
  value: BigInt.asUintN(64, BigInt(value)),
  size: 0,
  type_id: 0,
  exact,
});

/** `spec` is the path in local or target types, null when the target has none (bpf_core_calc_*_relo). */
export function coreValue(kind: number, spec: CoreSpec | null): CoreAnswer {
  if (isFieldKind(kind)) return fieldValue(kind, spec);
  if (isEnumKind(kind)) return enumValue(kind, spec);
  if (spec === null) return plain(0);
  if (kind === CORE.TYPE_ID_LOCAL || kind === CORE.TYPE_ID_TARGET) return plain(spec.root, false);
  if (kind !== CORE.TYPE_SIZE) return plain(1);
  const size = typeSize(spec.btf, spec.root);
  return size < 0 ? 'its type has no size' : plain(size);
}

function enumValue(kind: number, spec: CoreSpec | null): CoreAnswer {
  if (kind === CORE.ENUMVAL_EXISTS) return plain(spec === null ? 0 : 1);
  if (spec === null) return null;
  const { type_id, index } = spec.steps[0]!;
  const { value } = enumValueAt(spec.btf, type_id, index);
  return plain(kindOf(spec.btf, type_id) === KIND.ENUM ? BigInt.asIntN(32, value) : value);
}

function fieldValue(kind: number, spec: CoreSpec | null): CoreAnswer {
  if (kind === CORE.FIELD_EXISTS) return plain(spec === null ? 0 : 1);
  if (spec === null) return null;
  const last = spec.steps[spec.steps.length - 1]!;
  if (last.name === '') return elementValue(kind, spec, last.type_id);
  const { btf } = spec;
  const member = memberAt(btf, last.type_id, last.index);
  const type = skipModifiers(btf, member.type_id);
  const place = fieldPlace(spec, type, member.bit_size);
  if (typeof place === 'string') return place;
  const { byte_offset, byte_size, bit_size } = place;
  const bitField = member.bit_size > 0;
  switch (kind) {
    case CORE.FIELD_BYTE_OFFSET: {
      const sized = bitField ? { size: 0, type_id: 0 } : { size: byte_size, type_id: type };
      return { value: BigInt(byte_offset), ...sized, exact: !bitField };
    }
    case CORE.FIELD_BYTE_SIZE:
      return plain(byte_size, !bitField);
    case CORE.FIELD_SIGNED: {
      const signed = isEnum(btf, type)
        ? kindFlag(btf, type)
        : kindOf(btf, type) === KIND.INT && intInfo(btf, type).signed;
      return plain(signed ? 1 : 0);
    }
    case CORE.FIELD_LSHIFT_U64:
      return plain(64 - (spec.bit_offset + bit_size - byte_offset * 8), !bitField);
    default:
      return plain(64 - bit_size);
  }
}

/** `a[n]`: only where it is and how large. */
function elementValue(kind: number, spec: CoreSpec, type_id: number): CoreAnswer {
  const size = typeSize(spec.btf, type_id);
  if (size < 0) return 'its array has elements without a size';
  if (kind === CORE.FIELD_BYTE_OFFSET)
    return { value: BigInt(Math.floor(spec.bit_offset / 8)), size, type_id, exact: true };
  if (kind === CORE.FIELD_BYTE_SIZE) return plain(size);
  return 'it asks for sign or shifts of an array element';
}

interface FieldPlace {
  readonly byte_offset: number;
  readonly byte_size: number;
  readonly bit_size: number;
}

/** The bytes to load for a field; for a bit field the smallest aligned integer that holds all of it. */
function fieldPlace(spec: CoreSpec, type: number, bits: number): FieldPlace | string {
  const from = spec.bit_offset;
  if (bits === 0) {
    const size = typeSize(spec.btf, type);
    return size < 0
      ? 'its field has no size'
      : { byte_offset: Math.floor(from / 8), byte_size: size, bit_size: size * 8 };
  }
  let size = sizeField(spec.btf, type);
  if (size < 1 || size > 8) return 'its bit field is in something that is no integer';
  const start = () => Math.floor(from / 8 / size) * size;
  while (from + bits - start() * 8 > size * 8) {
    if (size >= 8) return 'its bit field does not fit into 64 bits';
    size *= 2;
  }
  return { byte_offset: start(), byte_size: size, bit_size: bits };
}
