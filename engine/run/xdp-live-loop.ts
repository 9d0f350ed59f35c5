/** The generated batch loop of one live run, joined to the TypeScript that does what is rarer. */
import { invariant } from '../errors.ts';
import { compileTogether } from '../jit/compile-together.ts';
import type { LoadedProgram, World } from '../load/types.ts';
import { BATCH_AT } from '../net/live-layout.ts';
import type { LiveBatch, LiveParts } from './xdp-live-batch.ts';
import { writeLoop } from './xdp-live-code.ts';
import { writeRedirectMap } from './xdp-live-code-redirect.ts';
import type { LiveSetup } from './xdp-live-opts.ts';
import { CodeSite, type Imports, importLive, type LiveCodeInput, type LiveImport } from './xdp-live-site.ts';

const IFINDEX_ROWS = 256;

interface LoopExports {
  run(frames: number, batch_size: number): void;
  fold(): void;
}

export class LiveLoop {
  private readonly parts: LiveParts;
  private readonly batch: LiveBatch;
  private readonly exports: LoopExports;

  /** Pages are told which frame they carry. */
  readonly numbered: boolean;

  constructor(world: World, parts: LiveParts, batch: LiveBatch, setup: LiveSetup, numbered: boolean) {
    this.parts = parts;
    this.numbered = numbered;
    this.batch = batch;
    const programs = programsOf(world, parts);
    let imports: Imports | null = null;
    const compiled = compileTogether(
      programs.map((program) => program.jitInput(false)),
      {
        imports: (module) => {
          imports = importLive(module);
        },
        helper: (module, proto, imported) =>
          proto.name === 'redirect_map' ? writeRedirectMap(module, imported) : null,
        functions: (module, entries) => {
          const placed = entries.map((func, i) => ({ func, place: programs[i]!.table_index }));
          writeLoop(new CodeSite(module, imports!, placed, this.input(setup)));
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

  private input(setup: LiveSetup): LiveCodeInput {
    const { state, ingress, rx_queue_index } = this.parts;
    const { trace, pages } = state;
    return {
      ...{ pages: pages.base, descs: pages.descs, pool: pages.pool, batch: state.batch, counters: state.counters },
      ringQueue: state.pool.ring.queue,
      redirectTrace: trace.places(trace.slot('xdp_redirect', 0)),
      xmitTrace: trace.places(trace.slot('xdp_devmap_xmit', 0)),
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
    const { state, devices, bulk, poll, redirects } = this.parts;
    const device = (address: number | undefined) => devices.at(address! >>> 0);
    return {
      allocate: () => state.pool.allocate(),
      release: (page) => state.pool.release(page! >>> 0),
      giveCopy: (page) => state.pages.give(page! >>> 0),
      xmit: (dev) => bulk.xmit(device(dev)),
      xmitRest: (dev, sent) => this.xmitRest(dev!, sent!),
      redirect: (page) => this.batch.redirect(page! >>> 0),
      received: (dev, page, act) => poll.act(device(dev), page! >>> 0, act! >>> 0),
      polled: (dev) => poll.finish(device(dev)),
      poll: (dev) => poll.poll(device(dev)),
      deliver: () => this.batch.deliver(),
      flushCpus: () => redirects.flushCpuQueues(),
      settle: () => this.batch.settle(),
    };
  }

  private xmitRest(address: number, sent: number): void {
    const dev = this.parts.devices.at(address >>> 0);
    const count = dev.queued;
    dev.countXmit(sent, count);
    this.parts.bulk.sent(dev, count, sent);
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

/** The program that is run, and those of the devices, each once. */
function programsOf(world: World, { prog, devices }: LiveParts): LoadedProgram[] {
  const ids = new Set([prog.id, ...devices.all.flatMap((dev) => (dev.prog === null ? [] : [dev.prog.id]))]);
  return [...ids].map((id) => {
    const program = world.programs.byId(id);
    invariant(program !== undefined, `no program has the id ${id}`);
    return program;
  });
}
