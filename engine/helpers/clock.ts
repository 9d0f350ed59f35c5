/** Clocks and chance (kernel/bpf/helpers.c, core.c): what the environment hands in, one nanosecond later at each read. */
import type { RunEnv } from '../env.ts';
import { PRIV } from '../layout.ts';
import type { HelperMaker } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;
/** CONFIG_HZ of Debian's kernels; jiffies start five minutes before they wrap. */
const NS_PER_JIFFY = 4_000_000n;
const INITIAL_JIFFIES = BigInt.asUintN(32, -300n * 250n);
/** CLOCK_MONOTONIC_COARSE stands still between ticks. */
const TICK_NS = 4_000_000n;

/**
 * A clock that reads `start` of the environment, plus 1 ns for each read of any clock in this run where it `ticks`.
 * The start is split into halves once an environment, so that reads are free of BigInt.
 */
function clock(start: (env: RunEnv) => bigint, ticks: boolean): HelperMaker {
  return (rc) => {
    let env: RunEnv | null = null;
    let lo = 0;
    let hi = 0;
    return () => {
      if (rc.env !== env) {
        env = rc.env;
        const value = start(env);
        lo = Number(BigInt.asUintN(32, value));
        hi = Number(BigInt.asUintN(32, value >> 32n));
      }
      const low = ticks ? lo + rc.clockReads++ : lo;
      const { u32 } = rc.mem;
      u32[R0] = low;
      u32[R0 + 1] = hi + (low >= 2 ** 32 ? 1 : 0);
      return 0;
    };
  };
}

const ktime = clock((env) => env.time_ns, true);

const ktimeCoarse = clock((env) => (env.time_ns / TICK_NS) * TICK_NS, false);

/** CLOCK_TAI is the wall clock until somebody tells the kernel the leap seconds. */
const ktimeTai = clock((env) => env.time_ns + env.wall_offset_ns, true);

const jiffies = clock((env) => INITIAL_JIFFIES + env.time_ns / NS_PER_JIFFY, false);

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
