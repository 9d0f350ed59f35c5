/** bpf_spin_lock and bpf_spin_unlock (kernel/bpf/helpers.c) as checked state: with one thread nobody ever waits. */
import { FAULT, PRIV, REGION } from '../layout.ts';
import type { Region } from '../memory.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const HELD = PRIV.SPIN_LOCK >> 2;
const LOCK_BYTES = 4;

const lock: HelperMaker = (rc) => (address) => {
  const at = address! >>> 0;
  if (!isLock(rc, at)) return rc.fault(FAULT.BAD_ARGUMENT, at, LOCK_BYTES, true, REGION.MAP_VALUE);
  if (rc.mem.u32[HELD] !== 0) return rc.fault(FAULT.LOCK, at, LOCK_BYTES, true, REGION.MAP_VALUE);
  rc.mem.u32[HELD] = at;
  return 0;
};

const unlock: HelperMaker = (rc) => (address) => {
  const at = address! >>> 0;
  if (at === 0 || rc.mem.u32[HELD] !== at) return rc.fault(FAULT.LOCK, at, LOCK_BYTES, true, REGION.MAP_VALUE);
  rc.mem.u32[HELD] = 0;
  return 0;
};

/** Whether a struct bpf_spin_lock of a map value stands at an address. */
function isLock(rc: RunCtx, at: number): boolean {
  const region = rc.mem.regionAtOrBelow(at);
  if (region === undefined || region.kind !== REGION.MAP_VALUE || at + LOCK_BYTES > region.base + region.len)
    return false;
  const special = rc.host.byHandle(region.map)?.def.special ?? [];
  return special.some((field) => field.kind === 'spin_lock' && field.offset === offsetIn(region, at));
}

function offsetIn(region: Region, at: number): number {
  const offset = at - region.base;
  return region.stride === 0 ? offset : offset % region.stride;
}

/** By helper name. */
export const SPIN_LOCK_HELPERS: Readonly<Record<string, HelperMaker>> = { spin_lock: lock, spin_unlock: unlock };
