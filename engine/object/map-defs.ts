/** Map definitions in BTF: variables of the .maps section whose struct says type, sizes, entries, flags and inner map. */
import { MAP_TYPE } from '../uapi/map-types.ts';
import {
  arrayInfo,
  type BtfData,
  enumValues,
  findType,
  isEnum,
  KIND,
  kindOf,
  type Member,
  membersOf,
  nameOf,
  referredType,
  secVars,
  skipModifiers,
} from './btf.ts';
import { typeSize } from './btf-types.ts';
import { type ElfSection, malformed } from './elf.ts';
import type { MapSpec } from './spec.ts';

type Draft = { -readonly [field in keyof MapSpec]: MapSpec[field] };

/** A map and the bytes of its section that define it. */
export interface PlacedMap {
  readonly spec: MapSpec & { values: { index: number; name: string }[] };
  readonly section: number;
  readonly offset: number;
  readonly size: number;
  /** Offset of the `values` member in the definition, -1 without one. */
  readonly values_at: number;
}

const PAGE_SIZE = 4096;

export function emptyMap(name: string, section: string): Draft {
  return {
    name,
    type: 0,
    key_size: 0,
    value_size: 0,
    max_entries: 0,
    map_flags: 0,
    map_extra: 0n,
    numa_node: 0,
    pinning: 0,
    key_type_id: 0,
    value_type_id: 0,
    inner: null,
    values: [],
    data: null,
    section,
  };
}

/** Reads every map of a .maps section (bpf_object__init_user_btf_maps). */
export function readBtfMaps(section: ElfSection, btf: BtfData): PlacedMap[] {
  const datasec = findType(btf, KIND.DATASEC, section.name);
  if (datasec === 0)
    malformed(`${section.name}: BTF says nothing about this section`, {
      section: section.name,
      offset: section.offset,
    });
  return secVars(btf, datasec).map((v) => {
    const name = nameOf(btf, v.type_id);
    const def = skipModifiers(btf, kindOf(btf, v.type_id) === KIND.VAR ? referredType(btf, v.type_id) : 0);
    const where = { section: section.name, offset: v.offset };
    if (kindOf(btf, def) !== KIND.STRUCT) malformed(`map ${name || '?'} is not defined by a struct`, where);
    if (v.offset + v.size > section.size) malformed(`map ${name} reaches past the end of ${section.name}`, where);
    const draft = readDefinition(btf, def, { map: name, section: section.name, offset: v.offset, inner: false });
    const values = membersOf(btf, def).find((m) => m.name === 'values');
    return {
      spec: { ...draft, values: [] },
      section: section.index,
      offset: v.offset,
      size: v.size,
      values_at: values === undefined ? -1 : values.bit_offset / 8,
    };
  });
}

interface DefinitionPlace {
  readonly map: string;
  readonly section: string;
  readonly offset: number;
  readonly inner: boolean;
}

/** parse_btf_map_def */
function readDefinition(btf: BtfData, def: number, place: DefinitionPlace): Draft {
  const draft = emptyMap(place.map, place.section);
  const members = membersOf(btf, def);
  for (const [i, member] of members.entries()) {
    const read = FIELDS.get(member.name);
    if (read === undefined) refuseMap(place, `has the unknown field ${member.name || '(without a name)'}`);
    if (member.name === 'values' && i !== members.length - 1)
      refuseMap(place, 'has fields behind values, which must be last');
    read(btf, member, draft, place);
  }
  if (draft.type === 0) refuseMap(place, 'does not say its type');
  if (draft.type === MAP_TYPE.RINGBUF || draft.type === MAP_TYPE.USER_RINGBUF)
    draft.max_entries = ringBufferSize(draft.max_entries);
  return draft;
}

function refuseMap(place: DefinitionPlace, what: string): never {
  return malformed(`map ${place.map} ${what}`, { section: place.section, offset: place.offset });
}

type ReadField = (btf: BtfData, member: Member, draft: Draft, place: DefinitionPlace) => void;

const plain =
  (field: 'type' | 'max_entries' | 'map_flags' | 'numa_node'): ReadField =>
  (btf, m, d, p) => {
    d[field] = number(btf, m, p);
  };

const sized =
  (field: 'key_size' | 'value_size'): ReadField =>
  (btf, m, d, p) =>
    setSize(d, field, number(btf, m, p), p);

const typed =
  (field: 'key' | 'value'): ReadField =>
  (btf, m, d, p) => {
    const type_id = pointedType(btf, m, p);
    d[`${field}_type_id`] = type_id;
    setSize(d, `${field}_size`, typeSize(btf, type_id), p);
  };

const FIELDS: ReadonlyMap<string, ReadField> = new Map<string, ReadField>([
  ['type', plain('type')],
  ['max_entries', plain('max_entries')],
  ['map_flags', plain('map_flags')],
  ['numa_node', plain('numa_node')],
  ['map_extra', readExtra],
  ['key_size', sized('key_size')],
  ['value_size', sized('value_size')],
  ['key', typed('key')],
  ['value', typed('value')],
  ['values', readValues],
  ['pinning', readPinning],
]);

function readExtra(btf: BtfData, member: Member, draft: Draft, place: DefinitionPlace): void {
  draft.map_extra = longNumber(btf, member, place);
}

function readPinning(btf: BtfData, member: Member, draft: Draft, place: DefinitionPlace): void {
  if (place.inner) refuseMap(place, 'is an inner map, which cannot be pinned');
  draft.pinning = number(btf, member, place);
  if (draft.pinning > 1) refuseMap(place, `has the unknown pinning ${draft.pinning}`);
}

/** `__uint(name, N)` declares `int (*name)[N]`. */
function number(btf: BtfData, member: Member, place: DefinitionPlace): number {
  const pointer = skipModifiers(btf, member.type_id);
  const array = kindOf(btf, pointer) === KIND.PTR ? skipModifiers(btf, referredType(btf, pointer)) : 0;
  if (kindOf(btf, array) !== KIND.ARRAY) refuseMap(place, `has a ${member.name} that is not declared with __uint`);
  return arrayInfo(btf, array).nelems;
}

/** `__ulong(name, N)` declares an enum of one value; `__uint` is taken too. */
function longNumber(btf: BtfData, member: Member, place: DefinitionPlace): bigint {
  const id = skipModifiers(btf, member.type_id);
  if (!isEnum(btf, id)) return BigInt(number(btf, member, place));
  return BigInt.asUintN(64, enumValues(btf, id)[0]?.value ?? 0n);
}

/** `__type(name, T)` declares `typeof(T) *name`. */
function pointedType(btf: BtfData, member: Member, place: DefinitionPlace): number {
  const pointer = skipModifiers(btf, member.type_id);
  if (kindOf(btf, pointer) !== KIND.PTR) refuseMap(place, `has a ${member.name} that is not declared with __type`);
  return referredType(btf, pointer);
}

function setSize(draft: Draft, field: 'key_size' | 'value_size', size: number, place: DefinitionPlace): void {
  const words = field.replace('_', ' ');
  if (size < 0) refuseMap(place, `has a type without a size where its ${words} is asked for`);
  if (draft[field] !== 0 && draft[field] !== size)
    refuseMap(place, `has two values for its ${words}: ${draft[field]} and ${size}`);
  draft[field] = size;
}

/** `__array(values, T)` declares `T *values[]`: the struct of inner maps, or the prototype of programs. */
function readValues(btf: BtfData, member: Member, draft: Draft, place: DefinitionPlace): void {
  const nested = draft.type === MAP_TYPE.ARRAY_OF_MAPS || draft.type === MAP_TYPE.HASH_OF_MAPS;
  if (place.inner) refuseMap(place, 'is an inner map with inner maps, which the kernel does not have');
  if (!nested && draft.type !== MAP_TYPE.PROG_ARRAY)
    refuseMap(place, 'has values, but is neither a map of maps nor a program array');
  setSize(draft, 'value_size', 4, place);
  const array = skipModifiers(btf, member.type_id);
  const element = kindOf(btf, array) === KIND.ARRAY ? skipModifiers(btf, arrayInfo(btf, array).type_id) : 0;
  if (kindOf(btf, element) !== KIND.PTR) refuseMap(place, 'has values that are not declared with __array');
  if (!nested) return;
  const def = skipModifiers(btf, referredType(btf, element));
  if (kindOf(btf, def) !== KIND.STRUCT) refuseMap(place, 'has inner maps that are not defined by a struct');
  draft.inner = readDefinition(btf, def, { ...place, map: `${place.map}.inner`, inner: true });
}

/** adjust_ringbuf_sz: the next power-of-two number of pages. */
function ringBufferSize(bytes: number): number {
  if (bytes === 0) return 0;
  let size = PAGE_SIZE;
  while (size < bytes && size < 2 ** 31) size *= 2;
  return Math.max(size, bytes);
}
