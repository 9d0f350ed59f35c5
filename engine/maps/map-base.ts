/** What map kinds share: the descriptor, value copies that spare special fields, and refusals for what a kind does not do. */
import { MAP_AT, MAP_DESC_BASE, MAP_DESC_SIZE, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { ERRNO } from '../uapi/errno.ts';
import { MAP_FLAG } from '../uapi/map-types.ts';
import { type BpfMap, type MapContent, type MapDef, type MapHost, NOT_ALLOWED, type SpecialField } from './map.ts';

const CPU = PRIV.CPU >> 2;
const NONE: readonly SpecialField[] = [];

/** Smallest power of two that is at least `bytes` and 8. */
export function strideOf(bytes: number): number {
  let stride = 8;
  while (stride < bytes) stride *= 2;
  return stride;
}

export function roundUp8(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

/** Where the elements of an array kind are, for lookups the JIT's code does itself; see MAP_AT. */
export interface Elements {
  readonly values: number;
  readonly stride: number;
  readonly cpuStride: number;
  readonly dirty: number;
}

export abstract class MapBase implements BpfMap {
  readonly id: number;
  readonly handle: number;
  readonly def: MapDef;
  protected readonly host: MapHost;
  protected readonly mem: WorldMemory;
  protected readonly special: readonly SpecialField[];
  readonly writable: boolean;

  constructor(host: MapHost, def: MapDef, id: number) {
    this.id = id;
    this.handle = MAP_DESC_BASE + id * MAP_DESC_SIZE;
    this.def = def;
    this.host = host;
    this.mem = host.mem;
    this.special = def.special ?? NONE;
    this.writable = (def.map_flags & MAP_FLAG.RDONLY_PROG) === 0;
  }

  /** Fills in the descriptor; kinds whose lookups are calls have no elements. */
  protected describe(elements: Elements = { values: 0, stride: 0, cpuStride: 0, dirty: 0 }): void {
    const at = this.handle >>> 2;
    const { u32 } = this.mem;
    u32[at + MAP_AT.TYPE / 4] = this.def.type;
    u32[at + MAP_AT.KEY_SIZE / 4] = this.def.key_size;
    u32[at + MAP_AT.VALUE_SIZE / 4] = this.def.value_size;
    u32[at + MAP_AT.MAX_ENTRIES / 4] = this.def.max_entries;
    u32[at + MAP_AT.VALUES / 4] = elements.values;
    u32[at + MAP_AT.STRIDE / 4] = elements.stride;
    u32[at + MAP_AT.CPU_STRIDE / 4] = elements.cpuStride;
    u32[at + MAP_AT.DIRTY / 4] = elements.dirty;
    u32[at + MAP_AT.FLAGS / 4] = this.def.map_flags;
  }

  /** CPU of the run. */
  protected get cpu(): number {
    return this.mem.u32[CPU]!;
  }

  /** Whether the value type holds a bpf_spin_lock, which BPF_F_LOCK needs. */
  protected get locks(): boolean {
    return this.special.some((field) => field.kind === 'spin_lock');
  }

  /** copy_map_value: special fields of the target stay as they are, but for timers, which are cancelled (bpf_obj_free_fields). */
  protected copyValue(to: number, from: number): void {
    if (this.special.length === 0) {
      this.mem.copy(to, from, this.def.value_size);
      return;
    }
    let at = 0;
    for (const field of this.special) {
      this.mem.u8.copyWithin(to + at, from + at, from + field.offset);
      if (field.kind === 'timer') this.host.timers.drop(to + field.offset);
      at = field.offset + field.size;
    }
    this.mem.u8.copyWithin(to + at, from + at, from + this.def.value_size);
  }

  /** copy_map_value for bytes from user space. */
  protected writeValue(to: number, bytes: Uint8Array): void {
    let at = 0;
    for (const field of this.special) {
      this.mem.u8.set(bytes.subarray(at, field.offset), to + at);
      if (field.kind === 'timer') this.host.timers.drop(to + field.offset);
      at = field.offset + field.size;
    }
    this.mem.u8.set(bytes.subarray(at), to + at);
  }

  /** A value as user space reads it: special fields are zeros. */
  protected readValue(from: number, bytes: number): Uint8Array {
    const value = this.mem.u8.slice(from, from + bytes);
    for (const field of this.special) value.fill(0, field.offset, field.offset + field.size);
    return value;
  }

  /** Whether user space gave a key and a value of the right sizes. */
  protected fits(key: Uint8Array, value: Uint8Array, valueBytes: number): boolean {
    return key.length === this.def.key_size && value.length === valueBytes;
  }

  lookup(_key: number): number {
    return NOT_ALLOWED;
  }

  update(_key: number, _value: number, _flags: number): number {
    return NOT_ALLOWED;
  }

  delete(_key: number): number {
    return NOT_ALLOWED;
  }

  push(_value: number, _flags: number): number {
    return NOT_ALLOWED;
  }

  pop(_value: number): number {
    return NOT_ALLOWED;
  }

  peek(_value: number): number {
    return NOT_ALLOWED;
  }

  lookupCpu(_key: number, _cpu: number): number {
    return NOT_ALLOWED;
  }

  walk(_visit: (key: number, value: number) => boolean): number {
    return NOT_ALLOWED;
  }

  userLookup(_key: Uint8Array): Uint8Array | null {
    return null;
  }

  userUpdate(_key: Uint8Array, _value: Uint8Array, _flags: number): number {
    return -ERRNO.EOPNOTSUPP;
  }

  userDelete(_key: Uint8Array): number {
    return -ERRNO.EOPNOTSUPP;
  }

  *userKeys(): Iterable<Uint8Array> {}

  *entries(): Iterable<MapContent> {
    for (const key of this.userKeys()) {
      const value = this.userLookup(key);
      if (value !== null) yield { key, value };
    }
  }

  abstract reset(): void;
  abstract snapshot(): void;
}

/** A u32 key as user space writes it. */
export function keyOf(index: number): Uint8Array {
  return new Uint8Array([index, index >>> 8, index >>> 16, index >>> 24]);
}

/** The u32 that four bytes of user space spell. */
export function indexOf(key: Uint8Array): number {
  return (key[0]! | (key[1]! << 8) | (key[2]! << 16) | (key[3]! << 24)) >>> 0;
}
