/** Everything a program could see that differs between two runs: clock, randomness, CPU, task; handed in so that runs repeat exactly. */

/** What a run gets from outside, so that the same run twice is the same run: clock, chance, CPU, task. */
export interface RunEnv {
  /** bpf_ktime_get_ns at the first read of the run; each later read is 1 ns more. */
  readonly time_ns: bigint;
  /** Real time minus monotonic time, for bpf_ktime_get_tai_ns and friends. */
  readonly wall_offset_ns: bigint;
  /** Seed of bpf_get_prandom_u32. */
  readonly seed: number;
  /** Possible CPUs of the world. */
  readonly cpus: number;
  /** CPU the run is on. */
  readonly cpu: number;
  readonly pid: number;
  readonly tgid: number;
  readonly uid: number;
  readonly gid: number;
  readonly comm: string;
}

/** A quiet machine: 1000 s after boot, one CPU, root's task named bpfdeck. */
export const DEFAULT_ENV: RunEnv = {
  time_ns: 1_000_000_000_000n,
  wall_offset_ns: 1_700_000_000_000_000_000n,
  seed: 1,
  cpus: 1,
  cpu: 0,
  pid: 1,
  tgid: 1,
  uid: 0,
  gid: 0,
  comm: 'bpfdeck',
};

/** The quiet machine has devices with the ifindexes 1 (loopback) to this; runs and devmaps that name others are refused as by a kernel. */
export const DEVICES = 4096;
