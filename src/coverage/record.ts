/** Coverage as a JSON record: shares of each source file and program, and the lines that were never executed. */
import { relative } from 'node:path';
import { type CoverageReport, type Share, shareOfBranches, shareOfLines } from './report.ts';

export interface CoverageRecord {
  readonly files: readonly {
    readonly file: string;
    readonly found: boolean;
    readonly lines: Share;
    readonly branches: Share;
    readonly missing: readonly number[];
  }[];
  readonly programs: readonly {
    readonly object: string;
    readonly program: string;
    readonly runs: number;
    readonly lines: Share;
    readonly branches: Share;
  }[];
}

/** With paths from `root`. */
export function coverageRecord({ files, programs }: CoverageReport, root: string): CoverageRecord {
  return {
    files: files.map(({ path, found, lines, branches }) => ({
      ...{ file: found ? relative(root, path) : path, found },
      ...{ lines: shareOfLines(lines.values()), branches: shareOfBranches(branches) },
      missing: [...lines].flatMap(([line, hits]) => (hits === 0 ? [line] : [])),
    })),
    programs: programs.map(({ object, program, runs, lines, branches }) => ({
      ...{ object: relative(root, object), program, runs, lines, branches },
    })),
  };
}
