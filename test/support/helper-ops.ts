/** Runs lines of recorded helper calls through the engine: BPF_PROG_RUN with an executor that makes the calls itself. */
import { readFileSync } from 'node:fs';
import { CSUM_HELPERS } from '../../engine/helpers/csum.ts';
import { SKB_HELPERS } from '../../engine/helpers/skb.ts';
import { XDP_HELPERS } from '../../engine/helpers/xdp.ts';
import { CTX_BASE, PRIV } from '../../engine/layout.ts';
import type { LoadedProgram, World } from '../../engine/load/types.ts';
import type { WorldMemory } from '../../engine/memory.ts';
import type { Executor } from '../../engine/run/run.ts';
import { runProgram } from '../../engine/run/run-program.ts';
import type { ProgRunOpts, ProgRunResult } from '../../engine/run/types.ts';
import { PROG_TYPE } from '../../engine/uapi/prog-types.ts';
import { bytesOf, type MapWorld, mapWorld } from './map-world.ts';

const MEM = 0x4_9000;
const OUT_AT = 64;
const OUT_BYTES = 64;

/** Programs that the recordings were made with, and the type each has. */
const TYPES: Readonly<Record<string, number>> = {
  ...{ k_xdp: PROG_TYPE.XDP, k_tc: PROG_TYPE.SCHED_CLS, k_lwt: PROG_TYPE.LWT_XMIT },
  ...{ k_cg: PROG_TYPE.CGROUP_SKB, k_sock: PROG_TYPE.SOCKET_FILTER },
};

type Call = readonly [name: string, args: (op: readonly bigint[]) => number[]];

const lo = (value: bigint | undefined): number => Number(BigInt.asIntN(32, value ?? 0n));
const hi = (value: bigint | undefined): number => Number(BigInt.asIntN(32, (value ?? 0n) >> 32n));
const u64 = (value: bigint | undefined): number[] => [lo(value), hi(value)];
/** The recording programs bound lengths to 1..64, and those of bpf_csum_diff to 0..63. */
const bounded = (value: bigint | undefined): number => ((lo(value) - 1) & 63) + 1;

const XDP_CALLS: Readonly<Record<number, Call>> = {
  1: ['xdp_adjust_head', (op) => [lo(op[1])]],
  2: ['xdp_adjust_tail', (op) => [lo(op[1])]],
  3: ['xdp_adjust_meta', (op) => [lo(op[1])]],
  4: ['xdp_get_buff_len', () => []],
  5: ['xdp_load_bytes', (op) => [lo(op[1]), MEM + OUT_AT, bounded(op[2])]],
  6: ['xdp_store_bytes', (op) => [lo(op[1]), MEM, bounded(op[2])]],
};

const SKB_CALLS: Readonly<Record<number, Call>> = {
  1: ['skb_change_tail', (op) => [lo(op[1]), ...u64(op[4])]],
  2: ['skb_change_head', (op) => [lo(op[1]), ...u64(op[4])]],
  3: ['skb_adjust_room', (op) => [lo(op[1]), lo(op[2]), ...u64(op[4])]],
  4: ['skb_vlan_push', (op) => [lo(op[1]), lo(op[2])]],
  5: ['skb_vlan_pop', () => []],
  6: ['skb_change_proto', (op) => [lo(op[1]), ...u64(op[4])]],
  7: ['skb_change_type', (op) => [lo(op[1])]],
  8: ['skb_store_bytes', (op) => [lo(op[1]), MEM, bounded(op[2]), ...u64(op[4])]],
  9: ['skb_load_bytes', (op) => [lo(op[1]), MEM + OUT_AT, bounded(op[2])]],
  10: ['skb_load_bytes_relative', (op) => [lo(op[1]), MEM + OUT_AT, bounded(op[2]), lo(op[3])]],
  11: ['l3_csum_replace', (op) => [lo(op[1]), ...u64(op[4]), ...u64(op[5]), ...u64(op[6])]],
  12: ['l4_csum_replace', (op) => [lo(op[1]), ...u64(op[4]), ...u64(op[5]), ...u64(op[6])]],
  13: ['csum_update', (op) => [lo(op[1])]],
  14: ['csum_level', (op) => u64(op[4])],
  15: ['set_hash', (op) => [lo(op[1])]],
  16: ['set_hash_invalid', () => []],
  17: ['skb_pull_data', (op) => [lo(op[1])]],
  18: ['csum_diff', (op) => [MEM, lo(op[2]) & 63, MEM + OUT_AT, lo(op[3]) & 63, lo(op[1])]],
};

/** What a recorded line says before and after the equals sign. */
interface Recording {
  readonly text: string;
  readonly given: readonly string[];
  /** errno retval data_size_out data_out ctx_size_out ctx_out */
  readonly result: readonly string[];
  /** Results of the calls, fields of the context after each, and the memory that loads went to; empty when nothing was copied out. */
  readonly seen: readonly string[];
}

function recordingOf(line: string): Recording {
  const [given, rest] = line.split(' = ') as [string, string];
  const [result, seen] = rest.split(' | ') as [string, string | undefined];
  const words = (text: string): string[] => text.split(' ').filter((word) => word !== '');
  return { text: given, given: words(given), result: words(result), seen: words(seen ?? '') };
}

/** The lines of a file of recordings, under the comment line above each. */
export function recordings(file: URL): Map<string, Recording[]> {
  const groups = new Map<string, Recording[]>();
  let group: Recording[] = [];
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('; ')) {
      group = [];
      groups.set(line.slice(2), group);
    } else if (line !== '') {
      group.push(recordingOf(line));
    }
  }
  for (const [title, lines] of groups) if (lines.length === 0) groups.delete(title);
  return groups;
}

/** Lines whose replay differs from the recording, each with both. */
export function differences(lines: readonly Recording[]): string[] {
  return lines.flatMap((line) => {
    const got = replay(line);
    const ours = [...got.result, ...got.seen].join(' ');
    const kernels = [...line.result, ...line.seen].join(' ');
    return ours === kernels ? [] : [`${line.text}\n  kernel ${kernels}\n  engine ${ours} ${got.run.reason}`];
  });
}

/** Hex as the recordings have it: `~N.` is N zero bytes, `-` nothing. */
function packedBytes(text: string): Uint8Array {
  return bytesOf(text.replace(/~(\d+)\./g, (_, count) => '00'.repeat(Number(count))));
}

/** `@N` is a pattern of N bytes. */
function dataOf(text: string): Uint8Array {
  if (!text.startsWith('@')) return packedBytes(text);
  return Uint8Array.from({ length: Number(text.slice(1)) }, (_, i) => i * 7 + (i >> 8));
}

/** Hex with runs of four and more zero bytes as `~N.`. */
function packedHex(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (bytes[end] === 0) end++;
    text += end - at >= 4 ? `~${end - at}.` : '00'.repeat(end - at);
    if (end === at) text += bytes[end++]!.toString(16).padStart(2, '0');
    at = end;
  }
  return text;
}

/** Long outputs are recorded by size and FNV-1a. */
function digest(bytes: Uint8Array | null): string {
  if (bytes === null || bytes.length === 0) return '-';
  if (bytes.length <= 200) return packedHex(bytes);
  let hash = 2166136261;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 16777619);
  return `#${bytes.length}:${(hash >>> 0).toString(16).padStart(8, '0')}`;
}

/** One world for all: what a run leaves behind must not show in the next. */
const WORLD = mapWorld();
WORLD.maps.hasDevice = (ifindex) => ifindex === 1 || ifindex === 3;
const HELPERS = WORLD.helpers({ ...XDP_HELPERS, ...SKB_HELPERS, ...CSUM_HELPERS });

/** A run of a recorded line: what the engine returns, and what its calls and context showed, written as the recording is. */
export function replay(recording: Recording): { result: string[]; seen: string[]; run: ProgRunResult } {
  const name = recording.given[0]!;
  const map = WORLD;
  map.faults.length = 0;
  const seen: Seen = { rcs: [], fields: [], sock: '' };
  const program = { type: TYPES[name]!, spec: { name, attach_type: 0 } } as unknown as LoadedProgram;
  const made = runProgram(map as unknown as World, program, optsOf(recording), executorOf(recording, map, seen));
  if (!made.ok) throw new Error(made.error.message);
  if (map.faults.length > 0) throw new Error(`fault ${JSON.stringify(map.faults)}`);
  const run = made.value;
  const number = (value: number | null): string => (value === null ? '-' : String(value));
  const result = [
    ...[String(run.errno), number(run.retval), number(run.data_size_out), digest(run.data_out)],
    ...[number(run.ctx_size_out), digest(run.ctx_out)],
  ];
  if (run.retval === null) return { run, result, seen: [] };
  const loaded = packedHex(map.mem.u8.subarray(MEM + OUT_AT, MEM + OUT_AT + OUT_BYTES));
  return { run, result, seen: [seen.rcs.join(',') || '-', seen.fields.join(';'), loaded, seen.sock] };
}

interface Seen {
  rcs: string[];
  fields: string[];
  sock: string;
}

/** Makes the calls of a recording, as often as it is told, and notes what they return and what the context shows. */
function executorOf(recording: Recording, map: MapWorld, seen: Seen): Executor {
  const [name, verdict, , , , , , , mem, ops] = recording.given as string[];
  const calls = (ops === '-' ? [] : ops!.split(';')).map((op) => op.split(',').map(BigInt));
  return (_world, _program, ctxAddress, opts) => {
    map.mem.u8.fill(0, MEM, MEM + OUT_AT + OUT_BYTES);
    map.mem.u8.set(packedBytes(mem!), MEM);
    for (let i = 0; i < opts.repeat; i++) {
      if (i > 0) opts.between?.();
      seen.rcs = [];
      seen.fields = [fieldsOf(name!, map.mem)];
      seen.sock = sockFields(name!, map.mem);
      for (const op of calls) {
        const [helper, args] = (name === 'k_xdp' ? XDP_CALLS : SKB_CALLS)[lo(op[0])]!;
        const context = helper === 'csum_diff' ? [] : [ctxAddress];
        const value = HELPERS[helper]!(...context, ...args(op));
        seen.rcs.push(String(helper === 'csum_update' ? map.mem.dv.getBigInt64(PRIV.R0, true) : value));
        seen.fields.push(fieldsOf(name!, map.mem));
      }
    }
    const retval = name === 'k_cg' ? Number(verdict) & 1 : Number(verdict);
    return { retval, fault: null, cancelled: false, insns_executed: 0, duration_ns: 0 };
  };
}

function optsOf(recording: Recording): ProgRunOpts {
  const [, , flags, repeat, data, ctx, dout, cout, , , more] = recording.given as string[];
  const [cpu, batch] = (more?.match(/\d+/g) ?? [0, 0]).map(Number);
  return {
    ...{ data_in: dataOf(data!), flags: Number(flags), repeat: Number(repeat), data_out: !dout!.startsWith('x') },
    ...{ cpu: cpu!, batch_size: batch! },
    ...(ctx === '-' ? {} : { ctx_in: packedBytes(ctx!) }),
    ...(dout === '-' || dout === 'x' ? {} : { data_size_out: Number(dout!.replace('x', '')) }),
    ...(cout === '-' ? {} : { ctx_size_out: Number(cout) }),
  };
}

/** What the cgroup program wrote down about the socket and the device before its calls. */
function sockFields(name: string, mem: WorldMemory): string {
  if (name !== 'k_cg') return '-';
  const offsets = [88, 92, 96, 100, 112, 116, 128, 132, 136, 36, 40, 152, 184, 84];
  const words = offsets.map((offset) => mem.u32[(CTX_BASE + offset) >> 2]!);
  const bytes = new Uint8Array(new Uint32Array(words).buffer);
  return packedHex(bytes.subarray(0, bytes.findLastIndex((byte) => byte !== 0) + 1));
}

/** What the recording programs read after each call, trailing zeros left out. */
function fieldsOf(name: string, mem: WorldMemory): string {
  const word = (offset: number): number => mem.dv.getUint32(CTX_BASE + offset, true);
  let fields: number[];
  if (name === 'k_xdp') {
    const [meta, data, end] = [PRIV.PKT_META, PRIV.PKT_DATA, PRIV.PKT_END].map((at) => mem.u32[at >> 2]!);
    if (word(0) !== data || word(4) !== end || word(8) !== meta) throw new Error('the context shows other bounds');
    fields = [end! - data!, data! - meta!, HELPERS.xdp_get_buff_len!(CTX_BASE), word(12), word(16)];
  } else {
    fields = [0, 16, 20, 24, 28, 4, 68, 176, 164].map(word);
    if (name !== 'k_sock') fields.push(word(80) - word(76));
  }
  while (fields.length > 1 && fields.at(-1) === 0) fields.pop();
  return fields.join(',');
}
