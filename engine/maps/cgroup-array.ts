/** BPF_MAP_TYPE_CGROUP_ARRAY (kernel/bpf/arraymap.c): cgroups by their ids, where bpf(2) takes descriptors. */
import { ERRNO } from '../uapi/errno.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { indexOf, keyOf, MapBase } from './map-base.ts';

export class CgroupArray extends MapBase {
  private ids = new Map<number, number>();
  private saved = new Map<number, number>();

  constructor(host: MapHost, def: MapDef, id: number) {
    super(host, def, id);
    this.describe();
  }

  /** Id of the cgroup at an index, or what bpf_skb_under_cgroup answers where there is none: a negative errno. */
  at(index: number): number {
    if (index >= this.def.max_entries) return -ERRNO.E2BIG;
    return this.ids.get(index) ?? -ERRNO.EAGAIN;
  }

  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, 4) || flags !== 0) return -ERRNO.EINVAL;
    if (indexOf(key) >= this.def.max_entries) return -ERRNO.E2BIG;
    if (indexOf(value) === 0) return -ERRNO.EBADF;
    this.ids.set(indexOf(key), indexOf(value));
    return 0;
  }

  override userDelete(key: Uint8Array): number {
    if (key.length !== 4) return -ERRNO.EINVAL;
    if (indexOf(key) >= this.def.max_entries) return -ERRNO.E2BIG;
    return this.ids.delete(indexOf(key)) ? 0 : -ERRNO.ENOENT;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (let i = 0; i < this.def.max_entries; i++) yield keyOf(i);
  }

  override *entries(): Iterable<MapContent> {
    for (const [index, id] of [...this.ids].sort(([a], [b]) => a - b)) yield { key: keyOf(index), value: keyOf(id) };
  }

  override reset(): void {
    this.ids = new Map(this.saved);
  }

  override snapshot(): void {
    this.saved = new Map(this.ids);
  }
}
