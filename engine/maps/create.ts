/** Makes a map from its definition, or says why not (map_create in kernel/bpf/syscall.c). */
import { ok, type Result, refuse } from '../errors.ts';
import { ERRNO, errnoName } from '../uapi/errno.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { ArrayMap } from './array.ts';
import { brokenRule, hasMapType } from './create-rules.ts';
import { HashMap } from './hash.ts';
import type { BpfMap, MapDef, MapHost } from './map.ts';

/** Makes one map; null when the world has no room for it. */
type Maker = (host: MapHost, def: MapDef, id: number) => BpfMap | null;

const MAKERS: ReadonlyMap<number, Maker> = new Map<number, Maker>([
  [MAP_TYPE.ARRAY, ArrayMap.create],
  [MAP_TYPE.PERCPU_ARRAY, ArrayMap.create],
  [MAP_TYPE.HASH, HashMap.create],
  [MAP_TYPE.PERCPU_HASH, HashMap.create],
]);

/** Name of a MAP_TYPE number, or the number in digits. */
export function mapTypeName(type: number): string {
  return Object.entries(MAP_TYPE).find(([, number]) => number === type)?.[0] ?? String(type);
}

/**
 * BPF_MAP_CREATE with the kernel's errno, as refusal stage `load`; stage `unsupported` for kinds the engine does not have.
 * `id` picks the descriptor and is what user space sees.
 */
export function createMap(host: MapHost, def: MapDef, id: number): Result<BpfMap> {
  const maker = MAKERS.get(def.type);
  if (maker === undefined || !hasMapType(def.type)) {
    return refuse('unsupported', ERRNO.EINVAL, `map ${def.name}: unsupported map type ${mapTypeName(def.type)}`);
  }
  const broken = brokenRule(def);
  if (broken !== undefined) {
    const message = `map ${def.name}: ${mapTypeName(def.type)} needs ${broken.needs} (${errnoName(broken.errno)})`;
    return refuse('load', broken.errno, message);
  }
  const map = maker(host, def, id);
  return map === null ? refuse('load', ERRNO.ENOMEM, noRoom(host, def)) : ok(map);
}

function noRoom(host: MapHost, def: MapDef): string {
  const shape = `${def.max_entries} entries of ${def.key_size} + ${def.value_size} bytes`;
  const left = Math.floor(host.mem.free / (1 << 20));
  return `map ${def.name}: ${shape} do not fit: ${left} MiB are left of the 4 GiB that all maps of a run share (ENOMEM)`;
}
