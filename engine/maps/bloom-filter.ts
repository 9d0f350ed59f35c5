/** BPF_MAP_TYPE_BLOOM_FILTER (kernel/bpf/bloom_filter.c); the seed is always 0, which the kernel's is with BPF_F_ZERO_SEED. */
import { ERRNO } from '../uapi/errno.ts';
import { UPDATE } from '../uapi/map-types.ts';
import { jhash } from './jhash.ts';
import type { MapDef, MapHost } from './map.ts';
import { MapBase } from './map-base.ts';
import { UndoArea } from './undo-area.ts';

const DEFAULT_HASHES = 5;

/** Hash functions and bits of a filter; 7/5 stands for 1 / ln 2, and bits that do not fit 32-bit sums become 2^32. */
function bloomSize(def: MapDef): { hashes: number; bits: number } {
  const hashes = Number(def.map_extra) || DEFAULT_HASHES;
  const product = def.max_entries * hashes;
  const wanted = Math.floor(product / 5) * 7;
  if (product > 0xffff_ffff || wanted > 2 ** 31) return { hashes, bits: 2 ** 32 };
  let bits = 64;
  while (bits < wanted) bits *= 2;
  return { hashes, bits };
}

export class BloomFilter extends MapBase {
  private readonly area: UndoArea;
  private readonly hashes: number;
  private readonly mask: number;
  /** A value from user space on its way in. */
  private readonly scratch: number;

  private constructor(host: MapHost, def: MapDef, id: number, area: UndoArea, scratch: number) {
    super(host, def, id);
    const { hashes, bits } = bloomSize(def);
    this.area = area;
    this.hashes = hashes;
    this.mask = bits - 1;
    this.scratch = scratch;
    this.describe();
  }

  /** Null when the world has no room. */
  static create(host: MapHost, def: MapDef, id: number): BloomFilter | null {
    const area = UndoArea.reserve(host.mem, bloomSize(def).bits / 8, 8);
    const scratch = area === null ? 0 : host.mem.alloc(def.value_size, 8);
    return area === null || scratch === 0 ? null : new BloomFilter(host, def, id, area, scratch);
  }

  private bitOf(value: number, hash: number): number {
    return (jhash(this.mem, value, this.def.value_size, hash) & this.mask) >>> 0;
  }

  override push(value: number, flags: number): number {
    if (flags !== UPDATE.ANY) return -ERRNO.EINVAL;
    for (let i = 0; i < this.hashes; i++) {
      const bit = this.bitOf(value, i);
      const at = this.area.base + (bit >>> 3);
      this.area.mark(at);
      this.mem.u8[at]! |= 1 << (bit & 7);
    }
    return 0;
  }

  /** 0 when the value may have been pushed, -ENOENT when it was not. */
  override peek(value: number): number {
    for (let i = 0; i < this.hashes; i++) {
      const bit = this.bitOf(value, i);
      if ((this.mem.u8[this.area.base + (bit >>> 3)]! & (1 << (bit & 7))) === 0) return -ERRNO.ENOENT;
    }
    return 0;
  }

  /** BPF_MAP_LOOKUP_ELEM asks with the value; so here, in the place of the key. */
  override userLookup(value: Uint8Array): Uint8Array | null {
    if (value.length !== this.def.value_size) return null;
    this.mem.u8.set(value, this.scratch);
    return this.peek(this.scratch) === 0 ? value.slice() : null;
  }

  /** BPF_MAP_UPDATE_ELEM pushes; the key is empty. */
  override userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number {
    if (!this.fits(key, value, this.def.value_size)) return -ERRNO.EINVAL;
    this.mem.u8.set(value, this.scratch);
    return this.push(this.scratch, flags);
  }

  override reset(): void {
    this.area.reset();
  }

  override snapshot(): void {
    this.area.snapshot();
  }
}
