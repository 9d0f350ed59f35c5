/** Generated code of live frames for what frames wait in: rings, the page pool, bulk queues, the list of devices to poll; and redirects. */
import {
  BATCH_AT,
  DEV_AT,
  DEV_BULK,
  DEV_FLAG,
  LIVE,
  MAP_LIVE,
  PAGE_AT,
  POOL_AT,
  PP_REFILL,
  RI_IFINDEX,
  RI_NONE,
  RING_AT,
} from '../net/live-layout.ts';
import {
  above,
  add,
  and,
  atLeast,
  below,
  block,
  type Code,
  call,
  choose,
  count,
  eq,
  give,
  k,
  type Local,
  load,
  loop,
  ne,
  not,
  or,
  pair,
  setWide,
  setWord,
  shl,
  store,
  sub,
  when,
  word,
} from './xdp-live-emit.ts';
import { type CodeSite, devCounter, enter, runCounter } from './xdp-live-site.ts';

const UP_AND_XMIT = DEV_FLAG.UP | DEV_FLAG.NDO_XMIT;
/** sizeof a row of the table behind a devmap, as a shift. */
const ENTRY_SHIFT = 3;

/**
 * page_pool_refill_alloc_cache(): up to 64 pages from the ring (each as __ptr_ring_consume takes it), or new ones; how many are in the
 * cache then, 0 when there are none to be had.
 */
export function refill(site: CodeSite): number {
  const { pool, counters, ringQueue } = site.input;
  const ring = pool + POOL_AT.RING;
  return site.func(0, true, (f) => {
    const [cached, entry, head, tail] = [f.i32(), f.i32(), f.i32(), f.i32()];
    const [sizeOf, batchOf, end] = [f.i32(), f.i32(), f.i32()];
    const slot = (index: Code): Code => shl(index, k(2));
    const size = sizeOf.get;
    const free = loop(below(tail.get, head.get), block(store(slot(tail.get), ringQueue, k(0)), tail.plus(k(1))));
    // Up to where consumed places are freed, the ring ends, or the cache has enough.
    const least = (a: Code, b: Code): Code => choose(below(a, b), a, b);
    const limit = least(least(add(tail.get, batchOf.get), size), add(head.get, sub(k(PP_REFILL), cached.get)));
    const copy = block(
      store(slot(cached.get), pool + POOL_AT.CACHE, entry.get),
      cached.plus(k(1)),
      head.plus(k(1)),
      entry.set(choose(below(head.get, end.get), load(slot(head.get), ringQueue), k(0))),
    );
    const chunk = block(
      end.set(limit),
      loop(entry.get, copy),
      when(
        or(atLeast(sub(head.get, tail.get), batchOf.get), atLeast(head.get, size)),
        block(free, when(atLeast(head.get, size), block(head.set(k(0)), tail.set(k(0))))),
      ),
      when(below(cached.get, k(PP_REFILL)), entry.set(load(slot(head.get), ringQueue))),
    );
    return block(
      sizeOf.set(word(ring + RING_AT.SIZE)),
      batchOf.set(word(ring + RING_AT.BATCH)),
      head.set(word(ring + RING_AT.HEAD)),
      tail.set(word(ring + RING_AT.TAIL)),
      entry.set(load(slot(head.get), ringQueue)),
      loop(entry.get, chunk),
      setWord(ring + RING_AT.HEAD, head.get),
      setWord(ring + RING_AT.TAIL, tail.get),
      count(k(counters), runCounter('recycled'), cached.get),
      when(not(cached.get), cached.set(site.ask('allocate'))),
      cached.get,
    );
  });
}

/** napi_schedule(dev) */
export function schedule(site: CodeSite): number {
  const { batch } = site.input;
  return site.func(1, false, (f) => {
    const [dev, waiting] = [f.param(0), f.i32()];
    const flags = load(dev.get, DEV_AT.FLAGS);
    return when(
      not(and(flags, k(DEV_FLAG.SCHEDULED))),
      block(
        store(dev.get, DEV_AT.FLAGS, or(flags, k(DEV_FLAG.SCHEDULED))),
        waiting.set(word(batch + BATCH_AT.POLL_COUNT)),
        store(add(k(batch), shl(waiting.get, k(2))), BATCH_AT.POLL, dev.get),
        setWord(batch + BATCH_AT.POLL_COUNT, add(waiting.get, k(1))),
      ),
    );
  });
}

/** bq_xmit_all(dev) to a plain veth without an egress program; everything else is the import's. */
export function xmit(site: CodeSite, schedule: number): number {
  const { xmitTrace, ingress_ifindex, rx_queue_index } = site.input;
  return site.func(1, false, (f) => {
    const dev = f.param(0);
    const [frames, rcv, max, sent, page, place, slot, size, queue] = f.i32s(9) as Locals9;
    // A program behind the devmap has a context of its own.
    const slow = block(site.ask('xmit', dev.get), enter(k(ingress_ifindex), rx_queue_index), give());
    const ring = DEV_AT.RING;
    const next = block(
      page.set(load(add(dev.get, shl(sent.get, k(2))), DEV_AT.BQ)),
      slot.set(add(queue.get, shl(place.get, k(2)))),
      when(
        or(above(load(page.get, PAGE_AT.LEN), max.get), load(slot.get)),
        max.set(k(0)),
        block(
          store(slot.get, 0, page.get),
          place.plus(k(1)),
          place.set(choose(atLeast(place.get, size.get), k(0), place.get)),
          sent.plus(k(1)),
        ),
      ),
    );
    return block(
      frames.set(load(dev.get, DEV_AT.BQ_COUNT)),
      when(not(frames.get), give()),
      rcv.set(load(dev.get, DEV_AT.PEER)),
      when(not(rcv.get), slow),
      when(or(and(load(dev.get, DEV_AT.FLAGS), k(DEV_FLAG.SLOW)), load(dev.get, DEV_AT.BQ_PROG)), slow),
      when(not(load(rcv.get, DEV_AT.NAPI)), slow),
      when(and(load(rcv.get, DEV_AT.FLAGS), k(DEV_FLAG.FULL)), slow),
      max.set(load(rcv.get, DEV_AT.MAX_LEN)),
      place.set(load(rcv.get, ring + RING_AT.PRODUCER)),
      size.set(load(rcv.get, ring + RING_AT.SIZE)),
      queue.set(load(rcv.get, ring + RING_AT.QUEUE)),
      // A limit of 0 ends the loop: MAX_LEN is never 0.
      loop(ne(choose(max.get, sent.get, frames.get), frames.get), next),
      store(rcv.get, ring + RING_AT.PRODUCER, place.get),
      call(schedule, rcv.get),
      when(ne(sent.get, frames.get), block(site.ask('xmitRest', dev.get, sent.get), give())),
      store(dev.get, DEV_AT.BQ_COUNT, k(0)),
      count(load(dev.get, DEV_AT.COUNTERS), devCounter('xdp_xmit'), sent.get),
      count(k(xmitTrace.count), 0, k(1)),
      setWide(
        xmitTrace.last,
        pair(load(load(dev.get, DEV_AT.BQ_DEV_RX), DEV_AT.IFINDEX), load(dev.get, DEV_AT.IFINDEX)),
      ),
      setWide(xmitTrace.last + 8, pair(sent.get, k(0))),
    );
  });
}

type Locals9 = [Local, Local, Local, Local, Local, Local, Local, Local, Local];

/** dev_map_enqueue(dev, page, program): 1, or 0 when the device does not take it and the import shall say why. */
export function enqueue(site: CodeSite, xmit: number): number {
  const { batch, ingress } = site.input;
  return site.func(3, true, (f) => {
    const [dev, page, prog, at] = [f.param(0), f.param(1), f.param(2), f.i32()];
    const first = block(
      store(dev.get, DEV_AT.BQ_DEV_RX, k(ingress)),
      store(dev.get, DEV_AT.BQ_PROG, prog.get),
      at.set(word(batch + BATCH_AT.FLUSH_COUNT)),
      store(add(k(batch), shl(at.get, k(2))), BATCH_AT.FLUSH, dev.get),
      setWord(batch + BATCH_AT.FLUSH_COUNT, add(at.get, k(1))),
    );
    return block(
      when(ne(and(load(dev.get, DEV_AT.FLAGS), k(UP_AND_XMIT)), k(UP_AND_XMIT)), give(k(0))),
      when(above(load(page.get, PAGE_AT.LEN), load(dev.get, DEV_AT.MAX_LEN)), give(k(0))),
      when(eq(load(dev.get, DEV_AT.BQ_COUNT), k(DEV_BULK)), call(xmit, dev.get)),
      when(not(load(dev.get, DEV_AT.BQ_DEV_RX)), first),
      at.set(load(dev.get, DEV_AT.BQ_COUNT)),
      store(add(dev.get, shl(at.get, k(2))), DEV_AT.BQ, page.get),
      store(dev.get, DEV_AT.BQ_COUNT, add(at.get, k(1))),
      k(1),
    );
  });
}

/** __dev_flush() */
export function flush(site: CodeSite, xmit: number): number {
  const { batch } = site.input;
  return site.func(0, false, (f) => {
    const [left, dev] = [f.i32(), f.i32()];
    return block(
      left.set(word(batch + BATCH_AT.FLUSH_COUNT)),
      loop(
        left.get,
        block(
          left.plus(k(-1)),
          dev.set(load(add(k(batch), shl(left.get, k(2))), BATCH_AT.FLUSH)),
          call(xmit, dev.get),
          store(dev.get, DEV_AT.BQ_DEV_RX, k(0)),
          store(dev.get, DEV_AT.BQ_PROG, k(0)),
          setWord(batch + BATCH_AT.FLUSH_COUNT, left.get),
        ),
      ),
    );
  });
}

/** xdp_do_redirect_frame(page) to a device by its ifindex, or to a devmap's entry; the import does the rest. */
export function redirect(site: CodeSite, enqueue: number): number {
  const { byIfindex } = site.input;
  return site.func(1, false, (f) => {
    const [page, map, index, dev, row] = [f.param(0), f.i32(), f.i32(), f.i32(), f.i32()];
    const toIfindex = block(
      dev.set(load(add(k(byIfindex), shl(and(index.get, k(255)), k(2))))),
      when(
        dev.get,
        when(
          eq(load(dev.get, DEV_AT.IFINDEX), index.get),
          when(call(enqueue, dev.get, page.get, k(0)), block(redirected(site, index.get, k(RI_IFINDEX), k(0)), give())),
        ),
      ),
    );
    const toEntry = block(
      row.set(load(map.get, MAP_LIVE.TABLE)),
      when(
        row.get,
        block(
          row.plus(shl(index.get, k(ENTRY_SHIFT))),
          dev.set(load(row.get)),
          when(
            dev.get,
            when(
              call(enqueue, dev.get, page.get, load(row.get, 4)),
              block(redirected(site, load(dev.get, DEV_AT.IFINDEX), load(map.get, MAP_LIVE.ID), index.get), give()),
            ),
          ),
        ),
      ),
    );
    return block(
      map.set(word(LIVE.RI_MAP)),
      index.set(word(LIVE.RI_TGT_INDEX)),
      when(
        eq(map.get, k(RI_IFINDEX)),
        toIfindex,
        when(map.get, when(word(LIVE.RI_FOUND), when(not(word(LIVE.RI_FLAGS)), toEntry))),
      ),
      site.ask('redirect', page.get),
      // The bulk queue may have run a program with a context of its own.
      enter(k(site.input.ingress_ifindex), site.input.rx_queue_index),
    );
  });
}

/** trace_xdp_redirect */
export function redirected(site: CodeSite, to: Code, map: Code, index: Code): Code {
  const { last } = site.input.redirectTrace;
  const { batch, ingress_ifindex } = site.input;
  return block(
    setWide(last, pair(k(ingress_ifindex), to)),
    setWide(last + 8, pair(map, index)),
    setWord(batch + BATCH_AT.REDIRECTS, add(word(batch + BATCH_AT.REDIRECTS), k(1))),
    setWord(LIVE.RI_MAP, k(RI_NONE)),
  );
}
