/** BPF_MAP_TYPE_CPUMAP (kernel/bpf/cpumap.c): queue size and id of a program for each CPU, set by user space. */
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { indexOf, keyOf } from './map-base.ts';
import { RedirectMap } from './redirect-map.ts';

/** enum bpf_attach_type */
const BPF_XDP_CPUMAP = 35;
const QSIZE_MAX = 16384;

export class CpuMap extends RedirectMap {
  readonly redirectFlags = 0;
  /** struct bpf_cpumap_val of each CPU that has an entry. */
  private values = new Map<number, Uint8Array>();
  private saved = new Map<number, Uint8Array>();

  constructor(host: MapHost, def: MapDef, id: number) {
    super(host, def, id);
    this.describe();
  }

  override redirectTarget(key: number): number {
    return this.values.has(key) ? key : -1;
  }

  /** All entries, by CPU. */
  destinations(): { readonly cpu: number; readonly qsize: number; readonly program: number }[] {
    const sorted = [...this.values].sort(([a], [b]) => a - b);
    return sorted.map(([cpu, value]) => {
      return { cpu, qsize: indexOf(value), program: value.length === 8 ? indexOf(value.subarray(4)) : 0 };
    });
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    return (key.length === 4 ? this.values.get(indexOf(key))?.slice() : undefined) ?? null;
  }

  /** `value`: queue size and, in 8 bytes, the id of the CPU's program, where bpf(2) takes a descriptor (0 or negative: none). */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.def.value_size) || flags > UPDATE.EXIST) return -ERRNO.EINVAL;
    const cpu = indexOf(key);
    const qsize = indexOf(value);
    if (cpu >= this.def.max_entries) return -ERRNO.E2BIG;
    if (flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (qsize > QSIZE_MAX) return -ERRNO.EOVERFLOW;
    if (cpu >= this.host.cpus) return -ERRNO.ENODEV;
    if (qsize === 0) {
      this.values.delete(cpu);
      return 0;
    }
    return this.store(cpu, value);
  }

  private store(cpu: number, value: Uint8Array): number {
    const entry = value.slice();
    if (value.length === 8) {
      const program = indexOf(value.subarray(4)) | 0;
      if (program > 0 && this.host.programIndex(program, BPF_XDP_CPUMAP) === 0) return -ERRNO.ENOMEM;
      if (program <= 0) entry.fill(0, 4);
    }
    this.values.set(cpu, entry);
    return 0;
  }

  override userDelete(key: Uint8Array): number {
    if (key.length !== 4 || indexOf(key) >= this.def.max_entries) return -ERRNO.EINVAL;
    this.values.delete(indexOf(key));
    return 0;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (let i = 0; i < this.def.max_entries; i++) yield keyOf(i);
  }

  override *entries(): Iterable<MapContent> {
    const sorted = [...this.values].sort(([a], [b]) => a - b);
    for (const [cpu, value] of sorted) yield { key: keyOf(cpu), value: value.slice() };
  }

  override reset(): void {
    this.values = new Map(this.saved);
  }

  override snapshot(): void {
    this.saved = new Map(this.values);
  }
}
