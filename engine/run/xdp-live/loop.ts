/** The generated batch loop of one live run, joined to the TypeScript that does what is rarer. */
import { invariant } from '../../errors.ts';
import { compileTogether } from '../../jit/compile-together.ts';
import type { WasmModule } from '../../jit/wasm-module.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import type { CpuQueue } from '../../net/cpu-queue.ts';
import { BATCH_AT } from '../../net/live-layout.ts';
import type { LiveBatch, LiveParts } from './batch.ts';
import { writeLoop } from './code.ts';
import { writeRedirect, writeRedirectMap } from './code-redirect.ts';
import type { LiveSetup } from './opts.ts';
import { CodeSite, type Imports, importLive, type LiveCodeInput, type LiveImport } from './site.ts';

const IFINDEX_ROWS = 256;

interface LoopExports {
  run(frames: number, batch_size: number): void;
  fold(): void;
  cpu(queue: number, program: number): void;
}

/** Helpers that the loop does itself, as far as it can. */
const OWN_HELPERS: Readonly<Record<string, (module: WasmModule, imported: number) => number>> = {
  redirect: writeRedirect,
  redirect_map: writeRedirectMap,
};

export class LiveLoop {
  /** Pages are told which frame they carry. */
  readonly numbered: boolean;
  private readonly parts: LiveParts;
  private readonly batch: LiveBatch;
  private readonly programs: readonly LoadedProgram[];
  private readonly exports: LoopExports;

  constructor(world: World, parts: LiveParts, batch: LiveBatch, setup: LiveSetup, numbered: boolean) {
    this.parts = parts;
    this.batch = batch;
    this.numbered = numbered;
    const programs = programsOf(world, parts);
    this.programs = programs;
    let imports: Imports | null = null;
    const compiled = compileTogether(
      programs.map((program) => program.jitInput('fast')),
      {
        imports: (module) => {
          imports = importLive(module);
        },
        helper: (module, proto, imported) => OWN_HELPERS[proto.name]?.(module, imported) ?? null,
        functions: (module, entries) => {
          const known = entries.map((entry, i) => ({ ...entry, id: programs[i]!.id }));
          writeLoop(new CodeSite(module, imports!, known, this.input(setup)));
        },
      },
    );
    invariant(compiled.ok, 'programs that were translated before are refused');
    const { wasm, helpers } = compiled.value;
    const instance = new WebAssembly.Instance(new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>), {
      m: { memory: world.mem.wasm, table: world.programs.wasm },
      h: Object.fromEntries(helpers.map((name) => [name, world.helper(name)])),
      rt: { refill: world.budget.refill },
      live: this.imports(),
    });
    this.exports = instance.exports as unknown as LoopExports;
  }

  /** Whether every program that frames can meet now is in the module. */
  get complete(): boolean {
    return this.parts.programs.all().every(({ id }) => this.programs.some((one) => one.id === id));
  }

  /** A CPU's thread. */
  readonly thread = (queue: CpuQueue): void => this.exports.cpu(queue.at, queue.prog?.id ?? 0);

  private input(setup: LiveSetup): LiveCodeInput {
    const { state, ingress, rx_queue_index } = this.parts;
    const { trace, pages } = state;
    return {
      ...{ pages: pages.base, descs: pages.descs, pool: pages.pool, batch: state.batch, counters: state.counters },
      ringQueue: state.pool.ring.queue,
      trace: trace.places,
      ...{ byIfindex: this.ifindexTable(), ingress: ingress.at },
      ...{ ingress_ifindex: ingress.ifindex, rx_queue_index, meta: setup.meta },
      length: setup.data_in.length - setup.meta,
      ...{ source: state.source?.at ?? 0, random: state.source?.random ?? false, numbered: this.numbered },
    };
  }

  /** Devices of the program's namespace by the low byte of their ifindex; those that share one are found the longer way. */
  private ifindexTable(): number {
    const { state, devices } = this.parts;
    const table = state.mem.alloc(IFINDEX_ROWS * 4, 64);
    invariant(table !== 0, 'no room for a table of devices');
    for (const dev of devices.all) {
      if (dev.netns === devices.near) state.mem.u32[(table >>> 2) + (dev.ifindex & (IFINDEX_ROWS - 1))] = dev.at;
    }
    return table;
  }

  private imports(): Record<LiveImport, (...args: number[]) => unknown> {
    const { state, devices, bulk, poll, redirects, cpus } = this.parts;
    const device = (address: number | undefined) => devices.at(address! >>> 0);
    return {
      allocate: () => state.pool.allocate(),
      release: (page) => state.pool.release(page! >>> 0),
      xmit: (dev, flush) => bulk.xmit(device(dev), flush === 1),
      xmitRest: (dev, ready, sent) => bulk.afterXmit(device(dev), ready!, sent!),
      exception: (dev, act, prog) => state.trace.emit('xdp_exception', act! >>> 0, device(dev).ifindex, prog!),
      redirect: (page) => this.redirect(page! >>> 0),
      noCopy: (page) => redirects.noCopy(page! >>> 0, this.parts.ingress),
      received: (dev, page, act) => poll.act(device(dev), page! >>> 0, act! >>> 0),
      polled: (dev) => poll.finish(device(dev)),
      backlog: () => poll.backlog!.poll(),
      toStack: (dev) => poll.toStack(device(dev)),
      enqueued: (queue, count, drops) => cpus.at(queue! >>> 0).enqueued(count!, drops!),
      cpuRedirect: (page) => (this.batch.cpuRedirect(page! >>> 0) ? 1 : 0),
      cpuRan: (queue, frames, sched, passed, drops, sent) =>
        this.batch.cpuRan(cpus.at(queue! >>> 0), {
          frames: frames!,
          sched: sched!,
          passed: passed!,
          drops: drops!,
          sent: sent!,
        }),
      deliver: () => this.batch.deliver(),
      settle: () => this.batch.settle(this.thread),
    };
  }

  private redirect(page: number): number {
    const { state, redirects } = this.parts;
    this.batch.redirect(page);
    if (redirects.sentTo === null) return 0;
    state.setWord(BATCH_AT.SLOT, state.trace.countAt(redirects.slot));
    return redirects.sentTo.at;
  }

  /** Runs batches until so many frames are run, the pool is dry, or the budget's slice is spent; 0 or ENOMEM. */
  run(frames: number, batch_size: number): number {
    const { state } = this.parts;
    state.setWord(BATCH_AT.ERRNO, 0);
    state.setWord(BATCH_AT.SETTLE, this.batch.settles ? 1 : 0);
    try {
      this.exports.run(frames, batch_size);
    } catch (thrown) {
      this.exports.fold();
      // The frame at fault was begun and has no verdict.
      state.count('frames');
      throw thrown;
    }
    return state.word(BATCH_AT.ERRNO);
  }
}

/** The program that is run, and all others that frames can meet, each once. */
function programsOf(world: World, { prog, programs }: LiveParts): LoadedProgram[] {
  const ids = new Set([prog.id, ...programs.all().map((one) => one.id)]);
  return [...ids].map((id) => {
    const program = world.programs.byId(id);
    invariant(program !== undefined, `no program has the id ${id}`);
    return program;
  });
}
