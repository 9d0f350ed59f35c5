/** bpf_timer_init, _set_callback, _start and _cancel (kernel/bpf/helpers.c): callbacks run by the clock of the run, between runs (run/timers.ts). */
import { FAULT, REGION } from '../layout.ts';
import type { Timer } from '../maps/timers.ts';
import { ERRNO } from '../uapi/errno.ts';
import { badMap } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const CLOCK = { REALTIME: 0, MONOTONIC: 1, BOOTTIME: 7 } as const;
const F_ABS = 1;
const F_CPU_PIN = 2;
/** A callback that starts its own timer again runs this much later at least: a kernel's takes its time, too. */
const AGAIN_NS = 1000n;

/** Where a struct bpf_timer of a map value stands; a fault when the argument is none. */
function placeOf(rc: RunCtx, argument: number): Pick<Timer, 'address' | 'offset' | 'map'> | null {
  const address = argument >>> 0;
  const region = rc.mem.regionAtOrBelow(address);
  const inside = region?.kind === REGION.MAP_VALUE && address < region.base + region.len;
  const from = inside ? address - region.base : 0;
  const offset = inside && region.stride !== 0 ? from % region.stride : from;
  const special = (inside && rc.host.byHandle(region.map)?.def.special) || [];
  if (inside && special.some((field) => field.kind === 'timer' && field.offset === offset)) {
    return { address, offset, map: region.map };
  }
  rc.fault(FAULT.BAD_ARGUMENT, address, 0, true, REGION.MAP_VALUE);
  return null;
}

const init: HelperMaker = (rc) => (timer, handle, flagsLo, flagsHi) => {
  const place = placeOf(rc, timer!);
  if (place === null) return 0;
  if (place.map !== handle! >>> 0) return badMap(rc, handle!);
  const clocks: readonly number[] = Object.values(CLOCK);
  if (flagsHi !== 0 || !clocks.includes(flagsLo! >>> 0)) return -ERRNO.EINVAL;
  return rc.host.timers.init({ ...place, clock: flagsLo! });
};

/** The timer behind an argument, initialized; undefined where it is not. */
function timerOf(rc: RunCtx, argument: number): Timer | undefined {
  const place = placeOf(rc, argument);
  return place === null ? undefined : rc.host.timers.at(place.address);
}

const setCallback: HelperMaker = (rc) => (argument, func) => {
  const timer = timerOf(rc, argument!);
  if (timer === undefined) return -ERRNO.EINVAL;
  timer.callback = func!;
  return 0;
};

const start: HelperMaker = (rc) => (argument, nsecsLo, nsecsHi, flagsLo, flagsHi) => {
  if (flagsHi !== 0 || (flagsLo! & ~(F_ABS | F_CPU_PIN)) !== 0) return -ERRNO.EINVAL;
  const timer = timerOf(rc, argument!);
  if (timer === undefined || timer.callback === 0) return -ERRNO.EINVAL;
  const nsecs = (BigInt(nsecsHi! >>> 0) << 32n) | BigInt(nsecsLo! >>> 0);
  rc.host.timers.start(timer, expiryOf(rc, timer, nsecs, (flagsLo! & F_ABS) !== 0));
  return 0;
};

function expiryOf(rc: RunCtx, timer: Timer, nsecs: bigint, absolute: boolean): bigint {
  const now = rc.env.time_ns + BigInt(rc.clockReads);
  const least = rc.timer === 0 ? now : now + AGAIN_NS;
  const offset = timer.clock === CLOCK.REALTIME ? rc.env.wall_offset_ns : 0n;
  const asked = absolute ? nsecs - offset : now + nsecs;
  return asked > least ? asked : least;
}

/** 1 when it was started and has not run, 0 when not. */
const cancel: HelperMaker = (rc) => (argument) => {
  const timer = timerOf(rc, argument!);
  if (timer === undefined) return -ERRNO.EINVAL;
  if (rc.timer === timer.address) return -ERRNO.EDEADLK;
  const active = timer.expiry !== null;
  timer.expiry = null;
  return active ? 1 : 0;
};

/** By helper name. */
export const TIMER_HELPERS: Readonly<Record<string, HelperMaker>> = {
  timer_init: init,
  timer_set_callback: setCallback,
  timer_start: start,
  timer_cancel: cancel,
};
