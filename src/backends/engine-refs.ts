/** Puts names beside the ids that maps of programs and maps of maps hold, so that people need not know ids. */
import { type LoadedObject, MAP_TYPE, type MapDump, type MapEntry } from '../../engine/index.ts';

type NameOf = (id: number) => string | null;

function idOf(entry: MapEntry): number {
  return entry.value.length >= 4 ? new DataView(entry.value.buffer, entry.value.byteOffset).getUint32(0, true) : 0;
}

function programNames(object: LoadedObject): NameOf {
  const names = new Map<number, string>();
  for (const { name } of object.spec.programs) {
    const program = object.program(name);
    if (program.ok) names.set(program.value.id, name);
  }
  return (id) => names.get(id) ?? null;
}

/** The dumps, with `refs` where values are ids. */
export function withNames(object: LoadedObject, dumps: readonly MapDump[]): MapDump[] {
  let programs: NameOf | null = null;
  return dumps.map((dump) => {
    if (dump.entries.length === 0) return dump;
    if (dump.type === MAP_TYPE.PROG_ARRAY) {
      programs ??= programNames(object);
      return { ...dump, refs: dump.entries.map(idOf).map(programs) };
    }
    if (dump.type !== MAP_TYPE.ARRAY_OF_MAPS && dump.type !== MAP_TYPE.HASH_OF_MAPS) return dump;
    return { ...dump, refs: dump.entries.map((entry) => object.world.maps.byId(idOf(entry))?.def.name ?? null) };
  });
}
