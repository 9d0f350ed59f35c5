/**
 * `bun run bench:live [--quick]`: live frames on the engine and on the kernel in one run, taking turns: DROP, TX and a devmap's redirect to a
 * veth whose far end runs b_peer on every frame, PASS of a protocol that nobody handles; a program behind a devmap, a broadcast, a cpumap.
 * Nanoseconds of the thread's CPU a frame; the ratio is what to look at. What was counted is checked after every timed run.
 *
 * `bun run bench:live --memory [FRAMES]`: how much memory grows from a hundredth of so many frames (default 10^9) to all of them, with all
 * verdicts in turn; once with a socket that is read, once with one that never is.
 *
 * `bun run bench:live --screen [SECONDS]`: what the live screen costs its main thread.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { noKernel } from '../support/live/kernel.ts';
import { EngineSide, WAYS, type Way } from './live-engine.ts';
import { memoryRun } from './live-memory.ts';
import { screenRun } from './live-screen.ts';

const BATCHES = [1, 8, 64, 256];
const ROUNDS = 5;
const REPEAT = 1 << 19;
const WARM_UP_MS = 400;

/** Nanoseconds this thread was on a CPU. */
function cpuNs(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]);
}

/** Nanoseconds a frame. Every frame must be where it belongs: counted by its verdict, seen at the far end, its page back in the pool. */
function timeEngine(side: EngineSide, way: Way): number {
  const { run } = side;
  run.zero();
  const before = side.arrived;
  const started = cpuNs();
  const frames = run.runFor({ frames: REPEAT });
  const took = cpuNs() - started;
  const report = run.report();
  const [counted, there] = [way.counted(report), side.arrived - before];
  if (frames !== REPEAT || counted !== frames || there !== frames * way.arrive || report.page_pool.in_flight !== 0) {
    throw new Error(`${way.name}: ${frames} frames, ${counted} counted, ${there} arrived`);
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

  async time(program: string, batch_size: number): Promise<number> {
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
  console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(16) : cell.padStart(14))).join(''));
}

const mpps = (ns: number): string => `${ns.toFixed(1)} (${(1000 / ns).toFixed(1)})`;

async function compare(batches: readonly number[]): Promise<void> {
  const why = noKernel();
  const kernel = why === null ? new KernelSide() : null;
  if (why !== null) console.log(`kernel: ${why}`);
  await kernel?.line();
  row(['ns a frame (Mpps)', 'batch', 'engine', 'kernel', 'times']);
  for (const way of WAYS) {
    for (const batch of batches) {
      const side = new EngineSide(way, batch);
      side.run.runFor({ ms: WARM_UP_MS });
      const [ours, theirs]: [number[], number[]] = [[], []];
      for (let round = 0; round < ROUNDS; round++) {
        ours.push(timeEngine(side, way));
        if (kernel !== null) theirs.push(await kernel.time(way.program, batch));
      }
      side.run.close();
      const [a, b] = [median(ours), median(theirs)];
      const other = kernel === null ? ['', ''] : [mpps(b), (b / a).toFixed(1)];
      row([way.name, String(batch), mpps(a), ...other]);
    }
  }
  kernel?.close();
}

const [flag, frames] = process.argv.slice(2);
if (flag === '--memory') memoryRun(Number(frames ?? 1e9));
else if (flag === '--screen') await screenRun(Number(frames ?? 30));
else await compare(flag === '--quick' ? [64] : BATCHES);
