/** What functions of the generated batch loop have in common: the module they go into, its imports, the frame in hand. */
import { FUNC_TYPE } from '../jit/compile.ts';
import type { WasmCode } from '../jit/wasm-code.ts';
import type { FuncType, WasmModule } from '../jit/wasm-module.ts';
import { T, W } from '../jit/wasm-ops.ts';
import { CTX_BASE, PRIV, STACK_TOP } from '../layout.ts';
import {
  DATA_AT,
  DEV_COUNTERS,
  type DevCounter,
  LIVE,
  POOL_AT,
  RI_NONE,
  RING_AT,
  RUN_COUNTERS,
  type RunCounter,
} from '../net/live-layout.ts';
import {
  add,
  addWide,
  atLeast,
  block,
  type Code,
  call,
  choose,
  codeOf,
  eq,
  k,
  type Local,
  Locals,
  load,
  pair,
  setWide,
  setWord,
  shl,
  store,
  when,
  wide,
  word,
} from './xdp-live-emit.ts';

/** Addresses and numbers that are written into the code. */
export interface LiveCodeInput {
  readonly pages: number;
  readonly descs: number;
  readonly pool: number;
  /** Entries of the pool's ring. */
  readonly ringQueue: number;
  readonly batch: number;
  readonly counters: number;
  /** Counter and last event of xdp_redirect and xdp_devmap_xmit. */
  readonly redirectTrace: { readonly count: number; readonly last: number };
  readonly xmitTrace: { readonly count: number; readonly last: number };
  /** Table of 256 devices' addresses by the low byte of their ifindex. */
  readonly byIfindex: number;
  readonly ingress: number;
  readonly ingress_ifindex: number;
  readonly rx_queue_index: number;
  /** Address of the words of the source of packets, 0: all frames are one packet. */
  readonly source: number;
  readonly random: boolean;
  /** Pages are told which frame they carry. */
  readonly numbered: boolean;
  /** Bytes of the packet and of its metadata. */
  readonly length: number;
  readonly meta: number;
}

/** What the loop asks of the TypeScript; all arguments are addresses, pages are their descriptors'. */
export const LIVE_IMPORTS = {
  /** Fills the empty cache with new pages: how many there are now. */
  allocate: { params: [], results: [T.I32] },
  /** The ring had no place for a page. */
  release: { params: [T.I32], results: [] },
  /** A copy that a broadcast made is done with. */
  giveCopy: { params: [T.I32], results: [] },
  /** The bulk queue of a device is flushed. */
  xmit: { params: [T.I32], results: [] },
  /** As much of a device's bulk queue as `sent` went through, the rest did not. */
  xmitRest: { params: [T.I32, T.I32], results: [] },
  /** Acts on the redirect that was asked for. */
  redirect: { params: [T.I32], results: [] },
  /** A device's program gave another verdict than XDP_DROP. */
  received: { params: [T.I32, T.I32, T.I32], results: [] },
  /** The end of a poll in which that happened. */
  polled: { params: [T.I32], results: [] },
  /** Polls a device for at most 64 frames: how many there were. */
  poll: { params: [T.I32], results: [T.I32] },
  /** Frames wait for the stack. */
  deliver: { params: [], results: [] },
  /** __cpu_map_flush */
  flushCpus: { params: [], results: [] },
  /** Between two batches: CPUs and sockets. */
  settle: { params: [], results: [] },
} as const satisfies Record<string, FuncType>;
export type LiveImport = keyof typeof LIVE_IMPORTS;

export const XDP = { ABORTED: 0, DROP: 1, PASS: 2, TX: 3, REDIRECT: 4 };
export const runCounter = (name: RunCounter): number => RUN_COUNTERS.indexOf(name) * 8;
export const devCounter = (name: DevCounter): number => DEV_COUNTERS.indexOf(name) * 8;

export type Imports = Readonly<Record<LiveImport, number>>;

/** Words of struct xdp_md in linear memory. */
const MD = { DATA: 0, DATA_END: 4, DATA_META: 8, INGRESS: 12, QUEUE: 16, EGRESS: 20 };

/** A program of the same module: its place in the shared table, and its function. */
export interface ProgramEntry {
  readonly place: number;
  readonly func: number;
}

/** The imports of the loop, declared in a module. */
export function importLive(module: WasmModule): Imports {
  const names = Object.keys(LIVE_IMPORTS) as LiveImport[];
  return Object.fromEntries(
    names.map((name) => [name, module.importFunc('live', name, LIVE_IMPORTS[name])]),
  ) as Imports;
}

/** The module that code is written into, and what all functions of it use. */
export class CodeSite {
  readonly input: LiveCodeInput;
  private readonly module: WasmModule;
  private readonly imports: Imports;
  /** The program that is run, then those of the devices. */
  private readonly entries: readonly ProgramEntry[];

  constructor(module: WasmModule, imports: Imports, entries: readonly ProgramEntry[], input: LiveCodeInput) {
    this.module = module;
    this.imports = imports;
    this.entries = entries;
    this.input = input;
  }

  /** A function of i32 parameters; its body leaves the result on the stack. */
  func(params: number, result: boolean, body: (locals: Locals) => Code): number {
    const type = { params: new Array<number>(params).fill(T.I32), results: result ? [T.I32] : [] };
    const func = this.module.declare(type);
    const locals = new Locals(params);
    const code = body(locals);
    this.module.define(func, locals.types, codeOf(code));
    return func;
  }

  /** Calls an import. */
  ask(name: LiveImport, ...args: readonly Code[]): Code {
    return call(this.imports[name], ...args);
  }

  /** bpf_prog_run_xdp of the program that is run, on the frame in hand. */
  runMain(): Code {
    return this.direct(this.entries[0]!.func);
  }

  /** bpf_prog_run_xdp of a device's program, which `place` names; the verdict goes to `act`. */
  runOf(place: Code, act: Local): Code {
    const indirect: Code = (c) => {
      entryArguments(c);
      place(c);
      c.indirect(W.call_indirect, this.module.type(FUNC_TYPE)).op(W.i32_wrap_i64);
    };
    return this.entries.reduceRight<Code>(
      (otherwise, entry) => when(eq(place, k(entry.place)), act.set(this.direct(entry.func)), otherwise),
      act.set(indirect),
    );
  }

  private direct(func: number): Code {
    return (c) => {
      entryArguments(c);
      c.call(func).op(W.i32_wrap_i64);
    };
  }

  export(name: string, func: number): void {
    this.module.export(name, func);
  }
}

/** The context in r1, nothing in r2 to r5, a frame at the top of the stack. */
function entryArguments(c: WasmCode): void {
  setWord(PRIV.TAIL_CALLS, k(0))(c);
  c.i64(CTX_BASE).i64(0).i64(0).i64(0).i64(0).i32(STACK_TOP);
}

/** The bounds of the frame in hand, where checks and programs read them. */
export function bound(meta: Code, data: Code, end: Code): Code {
  return block(
    setWide(PRIV.PKT_META, pair(meta, data)),
    setWord(PRIV.PKT_END, end),
    setWide(CTX_BASE + MD.DATA, pair(data, end)),
    setWord(CTX_BASE + MD.DATA_META, meta),
  );
}

/** The same for a page of the pool as it was at first; `twice`: room for the page's address in both halves. */
export function boundOriginal(site: CodeSite, base: Code, twice: Local): Code {
  const { meta, length } = site.input;
  const start = DATA_AT - meta;
  const end = DATA_AT + length;
  return block(
    twice.set(pair(base, base)),
    setWide(PRIV.PKT_META, addWide(twice.get, wide(start, DATA_AT))),
    setWord(PRIV.PKT_END, add(base, k(end))),
    setWide(CTX_BASE + MD.DATA, addWide(twice.get, wide(DATA_AT, end))),
    setWord(CTX_BASE + MD.DATA_META, add(base, k(start))),
  );
}

/** The same for a page with a packet of its own, of `length` bytes. */
export function boundPacket(site: CodeSite, base: Code, length: Code): Code {
  const data = add(base, k(DATA_AT));
  return bound(add(base, k(DATA_AT - site.input.meta)), data, add(data, length));
}

export function enter(ingress: Code, queue: number): Code {
  return block(setWide(CTX_BASE + MD.INGRESS, pair(ingress, k(queue))), setWord(CTX_BASE + MD.EGRESS, k(0)));
}

/** struct bpf_redirect_info of a new batch. */
export function forget(): Code {
  return block(setWide(LIVE.RI_TGT_INDEX, wide(0, RI_NONE)), setWide(LIVE.RI_FLAGS, wide(0, 0)));
}

/** The pool's ring as code that gives pages back sees it: where the next one goes, read once and then known. */
export function openRing(site: CodeSite, place: Local): Code {
  return place.set(word(site.input.pool + POOL_AT.RING + RING_AT.PRODUCER));
}

/**
 * xdp_return_frame of a page of the pool: into the ring at `place`, or away. Memory is told each time, but never asked: waiting for
 * one's own last store would cost more than all the rest.
 */
export function recycle(site: CodeSite, page: Code, place: Local): Code {
  const { pool, ringQueue } = site.input;
  const ring = pool + POOL_AT.RING;
  const slot = shl(place.get, k(2));
  return when(
    load(slot, ringQueue),
    site.ask('release', page),
    block(
      store(slot, ringQueue, page),
      place.plus(k(1)),
      place.set(choose(atLeast(place.get, word(ring + RING_AT.SIZE)), k(0), place.get)),
      setWord(ring + RING_AT.PRODUCER, place.get),
    ),
  );
}
