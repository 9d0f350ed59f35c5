/** BPF_MAP_TYPE_LRU_HASH and LRU_PERCPU_HASH (kernel/bpf/hashtab.c): never full, they evict. */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAG, MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import { HashBase, type HashMemory, reserveHash } from './hash-base.ts';
import { CommonLru, type LruPool, PercpuLru, type SavedLru } from './lru-pool.ts';
import type { MapDef, MapHost } from './map.ts';

/** Entries the kernel really makes room for: a multiple of the CPUs when each has its own LRU. */
function roundedEntries(def: MapDef, cpus: number): number {
  if ((def.map_flags & MAP_FLAG.NO_COMMON_LRU) === 0) return def.max_entries;
  return Math.ceil(def.max_entries / cpus) * cpus;
}

export class LruHashMap extends HashBase {
  private readonly pool: LruPool;
  private savedPool: SavedLru;

  private constructor(host: MapHost, def: MapDef, id: number, memory: HashMemory, percpu: boolean) {
    super(host, def, id, memory, percpu);
    const Pool = (def.map_flags & MAP_FLAG.NO_COMMON_LRU) === 0 ? CommonLru : PercpuLru;
    this.pool = new Pool(def.max_entries, host.cpus, (slot) => this.evict(slot));
    this.savedPool = this.pool.save();
  }

  /** Null when the world has no room. */
  static create(host: MapHost, given: MapDef, id: number): LruHashMap | null {
    const def = { ...given, max_entries: roundedEntries(given, host.cpus) };
    const percpu = def.type === MAP_TYPE.LRU_PERCPU_HASH;
    const memory = reserveHash(host, def, def.max_entries, percpu);
    return memory === null ? null : new LruHashMap(host, def, id, memory, percpu);
  }

  private evict(slot: number): boolean {
    if (!this.index.holds(slot)) return false;
    this.unlink(slot);
    return true;
  }

  protected override used(slot: number): void {
    this.pool.touch(slot);
    this.changed = true;
  }

  protected override store(key: number, value: number, flags: number, all: boolean): number {
    if (flags > UPDATE.EXIST) return -ERRNO.EINVAL;
    this.changed = true;
    return this.percpu ? this.storePercpu(key, value, flags, all) : this.storeSingle(key, value, flags);
  }

  /** htab_lru_map_update_elem: takes a new slot first, so that even replacing a value may evict another element. */
  private storeSingle(key: number, value: number, flags: number): number {
    const slot = this.pool.take(this.cpu);
    if (slot < 0) return -ERRNO.ENOMEM;
    const old = this.index.find(key);
    const refused = this.flagsRefuse(old, flags);
    if (refused !== 0) {
      this.pool.give(slot);
      return refused;
    }
    this.setKey(slot, key);
    this.initValue(slot, value, true);
    if (old < 0) {
      this.enter(slot);
      return 0;
    }
    this.pool.touch(slot);
    this.index.rename(old, slot);
    this.order.replace(old, slot);
    this.pool.give(old);
    return 0;
  }

  /** __htab_lru_percpu_map_update_elem: takes a slot unless BPF_EXIST makes it needless; values change in place. */
  private storePercpu(key: number, value: number, flags: number, all: boolean): number {
    const slot = flags === UPDATE.EXIST ? -1 : this.pool.take(this.cpu);
    if (slot < 0 && flags !== UPDATE.EXIST) return -ERRNO.ENOMEM;
    const old = this.index.find(key);
    const refused = this.flagsRefuse(old, flags);
    if (refused === 0 && old < 0) {
      this.setKey(slot, key);
      this.initValue(slot, value, all);
      this.enter(slot);
      return 0;
    }
    if (refused === 0) {
      this.pool.touch(old);
      this.changeValue(old, value, all);
    }
    if (slot >= 0) this.pool.give(slot);
    return refused;
  }

  protected override release(slot: number): void {
    this.pool.give(slot);
  }

  protected override saveSlots(): void {
    this.savedPool = this.pool.save();
  }

  protected override restoreSlots(): void {
    this.pool.restore(this.savedPool);
  }
}
