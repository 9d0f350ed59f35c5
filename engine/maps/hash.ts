/** BPF_MAP_TYPE_HASH and PERCPU_HASH (kernel/bpf/hashtab.c). */
import { invariant } from '../errors.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import { HashBase, type HashMemory, reserveHash } from './hash-base.ts';
import type { MapDef, MapHost } from './map.ts';
import { type SavedPool, SlotPool } from './slot-pool.ts';

/** Memory for every element and a spare one for each CPU; null when the world has no room. */
export function reserveHashMap(host: MapHost, def: MapDef): HashMemory | null {
  return reserveHash(host, def, def.max_entries + host.cpus, def.type === MAP_TYPE.PERCPU_HASH);
}

/**
 * Replacing a value moves the element to the CPU's spare slot, as in the kernel: a pointer from an earlier lookup goes on
 * showing the old value until that slot is used again. Percpu values change in place.
 */
export class HashMap extends HashBase {
  private readonly pool: SlotPool;
  /** Each CPU's spare slot, -1 until first needed. */
  private spare: Int32Array;
  private savedPool: SavedPool;
  private savedSpare: Int32Array;

  protected constructor(host: MapHost, def: MapDef, id: number, memory: HashMemory) {
    super(host, def, id, memory, def.type === MAP_TYPE.PERCPU_HASH);
    this.pool = new SlotPool(def.max_entries + host.cpus);
    this.spare = new Int32Array(host.cpus).fill(-1);
    this.savedPool = this.pool.save();
    this.savedSpare = this.spare.slice();
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): HashMap | null {
    const memory = reserveHashMap(host, def);
    return memory === null ? null : new HashMap(host, def, id, memory);
  }

  protected override store(key: number, value: number, flags: number, all: boolean): number {
    // Values above EXIST once BPF_F_LOCK is masked out; percpu kinds know no BPF_F_LOCK.
    if (flags > (this.percpu ? UPDATE.EXIST : UPDATE.EXIST | UPDATE.F_LOCK) || (flags & 3) === 3) return -ERRNO.EINVAL;
    if ((flags & UPDATE.F_LOCK) !== 0 && !this.locks) return -ERRNO.EINVAL;
    const old = this.index.find(key);
    const refused = this.flagsRefuse(old, flags);
    if (refused !== 0) return refused;
    if (old < 0) return this.add(key, value, all);
    if (this.percpu || (flags & UPDATE.F_LOCK) !== 0) this.changeValue(old, value, all);
    else this.replace(old, key, value);
    return 0;
  }

  private add(key: number, value: number, all: boolean): number {
    if (this.index.count >= this.def.max_entries) return -ERRNO.E2BIG;
    const slot = this.pool.take();
    invariant(slot >= 0, 'a hash map that is not full has no slot left');
    this.setKey(slot, key);
    this.initValue(slot, value, all);
    this.enter(slot);
    return 0;
  }

  private replace(old: number, key: number, value: number): void {
    const cpu = this.cpu;
    let slot = this.spare[cpu]!;
    if (slot < 0) slot = this.pool.take();
    invariant(slot >= 0, 'a hash map has no spare slot');
    this.setKey(slot, key);
    this.initValue(slot, value, false);
    this.index.rename(old, slot);
    this.order.replace(old, slot);
    this.spare[cpu] = old;
    this.changed = true;
  }

  protected override release(slot: number): void {
    this.pool.give(slot);
  }

  protected override saveSlots(): void {
    this.savedPool = this.pool.save();
    this.savedSpare = this.spare.slice();
  }

  protected override restoreSlots(): void {
    this.pool.restore(this.savedPool);
    this.spare.set(this.savedSpare);
  }
}
