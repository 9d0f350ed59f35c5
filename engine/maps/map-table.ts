/** All maps of a world: hands out ids and descriptors, finds maps by them, and takes all back to the snapshot together. */
import { type Result, refuse } from '../errors.ts';
import { MAP_DESC_BASE, MAPS_MAX, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { createMap } from './create.ts';
import { KeyScratch } from './key-scratch.ts';
import type { BpfMap, MapDef, MapHost } from './map.ts';
import { RingbufMap } from './ringbuf.ts';
import { SkStorage } from './sk-storage.ts';
import { StorageMap } from './storage.ts';
import { Timers } from './timers.ts';

const PAGE = 4096;
/** Rows of the region table that maps leave to others. */
const REGIONS_KEPT = 1024;

export class MapTable implements MapHost {
  readonly mem: WorldMemory;
  readonly cpus: number;
  readonly arrayKeys: KeyScratch;
  readonly timers = new Timers();
  /** By id; entry 0 stays empty. */
  private readonly maps: (BpfMap | undefined)[] = [undefined];
  /** Set by whoever loads programs: MapHost.programIndex. */
  programIndex: (id: number, attach?: number) => number = () => 0;
  /** Set by whoever knows the devices: MapHost.hasDevice. */
  hasDevice: (ifindex: number) => boolean = () => true;
  /** Set by whoever knows the sockets: MapHost.socket. */
  socket: (cookie: number) => number = () => 0;

  constructor(mem: WorldMemory, cpus: number) {
    this.mem = mem;
    this.cpus = cpus;
    this.arrayKeys = new KeyScratch(mem);
  }

  /** Makes a map with the sizes that libbpf would settle first, and gives it the next id. */
  create(def: MapDef): Result<BpfMap> {
    const id = this.maps.length;
    if (id >= MAPS_MAX || this.mem.freeRegions < REGIONS_KEPT) {
      return refuse('load', ERRNO.ENOSPC, `map ${def.name}: more maps than one run can hold, after ${id - 1} of them`);
    }
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

  /** Before a BPF_PROG_RUN: what belongs to one call starts afresh. */
  beginCall(): void {
    for (const map of this.maps) if (map instanceof StorageMap || map instanceof SkStorage) map.beginCall();
  }

  /** After a program returned: what it forgot to release, in one sentence, or null. */
  leak(): string | null {
    if (this.mem.u32[PRIV.SPIN_LOCK >> 2] !== 0) return 'bpf_spin_lock is still held at exit';
    for (const map of this.maps) {
      if (map instanceof RingbufMap && map.heldRecords > 0) {
        return `${map.heldRecords} record(s) of ring buffer ${map.def.name} neither submitted nor discarded at exit`;
      }
    }
    return null;
  }

  /** After a run that ended early: lets go of locks and records. */
  abandon(): void {
    this.mem.u32[PRIV.SPIN_LOCK >> 2] = 0;
    for (const map of this.maps) if (map instanceof RingbufMap) map.abandon();
  }

  /** What user space reads from the ring buffers after a call, map by map. */
  drainRecords(): { readonly map: string; readonly data: Uint8Array }[] {
    const records: { map: string; data: Uint8Array }[] = [];
    for (const map of this.maps) {
      if (map instanceof RingbufMap) for (const data of map.drain()) records.push({ map: map.def.name, data });
    }
    return records;
  }

  reset(): void {
    for (let id = 1; id < this.maps.length; id++) this.maps[id]!.reset();
    this.timers.clear();
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
