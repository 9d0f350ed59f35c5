/** BPF_PROG_RUN around the run itself: types that cannot run, attributes refused before, and runs that end early. */
import { expect, test } from 'bun:test';
import { FAULT } from '../../../engine/layout.ts';
import type { Execution, LoadedProgram, World } from '../../../engine/load/types.ts';
import type { StorageMap } from '../../../engine/maps/storage.ts';
import type { Executor } from '../../../engine/run/run.ts';
import { runProgram } from '../../../engine/run/run-program.ts';
import type { Fault, ProgRunOpts, ProgRunResult } from '../../../engine/run/types.ts';
import { PROG_TYPE, type ProgTypeName } from '../../../engine/uapi/prog-types.ts';
import { defOf, mapWorld } from '../../support/map-world.ts';

const FRAME = new Uint8Array(64);
const RETURNED: Execution = { retval: 0, fault: null, cancelled: false, insns_executed: 5, duration_ns: 7 };

function program(type: ProgTypeName, attach_type = 0): LoadedProgram {
  return { type: PROG_TYPE[type], spec: { name: 'p', attach_type } } as unknown as LoadedProgram;
}

function runs(type: ProgTypeName, opts: ProgRunOpts, executor: Executor = () => RETURNED, attach_type = 0) {
  const map = mapWorld();
  return { map, made: runProgram(map as unknown as World, program(type, attach_type), opts, executor) };
}

function resultOf(...args: Parameters<typeof runs>): ProgRunResult {
  const { made } = runs(...args);
  if (!made.ok) throw new Error(made.error.message);
  return made.value;
}

const noRun: Executor = () => {
  throw new Error('nothing may run');
};

test.each([
  ...(['LSM', 'RAW_TRACEPOINT_WRITABLE', 'KPROBE', 'TRACEPOINT', 'PERF_EVENT', 'CGROUP_SOCK'] as const),
  ...(['SOCK_OPS', 'SK_SKB', 'SK_MSG', 'CGROUP_DEVICE', 'CGROUP_SOCK_ADDR', 'CGROUP_SYSCTL'] as const),
  ...(['CGROUP_SOCKOPT', 'SK_REUSEPORT'] as const),
])('%s answers ENOTSUPP, as in the kernel', (type) => {
  const { errno, reason, retval } = resultOf(type, { data_in: FRAME }, noRun);
  expect({ errno, retval }).toEqual({ errno: 524, retval: null });
  expect(reason).toContain(type);
});

test.each([24, 25, 26])('TRACING with attach type %i is not supported, and the refusal says so', (attach_type) => {
  const { made } = runs('TRACING', { data_in: FRAME }, noRun, attach_type);
  expect(made).toMatchObject({ ok: false, error: { stage: 'unsupported', where: { program: 'p' } } });
  expect(made.ok ? '' : made.error.message).toContain('fentry');
});

test('live frame mode goes with no other flag, and with no other type', () => {
  expect(resultOf('XDP', { data_in: FRAME, flags: 3 }, noRun).errno).toBe(22);
  expect(resultOf('SCHED_CLS', { data_in: FRAME, flags: 2 }, noRun).errno).toBe(22);
});

test.each([
  ['ctx_in of no bytes', { ctx_in: new Uint8Array(0) }],
  ['ctx_out of no bytes', { ctx_size_out: 0 }],
])('%s is EINVAL for every type, even one that cannot run', (_, opts) => {
  for (const type of ['XDP', 'SCHED_CLS', 'KPROBE'] as const) {
    expect(resultOf(type, { data_in: FRAME, ...opts }, noRun)).toMatchObject({ errno: 22, retval: null });
  }
});

test.each([33, 35])('XDP programs for map entries (attach type %d) are EINVAL', (attach) => {
  expect(resultOf('XDP', { data_in: FRAME }, noRun, attach)).toMatchObject({ errno: 22, data_out: null });
});

test('a packet left out is one of no bytes', () => {
  expect(resultOf('XDP', {}, noRun).errno).toBe(22);
  expect(resultOf('CGROUP_SKB', {}, noRun).errno).toBe(22);
});

test.each(['XDP', 'SCHED_CLS'] as const)('%s: a cancelled run is EINTR and nothing is written', (type) => {
  const result = resultOf(type, { data_in: FRAME, ctx_size_out: 24 }, () => ({ ...RETURNED, cancelled: true }));
  expect(result).toMatchObject({ errno: 4, retval: null, data_out: null, data_size_out: null, ctx_out: null });
  expect(result.insns_executed).toBe(5);
});

test.each(['XDP', 'SCHED_CLS'] as const)('%s: a fault is no errno, and nothing is written', (type) => {
  const fault = { kind: 'out of bounds' } as unknown as Fault;
  const result = resultOf(type, { data_in: FRAME }, () => ({ ...RETURNED, fault }));
  expect(result).toMatchObject({ errno: 0, retval: null, data_out: null, fault });
});

test.each([
  ['XDP', 4, true],
  ['XDP', 2, false],
  ['SCHED_CLS', 7, true],
  ['SCHED_ACT', 7, true],
  ['SCHED_CLS', 4, false],
  ['SOCKET_FILTER', 7, false],
] as const)('%s returning %d: the redirect is told = %p', (type, retval, told) => {
  const redirect = { helper: 'bpf_redirect', target: 3, map: null, key: null, flags: 0 };
  const result = resultOf(type, { data_in: FRAME }, (world) => {
    world.rc.redirect = redirect;
    return { ...RETURNED, retval };
  });
  expect(result.redirect).toEqual(told ? redirect : null);
});

test('what the program printed and sent comes back; ring buffers after perf records', () => {
  const { map, made } = runs('XDP', { data_in: FRAME }, (world) => {
    world.rc.printk.push('line');
    world.rc.records.push({ map: 'perf', kind: 'perf', cpu: 0, data: new Uint8Array([1]) });
    return RETURNED;
  });
  expect(made).toMatchObject({ ok: true, value: { printk: ['line'], records: [{ map: 'perf' }], duration_ns: 7 } });
  expect(map.rc.progType).toBe(PROG_TYPE.XDP);
  expect(map.faults.filter((fault) => fault.kind !== FAULT.NONE)).toEqual([]);
});

test('cgroup storage is zero at the start of each call and lasts over its repeats', () => {
  const map = mapWorld();
  const made = map.maps.create(defOf('CGROUP_STORAGE', { key_size: 16, max_entries: 0 }));
  if (!made.ok) throw new Error(made.error.message);
  const storage = made.value as StorageMap;
  const seen: number[] = [];
  const counting: Executor = (_world, _program, _ctx, opts) => {
    for (let i = 0; i < opts.repeat; i++) seen.push(map.mem.u32[storage.storage() >> 2]!++);
    return { ...RETURNED, retval: 1 };
  };
  for (const repeat of [3, 1, 2]) {
    runProgram(map as unknown as World, program('CGROUP_SKB'), { data_in: FRAME, repeat }, counting);
  }
  expect(seen).toEqual([0, 1, 2, 0, 0, 1]);
});

test.each([
  ['without a context', {}, 0],
  ['with one that leaves it open', { ctx_in: new Uint8Array(8) }, 64],
  ['with ctx_out alone', { ctx_size_out: 192 }, 64],
] as const)('wire_len %s reads %p → %d', (_, opts, expected) => {
  const seen: number[] = [];
  resultOf('SCHED_CLS', { data_in: FRAME, ...opts }, (world, _program, ctx) => {
    seen.push(world.mem.u32[(ctx + 160) >> 2]!);
    return RETURNED;
  });
  expect(seen).toEqual([expected]);
});
