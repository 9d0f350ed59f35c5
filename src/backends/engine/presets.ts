/** Makes the updates of presets in a loaded object's maps, as user space would, and keeps the inner maps made for them. */
import { type BpfMap, ERRNO, errnoName, type LoadedObject, MAP_TYPE } from '../../../engine/index.ts';
import { InputError } from '../../input-error.ts';
import type { MapPreset } from '../backend.ts';
import { type ElementUpdate, presetUpdates } from '../presets.ts';
import { splitName, type World } from '../world-names.ts';

/** The objects of one world, the case's own first. */
export interface EngineObject {
  readonly label: string;
  readonly object: LoadedObject;
}

/** A map by its name in the world. */
export function mapIn(objects: readonly EngineObject[], name: string): BpfMap | undefined {
  const [label, bare] = splitName(name);
  return objects.find((one) => one.label === label)?.object.map(bare);
}

/** Inner maps that presets create: made once, used again by later runs, since a world's maps are never destroyed. */
export class InnerMaps {
  private readonly object: LoadedObject;
  /** By the outer map. */
  private readonly made = new Map<number, BpfMap[]>();
  private readonly used = new Map<number, number>();

  constructor(object: LoadedObject) {
    this.object = object;
  }

  /** All are free again, and empty. */
  reset(): void {
    for (const maps of this.made.values()) for (const map of maps) map.reset();
    this.used.clear();
  }

  /** A map of the shape that `outer` wants inside. */
  take(outer: BpfMap, path: string): BpfMap {
    const name = outer.def.name;
    const maps = this.made.get(outer.id) ?? [];
    const next = this.used.get(outer.id) ?? 0;
    this.used.set(outer.id, next + 1);
    const free = maps[next];
    if (free) return free;
    if (outer.def.inner === null) throw new InputError(`${path}: the map has no shape for inner maps`);
    const made = this.object.world.maps.create({ ...outer.def.inner, name: `${name}.inner` });
    if (!made.ok) throw new InputError(`${path}: ${made.error.message}`);
    this.made.set(outer.id, [...maps, made.value]);
    return made.value;
  }
}

function idBytes(id: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, id, true);
  return bytes;
}

function programId(objects: readonly EngineObject[], name: string, path: string): number {
  const [label, bare] = splitName(name);
  const program = objects.find((one) => one.label === label)?.object.program(bare);
  if (!program) throw new InputError(`${path}: there is no program ${name}`);
  if (!program.ok) throw new InputError(`${path}: program ${name} does not load: ${program.error.message}`);
  return program.value.id;
}

/** The value's bytes with ids in the places of names. */
function settle(objects: readonly EngineObject[], inner: InnerMaps, map: BpfMap, update: ElementUpdate): Uint8Array {
  const { value, path } = update;
  switch (value.kind) {
    case 'program':
      return idBytes(programId(objects, value.name, path));
    case 'map': {
      const named = mapIn(objects, value.name);
      if (!named) throw new InputError(`${path}: there is no map ${value.name}`);
      return idBytes(named.id);
    }
    case 'new-map': {
      const made = inner.take(map, path);
      for (const one of value.updates) applyTo(objects, inner, made, one);
      return idBytes(made.id);
    }
    case 'gone':
      return new Uint8Array(0);
    case 'bytes': {
      if (value.program === undefined) return value.bytes;
      const bytes = value.bytes.slice();
      bytes.set(idBytes(programId(objects, value.program.name, path)), value.program.offset);
      return bytes;
    }
  }
}

const WHY: Readonly<Record<string, string>> = {
  E2BIG: 'the map is full',
  ENOMEM: 'the map is full',
  EINVAL: 'the map takes no such element',
  ENODEV: 'there is no such CPU',
  EBADF: 'it names nothing',
};

function applyTo(objects: readonly EngineObject[], inner: InnerMaps, map: BpfMap, update: ElementUpdate): void {
  const gone = update.value.kind === 'gone';
  const made = gone ? map.userDelete(update.key) : map.userUpdate(update.key, settle(objects, inner, map, update), 0);
  const errno = -made;
  if (errno === 0 || (gone && errno === ERRNO.ENOENT)) return;
  const name = errnoName(errno);
  // __cpu_map_entry_alloc gives NULL, whatever went wrong in it.
  const forCpu = map.def.type === MAP_TYPE.CPUMAP && errno === ERRNO.ENOMEM;
  const why = forCpu ? 'its program is none for a cpumap' : (WHY[name] ?? 'the map refuses it');
  throw new InputError(`${update.path}: ${why}: ${name} (${errno})`);
}

/** Fills the maps as presets say; `world`: the objects with their data sections as they are now. Throws InputError naming the map and the place in it. */
export function applyPresets(
  objects: readonly EngineObject[],
  inner: InnerMaps,
  presets: readonly MapPreset[],
  cpus: number,
  world: World = objects.map(({ label, object }) => ({ label, spec: object.spec })),
): void {
  if (presets.length === 0) return;
  for (const update of presetUpdates(world, presets, cpus)) {
    const map = mapIn(objects, update.map);
    if (!map) throw new InputError(`${update.path}: the map was not made`);
    applyTo(objects, inner, map, update);
  }
}
