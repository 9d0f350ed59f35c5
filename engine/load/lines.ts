/** Source lines of instructions: the record at or before one, as struct bpf_line_info is meant. */
import type { Where } from '../errors.ts';
import type { LineInfo, ProgramSpec, SubprogSpec } from '../object/spec.ts';

/** Index of the last element that starts at or before `insn`, -1 if none does. */
function lastAtOrBefore<T>(sorted: readonly T[], insn: number, start: (one: T) => number): number {
  let lo = 0;
  let hi = sorted.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (start(sorted[mid]!) <= insn) lo = mid + 1;
    else hi = mid;
  }
  return lo - 1;
}

/** The subprogram that an instruction of the linked program belongs to. */
export function subprogAt(spec: ProgramSpec, insn: number): SubprogSpec | undefined {
  return spec.subprogs[lastAtOrBefore(spec.subprogs, insn, (one) => one.start)];
}

/** The source line of an instruction; undefined before the first record of its subprogram, or without debug information. */
export function lineAt(spec: ProgramSpec, insn: number): LineInfo | undefined {
  const line = spec.lines[lastAtOrBefore(spec.lines, insn, (one) => one.insn)];
  return line !== undefined && line.insn >= (subprogAt(spec, insn)?.start ?? 0) ? line : undefined;
}

/** Where an instruction of a program is, as far as it is known. */
export function whereOf(spec: ProgramSpec, insn: number): Where {
  const at = { section: spec.section, program: spec.name, insn };
  const line = lineAt(spec, insn);
  return line === undefined ? at : { ...at, file: line.file, line: line.line };
}

/** `program NAME: sentence (file:line)`. */
export function placedSentence(spec: ProgramSpec, insn: number, sentence: string): string {
  const line = lineAt(spec, insn);
  const at = line === undefined ? `instruction ${insn}` : `${line.file}:${line.line}`;
  return `program ${spec.name}: ${sentence} (${at})`;
}
