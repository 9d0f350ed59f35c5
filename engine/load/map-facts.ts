/** What the JIT is told about a map: its shape, and where its elements are when lookups need no call. */
import type { MapFacts } from '../jit/types.ts';
import { MAP_AT } from '../layout.ts';
import type { BpfMap, MapDef } from '../maps/map.ts';
import { strideOf } from '../maps/map-base.ts';
import type { WorldMemory } from '../memory.ts';
import { MAP_FLAG, MAP_TYPE } from '../uapi/map-types.ts';

const ARRAYS: ReadonlySet<number> = new Set<number>([MAP_TYPE.ARRAY, MAP_TYPE.PERCPU_ARRAY]);

/** Shape alone: for inner maps, which are known only when the program runs. */
function shapeOf(def: MapDef): MapFacts {
  const { type, key_size, value_size, max_entries } = def;
  return {
    ...{ handle: 0, type, key_size, value_size, max_entries },
    ...{ values: 0, stride: ARRAYS.has(type) ? strideOf(value_size) : 0, cpu_stride: 0, dirty: 0 },
    read_only: (def.map_flags & MAP_FLAG.RDONLY_PROG) !== 0,
    inner: null,
  };
}

/** Facts of a map that exists, from its descriptor. */
export function factsOf(mem: WorldMemory, map: BpfMap): MapFacts {
  const word = (at: number): number => mem.u32[(map.handle + at) >>> 2]!;
  return {
    ...shapeOf(map.def),
    ...{ handle: map.handle, values: word(MAP_AT.VALUES), stride: word(MAP_AT.STRIDE) },
    ...{ cpu_stride: word(MAP_AT.CPU_STRIDE), dirty: word(MAP_AT.DIRTY) },
    read_only: !map.writable,
    inner: map.def.inner === null ? null : shapeOf(map.def.inner),
  };
}
