/** Coverage as an LCOV trace file (geninfo(1)), which genhtml, CI systems and editors read. */
import type { CoverageReport, FileCoverage } from './report.ts';
import { shareOfBranches, shareOfLines } from './report.ts';

type Branch = FileCoverage['branches'][number];

/** `-`: the jump was never reached. */
function ways({ taken, passed }: Branch): [string, string] {
  return taken + passed === 0 ? ['-', '-'] : [String(passed), String(taken)];
}

/** By their lines. A line that was executed and whose branches were not (the compiler moved a part of it) has none: LCOV 2 takes no others. */
function branchesByLine({ lines, branches }: FileCoverage): ReadonlyMap<number, readonly Branch[]> {
  const byLine = Map.groupBy(branches, (one) => one.line);
  return new Map(
    [...byLine].filter(([line, list]) => lines.get(line) === 0 || list.some((one) => one.taken + one.passed > 0)),
  );
}

function record(file: FileCoverage): string[] {
  const { path, lines, functions } = file;
  const branches = branchesByLine(file);
  const [line, branch] = [shareOfLines(lines.values()), shareOfBranches([...branches.values()].flat())];
  return [
    'TN:',
    `SF:${path}`,
    ...functions.map((one) => `FN:${one.line},${one.name}`),
    ...functions.map((one) => `FNDA:${one.hits},${one.name}`),
    `FNF:${functions.length}`,
    `FNH:${functions.filter((one) => one.hits > 0).length}`,
    ...[...branches].flatMap(([number, list]) =>
      list.flatMap((one, n) => ways(one).map((hits, way) => `BRDA:${number},${n},${way},${hits}`)),
    ),
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
