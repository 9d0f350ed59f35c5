/** Clocks, chance, CPU and task come from the environment and repeat exactly. */
import { expect, test } from 'bun:test';
import { DEFAULT_ENV } from '../../../engine/env.ts';
import { CLOCK_HELPERS } from '../../../engine/helpers/clock.ts';
import { TASK_HELPERS } from '../../../engine/helpers/task.ts';
import { PRIV } from '../../../engine/layout.ts';
import { KEY, mapWorld } from '../../support/map-world.ts';

const world = mapWorld();
const helpers = { ...world.helpers(CLOCK_HELPERS), ...world.helpers(TASK_HELPERS) };

function u64(name: string): bigint {
  helpers[name]!();
  return world.mem.dv.getBigUint64(PRIV.R0, true);
}

test('each read of a clock is a nanosecond later', () => {
  world.rc.env = { ...DEFAULT_ENV, time_ns: 0xffff_ffffn };
  world.rc.clockReads = 0;
  expect([u64('ktime_get_ns'), u64('ktime_get_ns'), u64('ktime_get_boot_ns')]).toEqual([
    ...[0xffff_ffffn, 0x1_0000_0000n, 0x1_0000_0001n],
  ]);
  expect(u64('ktime_get_tai_ns')).toBe(0x1_0000_0002n + DEFAULT_ENV.wall_offset_ns);
});

test('the coarse clock stands still between ticks', () => {
  world.rc.env = { ...DEFAULT_ENV, time_ns: 4_000_000n * 7n + 123n };
  expect([u64('ktime_get_coarse_ns'), u64('ktime_get_coarse_ns')]).toEqual([28_000_000n, 28_000_000n]);
});

test('jiffies are 4 ms and start five minutes before they wrap', () => {
  world.rc.env = { ...DEFAULT_ENV, time_ns: 8_000_000n };
  expect(u64('jiffies64')).toBe(2n ** 32n - 75_000n + 2n);
});

test('the same seed gives the same numbers, another one others', () => {
  const draw = (seed: number): number[] => {
    world.rc.random = seed;
    return Array.from({ length: 8 }, () => helpers.get_prandom_u32!() >>> 0);
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(2)).not.toEqual(draw(1));
  expect(new Set(draw(1)).size).toBe(8);
});

test('CPU, node and task', () => {
  world.rc.env = { ...DEFAULT_ENV, cpu: 3, pid: 7, tgid: 6, uid: 5, gid: 4, comm: 'a-name-that-is-cut' };
  expect([helpers.get_smp_processor_id!(), helpers.get_numa_node_id!()]).toEqual([3, 0]);
  expect(u64('get_current_pid_tgid')).toBe((6n << 32n) | 7n);
  expect(u64('get_current_uid_gid')).toBe((4n << 32n) | 5n);
  world.mem.u8.fill(0xa5, KEY, KEY + 20);
  expect(helpers.get_current_comm!(KEY, 16)).toBe(0);
  expect(Buffer.from(world.mem.u8.subarray(KEY, KEY + 17)).toString('latin1')).toBe('a-name-that-is-\0\xa5');
});
