/** What the hash kinds share: keys and values in linear memory slots, lookup, deletion, walking, undo (kernel/bpf/hashtab.c). */
import { REGION } from '../layout.ts';
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import { HashIndex, type SavedIndex } from './hash-index.ts';
import type { MapContent, MapDef, MapHost } from './map.ts';
import { MapBase, roundUp8, strideOf } from './map-base.ts';
import { type SavedOrder, SlotOrder } from './slot-order.ts';
import { UndoArea } from './undo-area.ts';

/** The memory of a hash map; null from `reserve` when the world has no room. */
export interface HashMemory {
  readonly keys: UndoArea;
  readonly keyStride: number;
  readonly values: UndoArea;
  readonly stride: number;
  readonly cpuStride: number;
  /** A key and all CPUs' values from user space on their way in. */
  readonly scratch: number;
}

export function reserveHash(host: MapHost, def: MapDef, slots: number, percpu: boolean): HashMemory | null {
  const keyStride = strideOf(def.key_size);
  const stride = strideOf(def.value_size);
  const cpus = percpu ? host.cpus : 1;
  const keys = UndoArea.reserve(host.mem, slots * keyStride, keyStride);
  const values = keys === null ? null : UndoArea.reserve(host.mem, slots * stride * cpus, stride);
  const scratch = values === null ? 0 : host.mem.alloc(keyStride + cpus * roundUp8(def.value_size), 8);
  if (keys === null || values === null || scratch === 0) return null;
  return { keys, keyStride, values, stride, cpuStride: slots * stride, scratch };
}

export abstract class HashBase extends MapBase {
  protected readonly index: HashIndex;
  protected readonly order = new SlotOrder();
  protected readonly percpu: boolean;
  /** Set by whatever changes which keys there are, or the slots they are in. */
  protected changed = false;
  private readonly memory: HashMemory;
  private readonly userBytes: number;
  private savedIndex: SavedIndex = null;
  private savedOrder: SavedOrder = null;

  constructor(host: MapHost, def: MapDef, id: number, memory: HashMemory, percpu: boolean) {
    super(host, def, id);
    this.memory = memory;
    this.percpu = percpu;
    this.userBytes = percpu ? host.cpus * roundUp8(def.value_size) : def.value_size;
    this.index = new HashIndex(host.mem, memory.keys.base, memory.keyStride, def.key_size);
    this.describe();
    const { keys, values } = memory;
    const map = this.handle;
    const keyRow = { base: keys.base, len: keys.bytes, stride: memory.keyStride, elem: def.key_size };
    this.mem.addRegion({ ...keyRow, write: false, kind: REGION.MEM, map });
    const row = { base: values.base, len: values.bytes, stride: memory.stride, elem: def.value_size };
    this.mem.addRegion({ ...row, write: this.writable, kind: REGION.MAP_VALUE, map });
  }

  /** Elements in the map. */
  get count(): number {
    return this.index.count;
  }

  /** Address of a slot's value on a CPU, which may be written from now on. */
  protected slotValue(slot: number, cpu: number): number {
    const { values, stride, cpuStride } = this.memory;
    const at = values.base + slot * stride + cpu * cpuStride;
    values.mark(at);
    return at;
  }

  /** A slot was looked up by the program. */
  protected used(_slot: number): void {}

  /** Takes a slot back that is in neither index nor order any more. */
  protected abstract release(slot: number): void;

  /** map_update_elem; `all` = the value holds every CPU's, as user space gives it. */
  protected abstract store(key: number, value: number, flags: number, all: boolean): number;

  protected abstract saveSlots(): void;
  protected abstract restoreSlots(): void;

  override lookup(key: number): number {
    const slot = this.index.find(key);
    if (slot < 0) return 0;
    this.used(slot);
    return this.slotValue(slot, this.percpu ? this.cpu : 0);
  }

  override lookupCpu(key: number, cpu: number): number {
    if (!this.percpu) return super.lookupCpu(key, cpu);
    if (cpu >= this.host.cpus) return 0;
    const slot = this.index.find(key);
    if (slot < 0) return 0;
    this.used(slot);
    return this.slotValue(slot, cpu);
  }

  override update(key: number, value: number, flags: number): number {
    return this.store(key, value, flags, false);
  }

  override delete(key: number): number {
    return this.deleteKey(key);
  }

  private deleteKey(key: number): number {
    const slot = this.index.find(key);
    if (slot < 0) return -ERRNO.ENOENT;
    this.unlink(slot);
    this.release(slot);
    return 0;
  }

  /** check_flags: 0 or a negative errno. */
  protected flagsRefuse(old: number, flags: number): number {
    const mode = flags & 3;
    if (old >= 0 && mode === UPDATE.NOEXIST) return -ERRNO.EEXIST;
    return old < 0 && mode === UPDATE.EXIST ? -ERRNO.ENOENT : 0;
  }

  protected unlink(slot: number): void {
    this.index.remove(slot);
    this.order.remove(slot);
    this.changed = true;
  }

  protected setKey(slot: number, key: number): void {
    const { keys, keyStride } = this.memory;
    const at = keys.base + slot * keyStride;
    keys.mark(at);
    this.mem.copy(at, key, this.def.key_size);
  }

  protected enter(slot: number): void {
    this.index.insert(slot);
    this.order.append(slot);
    this.changed = true;
  }

  /** pcpu_init_value: the value of a new element; other CPUs' are zero unless all are given. */
  protected initValue(slot: number, value: number, all: boolean): void {
    if (this.percpu && !all) {
      const { stride } = this.memory;
      for (let cpu = 0; cpu < this.host.cpus; cpu++) {
        const at = this.slotValue(slot, cpu);
        this.mem.u8.fill(0, at, at + stride);
      }
    }
    this.changeValue(slot, value, all);
  }

  /** pcpu_copy_value, or copy_map_value for one value. */
  protected changeValue(slot: number, value: number, all: boolean): void {
    if (!this.percpu || !all) {
      this.copyValue(this.slotValue(slot, this.percpu ? this.cpu : 0), value);
      return;
    }
    const each = roundUp8(this.def.value_size);
    for (let cpu = 0; cpu < this.host.cpus; cpu++) this.mem.copy(this.slotValue(slot, cpu), value + cpu * each, each);
  }

  override walk(visit: (key: number, value: number) => boolean): number {
    const { keys, keyStride } = this.memory;
    return this.order.walk((slot) =>
      visit(keys.base + slot * keyStride, this.slotValue(slot, this.percpu ? this.cpu : 0)),
    );
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    if (key.length !== this.def.key_size) return null;
    const slot = this.index.find(this.userKey(key));
    return slot < 0 ? null : this.valueBytes(slot);
  }

  private userKey(key: Uint8Array): number {
    this.mem.u8.set(key, this.memory.scratch);
    return this.memory.scratch;
  }

  private valueBytes(slot: number): Uint8Array {
    const { values, stride, cpuStride } = this.memory;
    const at = values.base + slot * stride;
    if (!this.percpu) return this.readValue(at, this.def.value_size);
    const each = roundUp8(this.def.value_size);
    const all = new Uint8Array(this.userBytes);
    for (let cpu = 0; cpu < this.host.cpus; cpu++) all.set(this.readValue(at + cpu * cpuStride, each), cpu * each);
    return all;
  }

  private keyBytes(slot: number): Uint8Array {
    const at = this.memory.keys.base + slot * this.memory.keyStride;
    return this.mem.u8.slice(at, at + this.def.key_size);
  }

  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.userBytes)) return -ERRNO.EINVAL;
    const at = this.memory.scratch + this.memory.keyStride;
    this.mem.u8.set(value, at);
    return this.store(this.userKey(key), at, flags, true);
  }

  override userDelete(key: Uint8Array): number {
    return key.length === this.def.key_size ? this.deleteKey(this.userKey(key)) : -ERRNO.EINVAL;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (const slot of this.order.slots()) yield this.keyBytes(slot);
  }

  override *entries(): Iterable<MapContent> {
    for (const slot of this.order.slots()) yield { key: this.keyBytes(slot), value: this.valueBytes(slot) };
  }

  override snapshot(): void {
    this.memory.keys.snapshot();
    this.memory.values.snapshot();
    if (!this.changed) return;
    this.savedIndex = this.index.save();
    this.savedOrder = this.order.save();
    this.saveSlots();
    this.changed = false;
  }

  override reset(): void {
    this.memory.keys.reset();
    this.memory.values.reset();
    if (!this.changed) return;
    this.index.restore(this.savedIndex);
    this.order.restore(this.savedOrder);
    this.restoreSlots();
    this.changed = false;
  }
}
