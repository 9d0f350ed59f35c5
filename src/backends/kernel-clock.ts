/** A clock of our own for programs in the kernel: calls of the clock helpers become calls of functions that read a hidden map. */
import type { MapSpec, ProgramSpec, RunEnv } from '../../engine/index.ts';
import { MAP_TYPE } from '../../engine/index.ts';
import type { KernelBtf } from './kernel-btf.ts';

/** What the clock shows, as in RunEnv. */
export type Clock = Pick<RunEnv, 'time_ns' | 'wall_offset_ns'>;

/** Section of the map that holds the time; it is none of the object's, and no dump shows it. */
export const HIDDEN = '(clock)';
const NAME = 'bpfdeck_clock';

const TICK_NS = 4_000_000n;
const INITIAL_JIFFIES = BigInt.asUintN(32, -300n * 250n);

/** What each clock helper gives: a number that stands still, or the ticking time plus something. */
const HELPERS: Readonly<Record<number, (clock: Clock) => { readonly ticks: boolean; readonly value: bigint }>> = {
  5: () => ({ ticks: true, value: 0n }), // ktime_get_ns
  118: ({ time_ns }) => ({ ticks: false, value: INITIAL_JIFFIES + time_ns / TICK_NS }), // jiffies64
  125: () => ({ ticks: true, value: 0n }), // ktime_get_boot_ns
  160: ({ time_ns }) => ({ ticks: false, value: (time_ns / TICK_NS) * TICK_NS }), // ktime_get_coarse_ns
  208: ({ wall_offset_ns }) => ({ ticks: true, value: wall_offset_ns }), // ktime_get_tai_ns
};

const CALL = 0x85;
/** LD_ABS and LD_IND: the verifier does not let them stand beside local functions. */
const OLD_LOADS: ReadonlySet<number> = new Set([0x20, 0x28, 0x30, 0x40, 0x48, 0x50]);

type Row = readonly [op: number, registers: number, off: number, imm: number];

function ldimm64(register: number, value: bigint): Row[] {
  const half = (bits: bigint) => Number(BigInt.asIntN(32, bits));
  return [
    [0x18, register, 0, half(value)],
    [0, 0, 0, half(value >> 32n)],
  ];
}

/** The function that stands for a helper; the hidden map's value is to be linked into its first instruction if it ticks. */
function body({ ticks, value }: { readonly ticks: boolean; readonly value: bigint }): Row[] {
  const exit: Row = [0x95, 0, 0, 0];
  if (!ticks) return [...ldimm64(0, value), exit];
  return [
    ...ldimm64(1, 0n),
    [0x79, 0x10, 0, 0], // r0 = *(u64 *)(r1 + 0)
    [0xbf, 0x02, 0, 0], // r2 = r0
    [0x07, 0x02, 0, 1], // r2 += 1
    [0x7b, 0x21, 0, 0], // *(u64 *)(r1 + 0) = r2
    ...ldimm64(1, value),
    [0x0f, 0x10, 0, 0], // r0 += r1
    exit,
  ];
}

function put(view: DataView, slot: number, [op, registers, off, imm]: Row): void {
  view.setUint8(slot * 8, op);
  view.setUint8(slot * 8 + 1, registers);
  view.setInt16(slot * 8 + 2, off, true);
  view.setInt32(slot * 8 + 4, imm, true);
}

/** Slots of calls of clock helpers, by helper; none where they must stay as they are. */
function clockCalls(insns: Uint8Array): Map<number, number[]> {
  const view = new DataView(insns.buffer, insns.byteOffset, insns.length);
  const calls = new Map<number, number[]>();
  for (let slot = 0; slot < insns.length / 8; slot++) {
    const op = view.getUint8(slot * 8);
    if (OLD_LOADS.has(op)) return new Map();
    if (op === 0x18) slot++;
    const helper = view.getInt32(slot * 8 + 4, true);
    if (op !== CALL || view.getUint8(slot * 8 + 1) >> 4 !== 0 || HELPERS[helper] === undefined) continue;
    calls.set(helper, [...(calls.get(helper) ?? []), slot]);
  }
  return calls;
}

/** The program with its clock calls redirected; the same program when it has none. */
export function withClock(program: ProgramSpec, clock: Clock, btf: KernelBtf | null): ProgramSpec {
  const calls = clockCalls(program.insns);
  if (calls.size === 0) return program;
  const functions = [...calls.keys()].map((helper) => ({ helper, ...HELPERS[helper]!(clock) }));
  const bodies = functions.map(body);
  const before = program.insns.length / 8;
  const insns = new Uint8Array((before + bodies.flat().length) * 8);
  insns.set(program.insns);
  const view = new DataView(insns.buffer);
  const relocs = [...program.relocs];
  const subprogs = [...program.subprogs];
  const lines = [...program.lines];
  let start = before;
  functions.forEach(({ helper, ticks }, i) => {
    for (const call of calls.get(helper) ?? []) put(view, call, [CALL, 0x10, 0, start - call - 1]);
    bodies[i]!.forEach((row, at) => {
      put(view, start + at, row);
    });
    if (ticks) relocs.push({ insn: start, kind: 'map_value', name: NAME, off: 0, weak: false });
    subprogs.push({ name: NAME, start, type_id: btf?.addFunction(NAME) ?? 0, global: false });
    const last = program.lines.at(-1);
    if (last !== undefined) lines.push({ ...last, insn: start });
    start += bodies[i]!.length;
  });
  return { ...program, insns, relocs, subprogs, lines };
}

/** The hidden map, set to the time. */
export function clockMap({ time_ns }: Clock): MapSpec {
  const data = new Uint8Array(new BigUint64Array([time_ns]).buffer);
  return {
    ...{ name: NAME, type: MAP_TYPE.ARRAY, key_size: 4, value_size: 8, max_entries: 1, map_flags: 0, map_extra: 0n },
    ...{ numa_node: 0, pinning: 0, key_type_id: 0, value_type_id: 0, inner: null, values: [], data, section: HIDDEN },
  };
}
