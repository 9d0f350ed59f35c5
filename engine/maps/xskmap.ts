/** BPF_MAP_TYPE_XSKMAP (net/xdp/xskmap.c), with stand-ins for AF_XDP sockets: a slot holds the queue a socket would be bound to. */
import { REGION } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { indexOf, keyOf } from './map-base.ts';
import { RedirectMap } from './redirect-map.ts';
import { UndoArea } from './undo-area.ts';

/** Room for struct bpf_xdp_sock { u32 queue_id } at a power of two. */
const ENTRY = 8;
const SOCK_BYTES = 4;

export class XskMap extends RedirectMap {
  readonly redirectFlags = 0;
  private readonly area: UndoArea;
  private present = new Set<number>();
  private saved = new Set<number>();

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea) {
    super(host, def, id);
    this.area = area;
    this.describe();
    const { base, bytes } = area;
    this.mem.addRegion({
      base,
      len: bytes,
      stride: ENTRY,
      elem: SOCK_BYTES,
      write: false,
      kind: REGION.SOCK,
      map: this.handle,
    });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): XskMap | null {
    const area = UndoArea.reserve(host.mem, def.max_entries * ENTRY, ENTRY);
    return area === null ? null : new XskMap(host, def, id, area);
  }

  /** Address of the slot's struct bpf_xdp_sock, or 0. */
  override lookup(key: number): number {
    const index = this.mem.dv.getUint32(key, true);
    return this.present.has(index) ? this.area.base + index * ENTRY : 0;
  }

  override redirectTarget(key: number): number {
    return this.present.has(key) ? this.mem.u32[(this.area.base + key * ENTRY) >>> 2]! : -1;
  }

  /** All stand-ins, by key. */
  sockets(): { readonly key: number; readonly queue: number }[] {
    const sorted = [...this.present].sort((a, b) => a - b);
    return sorted.map((key) => ({ key, queue: this.redirectTarget(key) }));
  }

  /** `value` is the stand-in's queue, where bpf(2) takes the descriptor of a socket. */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, 4) || flags > UPDATE.EXIST) return -ERRNO.EINVAL;
    const index = indexOf(key);
    if (index >= this.def.max_entries) return -ERRNO.E2BIG;
    if (this.present.has(index) && flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (!this.present.has(index) && flags === UPDATE.EXIST) return -ERRNO.ENOENT;
    const at = this.area.base + index * ENTRY;
    this.area.mark(at);
    this.mem.u32[at >>> 2] = indexOf(value);
    this.present.add(index);
    return 0;
  }

  override userDelete(key: Uint8Array): number {
    if (key.length !== 4 || indexOf(key) >= this.def.max_entries) return -ERRNO.EINVAL;
    this.present.delete(indexOf(key));
    return 0;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (let i = 0; i < this.def.max_entries; i++) yield keyOf(i);
  }

  /** The stand-ins; the kernel shows none (-EOPNOTSUPP). */
  override *entries(): Iterable<MapContent> {
    for (const { key, queue } of this.sockets()) yield { key: keyOf(key), value: keyOf(queue) };
  }

  override reset(): void {
    this.area.reset();
    this.present = new Set(this.saved);
  }

  override snapshot(): void {
    this.area.snapshot();
    this.saved = new Set(this.present);
  }
}
