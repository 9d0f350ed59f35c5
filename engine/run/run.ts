/** One BPF_PROG_RUN under way: what a family of program types needs, with the executor handed in. */
import type { ExecuteOpts, Execution, LoadedProgram, World } from '../load/types.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

/** As execute.ts does it; tests hand in their own. */
export type Executor = (world: World, program: LoadedProgram, ctxAddress: number, opts: ExecuteOpts) => Execution;

export interface Run {
  readonly world: World;
  readonly program: LoadedProgram;
  /** bpf_test_run: runs the program `repeat` times (0 is 1) over the context at the address. */
  execute(ctxAddress: number, opts: ProgRunOpts): Execution;
}

/** How a family of types runs. */
export type RunFamily = (run: Run, opts: ProgRunOpts) => ProgRunResult;

export function beginRun(world: World, program: LoadedProgram, executor: Executor): Run {
  const { rc, maps } = world;
  rc.progType = program.type;
  rc.skb = null;
  rc.xdp = null;
  return {
    world,
    program,
    execute(ctxAddress, opts) {
      maps.beginCall();
      const given: ExecuteOpts = {
        repeat: Math.max(1, (opts.repeat ?? 1) >>> 0),
        // bpf_net_ctx_set: each repeat starts without a redirect.
        between: () => {
          rc.redirect = null;
        },
        ...(opts.env === undefined ? {} : { env: opts.env }),
        ...(opts.budget === undefined ? {} : { budget: opts.budget }),
        ...(opts.cancel === undefined ? {} : { cancel: opts.cancel }),
      };
      return executor(world, program, ctxAddress, given);
    },
  };
}
