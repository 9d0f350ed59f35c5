/** Generated code of live frames for the far ends of veth pairs: NAPI, and the programs that run there. */
import { BATCH_AT, DEV_AT, DEV_FLAG, LIVE, PAGE_AT, PP_REFILL, RING_AT } from '../net/live-layout.ts';
import {
  add,
  and,
  atLeast,
  below,
  block,
  type Code,
  call,
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
  setWord,
  shl,
  store,
  sub,
  when,
  word,
} from './xdp-live-emit.ts';
import { bound, type CodeSite, devCounter, enter, forget, openRing, recycle, XDP } from './xdp-live-site.ts';

/** veth_poll(dev) of a device with a program: how many frames there were. */
export function poll(site: CodeSite): number {
  return site.func(1, true, (f) => {
    const dev = f.param(0);
    const [page, done, bytes, drops, act, data, head, tail] = f.i32s(8) as Locals8;
    const ring = DEV_AT.RING;
    const [queue, sizeOf, batch, prog, place] = f.i32s(5) as [Local, Local, Local, Local, Local];
    const slot = (index: Code): Code => add(queue.get, shl(index, k(2)));
    const size = sizeOf.get;
    const free = loop(below(tail.get, head.get), block(store(slot(tail.get), 0, k(0)), tail.plus(k(1))));
    // __ptr_ring_discard_one
    const discard = block(
      head.plus(k(1)),
      when(
        or(atLeast(sub(head.get, tail.get), batch.get), atLeast(head.get, size)),
        block(free, when(atLeast(head.get, size), block(head.set(k(0)), tail.set(k(0))))),
      ),
    );
    const inside = enter(load(dev.get, DEV_AT.IFINDEX), 0);
    const dropped = block(
      drops.plus(k(1)),
      when(load(page.get, PAGE_AT.POOL), recycle(site, page.get, place), site.ask('giveCopy', page.get)),
    );
    const one = block(
      discard,
      done.plus(k(1)),
      data.set(load(page.get, PAGE_AT.DATA)),
      bytes.plus(load(page.get, PAGE_AT.LEN)),
      setWord(LIVE.PAGE, page.get),
      bound(sub(data.get, load(page.get, PAGE_AT.META)), data.get, add(data.get, load(page.get, PAGE_AT.LEN))),
      site.runOf(prog.get, act),
      when(
        eq(act.get, k(XDP.DROP)),
        dropped,
        // A redirect may run a program with a context of its own, and give pages back.
        block(site.ask('received', dev.get, page.get, act.get), inside, openRing(site, place)),
      ),
      page.set(k(0)),
      when(below(done.get, k(PP_REFILL)), page.set(load(slot(head.get)))),
    );
    return block(
      prog.set(load(dev.get, DEV_AT.PROG)),
      when(not(prog.get), give(site.ask('poll', dev.get))),
      inside,
      openRing(site, place),
      queue.set(load(dev.get, ring + RING_AT.QUEUE)),
      sizeOf.set(load(dev.get, ring + RING_AT.SIZE)),
      batch.set(load(dev.get, ring + RING_AT.BATCH)),
      head.set(load(dev.get, ring + RING_AT.HEAD)),
      tail.set(load(dev.get, ring + RING_AT.TAIL)),
      page.set(load(slot(head.get))),
      loop(page.get, one),
      store(dev.get, ring + RING_AT.HEAD, head.get),
      store(dev.get, ring + RING_AT.TAIL, tail.get),
      data.set(load(dev.get, DEV_AT.COUNTERS)),
      count(data.get, devCounter('rx_packets'), done.get),
      count(data.get, devCounter('rx_bytes'), bytes.get),
      count(data.get, devCounter('xdp_packets'), done.get),
      count(data.get, devCounter('xdp_drops'), drops.get),
      data.set(load(load(dev.get, DEV_AT.PEER), DEV_AT.COUNTERS)),
      count(data.get, devCounter('tx_packets'), done.get),
      count(data.get, devCounter('tx_bytes'), bytes.get),
      when(ne(drops.get, done.get), site.ask('polled', dev.get)),
      done.get,
    );
  });
}

type Locals8 = [Local, Local, Local, Local, Local, Local, Local, Local];

/** net_rx_action() */
export function pollAll(site: CodeSite, poll: number, schedule: number): number {
  const { batch } = site.input;
  return site.func(0, false, (f) => {
    const [dev, left, at, done] = [f.i32(), f.i32(), f.i32(), f.i32()];
    const list = (index: Code): Code => add(k(batch + BATCH_AT.POLL), shl(index, k(2)));
    const waits = load(
      add(load(dev.get, DEV_AT.RING + RING_AT.QUEUE), shl(load(dev.get, DEV_AT.RING + RING_AT.HEAD), k(2))),
    );
    const one = block(
      dev.set(word(batch + BATCH_AT.POLL)),
      left.plus(k(-1)),
      at.set(k(0)),
      loop(below(at.get, left.get), block(store(list(at.get), 0, load(list(at.get), 4)), at.plus(k(1)))),
      setWord(batch + BATCH_AT.POLL_COUNT, left.get),
      store(dev.get, DEV_AT.FLAGS, and(load(dev.get, DEV_AT.FLAGS), k(~DEV_FLAG.SCHEDULED))),
      done.set(call(poll, dev.get)),
      when(or(eq(done.get, k(PP_REFILL)), waits), call(schedule, dev.get)),
      left.set(word(batch + BATCH_AT.POLL_COUNT)),
    );
    return block(forget(), left.set(word(batch + BATCH_AT.POLL_COUNT)), loop(left.get, one));
  });
}
