/** Timers run by the clock of the calls: at the end of the one that passed their time, or before the next. */
import { describe, expect, test } from 'bun:test';
import type { LoadedObject, ProgRunResult } from '../../../engine/index.ts';
import { loadFixture, run } from '../../support/fixture-object.ts';

const T = 1_000_000_000_000n;
const OBJECT = '../prog-run/timers/timers';
/** The element that the program makes. */
const KEY = Uint8Array.of(1, 0, 0, 0);

function loaded(constants: { delay?: bigint; period?: bigint; flags?: bigint; clock?: number } = {}): LoadedObject {
  const object = loadFixture(OBJECT);
  const bytes = object.map('.rodata')!.userLookup(new Uint8Array(4))!;
  const view = new DataView(bytes.buffer);
  const { delay = 0n, period = 0n, flags = 0n, clock = 1 } = constants;
  [delay, period, flags].forEach((value, i) => {
    view.setBigUint64(8 * i, value, true);
  });
  view.setUint32(24, clock, true);
  object.map('.rodata')!.userUpdate(new Uint8Array(4), bytes, 0);
  return object;
}

const at = (time_ns: bigint): { env: { time_ns: bigint } } => ({ env: { time_ns } });
const starts = (object: LoadedObject, time = T): ProgRunResult => run(object, 'starts', at(time) as never);
const runsAt = (object: LoadedObject, time: bigint): number | null => run(object, 'looks', at(time) as never).retval;

/** Runs so far, the key it saw, and the time at which it ran. */
function element(object: LoadedObject): { runs: number; key: number; at: bigint } | null {
  const value = object.map('elements')!.userLookup(KEY);
  if (value === null) return null;
  const view = new DataView(value.buffer, value.byteOffset);
  return { at: view.getBigUint64(16, true), runs: view.getUint32(24, true), key: view.getUint32(28, true) };
}

describe('timers', () => {
  test('that are due at once run when the program has returned', () => {
    const object = loaded();
    expect(starts(object).retval).toBe(0);
    expect(element(object)).toEqual({ at: T, runs: 1, key: 1 });
    object.release();
  });

  test('that are due later run before the first call behind their time, at their time', () => {
    const object = loaded({ delay: 5_000n });
    starts(object);
    expect(element(object)?.runs).toBe(0);
    expect(runsAt(object, T + 4_999n)).toBe(0);
    expect(runsAt(object, T + 5_000n)).toBe(1);
    expect(runsAt(object, T + 1_000_000n)).toBe(1);
    expect(element(object)).toEqual({ at: T + 5_000n, runs: 1, key: 1 });
    object.release();
  });

  test('that start again run as often as they would have', () => {
    const object = loaded({ delay: 1_000_000n, period: 1_000_000n });
    starts(object);
    expect(runsAt(object, T + 3_500_000n)).toBe(3);
    // Reading the clock takes a nanosecond.
    expect(element(object)?.at).toBe(T + 3_000_002n);
    expect(runsAt(object, T + 4_500_000n)).toBe(4);
    object.release();
  });

  test('by absolute and by real time', () => {
    const absolute = loaded({ delay: T + 300n, flags: 1n });
    starts(absolute);
    expect(runsAt(absolute, T + 299n)).toBe(0);
    expect(runsAt(absolute, T + 300n)).toBe(1);
    absolute.release();
    const real = loaded({ delay: T + 1_700_000_000_000_000_000n + 300n, flags: 1n, clock: 0 });
    starts(real);
    expect(runsAt(real, T + 299n)).toBe(0);
    expect(runsAt(real, T + 300n)).toBe(1);
    real.release();
  });

  test('of elements that are gone, and of maps that went back, do not run', () => {
    const object = loaded({ delay: 10n });
    starts(object);
    object.map('elements')!.userDelete(KEY);
    expect(runsAt(object, T + 100n)).toBe(77);
    starts(object, T + 200n);
    object.map('elements')!.userUpdate(KEY, new Uint8Array(32), 0);
    expect(runsAt(object, T + 300n)).toBe(0);
    starts(object, T + 400n);
    object.reset();
    expect(runsAt(object, T + 500n)).toBe(77);
    object.release();
  });

  test('that start again at once are stopped as an endless loop is', () => {
    const object = loaded({ period: 1n });
    const { fault } = run(object, 'starts', { ...at(T), budget: 10_000 } as never);
    expect(fault).toBeNull();
    const later = run(object, 'looks', { ...at(T + 3_600_000_000_000n), budget: 10_000 } as never);
    expect(later.fault?.kind).toBe('endless loop');
    object.release();
  });

  test('a callback cannot cancel its own timer', () => {
    const object = loaded();
    starts(object);
    const bytes = object.map('.bss')!.userLookup(new Uint8Array(4))!;
    expect(new DataView(bytes.buffer).getBigInt64(0, true)).toBe(-35n);
    object.release();
  });
});
