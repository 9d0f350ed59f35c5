/** Generated code of live frames for the far ends of veth pairs: NAPI, and the programs that run there. */
import {
  BACKLOG,
  BATCH_AT,
  DEV_AT,
  DEV_FLAG,
  PAGE_AT,
  POLLS_MAX,
  PP_REFILL,
  RING_AT,
  TO_STACK,
} from '../../net/live-layout.ts';
import { freeEntries } from './code-pool.ts';
import {
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
  k,
  type Local,
  load,
  loop,
  not,
  setWord,
  shl,
  store,
  sub,
  when,
  word,
} from './emit.ts';
import {
  type CodeSite,
  devCounter,
  enter,
  forget,
  keep,
  openRing,
  type ProgramEntry,
  recycle,
  show,
  showPage,
  XDP,
} from './site.ts';

/** veth_poll(dev) of a device with a program, or without (null): how many frames there were. */
export function poll(site: CodeSite, entry: ProgramEntry | null, give: number): number {
  return site.func(1, true, (f) => {
    const dev = f.param(0);
    const { page, done, bytes, drops, passed, head, tail, queue, size, freed, end } = f.named(
      ...(['page', 'done', 'bytes', 'drops', 'passed', 'head', 'tail', 'queue', 'size', 'freed', 'end'] as const),
    );
    const [place, peer] = [f.i32(), f.i32()];
    const ring = DEV_AT.RING;
    const slot = (index: Code): Code => add(queue.get, shl(index, k(2)));
    // __ptr_ring_discard_one where it does more than go on.
    const edge = block(
      freeEntries(tail, head, slot, 0),
      when(atLeast(head.get, size.get), block(head.set(k(0)), tail.set(k(0)))),
      end.set(nextEdge(tail, freed, size)),
    );
    const one = block(
      head.plus(k(1)),
      when(eq(head.get, end.get), edge),
      done.plus(k(1)),
      bytes.plus(load(page.get, PAGE_AT.LEN)),
      entry === null
        ? toStack(site, dev, page, place)
        : decide(site, entry, { f, dev, page, drops, passed, place, give }),
      page.set(choose(below(done.get, k(PP_REFILL)), load(slot(head.get)), k(0))),
    );
    const counters = load(dev.get, DEV_AT.COUNTERS);
    const theirs = load(peer.get, DEV_AT.COUNTERS);
    return block(
      ...(entry === null ? [] : [enter(load(dev.get, DEV_AT.IFINDEX), 0)]),
      openRing(site, place),
      queue.set(load(dev.get, ring + RING_AT.QUEUE)),
      size.set(load(dev.get, ring + RING_AT.SIZE)),
      freed.set(load(dev.get, ring + RING_AT.BATCH)),
      head.set(load(dev.get, ring + RING_AT.HEAD)),
      tail.set(load(dev.get, ring + RING_AT.TAIL)),
      end.set(nextEdge(tail, freed, size)),
      page.set(load(slot(head.get))),
      loop(page.get, one),
      store(dev.get, ring + RING_AT.HEAD, head.get),
      store(dev.get, ring + RING_AT.TAIL, tail.get),
      count(counters, devCounter('rx_packets'), done.get),
      count(counters, devCounter('rx_bytes'), bytes.get),
      // Of frames without a program, too, as veth counts them.
      count(counters, devCounter('xdp_packets'), done.get),
      ...(entry === null
        ? []
        : [count(counters, devCounter('xdp_drops'), drops.get), count(counters, devCounter('xdp_pass'), passed.get)]),
      peer.set(load(dev.get, DEV_AT.PEER)),
      when(
        peer.get,
        block(count(theirs, devCounter('tx_packets'), done.get), count(theirs, devCounter('tx_bytes'), bytes.get)),
      ),
      when(sub(done.get, drops.get), site.ask('polled', dev.get)),
      done.get,
    );
  });
}

/** Where consumed places of a ring are freed next. */
function nextEdge(tail: Local, freed: Local, size: Local): Code {
  const next = add(tail.get, freed.get);
  return choose(below(next, size.get), next, size.get);
}

interface PollLocals {
  readonly f: { i32(): Local };
  readonly dev: Local;
  readonly page: Local;
  readonly drops: Local;
  readonly passed: Local;
  readonly place: Local;
  readonly give: number;
}

/** veth_xdp_rcv_one */
function decide(site: CodeSite, entry: ProgramEntry, locals: PollLocals): Code {
  const { f, dev, page, drops, passed, place, give } = locals;
  const [act, data] = [f.i32(), f.i32()];
  const dropped = block(
    drops.plus(k(1)),
    when(load(page.get, PAGE_AT.POOL), recycle(site, page.get, place), call(give, page.get)),
  );
  const elsewhere = block(
    entry.needs.bounds ? block() : showPage(page.get, data.get),
    // A redirect may run a program with a context of its own, and give pages back.
    site.ask('received', dev.get, page.get, act.get),
    enter(load(dev.get, DEV_AT.IFINDEX), 0),
    openRing(site, place),
  );
  return block(
    data.set(load(page.get, PAGE_AT.DATA)),
    show(entry, page.get, data.get),
    act.set(site.run(entry)),
    when(
      eq(act.get, k(XDP.DROP)),
      dropped,
      when(
        eq(act.get, k(XDP.PASS)),
        block(keep(entry, page.get, data), passed.plus(k(1)), toStack(site, dev, page, place)),
        elsewhere,
      ),
    ),
  );
}

/** Into the list for the stack, which takes it by sixteens. */
function toStack(site: CodeSite, dev: Local, page: Local, place: Local): Code {
  const { batch } = site.input;
  const waiting = word(batch + BATCH_AT.STACK_COUNT);
  return block(
    store(add(k(batch), shl(waiting, k(2))), BATCH_AT.STACK, page.get),
    setWord(batch + BATCH_AT.STACK_COUNT, add(waiting, k(1))),
    when(
      eq(waiting, k(TO_STACK)),
      // tc may have run a program with a context of its own, and the stack given pages back.
      block(site.ask('toStack', dev.get), enter(load(dev.get, DEV_AT.IFINDEX), 0), openRing(site, place)),
    ),
  );
}

/** net_rx_action(), in rounds; `polls`: poll() by program, the last one without any. */
export function pollAll(site: CodeSite, polls: readonly number[], schedule: number): number {
  const { batch } = site.input;
  return site.func(0, false, (f) => {
    const { dev, left, at, done, round, repeats, polls_left } = f.named(
      ...(['dev', 'left', 'at', 'done', 'round', 'repeats', 'polls_left'] as const),
    );
    const some = choose(polls_left.get, round.get, k(0));
    const list = (index: Code): Code => add(k(batch), shl(index, k(2)));
    const waits = load(
      add(load(dev.get, DEV_AT.RING + RING_AT.QUEUE), shl(load(dev.get, DEV_AT.RING + RING_AT.HEAD), k(2))),
    );
    const plain = done.set(call(polls.at(-1)!, dev.get));
    const prog = load(dev.get, DEV_AT.PROG);
    const next = block(
      dev.set(word(batch + BATCH_AT.POLL)),
      left.set(sub(word(batch + BATCH_AT.POLL_COUNT), k(1))),
      at.set(k(0)),
      loop(
        below(at.get, left.get),
        block(store(list(at.get), BATCH_AT.POLL, load(list(at.get), BATCH_AT.POLL + 4)), at.plus(k(1))),
      ),
      setWord(batch + BATCH_AT.POLL_COUNT, left.get),
    );
    // napi_complete_done
    const complete = block(
      store(dev.get, DEV_AT.FLAGS, and(load(dev.get, DEV_AT.FLAGS), k(~DEV_FLAG.SCHEDULED))),
      when(waits, call(schedule, dev.get)),
    );
    const again = block(store(list(repeats.get), BATCH_AT.REPEAT, dev.get), repeats.plus(k(1)));
    const polled = block(
      when(
        not(prog),
        plain,
        site.choose(prog, polls, (func) => done.set(call(func, dev.get)), plain),
      ),
      when(eq(done.get, k(PP_REFILL)), again, complete),
    );
    const backlog = block(done.set(site.ask('backlog')), when(eq(done.get, k(PP_REFILL)), again));
    const one = block(next, when(eq(dev.get, k(BACKLOG)), backlog, polled), round.plus(k(-1)), polls_left.plus(k(-1)));
    const append = block(
      left.set(word(batch + BATCH_AT.POLL_COUNT)),
      store(list(left.get), BATCH_AT.POLL, load(list(at.get), BATCH_AT.REPEAT)),
      setWord(batch + BATCH_AT.POLL_COUNT, add(left.get, k(1))),
      at.plus(k(1)),
    );
    return block(
      forget(),
      polls_left.set(k(POLLS_MAX)),
      round.set(word(batch + BATCH_AT.POLL_COUNT)),
      loop(
        some,
        block(
          repeats.set(k(0)),
          loop(some, one),
          at.set(k(0)),
          loop(below(at.get, repeats.get), append),
          round.set(word(batch + BATCH_AT.POLL_COUNT)),
        ),
      ),
    );
  });
}
