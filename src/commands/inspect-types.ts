/** Types and variables of an object as plain data: what keys, values and globals look like. */
import {
  type Decoded,
  datasecVars,
  decodeBtf,
  type MapSpec,
  type ObjectSpec,
  type TypeMember,
  typeDeclaration,
  typeMembers,
  typeName,
  typeSize,
} from '../../engine/index.ts';
import { toHex } from '../packet/hex.ts';

export interface InspectedMember {
  /** Empty for anonymous structs and unions. */
  readonly name: string;
  readonly type: string;
  /** As C writes it: `__u8 pad[3]`. */
  readonly declaration: string;
  readonly offset: number;
  readonly size: number;
  /** Width of a bit field, null when it is none. */
  readonly bits: number | null;
}

export interface InspectedType {
  readonly name: string;
  readonly size: number;
  readonly members: readonly InspectedMember[];
}

export interface InspectedGlobal {
  /** .data, .rodata.cst, .bss, .kconfig */
  readonly section: string;
  readonly name: string;
  readonly type: string;
  readonly declaration: string;
  readonly offset: number;
  readonly size: number;
  /** What it starts with. */
  readonly value: Decoded;
}

const DEPTH_MAX = 8;

function inspectMember(btf: NonNullable<ObjectSpec['btf']>, member: TypeMember): InspectedMember {
  const { name, type, type_id, offset, size, bits } = member;
  const width = bits === 0 ? '' : ` : ${bits}`;
  const declaration = `${typeDeclaration(btf, type_id, name)}${width}`;
  return { name, type, declaration, offset, size, bits: bits === 0 ? null : bits };
}

function addType(spec: ObjectSpec, id: number, found: Map<string, InspectedType>, depth: number): void {
  const { btf } = spec;
  if (btf === null || id === 0 || depth > DEPTH_MAX) return;
  const members = typeMembers(btf, id);
  const name = typeName(btf, id);
  if (members.length === 0 || found.has(name)) return;
  found.set(name, {
    name,
    size: typeSize(btf, id),
    members: members.map((member) => inspectMember(btf, member)),
  });
  for (const member of members) addType(spec, member.type_id, found, depth + 1);
}

function mapTypes(map: MapSpec): number[] {
  if (map.data !== null) return [];
  return [map.key_type_id, map.value_type_id, ...(map.inner === null ? [] : mapTypes(map.inner))];
}

/** Structs and unions that keys and values are made of, in the order of the maps. */
export function inspectTypes(spec: ObjectSpec): InspectedType[] {
  const found = new Map<string, InspectedType>();
  for (const map of spec.maps) for (const id of mapTypes(map)) addType(spec, id, found, 0);
  return [...found.values()];
}

/** Name of a type, null where none is known. */
export function typeText(spec: ObjectSpec, id: number): string | null {
  return spec.btf === null || id === 0 ? null : typeName(spec.btf, id);
}

/** Variables of one data section with the values they start with. */
function sectionGlobals(spec: ObjectSpec, map: MapSpec): InspectedGlobal[] {
  const { btf } = spec;
  if (btf === null || map.value_type_id === 0) return [];
  const bytes = new Uint8Array(map.value_size);
  bytes.set((map.data ?? new Uint8Array(0)).subarray(0, map.value_size));
  return datasecVars(btf, map.value_type_id).map(({ name, offset, size, type_id }) => {
    const part = bytes.subarray(offset, offset + size);
    const whole = part.length === size;
    const value: Decoded = whole ? decodeBtf(btf, type_id, part) : { hex: toHex(part) };
    const type = { type: typeName(btf, type_id), declaration: typeDeclaration(btf, type_id, name) };
    return { section: map.name, name, ...type, offset, size, value };
  });
}

export function inspectGlobals(spec: ObjectSpec): InspectedGlobal[] {
  return spec.maps.filter((map) => map.data !== null).flatMap((map) => sectionGlobals(spec, map));
}
