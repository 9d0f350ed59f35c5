/** Puts names beside the ids that maps of programs and maps of maps hold, so that people need not know ids. */
import { type LoadedObject, MAP_TYPE, type MapDump, type MapEntry } from '../../../engine/index.ts';

function idOf(entry: MapEntry): number {
  return entry.value.length >= 4 ? new DataView(entry.value.buffer, entry.value.byteOffset).getUint32(0, true) : 0;
}

/** The dumps, with `refs` where values are ids. */
export function withNames(object: LoadedObject, dumps: readonly MapDump[]): MapDump[] {
  const { programs, maps } = object.world;
  return dumps.map((dump) => {
    if (dump.type === MAP_TYPE.PROG_ARRAY) {
      return { ...dump, refs: dump.entries.map((entry) => programs.nameOf(idOf(entry))) };
    }
    if (dump.type !== MAP_TYPE.ARRAY_OF_MAPS && dump.type !== MAP_TYPE.HASH_OF_MAPS) return dump;
    return { ...dump, refs: dump.entries.map((entry) => maps.byId(idOf(entry))?.def.name ?? null) };
  });
}
