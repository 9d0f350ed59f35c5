/** Prints the contract's rows and passes by type, on the engine and on the kernel: bun run test:contract. */
import { probeKernel } from '../../src/backends/kernel-probe.ts';
import { type ContractFile, contractFiles } from './cases.ts';
import { ContractJudge } from './judge.ts';
import { ROWS, SHOWN_ELSEWHERE, WITHOUT_MEANING } from './rows.ts';

const LINE_MAX = 400;

class Tally {
  readonly rows = new Set<string>();
  runs = 0;
  engine = 0;
  asked = 0;
  kernel = 0;
}

async function count(files: readonly ContractFile[], withKernel: boolean): Promise<Map<string, Tally>> {
  const tallies = new Map<string, Tally>();
  const judge = new ContractJudge(withKernel);
  for (const file of files) {
    await judge.open(file);
    for (const one of file.cases) {
      const tally = tallies.get(one.type) ?? new Tally();
      tallies.set(one.type, tally);
      const { engine, kernel } = await judge.judge(file, one);
      tally.rows.add(one.id);
      tally.runs++;
      if (engine.length === 0) tally.engine++;
      if (kernel !== null) tally.asked++;
      if (kernel?.length === 0) tally.kernel++;
      const wrong = [...engine.map((line) => `engine: ${line}`), ...(kernel ?? []).map((line) => `kernel: ${line}`)];
      if (wrong.length > 0) console.log(`✗ ${one.id} ${one.type} ${one.name}`);
      for (const line of wrong) console.log(`    ${line.slice(0, LINE_MAX)}`);
    }
  }
  judge.close();
  return tallies;
}

const probed = probeKernel();
if (!probed.usable) console.log(`The kernel is not asked: ${probed.reason}`);
const files = contractFiles();
const tallies = await count(files, probed.usable);
console.log(`${'type'.padEnd(24)}${'rows'.padStart(6)}${'runs'.padStart(6)}   engine   kernel`);
let failed = 0;
for (const [type, { rows, runs, engine, asked, kernel }] of [...tallies].sort()) {
  const shown = asked === 0 ? '-' : `${kernel}/${asked}`;
  console.log(
    `${type.padEnd(24)}${String(rows.size).padStart(6)}${String(runs).padStart(6)}${`${engine}/${runs}`.padStart(9)}${shown.padStart(9)}`,
  );
  failed += runs - engine + asked - kernel;
}
const rows = new Set(files.flatMap((file) => file.cases.map((one) => one.id)));
const excused = Object.keys({ ...WITHOUT_MEANING, ...SHOWN_ELSEWHERE }).length;
console.log(
  `${rows.size} of ${Object.keys(ROWS).length} rows have cases, ${excused} have a reason or a test of their own`,
);
process.exitCode = failed === 0 ? 0 : 1;
