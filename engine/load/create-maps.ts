/** Makes an object's maps as bpf_object__create_maps does, and fills in what the object says about their first content. */
import { ok, type Result, refuse } from '../errors.ts';
import type { BpfMap, MapDef } from '../maps/map.ts';
import { keyOf } from '../maps/map-base.ts';
import { settleSizes } from '../maps/map-table.ts';
import { ProgArray } from '../maps/prog-array.ts';
import type { BtfData } from '../object/btf.ts';
import type { MapSpec, ObjectSpec } from '../object/spec.ts';
import { specialFields } from '../object/special-fields.ts';
import { ERRNO, errnoName } from '../uapi/errno.ts';

import type { World } from './types.ts';

/** Attributes of BPF_MAP_CREATE for a map of an object. */
function defOf(spec: MapSpec, btf: BtfData | null): MapDef {
  const special = btf === null ? [] : specialFields(btf, spec.value_type_id);
  return {
    ...{ name: spec.name, type: spec.type, key_size: spec.key_size, value_size: spec.value_size },
    ...{ max_entries: spec.max_entries, map_flags: spec.map_flags, map_extra: spec.map_extra },
    inner: spec.inner === null ? null : defOf(spec.inner, btf),
    ...(special.length === 0 ? {} : { special }),
  };
}

/** LIBBPF_PIN_BY_NAME */
const PIN_BY_NAME = 1;

/** Maps of each world that are pinned by name: a later object of the world gets them instead of its own. */
const pins = new WeakMap<World, Map<string, BpfMap>>();

function pinsOf(world: World): Map<string, BpfMap> {
  const known = pins.get(world) ?? new Map<string, BpfMap>();
  pins.set(world, known);
  return known;
}

/** bpf_object__reuse_map: the pinned map, when its parameters are those of the definition (map_is_reuse_compat). */
function reuse(spec: MapSpec, pinned: BpfMap, wanted: MapDef): Result<BpfMap> {
  const { def } = pinned;
  const odd = (['type', 'key_size', 'value_size', 'max_entries', 'map_flags', 'map_extra'] as const).find(
    (field) => def[field] !== wanted[field],
  );
  if (odd === undefined) return ok(pinned);
  const message = `map ${spec.name}: it cannot be the pinned map of the name: ${odd} is ${wanted[odd]}, the other's ${def[odd]}`;
  return refuse('load', ERRNO.EINVAL, message, { section: spec.section });
}

/** Maps by name, in the object's order; pinned ones are the world's; the first one that cannot be made refuses the object, as in libbpf. */
export function createMaps(spec: ObjectSpec, world: World): Result<Map<string, BpfMap>> {
  const maps = new Map<string, BpfMap>();
  for (const one of spec.maps) {
    const def = defOf(one, spec.btf);
    const settled = def.inner === null ? def : { ...def, inner: settleSizes(def.inner, world.maps.cpus) };
    const pinned = one.pinning === PIN_BY_NAME ? pinsOf(world).get(one.name) : undefined;
    const made = pinned ? reuse(one, pinned, settleSizes(settled, world.maps.cpus)) : world.maps.create(settled);
    if (!made.ok) return { ok: false, error: { ...made.error, where: { section: one.section } } };
    maps.set(one.name, made.value);
    if (one.pinning === PIN_BY_NAME) pinsOf(world).set(one.name, made.value);
  }
  for (const one of spec.maps) {
    if (one.data !== null) fillData(maps.get(one.name)!, one.data);
  }
  return ok(maps);
}

function fillData(map: BpfMap, data: Uint8Array): void {
  if (data.every((byte) => byte === 0)) return;
  const value = new Uint8Array(map.def.value_size);
  value.set(data.subarray(0, value.length));
  map.userUpdate(keyOf(0), value, 0);
}

/** `.values` of map definitions: inner maps and programs by name (bpf_object__init_prog_arrays, init_map_in_map_slots). */
export function fillSlots(
  spec: ObjectSpec,
  maps: ReadonlyMap<string, BpfMap>,
  world: World,
  programIds: ReadonlyMap<string, number>,
): Result<null> {
  for (const one of spec.maps) {
    const map = maps.get(one.name)!;
    for (const { index, name } of one.values) {
      const errno = fillSlot(world, map, index, maps.get(name), programIds.get(name));
      if (errno === 0) continue;
      const message = `map ${one.name}: ${name} does not fit into slot ${index} (${errnoName(errno)})`;
      return refuse('load', errno, message, { section: one.section });
    }
  }
  return ok(null);
}

/** 0 or a positive errno. */
function fillSlot(world: World, map: BpfMap, index: number, inner?: BpfMap, programId?: number): number {
  if (map instanceof ProgArray) {
    if (programId === undefined) return ERRNO.EBADF;
    return -map.setProgram(index, world.programs.indexOf(programId), programId);
  }
  return inner === undefined ? ERRNO.EBADF : -map.userUpdate(keyOf(index), keyOf(inner.id), 0);
}
