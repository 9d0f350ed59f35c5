/** Generated code of live frames for the page pool: where pages come from and go back to. */
import { PAGE_AT, POOL_AT, PP_REFILL, RING_AT } from '../../net/live-layout.ts';
import {
  add,
  atLeast,
  below,
  block,
  type Code,
  call,
  choose,
  count,
  k,
  type Local,
  load,
  loadWide,
  loop,
  not,
  or,
  setWord,
  shl,
  store,
  storeWide,
  sub,
  when,
  wide,
  word,
} from './emit.ts';
import { type CodeSite, openRing, recycle, runCounter } from './site.ts';

/** Runs `one` for two entries at a time (a u64) and then for the last of an odd number, while `at` goes up to `end`. */
export function byTwos(at: Local, end: Code, two: Code, one: Code): Code {
  return block(
    loop(below(add(at.get, k(1)), end), block(two, at.plus(k(2)))),
    when(below(at.get, end), block(one, at.plus(k(1)))),
  );
}

/** Entries of a ring from `tail` up to `head` are free again; `slot`: address of an entry, to which `offset` is added. */
export function freeEntries(tail: Local, head: Local, slot: (index: Code) => Code, offset: number): Code {
  const at = slot(tail.get);
  return byTwos(tail, head.get, storeWide(at, offset, wide(0, 0)), store(at, offset, k(0)));
}

/**
 * page_pool_refill_alloc_cache(): up to 64 pages from the ring (each as __ptr_ring_consume takes it), or new ones; how many are in the
 * cache then, 0 when there are none to be had.
 */
export function refill(site: CodeSite): number {
  const { pool, counters, ringQueue } = site.input;
  const ring = pool + POOL_AT.RING;
  return site.func(0, true, (f) => {
    const { cached, head, tail, size, freed, end, producer } = f.named(
      ...(['cached', 'head', 'tail', 'size', 'freed', 'end', 'producer'] as const),
    );
    const slot = (index: Code): Code => shl(index, k(2));
    const least = (a: Code, b: Code): Code => choose(below(a, b), a, b);
    // Up to where consumed places are freed, the ring ends, the cache has enough, or the ring has no more.
    const wanted = least(add(tail.get, freed.get), add(head.get, sub(k(PP_REFILL), cached.get)));
    const there = choose(below(head.get, producer.get), producer.get, size.get);
    const two = storeWide(slot(cached.get), pool + POOL_AT.CACHE, loadWide(slot(head.get), ringQueue));
    const one = store(slot(cached.get), pool + POOL_AT.CACHE, load(slot(head.get), ringQueue));
    const chunk = block(
      end.set(least(wanted, there)),
      byTwos(head, end.get, block(two, cached.plus(k(2))), block(one, cached.plus(k(1)))),
      when(
        or(atLeast(sub(head.get, tail.get), freed.get), atLeast(head.get, size.get)),
        block(
          freeEntries(tail, head, slot, ringQueue),
          when(atLeast(head.get, size.get), block(head.set(k(0)), tail.set(k(0)))),
        ),
      ),
    );
    return block(
      size.set(word(ring + RING_AT.SIZE)),
      freed.set(word(ring + RING_AT.BATCH)),
      head.set(word(ring + RING_AT.HEAD)),
      tail.set(word(ring + RING_AT.TAIL)),
      producer.set(word(ring + RING_AT.PRODUCER)),
      loop(choose(below(cached.get, k(PP_REFILL)), load(slot(head.get), ringQueue), k(0)), chunk),
      setWord(ring + RING_AT.HEAD, head.get),
      setWord(ring + RING_AT.TAIL, tail.get),
      count(k(counters), runCounter('recycled'), cached.get),
      when(not(cached.get), cached.set(site.ask('allocate'))),
      cached.get,
    );
  });
}

/** LivePages.give(page) */
export function give(site: CodeSite): number {
  const { pool } = site.input;
  return site.func(1, false, (f) => {
    const [page, left] = [f.param(0), f.i32()];
    return block(
      left.set(word(pool + POOL_AT.FREE_COUNT)),
      store(add(word(pool + POOL_AT.FREE), shl(left.get, k(2))), 0, page.get),
      setWord(pool + POOL_AT.FREE_COUNT, add(left.get, k(1))),
    );
  });
}

/** xdp_return_frame(page): back into the pool, or of a copy to the pages that belong to nobody. */
export function put(site: CodeSite, give: number): number {
  return site.func(1, false, (f) => {
    const [page, place] = [f.param(0), f.i32()];
    return when(
      load(page.get, PAGE_AT.POOL),
      block(openRing(site, place), recycle(site, page.get, place)),
      call(give, page.get),
    );
  });
}
