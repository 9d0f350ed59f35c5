/** Tracepoints of live frame mode under the kernel's names: counted always, the last one of each target kept, all of them recorded on request. */
import type { WorldMemory } from '../memory.ts';
import { type TRACE_BYTES, TRACE_SLOTS, TraceSlots } from './trace-slots.ts';

/** Fields in the kernel's spelling; what tells kinds apart (err, act, reason) is the `code`, what tells targets apart the fields in TARGETS. */
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

/** Places of the fields that say which device, map or CPU it was about: none, one or two. */
const TARGETS: Readonly<Record<TraceName, readonly [number, number]>> = {
  xdp_redirect: [1, 2],
  xdp_redirect_err: [1, 2],
  xdp_exception: [0, -1],
  xdp_devmap_xmit: [1, -1],
  xdp_bulk_tx: [0, -1],
  xdp_cpumap_enqueue: [0, 3],
  xdp_cpumap_kthread: [0, -1],
  page_pool_state_hold: [-1, -1],
  page_pool_state_release: [-1, -1],
  page_pool_release: [-1, -1],
  mem_disconnect: [-1, -1],
  netif_receive_skb: [0, -1],
  kfree_skb: [0, -1],
};

const NAMES = Object.keys(TRACEPOINTS) as TraceName[];
const INDEX = Object.fromEntries(NAMES.map((name, i) => [name, i])) as Record<TraceName, number>;

/** Events of one kind about one device, map or CPU. */
export interface TraceTarget {
  readonly count: number;
  readonly last: Readonly<Record<string, number>>;
  /** The row stands for several targets or codes, of which the last event names one: there were too many to tell apart. */
  readonly others: boolean;
}

/** One kind of event: how often, and the fields of the last one. */
export interface TraceCount {
  readonly name: TraceName;
  /** err (positive), act or reason, as the tracepoint has it; 0 otherwise. */
  readonly code: number;
  readonly count: number;
  readonly last: Readonly<Record<string, number>>;
  /** The same by target (device and map that a redirect leads to, device of a drop, map and CPU of a cpumap), where they are told apart. */
  readonly targets?: readonly TraceTarget[];
}

/** One event, in the order of their happening. */
export interface TraceEvent {
  readonly name: TraceName;
  readonly code: number;
  readonly fields: Readonly<Record<string, number>>;
}

/** Addresses: of the first slot's counter and last event, and of the words for the latest event of three kinds without an error. */
export type LivePlaces = Readonly<Record<'counts' | 'lasts' | 'redirect' | 'xmit' | 'enqueue', number>>;

/** XDP_MEM_TYPE PAGE_POOL */
const MEM_TYPE_PAGE_POOL = 2;

export class LiveTrace {
  private readonly mem: WorldMemory;
  private readonly slots: TraceSlots;
  private readonly holdSlot: number;
  private readonly releaseSlot: number;
  private events: TraceEvent[] = [];
  private room = 0;
  private destroyed = false;
  /** Pages held and released since the pool was made; the counts may be set to zero meanwhile. */
  held = 0;
  released = 0;

  constructor(mem: WorldMemory, at: Readonly<Record<keyof typeof TRACE_BYTES, number>>) {
    this.mem = mem;
    this.slots = new TraceSlots(mem, at, NAMES.length);
    this.holdSlot = this.slots.find(INDEX.page_pool_state_hold, 0, 0, 0);
    this.releaseSlot = this.slots.find(INDEX.page_pool_state_release, 0, 0, 0);
  }

  /** Address of a slot's counter, for code that counts by itself what emit() counted there once. */
  countAt(slot: number): number {
    return this.slots.countAt(slot);
  }

  /** Where code that counts by itself finds the first slot's counter and last event, and tells which slot a kind's latest event went to. */
  get places(): LivePlaces {
    const latest = (name: TraceName): number => this.slots.latestAt(INDEX[name], 0);
    return {
      ...{ counts: this.slots.countAt(0), lasts: this.slots.lastAt(0), redirect: latest('xdp_redirect') },
      ...{ xmit: latest('xdp_devmap_xmit'), enqueue: latest('xdp_cpumap_enqueue') },
    };
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

  /** Counts an event, and keeps it when events are recorded; gives its slot. */
  emit(name: TraceName, code: number, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0): number {
    const [first, second] = TARGETS[name];
    const one = first < 0 ? 0 : first === 0 ? a : b;
    const two = second < 0 ? 0 : second === 2 ? c : d;
    const slot = this.slots.find(INDEX[name], code, one, two);
    const { f64, i32 } = this.mem;
    const count = this.slots.counts + slot;
    f64[count] = f64[count]! + 1;
    const at = this.slots.lastAt(slot) >>> 2;
    i32[at] = a;
    i32[at + 1] = b;
    i32[at + 2] = c;
    i32[at + 3] = d;
    i32[at + 4] = e;
    i32[at + 5] = f;
    i32[at + 6] = g;
    if (this.room > 0) this.keep(name, code, at);
    return slot;
  }

  /** So many events of one kind, of which the last one has these fields; only while none are recorded. */
  emitMany(name: TraceName, code: number, count: number, a: number, b: number): void {
    if (count === 0) return;
    const at = this.slots.counts + this.emit(name, code, a, b);
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
  redirect(err: number, ifindex: number, to_ifindex: number, map_id: number, map_index: number): number {
    return this.emit(err === 0 ? 'xdp_redirect' : 'xdp_redirect_err', err, ifindex, to_ifindex, map_id, map_index);
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
    const count = this.slots.counts + slot;
    const at = this.slots.lastAt(slot) >>> 2;
    f64[count] = f64[count]! + 1;
    i32[at] = value;
    if (this.room > 0) this.keep(name, 0, at);
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
    return this.slots.list().flatMap(({ tracepoint, code, slots, latest, others, mixed }) => {
      const name = NAMES[tracepoint]!;
      const row = (slot: number): TraceTarget => {
        const last = this.fieldsAt(name, this.slots.lastAt(slot) >>> 2);
        return { count: this.mem.f64[this.slots.counts + slot]!, last, others: mixed || slot === others };
      };
      const targets = slots.map(row).filter((one) => one.count > 0);
      const count = targets.reduce((sum, one) => sum + one.count, 0);
      return count === 0 ? [] : [{ name, code, count, last: row(latest).last, targets }];
    });
  }

  /** Counts start from zero again; what the pool holds stays known. */
  zero(): void {
    const { counts } = this.slots;
    this.mem.f64.fill(0, counts, counts + TRACE_SLOTS);
  }
}
