/** What a program's counts say of its source: each line that has instructions, each branch, each function, with how often. */
import { type ArrivalCounts, COVERABLE, insnCounts, type ProgramSpec } from '../../engine/index.ts';

/** A source file as the compiler named it, a line from 1. */
interface Place {
  readonly file: string;
  readonly line: number;
}

export interface LineHits extends Place {
  /** Source text of the line, '' if not recorded. */
  readonly text: string;
  readonly hits: number;
}

/** A conditional jump: the compiler's, of which a condition in C may have several or none. */
export interface BranchHits extends Place {
  readonly taken: number;
  readonly passed: number;
}

export interface FunctionHits extends Place {
  readonly name: string;
  readonly hits: number;
}

/** Plain data, so that it may cross threads; in the order of instructions. */
export interface ProgramLines {
  /** Path of the object. */
  readonly object: string;
  readonly program: string;
  /** Times that the program was entered. */
  readonly runs: number;
  readonly lines: readonly LineHits[];
  readonly branches: readonly BranchHits[];
  readonly functions: readonly FunctionHits[];
  /** Instructions, and those of them that no line is known for (no -g). */
  readonly insns: number;
  readonly unplaced: number;
}

/** Calls `each` for every instruction that can be reached, with its line: the record at or before it in its function. */
function eachInsn(
  spec: ProgramSpec,
  kinds: Uint8Array,
  each: (insn: number, place: LineHits | null, kind: number) => void,
): void {
  const starts = new Set(spec.subprogs.map((one) => one.start));
  let next = 0;
  let place: LineHits | null = null;
  for (const [insn, kind] of kinds.entries()) {
    if (starts.has(insn)) place = null;
    for (; next < spec.lines.length && spec.lines[next]!.insn <= insn; next++) {
      const { file, line, text } = spec.lines[next]!;
      // Line 0 is the compiler's own code.
      place = line === 0 ? null : { file, line, text, hits: 0 };
    }
    if (kind !== COVERABLE.NONE) each(insn, place, kind);
  }
}

/** A line was executed as often as the busiest of its instructions. Without counts nothing ran. */
export function programLines(object: string, spec: ProgramSpec, counts: ArrivalCounts | undefined): ProgramLines {
  const { kinds, executed, taken } = insnCounts(spec, counts);
  const lines = new Map<string, LineHits>();
  const branches: BranchHits[] = [];
  const functions: FunctionHits[] = [];
  const names = new Map(spec.subprogs.map((one) => [one.start, one.name]));
  let [insns, unplaced] = [0, 0];
  eachInsn(spec, kinds, (insn, place, kind) => {
    insns++;
    if (place === null) {
      unplaced++;
      return;
    }
    const { file, line, text } = place;
    const hits = executed[insn]!;
    const key = `${file}\0${line}`;
    const known = lines.get(key);
    lines.set(key, { file, line, text: known?.text || text, hits: Math.max(known?.hits ?? 0, hits) });
    const name = names.get(insn);
    if (name !== undefined) functions.push({ name, file, line, hits });
    if (kind !== COVERABLE.BRANCH) return;
    branches.push({ file, line, taken: taken[insn]!, passed: hits - taken[insn]! });
  });
  const runs = executed[spec.subprogs[0]?.start ?? 0] ?? 0;
  return { object, program: spec.name, runs, lines: [...lines.values()], branches, functions, insns, unplaced };
}
