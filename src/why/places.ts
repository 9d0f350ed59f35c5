/** Places in memory and numbers of a trace, in words: `packet+14`, `backends[3]`, `ctx->mark`, members of values by BTF. */
import { datasecVars, type ObjectSpec, type TracePlace, typeMembers, typeSize } from '../../engine/index.ts';

/** Up to here numbers are shown in decimal. */
const DECIMAL_MAX = 0xffffn;
const DEPTH_MAX = 8;

export function numberText(value: bigint): string {
  return value >= -DECIMAL_MAX && value <= DECIMAL_MAX ? `${value}` : `0x${BigInt.asUintN(64, value).toString(16)}`;
}

function plus(offset: number): string {
  return offset === 0 ? '' : offset > 0 ? `+${offset}` : `${offset}`;
}

/** A pointer as text. `key`: of the element, where a lookup told it. */
export function placeText(place: TracePlace, key?: string): string {
  switch (place.region) {
    case 'packet':
      return `packet+${place.offset}`;
    case 'stack':
      return `r10${plus(place.offset)}`;
    case 'context':
      return `ctx${plus(place.offset)}`;
    case 'map':
      return place.name;
    case 'map value':
      return `${elementText(place, key)}${plus(place.offset)}`;
    default:
      return `${place.region}${plus(place.offset)}`;
  }
}

/** `backends[3]`, `.bss`, or the map alone where nobody knows the key. */
export function elementText(place: TracePlace, key?: string): string {
  if (key !== undefined) return `${place.name}[${key}]`;
  if (place.name.startsWith('.')) return place.name;
  return place.index < 0 ? `a value of ${place.name}` : `${place.name}[${place.index}]`;
}

/** What a register holds: where it points to, or the number. */
export function heldText(value: bigint, place: TracePlace | null, key?: string): string {
  return place === null ? numberText(value) : placeText(place, key);
}

/** `.rate`, `.addr[2].port`, '' for the whole: what lies at an offset of a type. */
function memberPath(btf: NonNullable<ObjectSpec['btf']>, type: number, offset: number, depth = 0): string {
  const member = typeMembers(btf, type).findLast((one) => one.offset <= offset && offset < one.offset + one.size);
  if (member === undefined || depth > DEPTH_MAX) return offset === 0 ? '' : `+${offset}`;
  const inside = memberPath(btf, member.type_id, offset - member.offset, depth + 1);
  return `${member.name === '' ? '' : `.${member.name}`}${inside}`;
}

/** A variable of a data section, or a member of a map's value; null where the object's types do not say. */
export function valuePath(spec: ObjectSpec, place: TracePlace, key?: string): string | null {
  const map = spec.maps.find((one) => one.name === place.name);
  if (spec.btf === null || map === undefined || map.value_type_id === 0) return null;
  if (map.data === null) return `${elementText(place, key)}${memberPath(spec.btf, map.value_type_id, place.offset)}`;
  const found = datasecVars(spec.btf, map.value_type_id).find(
    (one) => place.offset >= one.offset && place.offset < one.offset + one.size,
  );
  if (found === undefined || typeSize(spec.btf, found.type_id) === 0) return null;
  return `${found.name}${memberPath(spec.btf, found.type_id, place.offset - found.offset)}`;
}
