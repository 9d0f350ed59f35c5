/** Packets that live frames are made of, where each frame has its own: written onto a page when it is taken, in turn or by chance. */
import type { WorldMemory } from '../memory.ts';
import { DATA_AT, PAGE_WORD, SOURCE_AT, SOURCE_BYTES, SOURCE_ROW } from './live-layout.ts';

const COUNT = SOURCE_AT.COUNT >>> 2;
const NEXT = SOURCE_AT.NEXT >>> 2;
const CHANCE = SOURCE_AT.CHANCE >>> 2;
const TABLE = SOURCE_AT.TABLE >>> 2;

/** What a source is made of: packets that begin with `meta` bytes of metadata. */
export interface SourceInit {
  readonly packets: readonly Uint8Array[];
  readonly meta: number;
  /** Seed of the order; null: in turn. */
  readonly seed: number | null;
}

export class LiveSource {
  /** Address of its words. */
  readonly at: number;
  readonly random: boolean;
  private readonly mem: WorldMemory;
  private readonly meta: number;

  private constructor(mem: WorldMemory, at: number, init: SourceInit) {
    this.mem = mem;
    this.at = at;
    this.meta = init.meta;
    this.random = init.seed !== null;
    // Chance never comes back from 0.
    mem.u32[(at >>> 2) + CHANCE] = init.seed === null ? 0 : init.seed >>> 0 || 1;
  }

  /** The packets side by side in an arena of their own; null when the world has no room. */
  static create(mem: WorldMemory, init: SourceInit): LiveSource | null {
    const { packets } = init;
    const at = mem.alloc(SOURCE_BYTES, 64);
    const table = mem.alloc(packets.length * SOURCE_ROW, 64);
    const arena = mem.alloc(
      packets.reduce((sum, one) => sum + one.length, 0),
      64,
    );
    if (at === 0 || table === 0 || arena === 0) return null;
    mem.u32[(at >>> 2) + COUNT] = packets.length;
    mem.u32[(at >>> 2) + TABLE] = table;
    let next = arena;
    packets.forEach((packet, i) => {
      mem.u8.set(packet, next);
      mem.u32[(table + i * SOURCE_ROW) >>> 2] = next;
      mem.u32[((table + i * SOURCE_ROW) >>> 2) + 1] = packet.length;
      next += packet.length;
    });
    return new LiveSource(mem, at, init);
  }

  /** Place of the next packet. */
  private pick(): number {
    const { u32 } = this.mem;
    const at = this.at >>> 2;
    const count = u32[at + COUNT]!;
    if (!this.random) {
      const now = u32[at + NEXT]!;
      u32[at + NEXT] = now + 1 === count ? 0 : now + 1;
      return now;
    }
    // xorshift32
    let chance = u32[at + CHANCE]!;
    chance ^= chance << 13;
    chance ^= chance >>> 17;
    chance ^= chance << 5;
    u32[at + CHANCE] = chance >>> 0;
    return (chance >>> 0) % count;
  }

  /** Writes the next packet onto a page: how many bytes it has, metadata apart. */
  write(desc: number): number {
    const { u32, u8 } = this.mem;
    const row = (u32[(this.at >>> 2) + TABLE]! + this.pick() * SOURCE_ROW) >>> 2;
    const from = u32[row]!;
    const bytes = u32[row + 1]!;
    u8.copyWithin(u32[(desc >>> 2) + PAGE_WORD.BASE]! + DATA_AT - this.meta, from, from + bytes);
    return bytes - this.meta;
  }
}
