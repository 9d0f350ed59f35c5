/** Prints the contract's rows and passes by type, on the engine and on the kernel: bun run test:contract. */
import { probeKernel } from '../../src/backends/kernel/probe.ts';
import { noKernel } from '../support/live/kernel.ts';
import { type ContractFile, contractFiles } from './cases.ts';
import { ContractJudge, type Verdict } from './judge.ts';
import { LiveJudge } from './live-judge.ts';
import { LIVE_CASES, LIVE_ROWS, LIVE_SHOWN_ELSEWHERE } from './live-rows.ts';
import { ROWS, SHOWN_ELSEWHERE, WITHOUT_MEANING } from './rows.ts';

const LINE_MAX = 400;

class Tally {
  readonly rows = new Set<string>();
  runs = 0;
  engine = 0;
  asked = 0;
  kernel = 0;
}

function add(tally: Tally, id: string, { engine, kernel, before = [] }: Verdict, name: string): void {
  tally.rows.add(id);
  tally.runs++;
  if (engine.length === 0) tally.engine++;
  if (kernel !== null) tally.asked++;
  if (kernel?.length === 0) tally.kernel++;
  const wrong = [...engine.map((line) => `engine: ${line}`), ...(kernel ?? []).map((line) => `kernel: ${line}`)];
  if (wrong.length > 0) console.log(`✗ ${id} ${name}`);
  else if (before.length > 0) console.log(`~ ${id} ${name}: the same only when the kernel was asked again`);
  for (const line of [...before.map((one) => `before: ${one}`), ...wrong])
    console.log(`    ${line.slice(0, LINE_MAX)}`);
}

async function count(files: readonly ContractFile[], withKernel: boolean): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>();
  const judge = new ContractJudge(withKernel);
  for (const file of files) {
    await judge.open(file);
    for (const one of file.cases) {
      const tally = tallies.get(one.type) ?? new Tally();
      tallies.set(one.type, tally);
      add(tally, one.id, await judge.judge(file, one), `${one.type} ${one.name}`);
    }
  }
  judge.close();
  return tallies;
}

/** Section 11 beside the others. */
async function countLive(tallies: Map<string, Tally>, withKernel: boolean): Promise<void> {
  const judge = new LiveJudge(withKernel);
  for (const one of LIVE_CASES) {
    const tally = tallies.get(one.section) ?? new Tally();
    tallies.set(one.section, tally);
    add(tally, one.id, await judge.judge(one), `${one.section} ${one.name}`);
  }
  judge.close();
}

const probed = probeKernel();
if (!probed.usable) console.log(`The kernel is not asked: ${probed.reason}`);
const files = contractFiles();
const tallies = await count(files, probed.usable);
await countLive(tallies, probed.usable && noKernel() === null);
console.log(`${'type'.padEnd(24)}${'rows'.padStart(6)}${'runs'.padStart(6)}   engine   kernel`);
let failed = 0;
for (const [type, { rows, runs, engine, asked, kernel }] of [...tallies].sort()) {
  const shown = asked === 0 ? '-' : `${kernel}/${asked}`;
  console.log(
    `${type.padEnd(24)}${String(rows.size).padStart(6)}${String(runs).padStart(6)}${`${engine}/${runs}`.padStart(9)}${shown.padStart(9)}`,
  );
  failed += runs - engine + asked - kernel;
}
const rows = new Set([...files.flatMap((file) => file.cases), ...LIVE_CASES].map((one) => one.id));
const excused = Object.keys({ ...WITHOUT_MEANING, ...SHOWN_ELSEWHERE, ...LIVE_SHOWN_ELSEWHERE }).length;
const all = Object.keys({ ...ROWS, ...LIVE_ROWS }).length;
console.log(`${rows.size} of ${all} rows have cases, ${excused} have a reason or a test of their own`);
process.exitCode = failed === 0 ? 0 : 1;
