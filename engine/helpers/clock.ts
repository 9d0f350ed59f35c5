/** Clocks and chance (kernel/bpf/helpers.c, core.c): what the environment hands in, one nanosecond later at each read. */
import { PRIV } from '../layout.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;
/** CONFIG_HZ of Debian's kernels; jiffies start five minutes before they wrap. */
const NS_PER_JIFFY = 4_000_000n;
const INITIAL_JIFFIES = BigInt.asUintN(32, -300n * 250n);
/** TAI is ahead of UTC by this. */
const TAI_OFFSET_NS = 37_000_000_000n;
/** CLOCK_MONOTONIC_COARSE stands still between ticks. */
const TICK_NS = 4_000_000n;

function give(rc: RunCtx, value: bigint): 0 {
  const { u32 } = rc.mem;
  u32[R0] = Number(BigInt.asUintN(32, value));
  u32[R0 + 1] = Number(BigInt.asUintN(32, value >> 32n));
  return 0;
}

/** Nanoseconds since boot; each read is 1 ns later than the one before. */
function tick(rc: RunCtx): bigint {
  return rc.env.time_ns + BigInt(rc.clockReads++);
}

const ktime: HelperMaker = (rc) => () => give(rc, tick(rc));

const ktimeCoarse: HelperMaker = (rc) => () => give(rc, (tick(rc) / TICK_NS) * TICK_NS);

const ktimeTai: HelperMaker = (rc) => () => give(rc, tick(rc) + rc.env.wall_offset_ns + TAI_OFFSET_NS);

const jiffies: HelperMaker = (rc) => () => give(rc, INITIAL_JIFFIES + rc.env.time_ns / NS_PER_JIFFY);

/** mulberry32: the same numbers for the same seed. */
const prandom: HelperMaker = (rc) => () => {
  rc.random = (rc.random + 0x6d2b79f5) | 0;
  let mixed = Math.imul(rc.random ^ (rc.random >>> 15), 1 | rc.random);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return (mixed ^ (mixed >>> 14)) | 0;
};

/** By helper name. */
export const CLOCK_HELPERS: Readonly<Record<string, HelperMaker>> = {
  ktime_get_ns: ktime,
  ktime_get_boot_ns: ktime,
  ktime_get_coarse_ns: ktimeCoarse,
  ktime_get_tai_ns: ktimeTai,
  jiffies64: jiffies,
  get_prandom_u32: prandom,
};
