/** Generated code of live frames for cpumaps: frames go into a CPU's queue by eights, and its thread takes them out by eights. */
import { BATCH_AT, CPU_BULK, CPUQ_AT, DEV_AT, PAGE_AT, POLLS_MAX, RING_AT } from '../../net/live-layout.ts';
import {
  add,
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
  type Locals,
  load,
  loop,
  ne,
  not,
  or,
  pair,
  setWord,
  shl,
  store,
  sub,
  when,
  word,
} from './emit.ts';
import { type CodeSite, countEvent, enter, forget, keep, type ProgramEntry, runCounter, show, XDP } from './site.ts';

/** bq_flush_to_queue(queue): into the CPU's ring, what has no place there is dropped. */
export function cpuFlush(site: CodeSite, put: number): number {
  return site.func(1, false, (f) => {
    const queue = f.param(0);
    const { frames, drops, at, place, slot, page } = f.named('frames', 'drops', 'at', 'place', 'slot', 'page');
    const size = load(queue.get, CPUQ_AT.RING + RING_AT.SIZE);
    const target = add(load(queue.get, CPUQ_AT.RING + RING_AT.QUEUE), shl(place.get, k(2)));
    const produced = block(
      store(target, 0, page.get),
      place.plus(k(1)),
      when(atLeast(place.get, size), place.set(k(0))),
    );
    const one = block(
      page.set(load(add(queue.get, shl(at.get, k(2))), CPUQ_AT.BULK)),
      at.plus(k(1)),
      when(load(target), block(drops.plus(k(1)), call(put, page.get)), produced),
    );
    return block(
      unlist(site, f, queue),
      frames.set(load(queue.get, CPUQ_AT.COUNT)),
      when(not(frames.get), give()),
      place.set(load(queue.get, CPUQ_AT.RING + RING_AT.PRODUCER)),
      loop(below(at.get, frames.get), one),
      store(queue.get, CPUQ_AT.RING + RING_AT.PRODUCER, place.get),
      store(queue.get, CPUQ_AT.COUNT, k(0)),
      count(k(site.input.counters), runCounter('cpu_queue_drops'), drops.get),
      slot.set(load(queue.get, CPUQ_AT.SLOT)),
      when(not(slot.get), block(site.ask('enqueued', queue.get, frames.get, drops.get), give())),
      countEvent(site, 'enqueue', slot, [
        pair(load(queue.get, CPUQ_AT.MAP_ID), frames.get),
        pair(drops.get, load(queue.get, CPUQ_AT.CPU)),
      ]),
    );
  });
}

/** Out of the list of queues that wait for the end of the batch. */
function unlist(site: CodeSite, f: Locals, queue: Local): Code {
  const { batch } = site.input;
  const { from, to, one } = f.named('from', 'to', 'one');
  const listed = (index: Local): Code => add(k(batch), shl(index.get, k(2)));
  const each = block(
    one.set(load(listed(from), BATCH_AT.CPUS)),
    from.plus(k(1)),
    when(ne(one.get, queue.get), block(store(listed(to), BATCH_AT.CPUS, one.get), to.plus(k(1)))),
  );
  return when(
    load(queue.get, CPUQ_AT.LISTED),
    block(
      loop(below(from.get, word(batch + BATCH_AT.CPU_COUNT)), each),
      setWord(batch + BATCH_AT.CPU_COUNT, to.get),
      store(queue.get, CPUQ_AT.LISTED, k(0)),
    ),
  );
}

/** cpu_map_enqueue(queue, page) */
export function cpuEnqueue(site: CodeSite, cpuFlush: number): number {
  const { batch, ingress } = site.input;
  return site.func(2, false, (f) => {
    const [queue, page, at] = [f.param(0), f.param(1), f.i32()];
    const list = block(
      at.set(word(batch + BATCH_AT.CPU_COUNT)),
      store(add(k(batch), shl(at.get, k(2))), BATCH_AT.CPUS, queue.get),
      setWord(batch + BATCH_AT.CPU_COUNT, add(at.get, k(1))),
      store(queue.get, CPUQ_AT.LISTED, k(1)),
    );
    return block(
      store(page.get, PAGE_AT.DEV_RX, k(ingress)),
      when(eq(load(queue.get, CPUQ_AT.COUNT), k(CPU_BULK)), call(cpuFlush, queue.get)),
      at.set(load(queue.get, CPUQ_AT.COUNT)),
      store(add(queue.get, shl(at.get, k(2))), CPUQ_AT.BULK, page.get),
      store(queue.get, CPUQ_AT.COUNT, add(at.get, k(1))),
      when(not(load(queue.get, CPUQ_AT.LISTED)), list),
    );
  });
}

/** __cpu_map_flush(): the queue used last comes first. */
export function flushCpus(site: CodeSite, cpuFlush: number): number {
  const { batch } = site.input;
  return site.func(0, false, (f) => {
    const left = f.i32();
    return loop(
      word(batch + BATCH_AT.CPU_COUNT),
      block(
        left.set(sub(word(batch + BATCH_AT.CPU_COUNT), k(1))),
        call(cpuFlush, load(add(k(batch), shl(left.get, k(2))), BATCH_AT.CPUS)),
      ),
    );
  });
}

/** cpu_map_kthread_run(queue) with a program, or none (null), until the queue is empty. */
export function cpuThread(site: CodeSite, entry: ProgramEntry | null, put: number): number {
  const { batch } = site.input;
  return site.func(1, false, (f) => {
    const queue = f.param(0);
    const { taken, at, page, act, passed, drops, sent, data } = f.named(
      ...(['taken', 'at', 'page', 'act', 'passed', 'drops', 'sent', 'data'] as const),
    );
    const [asleep, turns] = [f.i32(), f.i32()];
    const slot = (index: Local): Code => add(k(batch), shl(index.get, k(2)));
    const drop = block(drops.plus(k(1)), call(put, page.get));
    const pass = block(store(slot(passed), BATCH_AT.STACK, page.get), passed.plus(k(1)));
    const decide =
      entry === null
        ? pass
        : block(
            enter(load(load(page.get, PAGE_AT.DEV_RX), DEV_AT.IFINDEX), 0),
            data.set(load(page.get, PAGE_AT.DATA)),
            show(entry, page.get, data.get),
            act.set(site.run(entry)),
            keep(entry, page.get, data),
            when(
              eq(act.get, k(XDP.PASS)),
              pass,
              when(eq(act.get, k(XDP.REDIRECT)), when(site.ask('cpuRedirect', page.get), sent.plus(k(1)), drop), drop),
            ),
          );
    const each = block(page.set(load(slot(at), BATCH_AT.TAKEN)), at.plus(k(1)), decide);
    const ran = site.ask('cpuRan', queue.get, taken.get, asleep.get, passed.get, drops.get, sent.get);
    return block(
      asleep.set(k(1)),
      turns.set(k(POLLS_MAX)),
      taken.set(take(site, f, queue)),
      loop(
        taken.get,
        block(
          ...[at, passed, drops, sent].map((one) => one.set(k(0))),
          forget(),
          loop(below(at.get, taken.get), each),
          ran,
          asleep.set(k(0)),
          turns.plus(k(-1)),
          taken.set(k(0)),
          when(turns.get, taken.set(take(site, f, queue))),
        ),
      ),
    );
  });
}

/** __ptr_ring_consume_batched: up to eight frames are taken; leaves how many on the stack. */
function take(site: CodeSite, f: Locals, queue: Local): Code {
  const { batch } = site.input;
  const { count, head, tail, page, size } = f.named('count', 'head', 'tail', 'page', 'size');
  const ring = CPUQ_AT.RING;
  const slot = (index: Local): Code => add(load(queue.get, ring + RING_AT.QUEUE), shl(index.get, k(2)));
  const free = loop(below(tail.get, head.get), block(store(slot(tail), 0, k(0)), tail.plus(k(1))));
  const one = block(
    store(add(k(batch), shl(count.get, k(2))), BATCH_AT.TAKEN, page.get),
    count.plus(k(1)),
    head.plus(k(1)),
    when(
      or(atLeast(sub(head.get, tail.get), load(queue.get, ring + RING_AT.BATCH)), atLeast(head.get, size.get)),
      block(free, when(atLeast(head.get, size.get), block(head.set(k(0)), tail.set(k(0))))),
    ),
    page.set(choose(below(count.get, k(CPU_BULK)), load(slot(head)), k(0))),
  );
  return block(
    count.set(k(0)),
    size.set(load(queue.get, ring + RING_AT.SIZE)),
    head.set(load(queue.get, ring + RING_AT.HEAD)),
    tail.set(load(queue.get, ring + RING_AT.TAIL)),
    page.set(load(slot(head))),
    loop(page.get, one),
    store(queue.get, ring + RING_AT.HEAD, head.get),
    store(queue.get, ring + RING_AT.TAIL, tail.get),
    count.get,
  );
}
