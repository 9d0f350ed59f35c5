/**
 * `bun run bench:live`: live frames on the engine and on the kernel in one run, taking turns: DROP, TX and a devmap's redirect to a veth whose
 * far end runs b_peer on every frame, PASS of a protocol that nobody handles. Nanoseconds of the thread's CPU a frame; the ratio is what to
 * look at. What was counted is checked after every timed run.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type LiveRun, type LoadedObject, loadObject, openLive, openObject } from '../../engine/index.ts';
import { NETNS, u32 } from '../support/live/engine.ts';
import { noKernel } from '../support/live/kernel.ts';
import { ctxOf, IFINDEX, packetOf } from '../support/live/scenario.ts';

const PROGRAMS = { lv_drop: 'DROP', lv_tx: 'TX', lv_redir: 'devmap redirect', lv_pass: 'PASS' } as const;
type Program = keyof typeof PROGRAMS;
const BATCHES = [1, 8, 64, 256];
const ROUNDS = 5;
const REPEAT = 1 << 19;
const WARM_UP_MS = 400;
const scenario = { name: '', globals: {}, repeat: 0 };
const fixture = (name: string): URL => new URL(`../../fixtures/bench/${name}.bpf.o`, import.meta.url);

function loadInto(name: string, beside?: LoadedObject): LoadedObject {
  const opened = openObject({ path: name, bytes: new Uint8Array(readFileSync(fixture(name))) });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value, beside === undefined ? {} : { world: beside.world });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

/** One program at one batch size, warm. */
function openEngine(program: Program, batch_size: number): { run: LiveRun; peer: LoadedObject } {
  const object = loadInto('b_live');
  const peer = loadInto('b_peer', object);
  const p_drop = peer.program('p_drop');
  if (!p_drop.ok) throw new Error(p_drop.error.message);
  const far = (dev: number) => ({ netns: 'near' as const, dev, program: p_drop.value });
  const run = openLive(object, program, {
    ...{ data_in: packetOf(scenario), ctx_in: ctxOf(scenario)!, repeat: Infinity, batch_size, netns: NETNS },
    links: [
      { dev: IFINDEX.a0, type: 'veth', peer: { netns: 'near', dev: IFINDEX.a1 } },
      { dev: IFINDEX.b0, type: 'veth', peer: { netns: 'near', dev: IFINDEX.b1 } },
    ],
    xdp: [far(IFINDEX.a1), far(IFINDEX.b1)],
  });
  if (!run.ok) throw new Error(run.error.message);
  object.map('dm')!.userUpdate(u32(0), u32(IFINDEX.b0), 0);
  run.value.runFor({ ms: WARM_UP_MS });
  return { run: run.value, peer };
}

/** Nanoseconds this thread was on a CPU. */
function cpuNs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
}

/** Nanoseconds a frame. Every frame must be where it belongs: counted by its verdict, seen at the far end, its page back in the pool. */
function timeEngine(run: LiveRun, peer: LoadedObject, program: Program): number {
  run.zero();
  const seen = () => new DataView(peer.map('cnt')!.userLookup(u32(0))!.buffer).getBigUint64(0, true);
  const before = seen();
  const started = cpuNs();
  const frames = run.runFor({ frames: REPEAT });
  const took = cpuNs() - started;
  const report = run.report();
  const counted = {
    lv_drop: report.verdicts.drop,
    lv_tx: report.verdicts.tx,
    lv_redir: report.verdicts.redirect,
    lv_pass: report.stacks.near.UNHANDLED_PROTO,
  }[program];
  const arrived = program === 'lv_tx' || program === 'lv_redir' ? Number(seen() - before) : frames;
  if (frames !== REPEAT || counted !== frames || arrived !== frames || report.page_pool.in_flight !== 0) {
    throw new Error(`${program}: ${frames} frames, ${counted} counted, ${arrived} arrived`);
  }
  return took / frames;
}

class KernelSide {
  private readonly child: ChildProcessByStdio<Writable, Readable, null>;
  private readonly lines: AsyncIterator<string>;

  constructor() {
    const path = new URL('./live-kernel-child.ts', import.meta.url).pathname;
    this.child = spawn('unshare', ['--net', process.execPath, path], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.child.stdout })[Symbol.asyncIterator]();
  }

  async line(): Promise<string> {
    const next = await this.lines.next();
    if (next.done === true) throw new Error('the process that asks the kernel ended');
    return next.value;
  }

  async time(program: Program, batch_size: number): Promise<number> {
    this.child.stdin.write(`${JSON.stringify({ program, batch_size, repeat: REPEAT })}\n`);
    const { errno, ns } = JSON.parse(await this.line()) as { errno: number; ns: number };
    if (errno !== 0) throw new Error(`${program} on the kernel: errno ${errno}`);
    return ns;
  }

  close(): void {
    this.child.stdin.end();
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function row(cells: readonly string[]): void {
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(16) : cell.padStart(12))).join(''));
}

const mpps = (ns: number): string => `${ns.toFixed(1)} (${(1000 / ns).toFixed(1)})`;
const why = noKernel();
const kernel = why === null ? new KernelSide() : null;
if (why !== null) console.log(`kernel: ${why}`);
await kernel?.line();
row(['ns a frame (Mpps)', 'batch', 'engine', 'kernel', 'times']);
for (const program of Object.keys(PROGRAMS) as Program[]) {
  for (const batch of BATCHES) {
    const { run, peer } = openEngine(program, batch);
    const [ours, theirs]: [number[], number[]] = [[], []];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(timeEngine(run, peer, program));
      if (kernel !== null) theirs.push(await kernel.time(program, batch));
    }
    run.close();
    const [a, b] = [median(ours), median(theirs)];
    row([
      PROGRAMS[program],
      String(batch),
      mpps(a),
      kernel === null ? '' : mpps(b),
      kernel === null ? '' : (b / a).toFixed(1),
    ]);
  }
}
kernel?.close();
