/** Time, chance and task of our own for programs in the kernel: calls of such helpers become calls of functions that a hidden map feeds. */
import { MAP_TYPE, type MapSpec, type ProgramSpec, type RunEnv } from '../../../engine/index.ts';
import type { KernelBtf } from './btf.ts';

/** What is handed in; what is absent stays the kernel's own. */
export type GivenEnv = Partial<RunEnv>;

/** Section of the map that feeds the functions; it is none of the object's, and no dump shows it. */
export const HIDDEN = '(environment)';
const NAME = 'bpfdeck_env';
/** In its value: nanoseconds (u64), state of the generator (u32), jiffies and the time of the last tick (u64 each). */
const AT = { TIME: 0, RANDOM: 8, JIFFIES: 16, TICK: 24 } as const;
const VALUE_SIZE = 32;

const TICK_NS = 4_000_000n;
const INITIAL_JIFFIES = BigInt.asUintN(32, -300n * 250n);

/** Opcode, registers (source above destination), offset, immediate. */
type Row = readonly [op: number, registers: number, off: number, imm: number];

const EXIT: Row = [0x95, 0, 0, 0];

/** A function's instructions; `feed`: offset in the hidden map's value that its first instruction loads the address of. */
interface Body {
  readonly rows: readonly Row[];
  readonly feed: number | null;
}

function ldimm64(register: number, value: bigint): Row[] {
  const half = (bits: bigint) => Number(BigInt.asIntN(32, bits));
  const low: Row = [0x18, register, 0, half(value)];
  return [low, [0, 0, 0, half(value >> 32n)]];
}

const still = (value: bigint): Body => ({ rows: [...ldimm64(0, value), EXIT], feed: null });

/** A number of the hidden map, as it is. */
const fed = (feed: number): Body => ({ rows: [...ldimm64(1, 0n), [0x79, 0x10, 0, 0], EXIT], feed });

/** The time of the hidden map plus `ahead`; one nanosecond passes with each read. */
function ticking(ahead: bigint): Body {
  const rows: Row[] = [
    ...ldimm64(1, 0n),
    [0x79, 0x10, 0, 0], // r0 = *(u64 *)(r1 + 0)
    [0xbf, 0x02, 0, 0], // r2 = r0
    [0x07, 0x02, 0, 1], // r2 += 1
    [0x7b, 0x21, 0, 0], // *(u64 *)(r1 + 0) = r2
    ...ldimm64(1, ahead),
    [0x0f, 0x10, 0, 0], // r0 += r1
    EXIT,
  ];
  return { rows, feed: AT.TIME };
}

/** mulberry32, as the engine's bpf_get_prandom_u32. */
const RANDOM: Body = {
  rows: [
    ...ldimm64(1, 0n),
    [0x61, 0x10, 0, 0], // w0 = *(u32 *)(r1 + 0)
    [0x04, 0x00, 0, 0x6d2b_79f5], // w0 += 0x6d2b79f5
    [0x63, 0x01, 0, 0], // *(u32 *)(r1 + 0) = w0
    [0xbc, 0x02, 0, 0], // w2 = w0
    [0x74, 0x02, 0, 15], // w2 >>= 15
    [0xac, 0x02, 0, 0], // w2 ^= w0
    [0xbc, 0x03, 0, 0], // w3 = w0
    [0x44, 0x03, 0, 1], // w3 |= 1
    [0x2c, 0x32, 0, 0], // w2 *= w3
    [0xbc, 0x23, 0, 0], // w3 = w2
    [0x74, 0x03, 0, 7], // w3 >>= 7
    [0xac, 0x23, 0, 0], // w3 ^= w2
    [0xbc, 0x24, 0, 0], // w4 = w2
    [0x44, 0x04, 0, 61], // w4 |= 61
    [0x2c, 0x43, 0, 0], // w3 *= w4
    [0x0c, 0x23, 0, 0], // w3 += w2
    [0xac, 0x23, 0, 0], // w3 ^= w2
    [0xbc, 0x30, 0, 0], // w0 = w3
    [0x74, 0x00, 0, 14], // w0 >>= 14
    [0xac, 0x30, 0, 0], // w0 ^= w3
    EXIT,
  ],
  feed: AT.RANDOM,
};

/** By helper: what stands for it, null where the environment does not say. */
const HELPERS: Readonly<Record<number, (env: GivenEnv) => Body | null>> = {
  5: (env) => (env.time_ns === undefined ? null : ticking(0n)), // ktime_get_ns
  7: (env) => (env.seed === undefined ? null : RANDOM), // get_prandom_u32
  14: ({ pid, tgid }) => pair(tgid, pid), // get_current_pid_tgid
  15: ({ uid, gid }) => pair(gid, uid), // get_current_uid_gid
  118: ({ time_ns }) => (time_ns === undefined ? null : fed(AT.JIFFIES)), // jiffies64
  125: (env) => (env.time_ns === undefined ? null : ticking(0n)), // ktime_get_boot_ns
  160: ({ time_ns }) => (time_ns === undefined ? null : fed(AT.TICK)), // ktime_get_coarse_ns
  208: (env) => (env.time_ns === undefined ? null : ticking(env.wall_offset_ns ?? 0n)), // ktime_get_tai_ns
};

function pair(high: number | undefined, low: number | undefined): Body | null {
  return high === undefined || low === undefined ? null : still((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0));
}

const CALL = 0x85;
/** LD_ABS and LD_IND: the verifier does not let them stand beside local functions. */
const OLD_LOADS: ReadonlySet<number> = new Set([0x20, 0x28, 0x30, 0x40, 0x48, 0x50]);

function put(view: DataView, slot: number, [op, registers, off, imm]: Row): void {
  view.setUint8(slot * 8, op);
  view.setUint8(slot * 8 + 1, registers);
  view.setInt16(slot * 8 + 2, off, true);
  view.setInt32(slot * 8 + 4, imm, true);
}

/** Slots of helper calls, by helper; none where they must stay as they are. */
function helperCalls(insns: Uint8Array): Map<number, number[]> {
  const view = new DataView(insns.buffer, insns.byteOffset, insns.length);
  const calls = new Map<number, number[]>();
  for (let slot = 0; slot < insns.length / 8; slot++) {
    const op = view.getUint8(slot * 8);
    if (OLD_LOADS.has(op)) return new Map();
    if (op === CALL && view.getUint8(slot * 8 + 1) >> 4 === 0) {
      const helper = view.getInt32(slot * 8 + 4, true);
      calls.set(helper, [...(calls.get(helper) ?? []), slot]);
    }
    if (op === 0x18) slot++;
  }
  return calls;
}

/** The program with its calls redirected as far as the environment says; the same program when nothing is. */
export function withEnv(program: ProgramSpec, env: GivenEnv, btf: KernelBtf | null): ProgramSpec {
  const functions = [...helperCalls(program.insns)].flatMap(([helper, calls]) => {
    const body = HELPERS[helper]?.(env) ?? null;
    return body === null ? [] : [{ calls, ...body }];
  });
  if (functions.length === 0) return program;
  const before = program.insns.length / 8;
  const insns = new Uint8Array((before + functions.flatMap(({ rows }) => rows).length) * 8);
  insns.set(program.insns);
  const view = new DataView(insns.buffer);
  const added = { relocs: [...program.relocs], subprogs: [...program.subprogs], lines: [...program.lines] };
  let start = before;
  for (const { calls, rows, feed } of functions) {
    for (const call of calls) put(view, call, [CALL, 0x10, 0, start - call - 1]);
    for (const [i, row] of rows.entries()) put(view, start + i, row);
    if (feed !== null) added.relocs.push({ insn: start, kind: 'map_value', name: NAME, off: feed, weak: false });
    added.subprogs.push({ name: NAME, start, type_id: btf?.addFunction(NAME) ?? 0, global: false });
    const last = program.lines.at(-1);
    if (last !== undefined) added.lines.push({ ...last, insn: start });
    start += rows.length;
  }
  return { ...program, insns, ...added };
}

/** What the hidden map holds while the environment is this. */
export function envData({ time_ns = 0n, seed = 0 }: GivenEnv): Uint8Array {
  const data = new DataView(new ArrayBuffer(VALUE_SIZE));
  data.setBigUint64(AT.TIME, BigInt.asUintN(64, time_ns), true);
  data.setUint32(AT.RANDOM, seed, true);
  data.setBigUint64(AT.JIFFIES, BigInt.asUintN(64, INITIAL_JIFFIES + time_ns / TICK_NS), true);
  data.setBigUint64(AT.TICK, BigInt.asUintN(64, (time_ns / TICK_NS) * TICK_NS), true);
  return new Uint8Array(data.buffer);
}

/** The hidden map with what the environment says. */
export function envMap(env: GivenEnv): MapSpec {
  return {
    ...{ name: NAME, type: MAP_TYPE.ARRAY, key_size: 4, value_size: VALUE_SIZE, max_entries: 1, map_flags: 0 },
    ...{ map_extra: 0n, numa_node: 0, pinning: 0, key_type_id: 0, value_type_id: 0, inner: null, values: [] },
    ...{ data: envData(env), section: HIDDEN },
  };
}
