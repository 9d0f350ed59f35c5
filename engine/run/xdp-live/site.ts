/** What functions of the generated batch loop have in common: the module they go into, its imports, the frame in hand. */
import type { ProgramNeeds } from '../../jit/compile-together.ts';
import type { FuncType, WasmModule } from '../../jit/wasm-module.ts';
import { T, W } from '../../jit/wasm-ops.ts';
import { CTX_BASE, PRIV, STACK_TOP } from '../../layout.ts';
import {
  DATA_AT,
  DEV_COUNTERS,
  type DevCounter,
  LIVE,
  PAGE_AT,
  POOL_AT,
  RI_NONE,
  RING_AT,
  RUN_COUNTERS,
  type RunCounter,
} from '../../net/live-layout.ts';
import type { LivePlaces } from '../../net/live-trace.ts';
import {
  add,
  addWide,
  atLeast,
  block,
  type Code,
  call,
  choose,
  codeOf,
  count,
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
  storeWide,
  sub,
  when,
  wide,
  word,
} from './emit.ts';

/** Addresses and numbers that are written into the code. */
export interface LiveCodeInput {
  readonly pages: number;
  readonly descs: number;
  readonly pool: number;
  /** Entries of the pool's ring. */
  readonly ringQueue: number;
  readonly batch: number;
  readonly counters: number;
  /** Where events are counted. */
  readonly trace: LivePlaces;
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

const I = T.I32;
/** What the loop asks of the TypeScript; all arguments are addresses, pages are their descriptors'. */
export const LIVE_IMPORTS = {
  /** Fills the empty cache with new pages: how many there are now. */
  allocate: { params: [], results: [I] },
  /** The ring had no place for a page. */
  release: { params: [I], results: [] },
  /** A device sends what is in its bulk queue; 1: and wakes the other end. */
  xmit: { params: [I, I], results: [] },
  /** As much of a device's bulk queue as (program) let pass and as (device) took; the rest is dropped. */
  xmitRest: { params: [I, I, I], results: [] },
  /** A program behind a devmap, by its id, gave a device's frame a verdict that is none there. */
  exception: { params: [I, I, I], results: [] },
  /** Acts on the redirect that was asked for: the device that got the frame, 0 if it went elsewhere. */
  redirect: { params: [I], results: [I] },
  /** There is no page for a copy of a frame that is broadcast. */
  noCopy: { params: [I], results: [] },
  /** A device's program gave another verdict than XDP_DROP and XDP_PASS. */
  received: { params: [I, I, I], results: [] },
  /** The end of a poll in which frames went elsewhere. */
  polled: { params: [I], results: [] },
  /** The backlog's turn: how many packets there were. */
  backlog: { params: [], results: [I] },
  /** Frames wait for the stack of a device's namespace. */
  toStack: { params: [I], results: [] },
  /** Of so many frames a CPU's ring dropped so many: tells of it, the first time. */
  enqueued: { params: [I, I, I], results: [] },
  /** Acts on the redirect that a CPU's program asked for; 1: it went. */
  cpuRedirect: { params: [I], results: [I] },
  /** A CPU's thread ran: queue; frames, whether it slept before, frames that pass, that were dropped, that were redirected. */
  cpuRan: { params: [I, I, I, I, I, I], results: [] },
  /** Frames wait for the stack. */
  deliver: { params: [], results: [] },
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

/** A program of the same module: its id, and its function. */
export interface ProgramEntry {
  readonly id: number;
  readonly func: number;
  readonly needs: ProgramNeeds;
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
  /** The program that is run, then all others that frames can meet. */
  readonly entries: readonly ProgramEntry[];

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

  /** bpf_prog_run_xdp of a program, on the frame in hand: the verdict. */
  run({ func, needs }: ProgramEntry): Code {
    const tailCalls = setWord(PRIV.TAIL_CALLS, k(0));
    return (c) => {
      if (needs.tailCalls) tailCalls(c);
      // The context in r1, nothing in r2 to r5, a frame at the top of the stack.
      c.i64(CTX_BASE).i64(0).i64(0).i64(0).i64(0).i32(STACK_TOP);
      c.call(func).op(W.i32_wrap_i64);
    };
  }

  /** Calls what was written for the program with an id; `otherwise` when the module has none of that id. */
  choose(id: Code, funcs: readonly number[], then: (func: number) => Code, otherwise: Code): Code {
    return this.entries.reduceRight<Code>(
      (rest, entry, i) => when(eq(id, k(entry.id)), then(funcs[i]!), rest),
      otherwise,
    );
  }

  export(name: string, func: number): void {
    this.module.export(name, func);
  }
}

/** The bounds of the frame in hand, where checks and programs read them; `copies`: in the context too. */
function bound(meta: Code, data: Code, end: Code, copies: boolean): Code {
  return block(
    setWide(PRIV.PKT_META, pair(meta, data)),
    setWord(PRIV.PKT_END, end),
    copies ? block(setWide(CTX_BASE + MD.DATA, pair(data, end)), setWord(CTX_BASE + MD.DATA_META, meta)) : block(),
  );
}

/** xdp_convert_frame_to_buff of a page whose data begin at `data`, for whoever looks. */
export function showPage(page: Code, data: Code, copies = true): Code {
  return block(
    setWord(LIVE.PAGE, page),
    bound(sub(data, load(page, PAGE_AT.META)), data, add(data, load(page, PAGE_AT.LEN)), copies),
  );
}

/** The same for a program that is about to run, as far as it looks there. */
export function show({ needs }: ProgramEntry, page: Code, data: Code): Code {
  return needs.bounds ? showPage(page, data, needs.copies) : block();
}

/** xdp_update_frame_from_buff, after a program that may have moved the bounds; `at`: room for the data's address. */
export function keep({ needs }: ProgramEntry, page: Code, at: Local): Code {
  return needs.moves ? keepBounds(page, at) : block();
}

export function keepBounds(page: Code, at: Local): Code {
  return block(
    at.set(word(PRIV.PKT_DATA)),
    storeWide(page, PAGE_AT.DATA, pair(at.get, sub(word(PRIV.PKT_END), at.get))),
    store(page, PAGE_AT.META, sub(at.get, word(PRIV.PKT_META))),
  );
}

/** The same for a page of the pool as it was at first; `twice`: room for the page's address in both halves. */
export function boundOriginal(site: CodeSite, base: Code, twice: Local): Code {
  const { meta, length } = site.input;
  const { needs } = site.entries[0]!;
  if (!needs.bounds) return block();
  const start = DATA_AT - meta;
  const end = DATA_AT + length;
  return block(
    twice.set(pair(base, base)),
    setWide(PRIV.PKT_META, addWide(twice.get, wide(start, DATA_AT))),
    setWord(PRIV.PKT_END, add(base, k(end))),
    needs.copies
      ? block(
          setWide(CTX_BASE + MD.DATA, addWide(twice.get, wide(DATA_AT, end))),
          setWord(CTX_BASE + MD.DATA_META, add(base, k(start))),
        )
      : block(),
  );
}

/** The same for a page with a packet of its own, of `length` bytes. */
export function boundPacket(site: CodeSite, base: Code, length: Code): Code {
  const data = add(base, k(DATA_AT));
  const { needs } = site.entries[0]!;
  return needs.bounds ? bound(add(base, k(DATA_AT - site.input.meta)), data, add(data, length), needs.copies) : block();
}

export function enter(ingress: Code, queue: number, egress: Code = k(0)): Code {
  return block(setWide(CTX_BASE + MD.INGRESS, pair(ingress, k(queue))), setWord(CTX_BASE + MD.EGRESS, egress));
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

/** Counts an event at the slot whose counter's address is in `slot`; `words`: its fields, two in each u64. */
export function countEvent(
  site: CodeSite,
  kind: 'redirect' | 'xmit' | 'enqueue',
  slot: Local,
  words: readonly Code[],
): Code {
  const { trace } = site.input;
  // Counters are 8 bytes apart, last events 32.
  const last = add(shl(sub(slot.get, k(trace.counts)), k(2)), k(trace.lasts));
  return block(
    count(slot.get, 0, k(1)),
    ...words.map((word, i) => storeWide(last, i * 8, word)),
    setWord(trace[kind], slot.get),
  );
}
