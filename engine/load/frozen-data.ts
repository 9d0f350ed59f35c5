/** Data that the kernel's verifier takes for constants: sections that programs only read, which libbpf freezes before it loads them. */
import type { World } from './types.ts';

/** Content by the handle of its map. */
export type FrozenData = ReadonlyMap<number, Uint8Array>;

const FROZEN = /^\.rodata($|\.)/;
const ONLY_KEY = new Uint8Array(4);

/** The frozen sections among maps, as they are now (bpf_map_is_rdonly). */
export function frozenData(world: World, handles: Iterable<number>): FrozenData {
  const frozen = new Map<number, Uint8Array>();
  for (const handle of handles) {
    const map = world.maps.byHandle(handle);
    const content = map !== undefined && !map.writable && FROZEN.test(map.def.name) ? map.userLookup(ONLY_KEY) : null;
    if (content !== null) frozen.set(handle, content);
  }
  return frozen;
}

export function sameData(a: FrozenData, b: FrozenData): boolean {
  if (a.size !== b.size) return false;
  for (const [handle, bytes] of a) {
    const other = b.get(handle);
    if (other?.length !== bytes.length || bytes.some((byte, i) => byte !== other[i])) return false;
  }
  return true;
}
