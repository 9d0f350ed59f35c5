/** Read-only memory for the u32 key that bpf_for_each_map_elem shows its callback when walking an array. */
import { invariant } from '../errors.ts';
import { MAX_CALL_FRAMES, REGION } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';

const STRIDE = 8;
const KEY = 4;

/** One key a nesting level, since a callback may walk an array again. */
export class KeyScratch {
  private readonly base: number;
  private depth = 0;

  constructor(mem: WorldMemory) {
    const len = STRIDE * MAX_CALL_FRAMES;
    this.base = mem.alloc(len, STRIDE);
    invariant(this.base !== 0, 'no memory in a new world');
    mem.addRegion({ base: this.base, len, stride: STRIDE, elem: KEY, write: false, kind: REGION.MEM, map: 0 });
  }

  /** Address for the key of one walk; every enter needs its leave, also when the callback traps. */
  enter(): number {
    invariant(this.depth < MAX_CALL_FRAMES, 'callbacks nest deeper than call frames');
    return this.base + STRIDE * this.depth++;
  }

  leave(): void {
    this.depth--;
  }
}
