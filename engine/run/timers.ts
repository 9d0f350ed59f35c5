/** Runs the callbacks of timers (bpf_timer_cb) that the clock of a call has passed: before its program runs, and after. */
import { PRIV, STACK_TOP } from '../layout.ts';
import type { World } from '../load/types.ts';
import type { Timer } from '../maps/timers.ts';

const STACK_LOW = PRIV.STACK_LOW >> 2;

/** All that have expired, each at the time when it did, those among them that start again. */
export function runTimers(world: World): void {
  const { timers } = world.maps;
  if (timers.idle) return;
  const { rc } = world;
  const now = rc.env.time_ns + BigInt(rc.clockReads);
  for (let timer = timers.due(now); timer !== null; timer = timers.due(now)) runTimer(world, timer);
}

function runTimer(world: World, timer: Timer): void {
  const { rc, maps, mem } = world;
  const { env, clockReads } = rc;
  const map = maps.byHandle(timer.map);
  const value = timer.address - timer.offset;
  let key = 0;
  map?.walk((at, held) => {
    if (held === value) key = at;
    return key !== 0;
  });
  if (key === 0) {
    maps.timers.drop(timer.address);
    return;
  }
  rc.env = { ...env, time_ns: timer.expiry! };
  rc.clockReads = 0;
  rc.timer = timer.address;
  timer.expiry = null;
  mem.u32[STACK_LOW] = STACK_TOP;
  try {
    rc.callFunc(timer.callback, timer.map, key, value, 0, 0);
  } finally {
    rc.env = env;
    rc.clockReads = clockReads;
    rc.timer = 0;
  }
}
