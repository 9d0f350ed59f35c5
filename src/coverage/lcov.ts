/** Coverage as an LCOV trace file (geninfo(1)), which genhtml, CI systems and editors read. */
import type { CoverageReport, FileCoverage } from './report.ts';
import { shareOfBranches, shareOfLines } from './report.ts';

/** `-`: the jump was never reached. */
function ways({ taken, passed }: FileCoverage['branches'][number]): [string, string] {
  return taken + passed === 0 ? ['-', '-'] : [String(passed), String(taken)];
}

function record(file: FileCoverage): string[] {
  const { path, lines, branches, functions } = file;
  const [line, branch] = [shareOfLines(lines.values()), shareOfBranches(branches)];
  const nth = new Map<number, number>();
  return [
    'TN:',
    `SF:${path}`,
    ...functions.map((one) => `FN:${one.line},${one.name}`),
    ...functions.map((one) => `FNDA:${one.hits},${one.name}`),
    `FNF:${functions.length}`,
    `FNH:${functions.filter((one) => one.hits > 0).length}`,
    ...branches.flatMap((one) => {
      const n = nth.get(one.line) ?? 0;
      nth.set(one.line, n + 1);
      return ways(one).map((hits, way) => `BRDA:${one.line},${n},${way},${hits}`);
    }),
    `BRF:${branch.total}`,
    `BRH:${branch.hit}`,
    ...[...lines].map(([number, hits]) => `DA:${number},${hits}`),
    `LF:${line.total}`,
    `LH:${line.hit}`,
    'end_of_record',
  ];
}

/** Of the files that were found: readers want to see their sources. */
export function lcovText({ files }: CoverageReport): string {
  return files
    .filter((file) => file.found)
    .map((file) => `${record(file).join('\n')}\n`)
    .join('');
}
