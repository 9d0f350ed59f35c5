/** BPF_MAP_TYPE_CGROUP_STORAGE and PERCPU_CGROUP_STORAGE (kernel/bpf/local_storage.c) as BPF_PROG_RUN sees them: fresh for every call. */
import { REGION } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import type { MapDef, MapHost } from './map.ts';
import { MapBase, strideOf } from './map-base.ts';
import { UndoArea } from './undo-area.ts';

/** The storage belongs to the call, not to a cgroup, so user space finds nothing in the map. */
export class StorageMap extends MapBase {
  private readonly area: UndoArea;
  private readonly stride: number;
  private readonly percpu: boolean;

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea, stride: number) {
    super(host, def, id);
    this.area = area;
    this.stride = stride;
    this.percpu = def.type === MAP_TYPE.PERCPU_CGROUP_STORAGE;
    this.describe();
    const { base, bytes } = area;
    const elem = def.value_size;
    this.mem.addRegion({
      base,
      len: bytes,
      stride,
      elem,
      write: this.writable,
      kind: REGION.MAP_VALUE,
      map: this.handle,
    });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): StorageMap | null {
    const stride = strideOf(def.value_size);
    const cpus = def.type === MAP_TYPE.PERCPU_CGROUP_STORAGE ? host.cpus : 1;
    const area = UndoArea.reserve(host.mem, stride * cpus, stride);
    return area === null ? null : new StorageMap(host, def, id, area, stride);
  }

  /** bpf_get_local_storage: address of this call's storage. */
  storage(): number {
    const at = this.area.base + (this.percpu ? this.cpu * this.stride : 0);
    this.area.mark(at);
    return at;
  }

  /** Zeroes the storage, as each call's own is (bpf_cgroup_storages_alloc). */
  beginCall(): void {
    this.area.reset();
  }

  override userUpdate(_key: Uint8Array, _value: Uint8Array, flags: number): number {
    const known = UPDATE.EXIST | (this.locks && !this.percpu ? UPDATE.F_LOCK : 0);
    return flags > known || (flags & ~known) !== 0 ? -ERRNO.EINVAL : -ERRNO.ENOENT;
  }

  override userDelete(_key: Uint8Array): number {
    return -ERRNO.EINVAL;
  }

  override reset(): void {
    this.area.reset();
  }

  override snapshot(): void {
    this.area.reset();
  }
}
