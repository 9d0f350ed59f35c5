/** What loading an object yields: a world with its maps and programs, the only stateful thing of the engine. */

import type { Result } from '../errors.ts';
import type { RunCtx } from '../helpers/run-ctx.ts';
import type { BpfMap } from '../maps/map.ts';
import type { MapTable } from '../maps/map-table.ts';
import type { WorldMemory } from '../memory.ts';
import type { ObjectSpec } from '../object/spec.ts';
import type { Fault, MapDump, ProgRunOpts } from '../run/types.ts';
import type { Budget } from './budget.ts';
import type { LoadedProgram } from './loaded-program.ts';
import type { ProgramTable } from './program-table.ts';

/** How an object is loaded; everything may be left out. */
export interface LoadOpts {
  /** Possible CPUs of the world, default 1: sizes of percpu maps. */
  readonly cpus?: number;
  /** Unsupported helpers become faults when they are called, instead of refusing the program. */
  readonly lenient?: boolean;
  /** PROG_TYPE by program name, where the section's is to be overridden. */
  readonly types?: { readonly [program: string]: number };
  /** Maps of other objects of the world, where programs name some: those of extensions (withExtension). */
  readonly foreign?: (name: string) => BpfMap | undefined;
  /** The world of another loaded object to load into (then `cpus` is that world's): maps pinned by name are shared. */
  readonly world?: World;
}

/** Memory, maps, programs and run state that all objects of a run share. */
export interface World {
  readonly mem: WorldMemory;
  readonly maps: MapTable;
  readonly rc: RunCtx;
  readonly programs: ProgramTable;
  readonly budget: Budget;
  /** The import that programs of this world call for a helper, by its name without the bpf_ prefix. */
  helper(name: string): (...args: number[]) => number;
}

/**
 * An object with its maps made and its programs ready to be loaded one by one, as after bpf_object__load. It is the only
 * stateful thing: runs change its maps.
 */
export interface LoadedObject {
  readonly spec: ObjectSpec;
  readonly world: World;
  /** Maps of the object by name; data sections under their section name (`.bss`, `.rodata`, `.data.x`). */
  map(name: string): BpfMap | undefined;
  /** The program, loaded when first asked for; a refusal concerns this one alone. */
  program(name: string): Result<LoadedProgram>;
  /** Content of every map of the object, in the object's order. */
  dumpMaps(): MapDump[];
  /** All maps back to their initial content: costs what was touched. */
  reset(): void;
  /** The world is not needed any more, this object and the others in it neither: its memory serves the next world. */
  release(): void;
}

/** One BPF_PROG_RUN's worth of calls, ended by the last repeat, a fault or a cancel. */
export interface Execution {
  /** Unsigned r0 low half of the last run that returned. */
  readonly retval: number;
  readonly fault: Fault | null;
  /** The cancel word was set. */
  readonly cancelled: boolean;
  readonly insns_executed: number;
  /** Mean nanoseconds a run. */
  readonly duration_ns: number;
}

export type ExecuteOpts = Pick<ProgRunOpts, 'env' | 'budget' | 'cancel'> & {
  /** Runs, at least 1. */
  readonly repeat: number;
  /** r2 at entry, for programs without a context struct. */
  readonly second?: number;
  /** Called before every run but the first (what bpf_test_run resets between repeats); absent: nothing is. */
  readonly between?: () => void;
};

export type { LoadedProgram };
