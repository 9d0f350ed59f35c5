/** Makes the updates of presets in a loaded object's maps, as user space would, and keeps the inner maps made for them. */
import { type BpfMap, errnoName, type LoadedObject } from '../../engine/index.ts';
import { InputError } from '../input-error.ts';
import type { MapPreset } from './backend.ts';
import { type ElementUpdate, presetUpdates } from './presets.ts';

/** Inner maps that presets create: made once, used again by later runs, since a world's maps are never destroyed. */
export class InnerMaps {
  private readonly object: LoadedObject;
  private readonly made = new Map<string, BpfMap[]>();
  private readonly used = new Map<string, number>();

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
    const maps = this.made.get(name) ?? [];
    const next = this.used.get(name) ?? 0;
    this.used.set(name, next + 1);
    const free = maps[next];
    if (free) return free;
    if (outer.def.inner === null) throw new InputError(`${path}: the map has no shape for inner maps`);
    const made = this.object.world.maps.create({ ...outer.def.inner, name: `${name}.inner` });
    if (!made.ok) throw new InputError(`${path}: ${made.error.message}`);
    this.made.set(name, [...maps, made.value]);
    return made.value;
  }
}

function idBytes(id: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, id, true);
  return bytes;
}

function programId(object: LoadedObject, name: string, path: string): number {
  const program = object.program(name);
  if (!program.ok) throw new InputError(`${path}: program ${name} does not load: ${program.error.message}`);
  return program.value.id;
}

/** The value's bytes with ids in the places of names. */
function settle(object: LoadedObject, inner: InnerMaps, map: BpfMap, update: ElementUpdate): Uint8Array {
  const { value, path } = update;
  switch (value.kind) {
    case 'program':
      return idBytes(programId(object, value.name, path));
    case 'map': {
      const named = object.map(value.name);
      if (!named) throw new InputError(`${path}: there is no map ${value.name}`);
      return idBytes(named.id);
    }
    case 'new-map': {
      const made = inner.take(map, path);
      for (const one of value.updates) applyTo(object, inner, made, one);
      return idBytes(made.id);
    }
    case 'bytes': {
      if (value.program === undefined) return value.bytes;
      const bytes = value.bytes.slice();
      bytes.set(idBytes(programId(object, value.program.name, path)), value.program.offset);
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

function applyTo(object: LoadedObject, inner: InnerMaps, map: BpfMap, update: ElementUpdate): void {
  const errno = -map.userUpdate(update.key, settle(object, inner, map, update), 0);
  if (errno === 0) return;
  const name = errnoName(errno);
  throw new InputError(`${update.path}: ${WHY[name] ?? 'the map refuses it'}: ${name} (${errno})`);
}

/** Fills the maps as presets say; `spec`: the object with its data sections as they are now. Throws InputError naming the map and the place in it. */
export function applyPresets(
  object: LoadedObject,
  inner: InnerMaps,
  presets: readonly MapPreset[],
  cpus: number,
  spec = object.spec,
): void {
  for (const update of presetUpdates(spec, presets, cpus)) {
    const map = object.map(update.map);
    if (!map) throw new InputError(`${update.path}: the map was not made`);
    applyTo(object, inner, map, update);
  }
}
