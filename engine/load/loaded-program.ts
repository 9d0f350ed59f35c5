/** A program that was accepted, as the rest of the engine sees it. */
import type { JitInput } from '../jit/types.ts';
import type { ProgramSpec } from '../object/spec.ts';

/** How programs are translated: `traced` tells every instruction, `counted` where control arrives. */
export type Form = 'fast' | 'traced' | 'counted';

/** The entry as user space calls it: context address (and, where there is no context struct, a second argument) in, r0's low half out. */
export type RunFunction = (ctx: number, second: number) => number;

/** A program that was accepted and translated. */
export interface LoadedProgram {
  readonly spec: ProgramSpec;
  /** PROG_TYPE it runs as. */
  readonly type: number;
  /** World-unique, from 1: what user space sees as the program's id, and PRIV.FAULT_PROG. */
  readonly id: number;
  /** Place of its entry in the world's shared table. */
  readonly table_index: number;
  /** Sentences worth showing that stop nothing (unsupported helpers under `lenient`, …). */
  readonly warnings: readonly string[];
  /** The instructions with handles in the place of map references, as they run. */
  readonly insns: Uint8Array;
  /** Bytes of the context that the program's accesses need: how much of an open context user space must give. */
  readonly max_ctx_offset: number;
  /** The entry, instantiated now if it was not before. */
  entry(): RunFunction;
  /** Many runs in one call: counts PRIV.RUNS_LEFT down to 0 unless the budget's slice is spent before; the last r0's low half. */
  repeat(): RunFunction;
  /** What the translator takes, for whoever puts the program into a module of their own. */
  jitInput(form: Form): JitInput;
  /** What a call of an unsupported helper says, by the number it calls. */
  unsupportedText(helper: number): string | undefined;
}
