/** Lends a program a block of kernel memory: zeroed, at a fixed address, readable or writable. */
import type { RegionKind } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';

/** Zeroes `len` bytes at `base` and makes them a region of their own, whatever region began there before. */
export function lend(mem: WorldMemory, base: number, len: number, write: boolean, kind: RegionKind): void {
  mem.u8.fill(0, base, base + len);
  const known = mem.regionAtOrBelow(base);
  if (known?.base === base) {
    if (known.len === len && known.write === write) return;
    mem.removeRegion(base);
  }
  mem.addRegion({ base, len, stride: 0, elem: len, write, kind, map: 0 });
}
