/**
 * Measures watch mode: from just before rename(2) of a rebuilt object to the byte on the terminal that shows the new verdict,
 * for 1, 100 and 10,000 cases; first paint, CPU of an idle watch, resident memory over many reruns.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN, ROOT, withReturn } from '../support/balancer-copy.ts';
import { TerminalRun } from '../support/terminal.ts';

const OBJECT = join(ROOT, 'fixtures', 'objects', 'xdp-parse', 'xdp-parse.bpf.o');
const VERDICT = new TextEncoder().encode('FAIL');
const GOOD = new TextEncoder().encode('PASS');
const WARM_UP = 4;
const IDLE_MS = 5000;

/** How many renames for how many cases, and how many reruns the memory is watched over: `bench:watch [RENAMES] [RERUNS]`. */
const RENAMES = Number(process.argv[2] ?? 50);
const RERUNS = Number(process.argv[3] ?? 1000);
const SIZES: readonly (readonly [cases: number, renames: number])[] = [
  [1, RENAMES],
  [100, RENAMES],
  [10_000, Math.max(6, Math.ceil(RENAMES / 5))],
];

function makeProject(cases: number): string {
  const root = mkdtempSync(join(tmpdir(), 'bench-watch-'));
  mkdirSync(join(root, 'build'));
  writeFileSync(join(root, 'build', 'lb.o'), readFileSync(OBJECT));
  writeFileSync(join(root, 'bpfdeck.config.ts'), "export default { objects: 'build/*.o', cases: '*.case.ts' };\n");
  const source = `import { suite } from 'bpfdeck';
const packet = (i: number) => 'ff ff ff ff ff ff 02 00 00 00 00 01 08 06 ' + i.toString(16).padStart(4, '0').repeat(24);
const one = { object: 'build/lb.o', program: 'parse', expect: { retval: 'XDP_PASS' } };
suite(one, Array.from({ length: ${cases} }, (_, i) => ({ name: 'ARP number ' + i, data_in: packet(i) })));
`;
  writeFileSync(join(root, 'bench.case.ts'), source);
  return root;
}

function quantile(sorted: readonly number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0;
}

/** When the next output with these bytes comes, in milliseconds of performance.now(). */
class ByteWatch {
  private wanted: Uint8Array = VERDICT;
  private resolve: ((at: number) => void) | null = null;

  readonly onData = (bytes: Uint8Array): void => {
    const at = performance.now();
    if (!this.resolve || Buffer.from(bytes).indexOf(this.wanted) < 0) return;
    this.resolve(at);
    this.resolve = null;
  };

  next(bytes: Uint8Array): Promise<number> {
    this.wanted = bytes;
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}

/** A watch over a project of its own, and what it does when its object is replaced. */
class Bench {
  readonly cases: number;
  readonly root: string;
  readonly screen: TerminalRun;
  readonly begun = performance.now();
  private readonly watch = new ByteWatch();
  private readonly object = new Uint8Array(readFileSync(OBJECT));
  private isBad = false;
  private builds = 0;

  constructor(cases: number) {
    this.cases = cases;
    this.root = makeProject(cases);
    this.screen = new TerminalRun([process.execPath, MAIN, 'watch'], { cwd: this.root, onData: this.watch.onData });
  }

  async passed(): Promise<void> {
    await this.screen.until(`${this.cases} passed`);
  }

  /** Another program than each one before, by a constant that no packet here comes to. */
  private build(): Uint8Array {
    const fresh = withReturn(this.object, 1, 1000 + ++this.builds);
    return this.isBad ? withReturn(fresh, 2, 1) : fresh;
  }

  /** Milliseconds from rename(2) to the verdict's bytes. */
  async replace(): Promise<number> {
    this.isBad = !this.isBad;
    const [build, tmp] = [join(this.root, 'build', 'lb.o'), join(this.root, 'build', 'lb.o.tmp')];
    writeFileSync(tmp, this.build());
    const seen = this.watch.next(this.isBad ? VERDICT : GOOD);
    const begin = performance.now();
    renameSync(tmp, build);
    const took = (await seen) - begin;
    await this.screen.until(this.isBad ? `${this.cases} failed` : `${this.cases} passed`);
    return took;
  }

  async end(): Promise<void> {
    this.screen.type('q');
    await this.screen.end();
    rmSync(this.root, { recursive: true, force: true });
  }
}

const ms = (n: number): string => `${n.toFixed(1)} ms`;

async function measureReplace(cases: number, renames: number): Promise<string> {
  const bench = new Bench(cases);
  await bench.passed();
  const times: number[] = [];
  for (let i = 0; i < renames + WARM_UP; i++) {
    const took = await bench.replace();
    if (i >= WARM_UP) times.push(took);
    await Bun.sleep(40);
  }
  await bench.end();
  times.sort((a, b) => a - b);
  const figures = [quantile(times, 0.5), quantile(times, 0.95), times[0] ?? 0, times.at(-1) ?? 0].map(ms);
  return `| ${cases} | ${times.length} | ${figures.join(' | ')} |`;
}

/** Of a process: CPU seconds so far, and resident memory in MiB. Linux only. */
function usage(pid: number): { cpu_s: number; resident_mib: number } {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? '0';
  return { cpu_s: ticks / 100, resident_mib: Number(kib) / 1024 };
}

/** From exec to the frame's first bytes, and to the first verdict. */
async function measureStart(): Promise<string> {
  const paints: number[] = [];
  const verdicts: number[] = [];
  for (let i = 0; i < 7; i++) {
    const bench = new Bench(100);
    await bench.screen.until('bpfdeck');
    paints.push(performance.now() - bench.begun);
    await bench.passed();
    verdicts.push(performance.now() - bench.begun);
    await bench.end();
  }
  const median = (list: number[]) =>
    ms(
      quantile(
        list.sort((a, b) => a - b),
        0.5,
      ),
    );
  return `first paint ${median(paints)}, first verdict of 100 cases ${median(verdicts)} after exec (medians of 7)`;
}

async function measureIdle(bench: Bench): Promise<string> {
  await Bun.sleep(1000);
  const before = usage(bench.screen.pid).cpu_s;
  await Bun.sleep(IDLE_MS);
  const share = ((usage(bench.screen.pid).cpu_s - before) / (IDLE_MS / 1000)) * 100;
  return `idle: ${share.toFixed(1)} % of a core over ${IDLE_MS / 1000} s`;
}

/** Resident memory at a tenth, half and all of the reruns. */
async function measureMemory(bench: Bench): Promise<string> {
  const marks = new Map<number, number>();
  const at = [Math.ceil(RERUNS / 10), Math.ceil(RERUNS / 2), RERUNS];
  for (let run = 1; run <= RERUNS; run++) {
    await bench.replace();
    if (at.includes(run)) marks.set(run, usage(bench.screen.pid).resident_mib);
  }
  const text = [...marks].map(([run, mib]) => `${mib.toFixed(0)} MiB after ${run}`).join(', ');
  return `resident over reruns of a rebuilt object: ${text}`;
}

console.log('watch: cases on one object, rename(2) to the verdict on the terminal');
console.log('| cases | renames | median | p95 | least | most |\n| --- | --- | --- | --- | --- | --- |');
for (const [cases, renames] of SIZES) console.log(await measureReplace(cases, renames));
console.log(await measureStart());
if (process.platform === 'linux') {
  const bench = new Bench(100);
  await bench.passed();
  console.log(await measureIdle(bench));
  console.log(await measureMemory(bench));
  await bench.end();
}
