/** bpf_for_each_map_elem (kernel/bpf/bpf_iter.c and the walks of array and hash maps). */
import { NOT_ALLOWED } from '../maps/map.ts';
import { ERRNO } from '../uapi/errno.ts';
import { badMap } from './map.ts';
import type { HelperMaker } from './run-ctx.ts';

/** Number of elements visited; the callback gets map, key, value and its context, and ends the walk with anything but 0. */
const forEachMapElem: HelperMaker = (rc) => (handle, func, context, flagsLo, flagsHi) => {
  const map = rc.host.byHandle(handle!);
  if (map === undefined) return badMap(rc, handle!);
  if ((flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
  const visited = map.walk((key, value) => rc.callFunc(func!, handle!, key, value, context!, 0) !== 0);
  return visited === NOT_ALLOWED ? badMap(rc, handle!) : visited;
};

/** By helper name. */
export const FOR_EACH_HELPERS: Readonly<Record<string, HelperMaker>> = { for_each_map_elem: forEachMapElem };
