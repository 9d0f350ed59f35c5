/** One BPF_PROG_RUN under way: what a family of program types needs, with the executor handed in. */
import { PACKET_BASE, PRIV } from '../layout.ts';
import type { ExecuteOpts, Execution, LoadedProgram, World } from '../load/types.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

/** As execute.ts does it; tests hand in their own. */
export type Executor = (world: World, program: LoadedProgram, ctxAddress: number, opts: ExecuteOpts) => Execution;

export interface Run {
  readonly world: World;
  readonly program: LoadedProgram;
  /** bpf_test_run: runs the program `repeat` times (0 is 1) over the context at the address; `between` is called before every run but the first. */
  execute(ctxAddress: number, opts: ProgRunOpts, between?: () => void): Execution;
}

/** How a family of types runs. */
export type RunFamily = (run: Run, opts: ProgRunOpts) => ProgRunResult;

export function beginRun(world: World, program: LoadedProgram, executor: Executor): Run {
  const { rc, maps, mem } = world;
  rc.progType = program.type;
  rc.skb = null;
  rc.xdp = null;
  rc.ifindex = 0;
  rc.socketsHeld = 0;
  // Without a packet there are no bytes between its bounds.
  for (const bound of [PRIV.PKT_META, PRIV.PKT_DATA, PRIV.PKT_END]) mem.u32[bound >> 2] = PACKET_BASE;
  return {
    world,
    program,
    execute(ctxAddress, opts, between) {
      maps.beginCall();
      rc.userMemory = opts.user_memory ?? [];
      const given: ExecuteOpts = {
        repeat: Math.max(1, (opts.repeat ?? 1) >>> 0),
        ...(between === undefined ? {} : { between }),
        ...(opts.env === undefined ? {} : { env: opts.env }),
        ...(opts.budget === undefined ? {} : { budget: opts.budget }),
        ...(opts.cancel === undefined ? {} : { cancel: opts.cancel }),
      };
      return executor(world, program, ctxAddress, given);
    },
  };
}
