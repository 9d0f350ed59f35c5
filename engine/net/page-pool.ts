/**
 * struct page_pool (net/core/page_pool.c) as live frame mode uses it: a cache that pages are taken from, last in first out, filled from
 * a ring of the batch's size that pages come back to, or with 64 new pages at a time when that is empty.
 *
 * Batch of 4, every frame dropped: pages 63 to 0 are in the cache, taken as 0, 1, 2, … in order of first sight. 0 to 3 fill the ring, the
 * others are released when they come back. Then the ring's 0 1 2 3 become the cache and are taken as 3 2 1 0, come back as 3 2 1 0, and
 * are taken as 0 1 2 3: every refill turns the order round.
 */
import type { WorldMemory } from '../memory.ts';
import { PAGE_AT, POOL_AT, PP_REFILL, RING_AT } from './live-layout.ts';
import type { LivePages } from './live-pages.ts';
import type { LiveTrace } from './live-trace.ts';
import { PtrRing } from './ptr-ring.ts';

const POOL_OWNED = PAGE_AT.POOL >>> 2;
const CACHE_COUNT = POOL_AT.CACHE_COUNT >>> 2;
const CACHE = POOL_AT.CACHE >>> 2;

export class PagePool {
  /** Address of the pool's words. */
  readonly at: number;
  readonly ring: PtrRing;
  private readonly mem: WorldMemory;
  private readonly pages: LivePages;
  private readonly trace: LiveTrace;
  /** Whether the n-th allocation of 64 pages fails: a fault on purpose. */
  private readonly fails: (allocation: number) => boolean;
  /** Told how many pages a refill found in the ring. */
  private readonly recycled: (pages: number) => void;
  private allocations = 0;

  /** page_pool_create */
  constructor(
    pages: LivePages,
    trace: LiveTrace,
    queue: number,
    size: number,
    fails: (allocation: number) => boolean,
    recycled: (pages: number) => void,
  ) {
    this.mem = pages.mem;
    this.pages = pages;
    this.trace = trace;
    this.fails = fails;
    this.recycled = recycled;
    this.at = pages.pool;
    this.mem.u32[(this.at >>> 2) + CACHE_COUNT] = 0;
    this.ring = new PtrRing(this.mem, this.at + POOL_AT.RING, queue);
    this.ring.init(size);
  }

  /** page_pool_dev_alloc_pages: 0 when there is no page (ENOMEM). */
  take(): number {
    const { u32 } = this.mem;
    const at = this.at >>> 2;
    const count = u32[at + CACHE_COUNT]!;
    if (count === 0) return this.refill();
    u32[at + CACHE_COUNT] = count - 1;
    return u32[at + CACHE + count - 1]!;
  }

  /** page_pool_refill_alloc_cache, and when the ring is empty __page_pool_alloc_pages_slow. */
  private refill(): number {
    const { u32 } = this.mem;
    const at = this.at >>> 2;
    let count = 0;
    for (let page = this.ring.consume(); page !== 0; page = this.ring.consume()) {
      u32[at + CACHE + count++] = page;
      if (count === PP_REFILL) break;
    }
    this.recycled(count);
    if (count === 0) count = this.allocate();
    if (count === 0) return 0;
    u32[at + CACHE_COUNT] = count - 1;
    return u32[at + CACHE + count - 1]!;
  }

  /** __page_pool_alloc_pages_slow, into the empty cache: how many pages there were. */
  allocate(): number {
    const { u32 } = this.mem;
    const at = this.at >>> 2;
    if (this.fails(this.allocations++)) return 0;
    let count = 0;
    while (count < PP_REFILL) {
      const page = this.pages.take();
      if (page === 0) break;
      this.pages.init(page);
      this.trace.hold();
      u32[at + CACHE + count++] = page;
    }
    return count;
  }

  /** page_pool_put_full_page of whoever is done with a frame; copies that a broadcast made go back to nobody. */
  put(page: number): void {
    if (this.mem.u32[(page >>> 2) + POOL_OWNED] === 0) this.pages.give(page);
    else if (!this.ring.produce(page)) this.release(page);
  }

  /** page_pool_return_page */
  release(page: number): void {
    this.pages.give(page);
    this.trace.release();
  }

  /** Pages in cache and ring. */
  get inPool(): number {
    return this.mem.u32[(this.at >>> 2) + CACHE_COUNT]! + this.ring.count;
  }

  /** Pages that somebody holds. */
  get inFlight(): number {
    return this.trace.held - this.trace.released - this.inPool;
  }

  /** Another batch size: the pages stay, in their order, as far as there is room. */
  resize(size: number): void {
    const kept: number[] = [];
    for (let page = this.ring.consume(); page !== 0; page = this.ring.consume()) kept.push(page);
    this.ring.init(size);
    for (const page of kept) if (!this.ring.produce(page)) this.release(page);
  }

  /** page_pool_destroy: what is here is released; the pool goes when nothing is in flight any more. */
  destroy(): void {
    const { u32 } = this.mem;
    const at = this.at >>> 2;
    for (let count = u32[at + CACHE_COUNT]!; count > 0; count--) this.release(u32[at + CACHE + count - 1]!);
    u32[at + CACHE_COUNT] = 0;
    for (let page = this.ring.consume(); page !== 0; page = this.ring.consume()) this.release(page);
    u32[(this.at + POOL_AT.RING + RING_AT.SIZE) >>> 2] = 0;
    this.trace.poolReleased();
  }
}
