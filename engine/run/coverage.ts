/** Coverage: how often each instruction was executed and each branch taken, from counts of where control arrived. */
import type { Result } from '../errors.ts';
import { findBlocks, isGoto } from '../jit/blocks.ts';
import { mayLeave } from '../jit/count-hook.ts';
import { decodeProgram } from '../jit/decode.ts';
import { PRIV } from '../layout.ts';
import type { World } from '../load/types.ts';
import type { ProgramSpec } from '../object/spec.ts';
import type { ArrivalCounts, Coverage, ProgRunResult } from './types.ts';

/** What a slot of a program's instructions is to coverage. */
export const COVERABLE = {
  /** Second half of a ldimm64, or no path leads there. */
  NONE: 0,
  INSN: 1,
  /** A conditional jump with two ways to go on. */
  BRANCH: 2,
} as const;

/** Instructions that are executed together, one after the other, from where control arrives to where it may leave. */
interface Stretch {
  readonly start: number;
  /** Behind the last one. */
  readonly end: number;
  /** The conditional jump that ends it, -1 if none does. */
  readonly branch: number;
}

interface Shape {
  /** One of COVERABLE for each slot. */
  readonly kinds: Uint8Array;
  readonly stretches: readonly Stretch[];
}

const shapes = new WeakMap<ProgramSpec, Shape>();

/** Nothing where no kernel loads the program. */
function shapeOf(spec: ProgramSpec): Shape {
  const known = shapes.get(spec) ?? makeShape(spec);
  shapes.set(spec, known);
  return known;
}

function makeShape(spec: ProgramSpec): Shape {
  const kinds = new Uint8Array(spec.insns.length >>> 3);
  const stretches: Stretch[] = [];
  const decoded = decodeProgram(spec.insns, spec.subprogs, spec.name);
  if (!decoded.ok) return { kinds, stretches };
  const d = decoded.value;
  for (let k = 0; k + 1 < d.starts.length; k++) {
    for (const { start, end, last } of findBlocks(d, d.starts[k]!, d.starts[k + 1]!)) {
      const branches = last >= 0 && !isGoto(d.op[last]!) && d.target[last]! >= 0 && d.target[last] !== last + 1;
      let from = start;
      for (let i = start; i < end; i++) {
        if (d.skipped[i] === 1) continue;
        kinds[i] = COVERABLE.INSN;
        if (!mayLeave(d, i) || i + 1 >= end) continue;
        stretches.push({ start: from, end: i + 1, branch: -1 });
        from = i + 1;
      }
      if (branches) kinds[last] = COVERABLE.BRANCH;
      stretches.push({ start: from, end, branch: branches ? last : -1 });
    }
  }
  return { kinds, stretches };
}

/** A program's instructions with what counts say of them. */
export interface InsnCounts {
  /** One of COVERABLE for each slot. */
  readonly kinds: Uint8Array;
  /** How often each was executed. */
  readonly executed: Float64Array;
  /** Of conditional jumps: how often they were taken. */
  readonly taken: Float64Array;
}

/** Zeros without counts: the program was never reached. */
export function insnCounts(spec: ProgramSpec, counts: ArrivalCounts | undefined): InsnCounts {
  const { kinds, stretches } = shapeOf(spec);
  const executed = new Float64Array(kinds.length);
  if (counts === undefined) return { kinds, executed, taken: new Float64Array(kinds.length) };
  for (const { start, end } of stretches) {
    let times = counts.arrived[start]!;
    for (let i = start; i < end; i++) {
      if (kinds[i] === COVERABLE.NONE) continue;
      executed[i] = times;
      times -= counts.faulted[i]!;
    }
  }
  return { kinds, executed, taken: counts.taken };
}

interface Row extends ArrivalCounts {
  /** By the start of a stretch: the conditional jump that ends it, -1 if none does. */
  readonly branches: Int32Array;
}

function rowOf(coverage: Coverage, spec: ProgramSpec): Row {
  const { kinds, stretches } = shapeOf(spec);
  const size = kinds.length;
  const empty = () => ({
    arrived: new Float64Array(size),
    taken: new Float64Array(size),
    faulted: new Float64Array(size),
  });
  const counts = coverage.get(spec) ?? empty();
  coverage.set(spec, counts);
  const branches = new Int32Array(size).fill(-1);
  for (const { start, branch } of stretches) branches[start] = branch;
  return { ...counts, branches };
}

/** Runs `run` with every program in its counted form, which does the same, and adds to `coverage` what they execute. */
export function counted(world: World, coverage: Coverage, run: () => Result<ProgRunResult>): Result<ProgRunResult> {
  const rows: (Row | undefined)[] = [];
  const reached = (program: number): Row | undefined => {
    const spec = world.programs.byId(program)?.spec;
    if (spec !== undefined) rows[program] ??= rowOf(coverage, spec);
    return rows[program];
  };
  // A conditional jump is followed by one of its two successors, whatever runs otherwise.
  let jumped: Row | null = null;
  let from = 0;
  const done = world.programs.counted((program, insn) => {
    if (jumped !== null && insn !== from + 1) jumped.taken[from]!++;
    jumped = null;
    const row = rows[program] ?? reached(program);
    if (row === undefined) return;
    row.arrived[insn]!++;
    from = row.branches[insn]!;
    if (from >= 0) jumped = row;
  }, run);
  if (done.ok && done.value.fault !== null) noteFault(world, rows, done.value.fault.kind);
  return done;
}

/** What stands behind a faulting instruction in its stretch was not executed. Budgets end where control arrives, before it is counted. */
function noteFault(world: World, rows: readonly (Row | undefined)[], kind: string): void {
  const { u32 } = world.mem;
  const row = rows[u32[PRIV.FAULT_PROG >> 2]!];
  if (row !== undefined && kind !== BUDGET_SPENT) row.faulted[u32[PRIV.FAULT_PC >> 2]!]!++;
}

const BUDGET_SPENT = 'endless loop';
