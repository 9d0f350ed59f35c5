/** A seeded source of choices: the same seed gives the same program, packet and maps. */

/** Values at which arithmetic tends to go wrong. */
const EDGES = [
  ...[0, 1, -1, 2, -2, 3, 7, 8, 10, 15, 16, 31, 32, 33, 63, 64, 127, 128, 255, 256, -128, -129],
  ...[0x7fff, 0x8000, 0xffff, 0x1_0000, -0x8000, 0x7fff_ffff, -0x8000_0000, -0x7fff_ffff, 0x5555_5555, -0x5555_5556],
];

export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed >>> 0;
  }

  /** mulberry32. */
  u32(): number {
    this.state = (this.state + 0x6d2b_79f5) >>> 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), this.state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return Math.floor((this.u32() / 0x1_0000_0000) * limit);
  }

  /** From `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.below(from.length)]!;
  }

  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** A signed 32-bit immediate: an edge, something small, or anything. */
  imm(): number {
    const kind = this.below(3);
    if (kind === 0) return this.pick(EDGES);
    return kind === 1 ? this.between(-20, 100) : this.u32() | 0;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => (this.chance(20) ? this.pick([0, 0xff, 0x80, 0x7f, 1]) : this.below(256)));
  }

  shuffled<T>(from: readonly T[]): T[] {
    const all = [...from];
    for (let i = all.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [all[i], all[j]] = [all[j]!, all[i]!];
    }
    return all;
  }
}
