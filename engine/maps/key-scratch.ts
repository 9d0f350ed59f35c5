/** Read-only memory that bpf_for_each_map_elem lends its callbacks for a key that stands nowhere else. */

import { invariant } from '../errors.ts';
import { MAX_CALL_FRAMES, REGION } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { strideOf } from './map-base.ts';

/** One key a nesting level, since a callback may walk the same map again. */
export class KeyScratch {
  private readonly base: number;
  private readonly stride: number;
  private depth = 0;

  constructor(mem: WorldMemory, keyBytes: number, handle: number) {
    this.stride = strideOf(keyBytes);
    const bytes = this.stride * MAX_CALL_FRAMES;
    this.base = mem.alloc(bytes, this.stride);
    invariant(this.base !== 0, 'no memory for keys of callbacks');
    mem.addRegion({
      base: this.base,
      len: bytes,
      stride: this.stride,
      elem: keyBytes,
      write: false,
      kind: REGION.MEM,
      map: handle,
    });
  }

  /** Address for the key of one walk; every enter needs its leave, also when the callback traps. */
  enter(): number {
    invariant(this.depth < MAX_CALL_FRAMES, 'callbacks nest deeper than call frames');
    return this.base + this.stride * this.depth++;
  }

  leave(): void {
    this.depth--;
  }
}
