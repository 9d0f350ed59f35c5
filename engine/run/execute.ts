/** Runs a program some number of times over one context: settles the environment, counts, and turns what stops a run into a result. */
import { DEFAULT_ENV } from '../env.ts';
import { EngineBug, invariant } from '../errors.ts';
import { FAULT, PRIV, STACK_BASE, STACK_TOP } from '../layout.ts';
import { RefusedProgram } from '../load/program-table.ts';
import type { ExecuteOpts, Execution, LoadedProgram, World } from '../load/types.ts';
import { faultOf, faultWith, leakFault, refusedFault } from './fault.ts';
import { DEFAULT_BUDGET, type Fault } from './types.ts';

const FAULT_KIND = PRIV.FAULT_KIND >> 2;
const TAIL_CALLS = PRIV.TAIL_CALLS >> 2;
const NS_PER_MS = 1e6;

/** bpf_test_run: the program's runs, ended by the last repeat, a fault, or the cancel word (as a pending signal does). */
export function execute(world: World, program: LoadedProgram, ctxAddress: number, opts: ExecuteOpts): Execution {
  settle(world, program, opts);
  const run = program.entry();
  const { u32 } = world.mem;
  const second = opts.second ?? 0;
  let retval = 0;
  let runs = 0;
  let stop: Stop | null = null;
  const started = globalThis.performance.now();
  try {
    while (runs < opts.repeat && stop === null) {
      if (runs > 0) opts.between?.();
      u32[TAIL_CALLS] = 0;
      retval = run(ctxAddress, second) >>> 0;
      runs++;
      if (world.budget.spent && runs < opts.repeat) stop = refill(world, program);
    }
    stop ??= leakOf(world, program);
  } catch (thrown) {
    runs++;
    stop = stopOf(world, program, thrown);
  }
  const took = (globalThis.performance.now() - started) * NS_PER_MS;
  if (stop !== null) abandon(world);
  return {
    ...{ retval, fault: stop?.fault ?? null, cancelled: stop?.cancelled ?? false },
    ...{ insns_executed: world.budget.executed, duration_ns: Math.round(took / Math.max(runs, 1)) },
  };
}

/** Why no further run follows. */
type Stop = Pick<Execution, 'fault' | 'cancelled'>;

const CANCELLED: Stop = { fault: null, cancelled: true };

function faulted(fault: Fault): Stop {
  return { fault, cancelled: false };
}

/** Environment and run state as a call finds them: clock, chance, CPU, an untouched stack, nothing printed or sent yet. */
function settle(world: World, program: LoadedProgram, opts: ExecuteOpts): void {
  const { rc, mem } = world;
  rc.env = { ...DEFAULT_ENV, cpus: world.maps.cpus, ...opts.env };
  invariant(rc.env.cpu >= 0 && rc.env.cpu < world.maps.cpus, `CPU ${rc.env.cpu} of ${world.maps.cpus}`);
  rc.progType = program.type;
  rc.clockReads = 0;
  rc.random = rc.env.seed;
  rc.redirect = null;
  rc.printk = [];
  rc.records = [];
  mem.u32[PRIV.CPU >> 2] = rc.env.cpu;
  mem.u32[FAULT_KIND] = FAULT.NONE;
  mem.u8.fill(0, STACK_BASE, STACK_TOP);
  world.budget.start(opts.budget ?? DEFAULT_BUDGET, opts.cancel ?? null);
}

/** Between two runs: more instructions, or the reason why there is no further run. */
function refill(world: World, program: LoadedProgram): Stop | null {
  const kind = world.budget.refill();
  if (kind === FAULT.NONE) return null;
  if (kind === FAULT.CANCELLED) return CANCELLED;
  const message = `stopped after ${world.budget.executed} instructions, between two of the runs`;
  return faulted(faultWith(world, program, kind, message));
}

function leakOf(world: World, program: LoadedProgram): Stop | null {
  const leak = world.maps.leak();
  return leak === null ? null : faulted(leakFault(world, program, leak));
}

/** What a trap or exception means; whatever is no fault of the program is a bug of the engine. */
function stopOf(world: World, program: LoadedProgram, thrown: unknown): Stop {
  if (thrown instanceof RefusedProgram) return faulted(refusedFault(world, program, thrown.refusal));
  if (thrown instanceof RangeError) {
    const message = 'calls go deeper than there is room for';
    return faulted(faultWith(world, program, FAULT.CALL_DEPTH, message));
  }
  const kind = world.mem.u32[FAULT_KIND]!;
  if (!(thrown instanceof WebAssembly.RuntimeError) || kind === FAULT.NONE) throw bugOf(program, thrown);
  return kind === FAULT.CANCELLED ? CANCELLED : faulted(faultOf(world, program, world.budget.executed));
}

function bugOf(program: LoadedProgram, thrown: unknown): Error {
  if (thrown instanceof EngineBug) return thrown;
  const why = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return new EngineBug(`program ${program.spec.name} ended in ${why}`, { cause: thrown });
}

/** What a run that ended early held is let go of. */
function abandon(world: World): void {
  world.maps.abandon();
  world.mem.u32[FAULT_KIND] = FAULT.NONE;
}
