/** All maps of a world: hands out ids and descriptors, finds maps by them, and takes all back to the snapshot together. */
import { type Result, refuse } from '../errors.ts';
import { MAP_DESC_BASE, MAPS_MAX } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { createMap } from './create.ts';
import type { BpfMap, MapDef, MapHost } from './map.ts';

const PAGE = 4096;

export class MapTable implements MapHost {
  readonly mem: WorldMemory;
  readonly cpus: number;
  /** By id; entry 0 stays empty. */
  private readonly maps: (BpfMap | undefined)[] = [undefined];
  /** Set by whoever loads programs: MapHost.programIndex. */
  programIndex: (id: number) => number = () => 0;
  /** Set by whoever knows the devices: MapHost.hasDevice. */
  hasDevice: (ifindex: number) => boolean = () => true;

  constructor(mem: WorldMemory, cpus: number) {
    this.mem = mem;
    this.cpus = cpus;
  }

  /** Makes a map with the sizes that libbpf would settle first, and gives it the next id. */
  create(def: MapDef): Result<BpfMap> {
    const id = this.maps.length;
    if (id >= MAPS_MAX)
      return refuse('load', ERRNO.ENOSPC, `map ${def.name}: more than ${MAPS_MAX - 1} maps in one run`);
    const made = createMap(this, settleSizes(def, this.cpus), id);
    if (made.ok) this.maps.push(made.value);
    return made;
  }

  byHandle(handle: number): BpfMap | undefined {
    // A handle arrives as a signed 32-bit number; anything but a descriptor's address finds nothing.
    return (handle & 63) === 0 ? this.maps[(handle - MAP_DESC_BASE) >>> 6] : undefined;
  }

  byId(id: number): BpfMap | undefined {
    return this.maps[id];
  }

  /** All maps by id. */
  all(): BpfMap[] {
    return this.maps.filter((map) => map !== undefined);
  }

  reset(): void {
    for (let id = 1; id < this.maps.length; id++) this.maps[id]!.reset();
  }

  snapshot(): void {
    for (let id = 1; id < this.maps.length; id++) this.maps[id]!.snapshot();
  }
}

/** What libbpf fills in before BPF_MAP_CREATE: perf arrays sized by the CPUs, ring buffers rounded to a power of two of pages. */
export function settleSizes(def: MapDef, cpus: number): MapDef {
  if (def.type === MAP_TYPE.PERF_EVENT_ARRAY && def.max_entries === 0) return { ...def, max_entries: cpus };
  if (def.type !== MAP_TYPE.RINGBUF || def.max_entries === 0) return def;
  let bytes = PAGE;
  while (bytes < def.max_entries) bytes *= 2;
  return { ...def, max_entries: bytes };
}
