/** Runs of fixture programs: environment, repeats, budget, cancel, records, printk, and what is counted. */
import { describe, expect, test } from 'bun:test';
import { EngineBug } from '../../../engine/errors.ts';
import { CTX_BASE, PRIV } from '../../../engine/layout.ts';
import { execute } from '../../../engine/run/execute.ts';
import { bytesIn, loadFixture, run } from '../../support/fixture-object.ts';

describe('environment', () => {
  test('clock, chance and CPU are what is handed in, and repeat exactly', () => {
    const object = loadFixture('environment', { cpus: 4 });
    const seen = (): string => {
      object.reset();
      expect(run(object, 'ask_all', { env: { time_ns: 5_000_000_000n, seed: 7, cpu: 3 } }).retval).toBe(2);
      return JSON.stringify(object.dumpMaps(), (_key, value) => (value instanceof Uint8Array ? [...value] : value));
    };
    const first = seen();
    expect(seen()).toBe(first);
    const bss = bytesIn(object, '.bss');
    const words = Array.from({ length: bss.byteLength / 8 }, (_, i) => bss.getBigUint64(i * 8, true));
    expect(words).toContain(5_000_000_000n);
    expect(words).toContain(5_000_000_001n);
    expect(words).toContain(5_000_000_002n);
    expect(words).toContain(2n ** 32n - 75_000n + 1250n);
  });
});

describe('repeat', () => {
  test('runs share globals, and only the last result counts', () => {
    const object = loadFixture('globals');
    const first = run(object, 'use_globals').insns_executed;
    const next = run(object, 'use_globals').insns_executed;
    object.reset();
    const result = run(object, 'use_globals', { repeat: 5 });
    expect(result).toMatchObject({ errno: 0, retval: 2, fault: null, insns_executed: first + 4 * next });
    expect(run(object, 'use_globals').insns_executed).toBe(next);
  });
});

describe('redirect', () => {
  const object = loadFixture('redirects');
  const target = { helper: 'bpf_redirect', target: 1 };

  test('the last of several runs tells its own', () => {
    expect(run(object, 'to_interface', { repeat: 3 })).toMatchObject({ retval: 4, redirect: target });
  });

  test('a run starts without that of the run before', () => {
    expect(run(object, 'to_interface_once')).toMatchObject({ retval: 4, redirect: target });
    expect(run(object, 'to_interface_once', { repeat: 2 })).toMatchObject({ retval: 4, redirect: null });
  });
});

describe('budget and cancel', () => {
  const object = loadFixture('faults/endless-loop');

  test('an endless loop ends when the budget does, to the instruction or close behind', () => {
    const result = run(object, 'endless_loop', { budget: 5_000_000 });
    expect(result.fault?.kind).toBe('endless loop');
    expect(result.insns_executed).toBeGreaterThanOrEqual(5_000_000);
    expect(result.insns_executed).toBeLessThan(5_000_100);
  });

  test('the cancel word ends it with EINTR', () => {
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    cancel[0] = 1;
    expect(run(object, 'endless_loop', { cancel })).toMatchObject({ errno: 4, retval: null, fault: null });
  });

  test('a budget that is spent between repeats stops them', () => {
    const globals = loadFixture('globals');
    const result = run(globals, 'use_globals', { repeat: 1_000_000, budget: 2_000 });
    expect(result.fault?.kind).toBe('endless loop');
    expect(result.insns_executed).toBeLessThan(2_200);
  });

  test('the cancel word ends repeats of a short program', () => {
    const cancel = new Int32Array(1);
    cancel[0] = 1;
    const verdicts = loadFixture('xdp-verdicts');
    expect(run(verdicts, 'verdict_drop', { repeat: 0xffff_ffff, cancel }).errno).toBe(4);
  });
});

describe('printing', () => {
  test('lines as the kernel traces them', () => {
    expect(run(loadFixture('printk'), 'say').printk).toEqual([
      'length 64',
      '-5 abc word',
      '1099511627776 -1 feed',
      '1 2 3 4 5',
      '100% of x',
    ]);
  });

  test('numbers and strings', () => {
    const object = loadFixture('printk');
    const data = new Uint8Array(64);
    expect(run(object, 'strings', { data_in: data }).fault).toBeNull();
    const bss = bytesIn(object, '.bss');
    const text = Buffer.from(bss.buffer, bss.byteOffset, bss.byteLength).toString('latin1');
    expect(text).toContain('7:-7:ff end\0');
  });
});

describe('tail calls', () => {
  test('slots, an empty one, one outside, and the limit of 33', () => {
    const object = loadFixture('tail-calls');
    const at = (slot: number) => run(object, 'tail_by_length', { data_in: new Uint8Array(14 + slot) }).retval;
    expect([at(0), at(3), at(40)]).toEqual([1, 2, 2]);
    expect(at(1)).toBe(3);
    expect(bytesIn(object, '.bss').getUint32(0, true)).toBe(33);
  });

  // The compiler knows that the function ends in 9, and cannot know of tail calls.
  test('from a function: only that function is left', () => {
    const object = loadFixture('tail-calls');
    expect(run(object, 'tail_from_function').retval).toBe(2);
    expect(bytesIn(object, '.bss').getUint32(0, true)).toBe(109);
  });
});

describe('callbacks', () => {
  test('bpf_loop', () => {
    const object = loadFixture('callbacks');
    expect(run(object, 'loop')).toMatchObject({ retval: 2, fault: null });
    const bss = bytesIn(object, '.bss');
    const words = Array.from({ length: bss.byteLength >> 3 }, (_, i) => bss.getBigInt64(i * 8, true));
    // The kernel's verifier writes bpf_loop with constant flags out, and its -E2BIG has 32 bits.
    for (const value of [100n, 4n, 7n, 0xffff_fff9n, -22n, 4950n, 6n, 21n]) expect(words).toContain(value);
  });

  test('bpf_for_each_map_elem over arrays and hashes', () => {
    const object = loadFixture('callbacks');
    expect(run(object, 'each_array')).toMatchObject({ retval: 1, fault: null });
    expect([...(object.map('numbers')?.userLookup(Uint8Array.of(0, 0, 0, 0)) ?? [])]).toEqual([2, 0, 0, 0, 0, 0, 0, 0]);
    expect(run(object, 'each_hash')).toMatchObject({ retval: 3, fault: null });
    expect([...(object.map('ages')?.userKeys() ?? [])]).toHaveLength(4);
  });
});

test('subprograms', () => {
  const object = loadFixture('subprograms');
  for (const { name } of object.spec.programs) expect(run(object, name).fault).toBeNull();
});

test('records of ring buffers come in order', () => {
  const object = loadFixture('ringbuf');
  const { records, fault } = run(object, 'report');
  expect(fault).toBeNull();
  expect(records.every((record) => record.kind === 'ringbuf')).toBe(true);
});

describe('what programs leave behind, and what is no fault of theirs', () => {
  const object = loadFixture('xdp-verdicts');
  const loaded = object.program('verdict_drop');
  if (!loaded.ok) throw new Error(loaded.error.message);
  const { world } = object;
  const execution = (body: () => number) =>
    execute(world, { ...loaded.value, spec: loaded.value.spec, entry: () => body }, CTX_BASE, {
      repeat: 2,
      between: () => undefined,
    });
  const HELD = PRIV.SPIN_LOCK >> 2;

  test('a lock that is still held is a fault, and is let go of', () => {
    const { fault } = execution(() => {
      world.mem.u32[HELD] = 0x40_0000;
      return 1;
    });
    expect(fault).toMatchObject({
      ...{ kind: 'lock', program: 'verdict_drop' },
      message: "bpf_spin_lock is still held at exit: the kernel's verifier refuses such a program",
    });
    expect(world.mem.u32[HELD]).toBe(0);
    expect(execution(() => 1)).toMatchObject({ fault: null, retval: 1 });
  });

  test('an exception that no fault explains is a bug of the engine', () => {
    expect(() => execution(() => new Uint8Array(1).subarray(5)[0]!.valueOf())).toThrow(EngineBug);
    expect(() => execution(() => new DataView(new ArrayBuffer(2)).getUint32(0))).toThrow(EngineBug);
  });

  test('JavaScript’s own stack running out is a fault', () => {
    const deeper = (): number => 1 + deeper();
    expect(execution(deeper).fault?.kind).toBe('call depth');
  });
});
