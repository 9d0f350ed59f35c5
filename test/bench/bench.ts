/**
 * `bun run bench [PROGRAM…]`: the programs of fixtures/bench on the engine and on the kernel, in one run. Verdict, packet and maps
 * are compared first; only what agrees is timed. The figure to look at is the ratio: both sides ran on the same machine at the same time.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProgRunResult } from '../../engine/index.ts';
import type { Backend, MapPreset, RunReply, RunRequest } from '../../src/backends/backend.ts';
import { EngineBackend } from '../../src/backends/engine.ts';
import { probeKernel } from '../../src/backends/kernel/probe.ts';
import { KernelBackend } from '../../src/backends/kernel.ts';

const ROOT = join(import.meta.dir, '..', '..', 'fixtures', 'bench');
/**
 * Rounds a side, the same for both, which take turns; the fastest of each counts. The kernel's duration leaves out the time in
 * which others had the processor (bpf_test_timer_continue), ours does not: on a busy machine only a round that nobody disturbed
 * compares. For there to be one, rounds are short, a millisecond or two.
 */
const ROUNDS = 40;

interface Bench {
  readonly object: string;
  readonly program: string;
  readonly repeat: number;
  /** Work units in one run, to give the figure a unit. */
  readonly per?: { readonly count: number; readonly unit: string };
  readonly presets?: readonly MapPreset[];
}

/** Bytes of an IPv4 address as the u32 of a little-endian machine. */
const word = (...bytes: number[]) => new DataView(Uint8Array.from(bytes).buffer).getUint32(0, true);

const ROUTES = Array.from({ length: 1000 }, (_, i) => [{ plen: 24, addr: word(10, i >> 8, i & 255, 0) }, i]);
const KEYS = Array.from({ length: 1024 }, (_, i) => [i, 1]);

const BENCHES: readonly Bench[] = [
  { object: 'b_drop', program: 'b_drop', repeat: 300_000 },
  { object: 'b_parse', program: 'b_parse', repeat: 100_000 },
  { object: 'b_loop', program: 'b_loop', repeat: 10, per: { count: 10_000, unit: 'iteration' } },
  { object: 'b_hash', program: 'b_hash', repeat: 15_000 },
  { object: 'b_hash', program: 'b_hash_lookup', repeat: 30_000, presets: [{ map: 'h', content: KEYS }] },
  { object: 'b_lpm', program: 'b_lpm', repeat: 20_000, presets: [{ map: 'lpm', content: ROUTES }] },
  { object: 'b_csum', program: 'b_csum', repeat: 30_000 },
  { object: 'b_encap', program: 'b_encap', repeat: 30_000 },
];

/** eth, IPv4, UDP to port 53, 64 bytes in all. */
function packet(): Uint8Array {
  const header = 'ffffffffffff02000000000108004500003200000000401100000a0000010a000002303900350016000000';
  const bytes = new Uint8Array(64);
  bytes.set(Buffer.from(header.padEnd(86, '0').slice(0, 86), 'hex'));
  return bytes;
}

function request(bench: Bench, repeat: number): RunRequest {
  const opts = { data_in: packet(), repeat, budget: Number.MAX_SAFE_INTEGER };
  return { object: bench.object, program: bench.program, presets: bench.presets ?? [], opts };
}

async function run(backend: Backend, bench: Bench, repeat: number): Promise<RunReply & { result: ProgRunResult }> {
  const reply = await backend.run(request(bench, repeat));
  const { result } = reply;
  if (result === null || result.errno !== 0 || result.fault !== null) {
    const why = reply.refusal?.message ?? result?.reason ?? result?.fault?.message;
    throw new Error(`${bench.program} on ${backend.name}: ${why}`);
  }
  return { ...reply, result };
}

/** Everything that must be equal, as text. */
function answer(reply: RunReply & { result: ProgRunResult }): string {
  const { retval, data_out } = reply.result;
  const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
  const maps = reply.maps.map((map) => {
    const entries = map.entries.map(({ key, value }) => `${hex(key)}=${hex(value)}`).sort();
    return `${map.name} ${entries.join(' ')}`;
  });
  return [`retval ${retval}`, `data_out ${data_out ? hex(data_out) : ''}`, ...maps].join('\n');
}

async function measure(bench: Bench, engine: Backend, kernel: Backend | null): Promise<string[]> {
  const path = join(ROOT, `${bench.object}.bpf.o`);
  const bytes = new Uint8Array(readFileSync(path));
  const sides = kernel ? [engine, kernel] : [engine];
  const answers: string[] = [];
  for (const side of sides) {
    const opened = await side.open(bench.object, bytes);
    if (opened.refusal) throw new Error(opened.refusal.message);
    answers.push(answer(await run(side, bench, 100)));
  }
  const agree = answers.every((one) => one === answers[0]);
  if (!agree) return [bench.program, 'answers differ', '', '', ''];
  const times = sides.map(() => [] as number[]);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, side] of sides.entries()) {
      times[i]!.push((await run(side, bench, bench.repeat)).result.duration_ns / (bench.per?.count ?? 1));
    }
  }
  const [ours, theirs] = times.map((rounds) => Math.min(...rounds));
  const shown = (ns: number | undefined) => (ns === undefined ? 'no kernel here' : ns.toFixed(ns < 10 ? 2 : 0));
  const ratio = theirs ? ((ours ?? 0) / theirs).toFixed(2) : '';
  return [bench.program, bench.per?.unit ?? 'run', shown(ours), shown(theirs), ratio];
}

function print(rows: readonly (readonly string[])[]): void {
  const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  for (const row of rows) {
    console.log(row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '));
  }
}

const usable = probeKernel();
const engine = new EngineBackend();
const kernel = usable.usable ? new KernelBackend() : null;
if (!usable.usable) console.log(`kernel: ${usable.reason}`);
const rows: string[][] = [['program', 'ns a', 'engine', 'kernel', 'ratio']];
const wanted = process.argv.slice(2);
const chosen = BENCHES.filter(({ program }) => wanted.length === 0 || wanted.includes(program));
for (const bench of chosen) rows.push(await measure(bench, engine, kernel));
print(rows);
console.log(`fastest of ${ROUNDS} short rounds a side, 64-byte packet; answers compared before timing`);
await kernel?.close();
if (rows.some((row) => row[1] === 'answers differ')) process.exitCode = 1;
