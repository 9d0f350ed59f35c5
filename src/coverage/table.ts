/** Coverage as a table for people: a line a source file with what is missing in it, then a line a program. */
import { isAbsolute, relative } from 'node:path';
import { clip, plain } from '../format/sanitize.ts';
import type { Style } from '../format/style.ts';
import { type CoverageReport, type FileCoverage, type Share, shareOfBranches, shareOfLines } from './report.ts';

const GOOD = 0.8;
const FAIR = 0.5;
const RANGES_WIDTH = 60;

/** `12-14, 20`: lines of the file that have code and were never executed; those between without code are passed over. */
export function missingRanges(lines: ReadonlyMap<number, number>): string {
  const out: string[] = [];
  let [from, to] = [0, 0];
  const close = () => {
    if (from > 0) out.push(from === to ? `${from}` : `${from}-${to}`);
    from = 0;
  };
  for (const [line, hits] of lines) {
    if (hits > 0) close();
    else {
      if (from === 0) from = line;
      to = line;
    }
  }
  close();
  return out.join(', ');
}

function percent({ hit, total }: Share): string {
  if (total === 0) return '-';
  // 100 is said of all, never of almost all.
  return `${(Math.floor((hit / total) * 1000) / 10).toFixed(1)}%`;
}

interface Row {
  readonly name: string;
  readonly lines: Share;
  readonly branches: Share;
  readonly note: string;
}

function sum(shares: readonly Share[]): Share {
  return {
    hit: shares.reduce((total, one) => total + one.hit, 0),
    total: shares.reduce((total, one) => total + one.total, 0),
  };
}

function fileRow(file: FileCoverage, root: string): Row {
  const inside = isAbsolute(file.path) ? relative(root, file.path) : file.path;
  return {
    name: plain(inside.startsWith('../..') ? file.path : inside),
    ...{ lines: shareOfLines(file.lines.values()), branches: shareOfBranches(file.branches) },
    note: clip(file.found ? missingRanges(file.lines) : 'its source was not found', RANGES_WIDTH),
  };
}

function programRows({ programs }: CoverageReport, root: string): Row[] {
  return programs.map(({ object, program, runs, lines, branches, unplaced }) => {
    const note = unplaced ? 'no source lines: compile with -g' : runs === 0 ? 'never ran' : '';
    return { name: plain(`${relative(root, object)} › ${program}`), lines, branches, note };
  });
}

function shown(row: Row, width: number, digits: readonly [number, number], style: Style): string {
  const cell = (share: Share, wide: number) => {
    const rate = share.total === 0 ? 1 : share.hit / share.total;
    const paint = rate >= GOOD ? style.green : rate >= FAIR ? style.yellow : style.red;
    return `${paint(percent(share).padStart(6))} ${style.dim(`${share.hit}/${share.total}`.padEnd(wide))}`;
  };
  const note = row.note === '' ? '' : `  ${style.dim(row.note)}`;
  return `  ${row.name.padEnd(width)}  ${cell(row.lines, digits[0])}  ${cell(row.branches, digits[1])}${note}`.trimEnd();
}

/** Lines of the table; one sentence where nothing can be said. */
export function coverageLines(report: CoverageReport, root: string, style: Style): string[] {
  const files = report.files.map((file) => fileRow(file, root));
  const programs = programRows(report, root);
  if (programs.length === 0) return [style.dim('  coverage: no program was loaded')];
  const total = {
    ...{ name: 'all files', lines: sum(files.map((row) => row.lines)) },
    ...{ branches: sum(files.map((row) => row.branches)), note: '' },
  };
  const rows = [...files, total, ...programs];
  const width = Math.max(...rows.map((row) => row.name.length));
  const wide = (of: (row: Row) => Share) => Math.max(...rows.map((row) => `${of(row).hit}/${of(row).total}`.length));
  const digits = [
    Math.max(
      4,
      wide((row) => row.lines),
    ),
    Math.max(
      4,
      wide((row) => row.branches),
    ),
  ] as const;
  const head = `  ${'coverage'.padEnd(width)}  ${'lines'.padEnd(7 + digits[0])}  ${'branches'.padEnd(7 + digits[1])}  never executed`;
  const table = (list: readonly Row[]) => list.map((row) => shown(row, width, digits, style));
  return [style.bold(head), ...table(files), ...(files.length > 1 ? table([total]) : []), '', ...table(programs)];
}
