/** Generated code of live frames for what frames wait in on their way out: bulk queues, rings of veths, the list of devices to poll. */
import { BATCH_AT, DEV_AT, DEV_BULK, DEV_FLAG, PAGE_AT, RING_AT } from '../../net/live-layout.ts';
import { byTwos } from './code-pool.ts';
import {
  above,
  add,
  and,
  atLeast,
  block,
  type Code,
  call,
  choose,
  count,
  eq,
  eqWide,
  give,
  k,
  type Local,
  type Locals,
  load,
  loadWide,
  loop,
  ne,
  not,
  or,
  pair,
  setWord,
  shl,
  store,
  storeWide,
  when,
  wide,
  word,
} from './emit.ts';
import { type CodeSite, countEvent, devCounter, enter } from './site.ts';

const UP_AND_XMIT = DEV_FLAG.UP | DEV_FLAG.NDO_XMIT;

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

/** Functions that sending needs. */
export interface Senders {
  readonly schedule: number;
  /** By program: what it lets pass of a device's bulk queue. */
  readonly egress: readonly number[];
}

/** bq_xmit_all(dev, flush) to a plain veth, whose other end is woken when `flush` is 1; other devices, and programs that the module does not have, are the import's. */
export function xmit(site: CodeSite, senders: Senders): number {
  const { ingress_ifindex, rx_queue_index } = site.input;
  return site.func(2, false, (f) => {
    const [dev, last] = [f.param(0), f.param(1)];
    const { frames, ready, rcv, sent } = f.named('frames', 'ready', 'rcv', 'sent');
    // A program behind the devmap has a context of its own.
    const back = enter(k(ingress_ifindex), rx_queue_index);
    const slow = block(site.ask('xmit', dev.get, last.get), back, give());
    const prog = load(dev.get, DEV_AT.BQ_PROG);
    const filtered = site.choose(prog, senders.egress, (func) => ready.set(call(func, dev.get)), slow);
    const rest = block(site.ask('xmitRest', dev.get, ready.get, sent.get), give());
    return block(
      frames.set(load(dev.get, DEV_AT.BQ_COUNT)),
      when(not(frames.get), give()),
      rcv.set(load(dev.get, DEV_AT.PEER)),
      when(not(rcv.get), slow),
      when(and(load(dev.get, DEV_AT.FLAGS), k(DEV_FLAG.SLOW)), slow),
      when(not(load(rcv.get, DEV_AT.NAPI)), slow),
      when(and(load(rcv.get, DEV_AT.FLAGS), k(DEV_FLAG.FULL)), slow),
      ready.set(frames.get),
      when(prog, block(filtered, back, when(not(ready.get), rest))),
      toRing(f, dev, rcv, ready, sent),
      when(last.get, call(senders.schedule, rcv.get)),
      when(or(ne(sent.get, frames.get), not(load(dev.get, DEV_AT.XMIT_SLOT))), rest),
      store(dev.get, DEV_AT.BQ_COUNT, k(0)),
      count(load(dev.get, DEV_AT.COUNTERS), devCounter('xdp_xmit'), sent.get),
      sentEvent(site, f, dev, sent),
    );
  });
}

/** trace_xdp_devmap_xmit without drops */
function sentEvent(site: CodeSite, f: Locals, dev: Local, sent: Local): Code {
  const slot = f.i32();
  const from = load(load(dev.get, DEV_AT.BQ_DEV_RX), DEV_AT.IFINDEX);
  return block(
    slot.set(load(dev.get, DEV_AT.XMIT_SLOT)),
    countEvent(site, 'xmit', slot, [pair(from, load(dev.get, DEV_AT.IFINDEX)), pair(sent.get, k(0))]),
  );
}

/** veth_xdp_xmit: the first `ready` frames of a bulk queue go into the other end's ring; `sent`: how many did. */
function toRing(f: Locals, dev: Local, rcv: Local, ready: Local, sent: Local): Code {
  const { place, size, queue, max, page, slot } = f.named('place', 'size', 'queue', 'max', 'page', 'slot');
  const ring = DEV_AT.RING;
  const from = add(dev.get, shl(sent.get, k(2)));
  const to = add(queue.get, shl(add(place.get, sent.get), k(2)));
  // All frames fit when the other end takes what this one takes, and no program changed them: then only places count.
  const plain = and(
    and(atLeast(max.get, load(dev.get, DEV_AT.MAX_LEN)), not(load(dev.get, DEV_AT.BQ_PROG))),
    atLeast(size.get, add(place.get, ready.get)),
  );
  const stop = f.i32();
  const two = block(
    when(
      eqWide(loadWide(to), wide(0, 0)),
      storeWide(to, 0, loadWide(from, DEV_AT.BQ)),
      // One of the two places is taken: the slower way finds out which.
      block(stop.set(ready.get), ready.set(sent.get), sent.plus(k(-2))),
    ),
  );
  const one = when(load(to), sent.plus(k(-1)), store(to, 0, load(from, DEV_AT.BQ)));
  const each = block(
    page.set(load(from, DEV_AT.BQ)),
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
    max.set(load(rcv.get, DEV_AT.MAX_LEN)),
    place.set(load(rcv.get, ring + RING_AT.PRODUCER)),
    size.set(load(rcv.get, ring + RING_AT.SIZE)),
    queue.set(load(rcv.get, ring + RING_AT.QUEUE)),
    sent.set(k(0)),
    when(
      plain,
      block(
        byTwos(sent, ready.get, two, one),
        when(stop.get, ready.set(stop.get)),
        place.plus(sent.get),
        place.set(choose(atLeast(place.get, size.get), k(0), place.get)),
      ),
    ),
    // A limit of 0 ends the loop: MAX_LEN is never 0.
    loop(ne(choose(max.get, sent.get, ready.get), ready.get), each),
    store(rcv.get, ring + RING_AT.PRODUCER, place.get),
  );
}

/** dev_map_enqueue(dev, page, program): 1, or 0 when the device does not take it and the import shall say why. */
export function enqueue(site: CodeSite, queue: number): number {
  return site.func(3, true, (f) => {
    const [dev, page, prog] = [f.param(0), f.param(1), f.param(2)];
    return block(
      when(not(takes(dev.get, load(page.get, PAGE_AT.LEN))), give(k(0))),
      call(queue, dev.get, page.get, prog.get),
      k(1),
    );
  });
}

/** Whether a device takes a frame of so many bytes: it is up, has ndo_xdp_xmit, and the frame is not too long. */
export function takes(dev: Code, length: Code): Code {
  return and(
    eq(and(load(dev, DEV_AT.FLAGS), k(UP_AND_XMIT)), k(UP_AND_XMIT)),
    not(above(length, load(dev, DEV_AT.MAX_LEN))),
  );
}

/** bq_enqueue(dev, page, program) */
export function queue(site: CodeSite, xmit: number): number {
  const { batch, ingress } = site.input;
  return site.func(3, false, (f) => {
    const [dev, page, prog, at] = [f.param(0), f.param(1), f.param(2), f.i32()];
    const first = block(
      store(dev.get, DEV_AT.BQ_DEV_RX, k(ingress)),
      store(dev.get, DEV_AT.BQ_PROG, prog.get),
      at.set(word(batch + BATCH_AT.FLUSH_COUNT)),
      store(add(k(batch), shl(at.get, k(2))), BATCH_AT.FLUSH, dev.get),
      setWord(batch + BATCH_AT.FLUSH_COUNT, add(at.get, k(1))),
    );
    return block(
      when(eq(load(dev.get, DEV_AT.BQ_COUNT), k(DEV_BULK)), call(xmit, dev.get, k(0))),
      when(not(load(dev.get, DEV_AT.BQ_DEV_RX)), first),
      at.set(load(dev.get, DEV_AT.BQ_COUNT)),
      store(add(dev.get, shl(at.get, k(2))), DEV_AT.BQ, page.get),
      store(dev.get, DEV_AT.BQ_COUNT, add(at.get, k(1))),
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
          call(xmit, dev.get, k(1)),
          store(dev.get, DEV_AT.BQ_DEV_RX, k(0)),
          store(dev.get, DEV_AT.BQ_PROG, k(0)),
          setWord(batch + BATCH_AT.FLUSH_COUNT, left.get),
        ),
      ),
    );
  });
}
