/** A block of linear memory that can go back to its last snapshot at the cost of the chunks touched since. */
import { CHUNK_SHIFT } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';

const CHUNK = 1 << CHUNK_SHIFT;

/**
 * One flag byte in linear memory stands for `CHUNK` bytes: whoever hands out or writes an address sets the flag of its
 * first byte, the JIT's inlined lookups included. Elements longer than a chunk are undone whole from that one flag.
 */
export class UndoArea {
  readonly base: number;
  readonly bytes: number;
  /** Address of the first flag. */
  readonly flags: number;
  private readonly mem: WorldMemory;
  private readonly chunks: number;
  private readonly granule: number;
  private readonly always: boolean;
  /** Content at the snapshot of the chunks that were not all zero then, by chunk. */
  private readonly saved = new Map<number, Uint8Array>();

  private constructor(mem: WorldMemory, base: number, flags: number, bytes: number, granule: number, always: boolean) {
    this.mem = mem;
    this.base = base;
    this.flags = flags;
    this.bytes = bytes;
    this.chunks = Math.ceil(bytes / CHUNK);
    this.granule = always ? bytes : Math.max(granule, CHUNK);
    this.always = always;
  }

  /**
   * Reserves zeroed memory at a multiple of `stride`, the distance between elements.
   * `always` is for blocks that programs reach without a lookup: undone whole each time. Null when the world is full.
   */
  static reserve(mem: WorldMemory, bytes: number, stride: number, always = false): UndoArea | null {
    let area: UndoArea | null = null;
    const base = mem.alloc(bytes, Math.max(stride, 64), () => area?.touched() ?? []);
    const flags = base === 0 ? 0 : mem.alloc(Math.ceil(bytes / CHUNK), 8);
    if (flags !== 0) area = new UndoArea(mem, base, flags, bytes, stride, always);
    return area;
  }

  /** Notes that the element that starts at `address` may change. */
  mark(address: number): void {
    this.mem.u8[this.flags + ((address - this.base) >>> CHUNK_SHIFT)] = 1;
  }

  snapshot(): void {
    for (const chunk of this.dirty()) {
      const bytes = this.mem.u8.slice(this.at(chunk), this.end(chunk));
      if (bytes.every((b) => b === 0)) this.saved.delete(chunk);
      else this.saved.set(chunk, bytes);
      this.clear(chunk);
    }
  }

  reset(): void {
    for (const chunk of this.dirty()) {
      const saved = this.saved.get(chunk);
      if (saved === undefined) this.mem.u8.fill(0, this.at(chunk), this.end(chunk));
      else this.mem.u8.set(saved, this.at(chunk));
      this.clear(chunk);
    }
  }

  /** [address, end) of every stretch that may hold something other than zeros, ascending. */
  touched(): [number, number][] {
    const chunks = new Set(this.saved.keys());
    for (const chunk of this.dirty()) chunks.add(chunk);
    return [...chunks].sort((a, b) => a - b).map((chunk) => [this.at(chunk), this.end(chunk)]);
  }

  private dirty(): number[] {
    if (this.always) return [0];
    const flags = this.mem.u8.subarray(this.flags, this.flags + this.chunks);
    const found: number[] = [];
    for (let i = flags.indexOf(1); i >= 0; i = flags.indexOf(1, i + 1)) found.push(i);
    return found;
  }

  private clear(chunk: number): void {
    this.mem.u8[this.flags + chunk] = 0;
  }

  private at(chunk: number): number {
    return this.base + chunk * CHUNK;
  }

  private end(chunk: number): number {
    return Math.min(this.at(chunk) + this.granule, this.base + this.bytes);
  }
}
