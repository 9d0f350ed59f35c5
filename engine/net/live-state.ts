/** What all parts of a live run share: pages, pool, the frame in hand, events, counters, and the words of the batch under way. */
import type { WorldMemory } from '../memory.ts';
import { LiveBuff } from './live-buff.ts';
import { BATCH_AT, BATCH_BYTES, BATCH_MAX, PAGE_WORD, RUN_COUNTERS, type RunCounter } from './live-layout.ts';
import { LivePages, type Template } from './live-pages.ts';
import type { LiveSource } from './live-source.ts';
import { LiveTrace } from './live-trace.ts';
import { PagePool } from './page-pool.ts';
import { TRACE_BYTES } from './trace-slots.ts';

const INDEX = Object.fromEntries(RUN_COUNTERS.map((name, i) => [name, i])) as Record<RunCounter, number>;

export interface StateInit {
  readonly template: Template;
  /** Pages of the arena: what pool, queues, sockets and copies may hold together. */
  readonly pages: number;
  readonly batch_size: number;
  /** Where every frame has a packet of its own; null: all are the template. */
  readonly source: LiveSource | null;
  /** Whether the n-th allocation of the page pool fails. */
  readonly allocFails: (allocation: number) => boolean;
}

export class LiveState {
  readonly mem: WorldMemory;
  readonly pages: LivePages;
  readonly pool: PagePool;
  readonly buff: LiveBuff;
  readonly trace: LiveTrace;
  readonly source: LiveSource | null;
  /** Address of the batch's words. */
  readonly batch: number;
  /** Address of the run's counters (f64). */
  readonly counters: number;

  private constructor(mem: WorldMemory, pages: LivePages, at: readonly number[], init: StateInit) {
    const [batch, counters, ring, counts, lasts, latest] = at as [number, number, number, number, number, number];
    this.mem = mem;
    this.pages = pages;
    this.source = init.source;
    this.batch = batch;
    this.counters = counters;
    this.trace = new LiveTrace(mem, { counts, lasts, latest });
    this.pool = new PagePool(pages, this.trace, ring, init.batch_size, init.allocFails, (n) =>
      this.count('recycled', n),
    );
    const { meta, bytes } = init.template;
    this.buff = new LiveBuff(mem, { meta, length: bytes.length - meta });
  }

  /** Null when the world has no room. */
  static create(mem: WorldMemory, init: StateInit): LiveState | null {
    const pages = LivePages.create(mem, init.pages, init.template);
    const sizes = [
      BATCH_BYTES,
      RUN_COUNTERS.length * 8,
      BATCH_MAX * 4,
      ...[TRACE_BYTES.counts, TRACE_BYTES.lasts, TRACE_BYTES.latest],
    ];
    const at = sizes.map((bytes) => mem.alloc(bytes, 64));
    return pages === null || at.includes(0) ? null : new LiveState(mem, pages, at, init);
  }

  /** xdp_return_frame: whoever is done with a frame gives its page back. */
  put(page: number): void {
    this.pool.put(page);
  }

  /** The page carries the next frame. */
  number(page: number): void {
    const { u32 } = this.mem;
    const next = (this.batch + BATCH_AT.NUMBER) >>> 2;
    u32[(page >>> 2) + PAGE_WORD.FRAME] = u32[next]!;
    u32[next] = u32[next]! + 1;
  }

  count(counter: RunCounter, n = 1): void {
    const at = (this.counters >>> 3) + INDEX[counter];
    this.mem.f64[at] = this.mem.f64[at]! + n;
  }

  set(counter: RunCounter, value: number): void {
    this.mem.f64[(this.counters >>> 3) + INDEX[counter]] = value;
  }

  get(counter: RunCounter): number {
    return this.mem.f64[(this.counters >>> 3) + INDEX[counter]]!;
  }

  /** A word of BATCH_AT. */
  word(field: number): number {
    return this.mem.u32[(this.batch + field) >>> 2]!;
  }

  setWord(field: number, value: number): void {
    this.mem.u32[(this.batch + field) >>> 2] = value;
  }

  /** Frames that wait for the stack. */
  get passed(): number {
    return this.word(BATCH_AT.PASS_COUNT);
  }
}
