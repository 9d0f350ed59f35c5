/** What loading an object yields: a world with its maps and programs, the only stateful thing of the engine. */

import type { Refusal, Result } from '../errors.ts';
import type { RunCtx } from '../helpers/run-ctx.ts';
import type { BpfMap } from '../maps/map.ts';
import type { MapTable } from '../maps/map-table.ts';
import type { WorldMemory } from '../memory.ts';
import type { ObjectSpec, ProgramSpec } from '../object/spec.ts';
import type { Fault, MapDump, ProgRunOpts } from '../run/types.ts';

export interface LoadOpts {
  /** Possible CPUs of the world, default 1: sizes of percpu maps. */
  readonly cpus?: number;
  /** Unsupported helpers become faults when they are called, instead of refusing the program. */
  readonly lenient?: boolean;
  /** PROG_TYPE by program name, where the section's is to be overridden. */
  readonly types?: { readonly [program: string]: number };
}

/** A program that was accepted; it is translated when it is first run. */
export interface LoadedProgram {
  readonly spec: ProgramSpec;
  /** PROG_TYPE it runs as. */
  readonly type: number;
  /** World-unique, from 1: what user space sees as the program's id, and PRIV.FAULT_PROG. */
  readonly id: number;
  /** Place of its entry in the world's shared table. */
  readonly table_index: number;
  /** Sentences worth showing that stop nothing (GPL-only helper without the license, …). */
  readonly warnings: readonly string[];
}

/** Memory, maps, programs and run state that all objects of a run share. */
export interface World {
  readonly mem: WorldMemory;
  readonly maps: MapTable;
  readonly rc: RunCtx;
}

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
  /** Called before every run but the first (what bpf_test_run resets between repeats); absent: nothing is. */
  readonly between?: () => void;
};

export type { Refusal };
