/** BPF_PROG_RUN: from an object and the name of one of its programs to what user space gets back. */
import type { Result } from '../errors.ts';
import type { LoadedObject } from '../load/types.ts';
import { execute } from './execute.ts';
import { runProgram } from './run-program.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

/**
 * Runs a program of a loaded object as BPF_PROG_RUN would (bpf_prog_test_run, then the test_run of the program's type). An errno is
 * part of the result; refused is a program that does not load, and what the engine cannot run (stage `unsupported`, by name).
 */
export function progRun(object: LoadedObject, program: string, opts: ProgRunOpts): Result<ProgRunResult> {
  const loaded = object.program(program);
  return loaded.ok ? runProgram(object.world, loaded.value, opts, execute) : loaded;
}
