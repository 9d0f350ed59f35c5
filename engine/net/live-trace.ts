/** Tracepoints of live frame mode under the kernel's names: counted always, the last one of each kind kept, all of them recorded on request. */
import type { WorldMemory } from '../memory.ts';

/** Fields in the kernel's spelling; what tells kinds apart (err, act, reason) is the `code`. */
export const TRACEPOINTS = {
  xdp_redirect: { code: 'err', fields: ['ifindex', 'to_ifindex', 'map_id', 'map_index'] },
  xdp_redirect_err: { code: 'err', fields: ['ifindex', 'to_ifindex', 'map_id', 'map_index'] },
  xdp_exception: { code: 'act', fields: ['ifindex', 'prog_id'] },
  xdp_devmap_xmit: { code: 'err', fields: ['from_ifindex', 'to_ifindex', 'sent', 'drops'] },
  xdp_bulk_tx: { code: 'err', fields: ['ifindex', 'sent', 'drops'] },
  xdp_cpumap_enqueue: { code: '', fields: ['map_id', 'processed', 'drops', 'to_cpu'] },
  xdp_cpumap_kthread: {
    code: '',
    fields: ['map_id', 'processed', 'drops', 'sched', 'xdp_pass', 'xdp_drop', 'xdp_redirect'],
  },
  page_pool_state_hold: { code: '', fields: ['hold'] },
  page_pool_state_release: { code: '', fields: ['release'] },
  page_pool_release: { code: '', fields: ['inflight', 'hold', 'release'] },
  mem_disconnect: { code: '', fields: ['mem_type'] },
  netif_receive_skb: { code: '', fields: ['ifindex', 'len'] },
  kfree_skb: { code: 'reason', fields: ['ifindex', 'protocol'] },
} as const satisfies Record<string, { code: string; fields: readonly string[] }>;

/** Name of a tracepoint that live frames pass. */
export type TraceName = keyof typeof TRACEPOINTS;

const NAMES = Object.keys(TRACEPOINTS) as TraceName[];
const INDEX = Object.fromEntries(NAMES.map((name, i) => [name, i])) as Record<TraceName, number>;
const SMALL_CODES = 256;

/** One kind of event: how often, and the fields of the last one. */
export interface TraceCount {
  readonly name: TraceName;
  /** err (positive), act or reason, as the tracepoint has it; 0 otherwise. */
  readonly code: number;
  readonly count: number;
  readonly last: Readonly<Record<string, number>>;
}

/** One event, in the order of their happening. */
export interface TraceEvent {
  readonly name: TraceName;
  readonly code: number;
  readonly fields: Readonly<Record<string, number>>;
}

/** XDP_MEM_TYPE PAGE_POOL */
const MEM_TYPE_PAGE_POOL = 2;
export const TRACE_SLOTS = 128;
/** Words of the last event of a kind. */
export const TRACE_LAST_WORDS = 8;

export class LiveTrace {
  private readonly mem: WorldMemory;
  /** Index of the first kind's counter in mem.f64. */
  private readonly counts: number;
  private readonly lasts: number;
  private readonly kinds: { readonly name: TraceName; readonly code: number }[] = [];
  /** Slot + 1 by tracepoint and small code; larger codes by text. */
  private readonly small = new Int16Array(NAMES.length * SMALL_CODES);
  private readonly large = new Map<string, number>();
  private readonly holdSlot: number;
  private readonly releaseSlot: number;
  private events: TraceEvent[] = [];
  private room = 0;
  private destroyed = false;
  /** Pages held and released since the pool was made; the counts may be set to zero meanwhile. */
  held = 0;
  released = 0;

  /** `counts`: address of TRACE_SLOTS f64; `lasts`: of as many rows of words. */
  constructor(mem: WorldMemory, counts: number, lasts: number) {
    this.mem = mem;
    this.counts = counts >>> 3;
    this.lasts = lasts >>> 2;
    this.holdSlot = this.slot('page_pool_state_hold', 0);
    this.releaseSlot = this.slot('page_pool_state_release', 0);
  }

  /** Place of a kind of event; made when first asked for. When there are more kinds than places, the last place counts the rest. */
  slot(name: TraceName, code: number): number {
    if (code >= SMALL_CODES) {
      const key = `${name} ${code}`;
      const known = this.large.get(key) ?? this.newSlot(name, code);
      this.large.set(key, known);
      return known;
    }
    const at = INDEX[name] * SMALL_CODES + code;
    if (this.small[at] === 0) this.small[at] = this.newSlot(name, code) + 1;
    return this.small[at]! - 1;
  }

  private newSlot(name: TraceName, code: number): number {
    const slot = Math.min(this.kinds.length, TRACE_SLOTS - 1);
    if (slot === this.kinds.length) this.kinds.push({ name, code });
    return slot;
  }

  /** Address of a kind's counter, and of its last event's words: for code that counts by itself. */
  places(slot: number): { readonly count: number; readonly last: number } {
    return { count: (this.counts + slot) * 8, last: (this.lasts + slot * TRACE_LAST_WORDS) * 4 };
  }

  /** Events are kept from now on, at most `room` of them. */
  record(room: number): void {
    this.room = room;
  }

  get recording(): boolean {
    return this.room > 0;
  }

  drain(): TraceEvent[] {
    const { events } = this;
    this.events = [];
    return events;
  }

  emit(name: TraceName, code: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0): void {
    const slot = this.slot(name, code);
    const { f64, i32 } = this.mem;
    f64[this.counts + slot] = f64[this.counts + slot]! + 1;
    const at = this.lasts + slot * TRACE_LAST_WORDS;
    i32[at] = a;
    i32[at + 1] = b;
    i32[at + 2] = c;
    i32[at + 3] = d;
    i32[at + 4] = e;
    i32[at + 5] = f;
    i32[at + 6] = g;
    if (this.room > 0) this.keep(name, code, at);
  }

  /** So many events of one kind, of which the last one has these fields; only while none are recorded. */
  emitMany(name: TraceName, code: number, count: number, a: number, b: number): void {
    if (count === 0) return;
    this.emit(name, code, a, b);
    const at = this.counts + this.slot(name, code);
    this.mem.f64[at] = this.mem.f64[at]! + count - 1;
  }

  private keep(name: TraceName, code: number, at: number): void {
    this.room--;
    this.events.push({ name, code, fields: this.fieldsAt(name, at) });
  }

  private fieldsAt(name: TraceName, at: number): Record<string, number> {
    const { i32 } = this.mem;
    return Object.fromEntries(TRACEPOINTS[name].fields.map((field, i) => [field, i32[at + i]!]));
  }

  /** _trace_xdp_redirect_map and its err twin; `err` is a positive errno. */
  redirect(err: number, ifindex: number, to_ifindex: number, map_id: number, map_index: number): void {
    this.emit(err === 0 ? 'xdp_redirect' : 'xdp_redirect_err', err, ifindex, to_ifindex, map_id, map_index);
  }

  /** A page came into the pool. */
  hold(): void {
    this.held++;
    this.bump(this.holdSlot, this.held, 'page_pool_state_hold');
  }

  /** A page left the pool; the last one after its end lets the pool go. */
  release(): void {
    this.released++;
    this.bump(this.releaseSlot, this.released, 'page_pool_state_release');
    if (this.destroyed && this.released === this.held) this.emit('mem_disconnect', 0, MEM_TYPE_PAGE_POOL);
  }

  private bump(slot: number, value: number, name: TraceName): void {
    const { f64, i32 } = this.mem;
    f64[this.counts + slot] = f64[this.counts + slot]! + 1;
    i32[this.lasts + slot * TRACE_LAST_WORDS] = value;
    if (this.room > 0) this.keep(name, 0, this.lasts + slot * TRACE_LAST_WORDS);
  }

  /** page_pool_release */
  poolReleased(): void {
    const inflight = this.held - this.released;
    this.destroyed = true;
    this.emit('page_pool_release', 0, inflight, this.held, this.released);
    if (inflight === 0) this.emit('mem_disconnect', 0, MEM_TYPE_PAGE_POOL);
  }

  /** Every kind that happened. */
  list(): TraceCount[] {
    return this.kinds.flatMap(({ name, code }, slot) => {
      const count = this.mem.f64[this.counts + slot]!;
      const last = this.fieldsAt(name, this.lasts + slot * TRACE_LAST_WORDS);
      return count === 0 ? [] : [{ name, code, count, last }];
    });
  }

  /** Counts start from zero again; what the pool holds stays known. */
  zero(): void {
    this.mem.f64.fill(0, this.counts, this.counts + TRACE_SLOTS);
  }
}
