/** Runs a program some number of times over one context: settles the environment, counts, and turns what stops a run into a result. */
import { DEFAULT_ENV } from '../env.ts';
import { EngineBug, invariant } from '../errors.ts';
import { FAULT, PRIV, STACK_BASE, STACK_TOP } from '../layout.ts';
import type { RunFunction } from '../load/loaded-program.ts';
import { RefusedProgram } from '../load/program-table.ts';
import type { ExecuteOpts, Execution, LoadedProgram, World } from '../load/types.ts';
import type { WorldMemory } from '../memory.ts';
import { faultOf, faultWith, leakFault, refusedFault } from './fault/fault.ts';
import { runTimers } from './timers.ts';
import { DEFAULT_BUDGET, type Fault } from './types.ts';

const BUDGET = PRIV.BUDGET >> 2;
const FAULT_KIND = PRIV.FAULT_KIND >> 2;
const TAIL_CALLS = PRIV.TAIL_CALLS >> 2;
const RUNS_LEFT = PRIV.RUNS_LEFT >> 2;
/** What PRIV.RUNS_LEFT is during the last run of a call. */
const LAST_RUN = 1;
const NS_PER_MS = 1e6;

/** bpf_test_run: the program's runs, ended by the last repeat, a fault, or the cancel word (as a pending signal does). */
export function execute(world: World, program: LoadedProgram, ctxAddress: number, opts: ExecuteOpts): Execution {
  settle(world, program, opts);
  const runs = opts.between === undefined ? new Repeats(world, program, opts) : new Runs(world, program, opts);
  const clock = { ms: 0 };
  let stop: Stop | null = null;
  try {
    runTimers(world);
    while (runs.left > 0 && stop === null) {
      clocked(clock, runs, ctxAddress, opts.second ?? 0);
      if (runs.left > 0) stop = refill(world, program);
    }
    if (stop === null) runTimers(world);
    stop ??= leakOf(world, program);
  } catch (thrown) {
    stop = stopOf(world, program, thrown);
  }
  if (stop !== null) abandon(world);
  // bpf_net_ctx_set: what an earlier run asked for is forgotten.
  if (world.rc.redirectRun !== LAST_RUN) world.rc.redirect = null;
  return {
    ...{ retval: runs.retval, fault: stop?.fault ?? null, cancelled: stop?.cancelled ?? false },
    ...{ insns_executed: world.budget.executed, duration_ns: meanNs(clock.ms, opts.repeat - runs.left) },
  };
}

/** bpf_test_timer_continue: what the runs take counts, also of one that faults, and nothing around them. */
function clocked(clock: { ms: number }, runs: RunsOfCall, ctx: number, second: number): void {
  const started = globalThis.performance.now();
  try {
    runs.go(ctx, second);
  } finally {
    clock.ms += globalThis.performance.now() - started;
  }
}

function meanNs(ms: number, runs: number): number {
  return Math.round((ms * NS_PER_MS) / Math.max(runs, 1));
}

/** The runs of one call: `go` runs until there are none left or the budget's slice is spent. */
interface RunsOfCall {
  /** Runs that did not return yet. */
  readonly left: number;
  /** Of the last run that returned before `go` did. */
  readonly retval: number;
  go(ctx: number, second: number): void;
}

/** Runs that follow upon each other inside WebAssembly. */
class Repeats implements RunsOfCall {
  retval = 0;
  private readonly mem: WorldMemory;
  private readonly repeat: RunFunction;

  constructor(world: World, program: LoadedProgram, opts: ExecuteOpts) {
    this.mem = world.mem;
    this.repeat = program.repeat();
    this.mem.u32[RUNS_LEFT] = opts.repeat;
  }

  /** In memory, so that it is known also when a run traps. */
  get left(): number {
    return this.mem.u32[RUNS_LEFT]!;
  }

  go(ctx: number, second: number): void {
    this.retval = this.repeat(ctx, second) >>> 0;
  }
}

/** Runs with something to reset between them. */
class Runs implements RunsOfCall {
  left: number;
  retval = 0;
  private readonly mem: WorldMemory;
  private readonly run: RunFunction;
  private readonly between: () => void;

  constructor(world: World, program: LoadedProgram, opts: ExecuteOpts) {
    this.left = opts.repeat;
    this.mem = world.mem;
    this.run = program.entry();
    this.between = opts.between ?? (() => undefined);
  }

  /** Views are read anew each time: helpers may grow the memory. */
  go(ctx: number, second: number): void {
    const { mem, run, between } = this;
    do {
      mem.u32[TAIL_CALLS] = 0;
      mem.u32[RUNS_LEFT] = this.left;
      this.retval = run(ctx, second) >>> 0;
      this.left--;
      if (this.left === 0) return;
      between();
    } while (mem.i32[BUDGET]! >= 0);
  }
}

/** Why no further run follows. */
type Stop = Pick<Execution, 'fault' | 'cancelled'>;

const CANCELLED: Stop = { fault: null, cancelled: true };

function faulted(fault: Fault): Stop {
  return { fault, cancelled: false };
}

/** Environment and run state as a call finds them: clock, chance, CPU, an untouched stack, nothing printed or sent yet. */
export function settle(
  world: World,
  program: LoadedProgram,
  opts: Pick<ExecuteOpts, 'env' | 'budget' | 'cancel'>,
): void {
  const { rc, mem } = world;
  rc.env = { ...DEFAULT_ENV, cpus: world.maps.cpus, ...opts.env };
  invariant(rc.env.cpu >= 0 && rc.env.cpu < world.maps.cpus, `CPU ${rc.env.cpu} of ${world.maps.cpus}`);
  rc.progType = program.type;
  rc.kernelStructs = program.spec.kernel_structs ?? [];
  rc.clockReads = 0;
  rc.random = rc.env.seed;
  rc.redirect = null;
  rc.clones = [];
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

export function leakOf(world: World, program: LoadedProgram): Stop | null {
  const held = world.rc.socketsHeld;
  const leak = held > 0 ? `${held} socket reference(s) not given back by bpf_sk_release at exit` : world.maps.leak();
  return leak === null ? null : faulted(leakFault(world, program, leak));
}

/** What a trap or exception means; whatever is no fault of the program is a bug of the engine. */
export function stopOf(world: World, program: LoadedProgram, thrown: unknown): Stop {
  if (thrown instanceof RefusedProgram) return faulted(refusedFault(world, program, thrown.refusal));
  if (thrown instanceof RangeError && /call stack/i.test(thrown.message)) {
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
export function abandon(world: World): void {
  world.maps.abandon();
  world.rc.socketsHeld = 0;
  world.mem.u32[FAULT_KIND] = FAULT.NONE;
}
