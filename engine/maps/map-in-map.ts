/** BPF_MAP_TYPE_ARRAY_OF_MAPS and HASH_OF_MAPS (kernel/bpf/map_in_map.c): slots hold the handles of inner maps. */
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAG, MAP_TYPE, UPDATE } from '../uapi/map-types.ts';
import { HashMap, reserveHashMap } from './hash.ts';
import { type BpfMap, type MapContent, type MapDef, type MapHost, NOT_ALLOWED } from './map.ts';
import { indexOf, keyOf, MapBase } from './map-base.ts';
import { UndoArea } from './undo-area.ts';

const SLOT = 8;

/** Kinds without map_meta_equal: they cannot be inner maps. */
const NEVER_INNER: ReadonlySet<number> = new Set<number>([
  MAP_TYPE.PROG_ARRAY,
  MAP_TYPE.CGROUP_STORAGE,
  MAP_TYPE.PERCPU_CGROUP_STORAGE,
]);
const NESTED: ReadonlySet<number> = new Set<number>([MAP_TYPE.ARRAY_OF_MAPS, MAP_TYPE.HASH_OF_MAPS]);

/** What bpf_map_meta_alloc says of the shape of inner maps: 0 or a positive errno. */
export function innerErrno(inner: MapDef | null): number {
  if (inner === null) return ERRNO.EBADF;
  if (NESTED.has(inner.type)) return ERRNO.EINVAL;
  return NEVER_INNER.has(inner.type) ? ERRNO.ENOTSUPP : 0;
}

/** map_meta_equal: whether a map may stand where maps of shape `meta` are expected. */
function metaEqual(meta: MapDef, def: MapDef): boolean {
  if (meta.type !== def.type || meta.key_size !== def.key_size || meta.value_size !== def.value_size) return false;
  if (meta.map_flags !== def.map_flags || !sameFields(meta, def)) return false;
  const sized =
    meta.type === MAP_TYPE.ARRAY ? (meta.map_flags & MAP_FLAG.INNER_MAP) === 0 : meta.type === MAP_TYPE.XSKMAP;
  return !sized || meta.max_entries === def.max_entries;
}

/** btf_record_equal, as far as records are known. */
function sameFields(a: MapDef, b: MapDef): boolean {
  const left = a.special ?? [];
  const right = b.special ?? [];
  return (
    left.length === right.length && left.every((f, i) => f.kind === right[i]!.kind && f.offset === right[i]!.offset)
  );
}

/** bpf_map_fd_get_ptr: the inner map with this id, or a negative errno. `value` is an id, where bpf(2) takes a descriptor. */
function innerOf(host: MapHost, def: MapDef, value: Uint8Array): BpfMap | number {
  const inner = host.byId(indexOf(value));
  if (inner === undefined) return -ERRNO.EBADF;
  return metaEqual(def.inner!, inner.def) ? inner : -ERRNO.EINVAL;
}

export class ArrayOfMaps extends MapBase {
  private readonly area: UndoArea;

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea) {
    super(host, def, id);
    this.area = area;
    this.describe({ values: area.base, stride: SLOT, cpuStride: 0, dirty: area.flags });
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): ArrayOfMaps | null {
    const area = UndoArea.reserve(host.mem, def.max_entries * SLOT, SLOT);
    return area === null ? null : new ArrayOfMaps(host, def, id, area);
  }

  override lookup(key: number): number {
    return this.handleAt(this.mem.dv.getUint32(key, true));
  }

  private handleAt(index: number): number {
    return index < this.def.max_entries ? this.mem.u32[(this.area.base + index * SLOT) >>> 2]! : 0;
  }

  private set(index: number, handle: number): void {
    const at = this.area.base + index * SLOT;
    this.area.mark(at);
    this.mem.u32[at >>> 2] = handle;
  }

  /** The inner map's id. */
  override userLookup(key: Uint8Array): Uint8Array | null {
    const inner = key.length === 4 ? this.host.byHandle(this.handleAt(indexOf(key))) : undefined;
    return inner === undefined ? null : keyOf(inner.id);
  }

  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, 4) || flags !== UPDATE.ANY) return -ERRNO.EINVAL;
    if (indexOf(key) >= this.def.max_entries) return -ERRNO.E2BIG;
    const inner = innerOf(this.host, this.def, value);
    if (typeof inner === 'number') return inner;
    this.set(indexOf(key), inner.handle);
    return 0;
  }

  override userDelete(key: Uint8Array): number {
    if (key.length !== 4) return -ERRNO.EINVAL;
    if (indexOf(key) >= this.def.max_entries) return -ERRNO.E2BIG;
    if (this.handleAt(indexOf(key)) === 0) return -ERRNO.ENOENT;
    this.set(indexOf(key), 0);
    return 0;
  }

  override *userKeys(): Iterable<Uint8Array> {
    for (let i = 0; i < this.def.max_entries; i++) yield keyOf(i);
  }

  override *entries(): Iterable<MapContent> {
    for (const [from, end] of this.area.touched()) {
      for (let at = from; at < end; at += SLOT) {
        const key = keyOf((at - this.area.base) / SLOT);
        const value = this.userLookup(key);
        if (value !== null) yield { key, value };
      }
    }
  }

  override reset(): void {
    this.area.reset();
  }

  override snapshot(): void {
    this.area.snapshot();
  }
}

export class HashOfMaps extends HashMap {
  /** Null when the world has no room. */
  static override create(host: MapHost, def: MapDef, id: number): HashOfMaps | null {
    const memory = reserveHashMap(host, def);
    return memory === null ? null : new HashOfMaps(host, def, id, memory);
  }

  /** Handle of the inner map, where the kernel's lookup follows the pointer in the value. */
  override lookup(key: number): number {
    const value = super.lookup(key);
    return value === 0 ? 0 : this.mem.u32[value >>> 2]!;
  }

  override update(_key: number, _value: number, _flags: number): number {
    return NOT_ALLOWED;
  }

  override delete(_key: number): number {
    return NOT_ALLOWED;
  }

  override walk(_visit: (key: number, value: number) => boolean): number {
    return NOT_ALLOWED;
  }

  override userLookup(key: Uint8Array): Uint8Array | null {
    const handle = super.userLookup(key);
    const inner = handle === null ? undefined : this.host.byHandle(indexOf(handle));
    return inner === undefined ? null : keyOf(inner.id);
  }

  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, 4)) return -ERRNO.EINVAL;
    const inner = innerOf(this.host, this.def, value);
    return typeof inner === 'number' ? inner : super.userUpdate(key, keyOf(inner.handle), flags);
  }

  override *entries(): Iterable<MapContent> {
    for (const key of this.userKeys()) yield { key, value: this.userLookup(key)! };
  }
}
