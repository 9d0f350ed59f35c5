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
  load,
  loop,
  ne,
  not,
  or,
  setWord,
  shl,
  store,
  sub,
  when,
  word,
} from './xdp-live-emit.ts';
import { type CodeSite, devCounter, runCounter } from './xdp-live-site.ts';

const UP_AND_XMIT = DEV_FLAG.UP | DEV_FLAG.NDO_XMIT;
/** sizeof a row of the table behind a devmap, as a shift. */
const ENTRY_SHIFT = 3;

/** __ptr_ring_produce(ring, entry): 1, or 0 when there is no place. */
export function produce(site: CodeSite): number {
  return site.func(2, true, (f) => {
    const [ring, entry, size, at, next] = [f.param(0), f.param(1), f.i32(), f.i32(), f.i32()];
    return block(
      size.set(load(ring.get, RING_AT.SIZE)),
      when(not(size.get), give(k(0))),
      next.set(load(ring.get, RING_AT.PRODUCER)),
      at.set(add(load(ring.get, RING_AT.QUEUE), shl(next.get, k(2)))),
      when(load(at.get), give(k(0))),
      store(at.get, 0, entry.get),
      next.plus(k(1)),
      store(ring.get, RING_AT.PRODUCER, choose(atLeast(next.get, size.get), k(0), next.get)),
      k(1),
    );
  });
}

/** __ptr_ring_consume(ring): 0 when it is empty. */
export function consume(site: CodeSite): number {
  return site.func(1, true, (f) => {
    const [ring, queue, next, tail, entry, at] = [f.param(0), f.i32(), f.i32(), f.i32(), f.i32(), f.i32()];
    const place = (index: Code): Code => add(queue.get, shl(index, k(2)));
    const size = load(ring.get, RING_AT.SIZE);
    return block(
      queue.set(load(ring.get, RING_AT.QUEUE)),
      next.set(load(ring.get, RING_AT.HEAD)),
      entry.set(load(place(next.get))),
      when(not(entry.get), give(k(0))),
      next.plus(k(1)),
      tail.set(load(ring.get, RING_AT.TAIL)),
      when(
        or(atLeast(sub(next.get, tail.get), load(ring.get, RING_AT.BATCH)), atLeast(next.get, size)),
        block(
          at.set(place(tail.get)),
          loop(below(at.get, place(next.get)), block(store(at.get, 0, k(0)), at.plus(k(4)))),
          store(ring.get, RING_AT.TAIL, next.get),
        ),
      ),
      when(atLeast(next.get, size), block(next.set(k(0)), store(ring.get, RING_AT.TAIL, k(0)))),
      store(ring.get, RING_AT.HEAD, next.get),
      entry.get,
    );
  });
}

/** xdp_return_frame(page) */
export function put(site: CodeSite, produce: number): number {
  return site.func(1, false, (f) => {
    const page = f.param(0);
    const ring = k(site.input.pool + POOL_AT.RING);
    return when(
      load(page.get, PAGE_AT.POOL),
      when(not(call(produce, ring, page.get)), site.ask('release', page.get)),
      site.ask('giveCopy', page.get),
    );
  });
}

/** page_pool_dev_alloc_pages(): 0 when there is none. */
export function take(site: CodeSite, consume: number): number {
  const { pool, counters } = site.input;
  const ring = k(pool + POOL_AT.RING);
  return site.func(0, true, (f) => {
    const [cached, entry] = [f.i32(), f.i32()];
    const slot = add(k(pool), shl(cached.get, k(2)));
    const refill = block(
      entry.set(call(consume, ring)),
      loop(
        entry.get,
        block(
          store(slot, POOL_AT.CACHE, entry.get),
          cached.plus(k(1)),
          entry.set(k(0)),
          when(below(cached.get, k(PP_REFILL)), entry.set(call(consume, ring))),
        ),
      ),
      count(k(counters), runCounter('recycled'), cached.get),
      when(not(cached.get), cached.set(site.ask('allocate'))),
      when(not(cached.get), give(k(0))),
    );
    return block(
      cached.set(word(pool + POOL_AT.CACHE_COUNT)),
      when(not(cached.get), refill),
      cached.plus(k(-1)),
      setWord(pool + POOL_AT.CACHE_COUNT, cached.get),
      load(slot, POOL_AT.CACHE),
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
export function xmit(site: CodeSite, produce: number, schedule: number): number {
  const { xmitTrace } = site.input;
  return site.func(1, false, (f) => {
    const [dev, frames, rcv, max, sent, going, page] = [
      ...[f.param(0), f.i32(), f.i32(), f.i32(), f.i32(), f.i32(), f.i32()],
    ] as const;
    const slow = block(site.ask('xmit', dev!.get), give());
    const next = block(
      page!.set(load(add(dev!.get, shl(sent!.get, k(2))), DEV_AT.BQ)),
      going!.set(k(0)),
      when(
        not(above(load(page!.get, PAGE_AT.LEN), max!.get)),
        when(
          call(produce, add(rcv!.get, k(DEV_AT.RING)), page!.get),
          block(sent!.plus(k(1)), going!.set(below(sent!.get, frames!.get))),
        ),
      ),
    );
    return block(
      frames!.set(load(dev!.get, DEV_AT.BQ_COUNT)),
      when(not(frames!.get), give()),
      rcv!.set(load(dev!.get, DEV_AT.PEER)),
      when(not(rcv!.get), slow),
      when(or(and(load(dev!.get, DEV_AT.FLAGS), k(DEV_FLAG.SLOW)), load(dev!.get, DEV_AT.BQ_PROG)), slow),
      when(not(load(rcv!.get, DEV_AT.NAPI)), slow),
      max!.set(load(rcv!.get, DEV_AT.MAX_LEN)),
      sent!.set(k(0)),
      going!.set(k(1)),
      loop(going!.get, next),
      call(schedule, rcv!.get),
      when(ne(sent!.get, frames!.get), block(site.ask('xmitRest', dev!.get, sent!.get), give())),
      store(dev!.get, DEV_AT.BQ_COUNT, k(0)),
      count(load(dev!.get, DEV_AT.COUNTERS), devCounter('xdp_xmit'), sent!.get),
      count(k(xmitTrace.count), 0, k(1)),
      setWord(xmitTrace.last, load(load(dev!.get, DEV_AT.BQ_DEV_RX), DEV_AT.IFINDEX)),
      setWord(xmitTrace.last + 4, load(dev!.get, DEV_AT.IFINDEX)),
      setWord(xmitTrace.last + 8, sent!.get),
      setWord(xmitTrace.last + 12, k(0)),
    );
  });
}

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
    );
  });
}

/** trace_xdp_redirect */
function redirected(site: CodeSite, to: Code, map: Code, index: Code): Code {
  const { last } = site.input.redirectTrace;
  const { batch, ingress_ifindex } = site.input;
  return block(
    setWord(last, k(ingress_ifindex)),
    setWord(last + 4, to),
    setWord(last + 8, map),
    setWord(last + 12, index),
    setWord(batch + BATCH_AT.REDIRECTS, add(word(batch + BATCH_AT.REDIRECTS), k(1))),
    setWord(LIVE.RI_MAP, k(RI_NONE)),
  );
}
