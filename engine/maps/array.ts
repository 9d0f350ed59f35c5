/** BPF_MAP_TYPE_ARRAY and PERCPU_ARRAY (kernel/bpf/arraymap.c): elements side by side, one block a CPU. */
import { REGION } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAG, MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { indexOf, keyOf, MapBase, roundUp8, strideOf } from './map-base.ts';
import { UndoArea } from './undo-area.ts';

export class ArrayMap extends MapBase {
  private readonly area: UndoArea;
  private readonly stride: number;
  private readonly cpuStride: number;
  private readonly percpu: boolean;
  /** Bytes of one value for user space. */
  private readonly userBytes: number;

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea, stride: number) {
    super(host, def, id);
    this.area = area;
    this.stride = stride;
    this.percpu = def.type === MAP_TYPE.PERCPU_ARRAY;
    this.cpuStride = def.max_entries * stride;
    this.userBytes = this.percpu ? host.cpus * roundUp8(def.value_size) : def.value_size;
    this.describe({ values: area.base, stride, cpuStride: this.percpu ? this.cpuStride : 0, dirty: area.flags });
    this.mem.addRegion({
      base: area.base,
      len: area.bytes,
      stride,
      elem: def.value_size,
      write: this.writable,
      kind: REGION.MAP_VALUE,
      map: this.handle,
    });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): ArrayMap | null {
    const stride = strideOf(def.value_size);
    const cpus = def.type === MAP_TYPE.PERCPU_ARRAY ? host.cpus : 1;
    // A single element can be written by address (global data), without a lookup that would mark it.
    const global = def.max_entries === 1 && (def.map_flags & MAP_FLAG.RDONLY_PROG) === 0;
    const area = UndoArea.reserve(host.mem, def.max_entries * stride * cpus, stride, global);
    return area === null ? null : new ArrayMap(host, def, id, area, stride);
  }

  override lookup(key: number): number {
    return this.elementOf(this.mem.dv.getUint32(key, true), this.percpu ? this.cpu : 0);
  }

  override lookupCpu(key: number, cpu: number): number {
    if (!this.percpu) return super.lookupCpu(key, cpu);
    return cpu < this.host.cpus ? this.elementOf(this.mem.dv.getUint32(key, true), cpu) : 0;
  }

  /** Address of an element, which may be written from now on; 0 past the end. */
  private elementOf(index: number, cpu: number): number {
    if (index >= this.def.max_entries) return 0;
    const at = this.area.base + cpu * this.cpuStride + index * this.stride;
    this.area.mark(at);
    return at;
  }

  override update(key: number, value: number, flags: number): number {
    const index = this.mem.dv.getUint32(key, true);
    const refused = this.refusal(index, flags);
    if (refused !== 0) return refused;
    this.copyValue(this.elementOf(index, this.percpu ? this.cpu : 0), value);
    return 0;
  }

  /** What array_map_update_elem refuses: 0 or a negative errno. */
  private refusal(index: number, flags: number): number {
    if (flags > (UPDATE.EXIST | UPDATE.F_LOCK) || (flags & 3) === 3) return -ERRNO.EINVAL;
    if (index >= this.def.max_entries) return -ERRNO.E2BIG;
    if ((flags & UPDATE.NOEXIST) !== 0) return -ERRNO.EEXIST;
    return (flags & UPDATE.F_LOCK) !== 0 && !this.locks ? -ERRNO.EINVAL : 0;
  }

  override delete(_key: number): number {
    return -ERRNO.EINVAL;
  }

  override walk(visit: (key: number, value: number) => boolean): number {
    const key = this.host.arrayKeys.enter();
    try {
      for (let i = 0; i < this.def.max_entries; i++) {
        this.mem.u32[key >>> 2] = i;
        if (visit(key, this.elementOf(i, this.percpu ? this.cpu : 0))) return i + 1;
      }
      return this.def.max_entries;
    } finally {
      this.host.arrayKeys.leave();
    }
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    const index = indexOf(key);
    if (key.length !== 4 || index >= this.def.max_entries) return null;
    return this.valueAt(index);
  }

  private valueAt(index: number): Uint8Array {
    const at = this.area.base + index * this.stride;
    if (!this.percpu) return this.readValue(at, this.def.value_size);
    const each = roundUp8(this.def.value_size);
    const all = new Uint8Array(this.userBytes);
    for (let cpu = 0; cpu < this.host.cpus; cpu++) all.set(this.readValue(at + cpu * this.cpuStride, each), cpu * each);
    return all;
  }

  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.userBytes)) return -ERRNO.EINVAL;
    const index = indexOf(key);
    // bpf(2) itself refuses BPF_F_LOCK without a lock, before it looks at the index.
    if (flags > UPDATE.EXIST && (this.percpu || !this.locks)) return -ERRNO.EINVAL;
    const refused = this.refusal(index, flags);
    if (refused !== 0) return refused;
    if (!this.percpu) {
      this.writeValue(this.elementOf(index, 0), value);
      return 0;
    }
    const each = roundUp8(this.def.value_size);
    for (let cpu = 0; cpu < this.host.cpus; cpu++) {
      this.writeValue(this.elementOf(index, cpu), value.subarray(cpu * each, (cpu + 1) * each));
    }
    return 0;
  }

  override userDelete(_key: Uint8Array): number {
    return -ERRNO.EINVAL;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (let i = 0; i < this.def.max_entries; i++) yield keyOf(i);
  }

  override *entries(): Iterable<MapContent> {
    const found = new Set<number>();
    for (const [from, end] of this.area.touched()) {
      for (let at = from; at < end; at += this.stride) {
        if (this.anyBit(at)) found.add((at - this.area.base) / this.stride);
      }
    }
    const indices = this.percpu ? [...new Set([...found].map((i) => i % this.def.max_entries))].sort(ascending) : found;
    for (const i of indices) yield { key: keyOf(i), value: this.valueAt(i) };
  }

  private anyBit(at: number): boolean {
    const { u32 } = this.mem;
    const end = (at + this.stride) >>> 2;
    for (let word = at >>> 2; word < end; word++) if (u32[word] !== 0) return true;
    return false;
  }

  override reset(): void {
    this.area.reset();
  }

  override snapshot(): void {
    this.area.snapshot();
  }
}

function ascending(a: number, b: number): number {
  return a - b;
}
