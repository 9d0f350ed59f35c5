/** BPF_MAP_TYPE_DEVMAP and DEVMAP_HASH (kernel/bpf/devmap.c): ifindex and id of an egress program, set by user space. */
import { REGION } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { indexOf, keyOf } from './map-base.ts';
import { RedirectMap } from './redirect-map.ts';
import { SlotPool } from './slot-pool.ts';
import { UndoArea } from './undo-area.ts';

/** enum bpf_attach_type */
const BPF_XDP_DEVMAP = 33;
/** sizeof(struct bpf_devmap_val) */
const ENTRY = 8;
/** BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS */
const BROADCAST_FLAGS = 8 | 16;

export class DevMap extends RedirectMap {
  readonly redirectFlags = BROADCAST_FLAGS;
  private readonly area: UndoArea;
  private readonly hashed: boolean;
  /** Slot of each key that has an entry; of the array kind the key itself. */
  private slots = new Map<number, number>();
  private savedSlots = new Map<number, number>();
  private readonly pool: SlotPool;

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea) {
    super(host, def, id);
    this.area = area;
    this.hashed = def.type === MAP_TYPE.DEVMAP_HASH;
    this.pool = new SlotPool(def.max_entries);
    this.describe();
    const elem = def.value_size;
    const { base, bytes } = area;
    this.mem.addRegion({
      base,
      len: bytes,
      stride: ENTRY,
      elem,
      write: false,
      kind: REGION.MAP_VALUE,
      map: this.handle,
    });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): DevMap | null {
    const area = UndoArea.reserve(host.mem, def.max_entries * ENTRY, ENTRY);
    return area === null ? null : new DevMap(host, def, id, area);
  }

  private addressOf(key: number): number {
    const slot = this.slots.get(key);
    return slot === undefined ? 0 : this.area.base + slot * ENTRY;
  }

  override lookup(key: number): number {
    return this.addressOf(this.mem.dv.getUint32(key, true));
  }

  override redirectTarget(key: number): number {
    const at = this.addressOf(key);
    return at === 0 ? -1 : this.mem.u32[at >>> 2]!;
  }

  /** All entries in the order in which a broadcast reaches them: by key, of the hashed kind by bucket, the newest of a bucket first. */
  destinations(): { readonly key: number; readonly ifindex: number; readonly program: number }[] {
    const { u32 } = this.mem;
    return this.broadcastOrder().map((key) => {
      const at = this.addressOf(key) >>> 2;
      return { key, ifindex: u32[at]!, program: u32[at + 1]! };
    });
  }

  private broadcastOrder(): number[] {
    if (!this.hashed) return this.keys();
    let buckets = 1;
    while (buckets < this.def.max_entries) buckets *= 2;
    return [...this.slots.keys()].reverse().sort((a, b) => (a & (buckets - 1)) - (b & (buckets - 1)));
  }

  private keys(): number[] {
    return [...this.slots.keys()].sort((a, b) => a - b);
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    const at = key.length === 4 ? this.addressOf(indexOf(key)) : 0;
    return at === 0 ? null : this.mem.u8.slice(at, at + this.def.value_size);
  }

  /** `value`: ifindex and, in 8 bytes, the id of the egress program, where bpf(2) takes a descriptor (0 or negative: none). */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.def.value_size)) return -ERRNO.EINVAL;
    const index = indexOf(key);
    const ifindex = indexOf(value);
    const program = value.length === ENTRY ? indexOf(value.subarray(4)) | 0 : 0;
    return this.hashed ? this.storeHashed(index, ifindex, program, flags) : this.store(index, ifindex, program, flags);
  }

  /** __dev_map_update_elem: ifindex 0 empties the entry. */
  private store(index: number, ifindex: number, program: number, flags: number): number {
    if (flags > UPDATE.EXIST) return -ERRNO.EINVAL;
    if (index >= this.def.max_entries) return -ERRNO.E2BIG;
    if (flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (ifindex === 0) {
      if (program > 0) return -ERRNO.EINVAL;
      this.slots.delete(index);
      return 0;
    }
    if (!this.valid(ifindex, program)) return -ERRNO.EINVAL;
    this.write(index, index, ifindex, program);
    return 0;
  }

  /** __dev_map_hash_update_elem */
  private storeHashed(key: number, ifindex: number, program: number, flags: number): number {
    if (flags > UPDATE.EXIST || ifindex === 0) return -ERRNO.EINVAL;
    const old = this.slots.get(key);
    if (old !== undefined && flags === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    if (!this.valid(ifindex, program)) return -ERRNO.EINVAL;
    const slot = old ?? this.pool.take();
    if (slot < 0) return -ERRNO.E2BIG;
    this.write(key, slot, ifindex, program);
    return 0;
  }

  private valid(ifindex: number, program: number): boolean {
    return this.host.hasDevice(ifindex) && (program <= 0 || this.host.programIndex(program, BPF_XDP_DEVMAP) !== 0);
  }

  private write(key: number, slot: number, ifindex: number, program: number): void {
    const at = this.area.base + slot * ENTRY;
    this.area.mark(at);
    // An entry that is written again is the newest of its bucket.
    this.slots.delete(key);
    this.mem.u32[at >>> 2] = ifindex;
    this.mem.u32[(at >>> 2) + 1] = Math.max(program, 0);
    this.slots.set(key, slot);
  }

  override userDelete(key: Uint8Array): number {
    if (key.length !== 4) return -ERRNO.EINVAL;
    const index = indexOf(key);
    if (!this.hashed && index >= this.def.max_entries) return -ERRNO.EINVAL;
    const slot = this.slots.get(index);
    if (slot === undefined) return this.hashed ? -ERRNO.ENOENT : 0;
    this.slots.delete(index);
    if (this.hashed) this.pool.give(slot);
    return 0;
  }

  override *userKeys(): Iterable<Uint8Array> {
    if (this.hashed) for (const key of this.keys()) yield keyOf(key);
    else for (let i = 0; i < this.def.max_entries; i++) yield keyOf(i);
  }

  override *entries(): Iterable<MapContent> {
    for (const index of this.keys()) {
      const key = keyOf(index);
      yield { key, value: this.userLookup(key)! };
    }
  }

  override reset(): void {
    this.area.reset();
    this.slots = new Map(this.savedSlots);
    this.pool.restore(this.savedPool);
  }

  private savedPool = new SlotPool(0).save();

  override snapshot(): void {
    this.area.snapshot();
    this.savedSlots = new Map(this.slots);
    this.savedPool = this.pool.save();
  }
}
