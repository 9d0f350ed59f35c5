/** Measures watch mode: from just before rename(2) of a rebuilt object to the byte on the terminal that shows the new verdict. */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN, ROOT, withReturn } from '../support/balancer-copy.ts';
import { TerminalRun } from '../support/terminal.ts';

const CASES = 100;
const RENAMES = Number(process.argv[2] ?? 50);
const OBJECT = join(ROOT, 'fixtures', 'objects', 'xdp-parse', 'xdp-parse.bpf.o');
const VERDICT = new TextEncoder().encode('FAIL');
const GOOD = new TextEncoder().encode('PASS');

function makeProject(): string {
  const root = mkdtempSync(join(tmpdir(), 'bench-watch-'));
  mkdirSync(join(root, 'build'));
  writeFileSync(join(root, 'build', 'lb.o'), readFileSync(OBJECT));
  writeFileSync(join(root, 'bpfdeck.config.ts'), "export default { objects: 'build/*.o', cases: '*.case.ts' };\n");
  const cases = `import { suite } from 'bpfdeck';
const packet = (i: number) => 'ff ff ff ff ff ff 02 00 00 00 00 01 08 06 ' + i.toString(16).padStart(4, '0').repeat(24);
const one = { object: 'build/lb.o', program: 'parse', expect: { retval: 'XDP_PASS' } };
suite(one, Array.from({ length: ${CASES} }, (_, i) => ({ name: 'ARP number ' + i, data_in: packet(i) })));
`;
  writeFileSync(join(root, 'bench.case.ts'), cases);
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

async function measure(root: string): Promise<number[]> {
  const good = new Uint8Array(readFileSync(OBJECT));
  const bad = withReturn(good, 2, 1);
  const watch = new ByteWatch();
  const screen = new TerminalRun([process.execPath, MAIN, 'watch'], { cwd: root, onData: watch.onData });
  await screen.until(`${CASES} passed`);
  const times: number[] = [];
  for (let i = 0; i < RENAMES + 4; i++) {
    const isBad = i % 2 === 0;
    writeFileSync(join(root, 'build', 'lb.o.tmp'), isBad ? bad : good);
    const seen = watch.next(isBad ? VERDICT : GOOD);
    const begin = performance.now();
    renameSync(join(root, 'build', 'lb.o.tmp'), join(root, 'build', 'lb.o'));
    const took = (await seen) - begin;
    if (i >= 4) times.push(took);
    await screen.until(isBad ? `${CASES} failed` : `${CASES} passed`);
    await Bun.sleep(40);
  }
  screen.type('q');
  await screen.end();
  return times;
}

const root = makeProject();
try {
  const times = (await measure(root)).sort((a, b) => a - b);
  const ms = (n: number) => `${n.toFixed(1)} ms`;
  console.log(`watch: ${CASES} cases on one object, ${times.length} renames, rename(2) to the verdict on the terminal`);
  console.log('| median | p95 | least | most |\n| --- | --- | --- | --- |');
  console.log(
    `| ${ms(quantile(times, 0.5))} | ${ms(quantile(times, 0.95))} | ${ms(times[0] ?? 0)} | ${ms(times.at(-1) ?? 0)} |`,
  );
} finally {
  rmSync(root, { recursive: true, force: true });
}
