/** Coverage: how often each instruction was executed and each branch taken, counted by the traced forms of programs. */
import { findBlocks, isGoto } from '../jit/blocks.ts';
import { decodeProgram } from '../jit/decode.ts';
import type { World } from '../load/types.ts';
import type { ProgramSpec } from '../object/spec.ts';
import type { Coverage, InsnCounts } from './types.ts';

/** What a slot of a program's instructions is to coverage. */
export const COVERABLE = {
  /** Second half of a ldimm64, or no path leads there. */
  NONE: 0,
  INSN: 1,
  /** A conditional jump with two ways to go on. */
  BRANCH: 2,
} as const;

/** One of COVERABLE for each slot; all NONE where no kernel loads the program. */
export function coverableSlots(spec: ProgramSpec): Uint8Array {
  const slots = new Uint8Array(spec.insns.length >>> 3);
  const decoded = decodeProgram(spec.insns, spec.subprogs, spec.name);
  if (!decoded.ok) return slots;
  const d = decoded.value;
  for (let k = 0; k + 1 < d.starts.length; k++) {
    for (const { start, end, last } of findBlocks(d, d.starts[k]!, d.starts[k + 1]!)) {
      for (let i = start; i < end; i++) if (d.skipped[i] === 0) slots[i] = COVERABLE.INSN;
      const branches = last >= 0 && !isGoto(d.op[last]!) && d.target[last]! >= 0 && d.target[last] !== last + 1;
      if (branches) slots[last] = COVERABLE.BRANCH;
    }
  }
  return slots;
}

interface Row extends InsnCounts {
  readonly slots: Uint8Array;
}

/** What counts of one program begin with. */
function countsOf(coverage: Coverage, spec: ProgramSpec): InsnCounts {
  let counts = coverage.get(spec);
  if (counts === undefined) {
    const slots = spec.insns.length >>> 3;
    counts = { executed: new Float64Array(slots), taken: new Float64Array(slots) };
    coverage.set(spec, counts);
  }
  return counts;
}

/** Runs `run` with every program in its traced form, which does the same, and adds to `coverage` what they execute. */
export function counted<T>(world: World, coverage: Coverage, run: () => T): T {
  const rows: (Row | null)[] = [];
  const rowOf = (program: number): Row | null => {
    const spec = world.programs.byId(program)?.spec;
    const row = spec === undefined ? null : { ...countsOf(coverage, spec), slots: coverableSlots(spec) };
    rows[program] = row;
    return row;
  };
  // A conditional jump is followed by one of its two successors, whatever runs otherwise.
  let jumped: Row | null = null;
  let from = 0;
  return world.programs.traced((program, insn) => {
    if (jumped !== null) {
      if (insn !== from + 1) jumped.taken[from]!++;
      jumped = null;
    }
    const row = rows[program] ?? rowOf(program);
    if (row === null) return;
    row.executed[insn]!++;
    if (row.slots[insn] !== COVERABLE.BRANCH) return;
    jumped = row;
    from = insn;
  }, run);
}
