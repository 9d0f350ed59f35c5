/** Open-addressing index from keys in linear memory to slot numbers; its tables are JavaScript's own and grow with use. */
import type { WorldMemory } from '../memory.ts';

const FIRST_TABLE = 64;
const FIRST_SLOTS = 32;
/** Tables up to this many entries are kept and cleared at reset; larger ones are let go. */
const KEEP = 1 << 16;

/** What restore() needs; null stands for an empty index. */
export type SavedIndex = { readonly table: Int32Array; readonly hashes: Int32Array; readonly count: number } | null;

/** Keys stand at `keys + slot * stride`; linear probing, removal by shifting back, so no tombstones. */
export class HashIndex {
  /** Keys in the index. */
  count = 0;
  private readonly mem: WorldMemory;
  private readonly keys: number;
  private readonly stride: number;
  private readonly keyBytes: number;
  /** Slot + 1, or 0. */
  private table = new Int32Array(FIRST_TABLE);
  private mask = FIRST_TABLE - 1;
  /** Hash of each slot's key. */
  private hashes = new Int32Array(FIRST_SLOTS);

  constructor(mem: WorldMemory, keys: number, stride: number, keyBytes: number) {
    this.mem = mem;
    this.keys = keys;
    this.stride = stride;
    this.keyBytes = keyBytes;
  }

  /** Slot of the key at an address, or -1. */
  find(key: number): number {
    return this.keyBytes === 4 ? this.find4(key) : this.keyBytes === 8 ? this.find8(key) : this.findAny(key);
  }

  private find4(key: number): number {
    const word = this.mem.dv.getInt32(key, true);
    const hash = spread(Math.imul(word, 0x9e3779b1));
    const { table, mask, hashes } = this;
    const words = this.mem.i32;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = table[i]! - 1;
      if (slot < 0) return -1;
      if (hashes[slot] === hash && words[(this.keys + slot * this.stride) >>> 2] === word) return slot;
    }
  }

  private find8(key: number): number {
    const { dv, i32 } = this.mem;
    const lo = dv.getInt32(key, true);
    const hi = dv.getInt32(key + 4, true);
    const hash = hash8(lo, hi);
    const { table, mask, hashes } = this;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = table[i]! - 1;
      if (slot < 0) return -1;
      if (hashes[slot] !== hash) continue;
      const at = (this.keys + slot * this.stride) >>> 2;
      if (i32[at] === lo && i32[at + 1] === hi) return slot;
    }
  }

  private findAny(key: number): number {
    const hash = this.hashAny(key);
    const { table, mask, hashes } = this;
    for (let i = hash & mask; ; i = (i + 1) & mask) {
      const slot = table[i]! - 1;
      if (slot < 0) return -1;
      if (hashes[slot] === hash && this.same(this.keys + slot * this.stride, key)) return slot;
    }
  }

  private same(a: number, b: number): boolean {
    const { dv, u8 } = this.mem;
    let at = 0;
    for (; at + 4 <= this.keyBytes; at += 4) {
      if (dv.getInt32(a + at, true) !== dv.getInt32(b + at, true)) return false;
    }
    for (; at < this.keyBytes; at++) if (u8[a + at] !== u8[b + at]) return false;
    return true;
  }

  private hashOf(key: number): number {
    const { dv } = this.mem;
    if (this.keyBytes === 4) return spread(Math.imul(dv.getInt32(key, true), 0x9e3779b1));
    if (this.keyBytes === 8) return hash8(dv.getInt32(key, true), dv.getInt32(key + 4, true));
    return this.hashAny(key);
  }

  private hashAny(key: number): number {
    const { dv, u8 } = this.mem;
    let hash = this.keyBytes;
    let at = 0;
    for (; at + 4 <= this.keyBytes; at += 4) hash = mix(hash, dv.getInt32(key + at, true));
    for (; at < this.keyBytes; at++) hash = mix(hash, u8[key + at]!);
    return spread(hash);
  }

  /** Enters a slot whose key (already in its place) is not in the index yet. */
  insert(slot: number): void {
    if (slot >= this.hashes.length) this.hashes = grown(this.hashes, slot + 1);
    if ((this.count + 1) * 2 > this.table.length) this.rehash(this.table.length * 2);
    const hash = this.hashOf(this.keys + slot * this.stride);
    this.hashes[slot] = hash;
    this.place(slot, hash);
    this.count++;
  }

  private place(slot: number, hash: number): void {
    let i = hash & this.mask;
    while (this.table[i] !== 0) i = (i + 1) & this.mask;
    this.table[i] = slot + 1;
  }

  private rehash(entries: number): void {
    const old = this.table;
    this.table = new Int32Array(entries);
    this.mask = entries - 1;
    for (const entry of old) if (entry !== 0) this.place(entry - 1, this.hashes[entry - 1]!);
  }

  private entryOf(slot: number): number {
    let i = this.hashes[slot]! & this.mask;
    while (this.table[i] !== slot + 1) i = (i + 1) & this.mask;
    return i;
  }

  /** Whether a slot is in the index. */
  holds(slot: number): boolean {
    if (slot >= this.hashes.length) return false;
    for (let i = this.hashes[slot]! & this.mask; this.table[i] !== 0; i = (i + 1) & this.mask) {
      if (this.table[i] === slot + 1) return true;
    }
    return false;
  }

  /** Points the entry of one slot at another that holds the same key. */
  rename(from: number, to: number): void {
    if (to >= this.hashes.length) this.hashes = grown(this.hashes, to + 1);
    this.table[this.entryOf(from)] = to + 1;
    this.hashes[to] = this.hashes[from]!;
  }

  /** Takes out a slot that is in the index. */
  remove(slot: number): void {
    const { table, mask, hashes } = this;
    let hole = this.entryOf(slot);
    for (let i = (hole + 1) & mask; table[i] !== 0; i = (i + 1) & mask) {
      const home = hashes[table[i]! - 1]! & mask;
      // An entry may move back to the hole unless its home lies cyclically in (hole, i].
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      table[hole] = table[i]!;
      hole = i;
    }
    table[hole] = 0;
    this.count--;
  }

  save(): SavedIndex {
    return this.count === 0 ? null : { table: this.table.slice(), hashes: this.hashes.slice(), count: this.count };
  }

  restore(saved: SavedIndex): void {
    if (saved !== null) {
      this.table = saved.table.slice();
      this.hashes = saved.hashes.slice();
    } else if (this.table.length <= KEEP) {
      this.table.fill(0);
    } else {
      this.table = new Int32Array(FIRST_TABLE);
      this.hashes = new Int32Array(FIRST_SLOTS);
    }
    this.mask = this.table.length - 1;
    this.count = saved?.count ?? 0;
  }
}

/** A copy with room for `need` entries and as many again. */
export function grown(array: Int32Array<ArrayBuffer>, need: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(Math.max(need, array.length * 2));
  larger.set(array);
  return larger;
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x9e3779b1);
  return h ^ (h >>> 15);
}

function hash8(lo: number, hi: number): number {
  const h = Math.imul(lo, 0x9e3779b1);
  return spread(Math.imul(h ^ (h >>> 15) ^ hi, 0x85ebca77));
}

/** Lets every input bit reach the low bits, which pick the entry. */
function spread(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
