/** Generated code of live frames for the far ends of veth pairs: NAPI, and the programs that run there. */
import { BATCH_AT, DEV_AT, DEV_FLAG, LIVE, PAGE_AT, PP_REFILL, RING_AT } from '../net/live-layout.ts';
import {
  add,
  and,
  below,
  block,
  type Code,
  call,
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
import { bound, type CodeSite, devCounter, enter, forget, XDP } from './xdp-live-site.ts';

/** veth_poll(dev) of a device with a program: how many frames there were. */
export function poll(site: CodeSite, consume: number, put: number): number {
  return site.func(1, true, (f) => {
    const [dev, page, done, bytes, drops, act, at] = [
      ...[f.param(0), f.i32(), f.i32(), f.i32(), f.i32(), f.i32(), f.i32()],
    ] as const;
    const ring = add(dev!.get, k(DEV_AT.RING));
    const length = load(page!.get, PAGE_AT.LEN);
    const one = block(
      done!.plus(k(1)),
      bytes!.plus(length),
      at!.set(load(page!.get, PAGE_AT.DATA)),
      enter(load(dev!.get, DEV_AT.IFINDEX), 0),
      setWord(LIVE.PAGE, page!.get),
      setWord(LIVE.HARD_START, load(page!.get, PAGE_AT.HARD_START)),
      setWord(LIVE.HARD_END, load(page!.get, PAGE_AT.HARD_END)),
      bound(sub(at!.get, load(page!.get, PAGE_AT.META)), at!.get, add(at!.get, length)),
      act!.set(site.run(load(dev!.get, DEV_AT.PROG))),
      when(
        eq(act!.get, k(XDP.DROP)),
        block(drops!.plus(k(1)), call(put, page!.get)),
        site.ask('received', dev!.get, page!.get, act!.get),
      ),
      page!.set(k(0)),
      when(below(done!.get, k(PP_REFILL)), page!.set(call(consume, ring))),
    );
    return block(
      when(not(load(dev!.get, DEV_AT.PROG)), give(site.ask('poll', dev!.get))),
      page!.set(call(consume, ring)),
      loop(page!.get, one),
      at!.set(load(dev!.get, DEV_AT.COUNTERS)),
      count(at!.get, devCounter('rx_packets'), done!.get),
      count(at!.get, devCounter('rx_bytes'), bytes!.get),
      count(at!.get, devCounter('xdp_packets'), done!.get),
      count(at!.get, devCounter('xdp_drops'), drops!.get),
      at!.set(load(load(dev!.get, DEV_AT.PEER), DEV_AT.COUNTERS)),
      count(at!.get, devCounter('tx_packets'), done!.get),
      count(at!.get, devCounter('tx_bytes'), bytes!.get),
      when(ne(drops!.get, done!.get), site.ask('polled', dev!.get)),
      done!.get,
    );
  });
}

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
