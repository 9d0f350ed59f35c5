/**
 * The batch loop of live frames as generated WebAssembly over the same memory as the TypeScript beside it: what every frame needs is done
 * here, whatever is rarer is left to imports. Both leave the same state behind at every edge.
 */
import { PRIV } from '../layout.ts';
import {
  BATCH_AT,
  DATA_AT,
  LIVE,
  PAGE_AT,
  PAGE_DESC_SHIFT,
  PAGE_HEAD,
  PAGE_SHIFT,
  PAGE_SIZE,
  RI_IFINDEX,
  SHARED_INFO,
  VERDICT_KINDS,
} from '../net/live-layout.ts';
import { poll, pollAll } from './xdp-live-code-poll.ts';
import { consume, enqueue, flush, produce, put, redirect, schedule, take, xmit } from './xdp-live-code-queues.ts';
import {
  above,
  add,
  below,
  block,
  type Code,
  call,
  choose,
  count,
  eq,
  give,
  k,
  type Locals,
  load,
  loop,
  negative,
  or,
  setWord,
  shl,
  shr,
  store,
  sub,
  when,
  word,
} from './xdp-live-emit.ts';
import { bound, CodeSite, enter, forget, type LiveCodeInput, runCounter, XDP } from './xdp-live-site.ts';

const ENOMEM = 12;

interface BatchParts {
  readonly take: number;
  readonly put: number;
  readonly flush: number;
  readonly pollAll: number;
  readonly fold: number;
  readonly redirect: number;
}

/** Adds what this batch counted to the counters. */
function fold(site: CodeSite): number {
  const { batch, counters, redirectTrace } = site.input;
  const move = (from: number, to: number): Code =>
    block(count(k(to), 0, word(batch + from)), setWord(batch + from, k(0)));
  return site.func(0, false, () => {
    const verdicts = Array.from({ length: VERDICT_KINDS }, (_, i) =>
      move(BATCH_AT.VERDICTS + i * 4, counters + runCounter('aborted') + i * 8),
    );
    return block(
      move(BATCH_AT.FRAMES, counters + runCounter('frames')),
      move(BATCH_AT.REDIRECTS, redirectTrace.count),
      ...verdicts,
    );
  });
}

/** xdp_test_run_batch(frames) */
function batch(site: CodeSite, parts: BatchParts): number {
  const { batch, counters } = site.input;
  return site.func(1, false, (f) => {
    const [frames, page, left] = [f.param(0), f.i32(), f.i32()];
    const one = block(
      page.set(call(parts.take)),
      when(
        page.get,
        block(frame(site, f, page.get, parts), left.plus(k(-1))),
        block(setWord(batch + BATCH_AT.ERRNO, k(ENOMEM)), left.set(k(0))),
      ),
    );
    return block(
      forget(),
      left.set(frames.get),
      loop(left.get, one),
      count(k(counters), runCounter('batches'), k(1)),
      call(parts.fold),
      call(parts.flush),
      when(word(batch + BATCH_AT.PASS_COUNT), site.ask('deliver')),
      call(parts.pollAll),
      when(word(batch + BATCH_AT.SETTLE), site.ask('settle')),
    );
  });
}

function frame(site: CodeSite, f: Locals, page: Code, parts: BatchParts): Code {
  const { input } = site;
  const { batch } = input;
  const [base, act, at] = [f.i32(), f.i32(), f.i32()];
  const data = add(base.get, k(DATA_AT));
  const bump = (address: Code, offset: number): Code => store(address, offset, add(load(address, offset), k(1)));
  return block(
    bump(k(batch), BATCH_AT.FRAMES),
    base.set(add(k(input.pages), shl(shr(sub(page, k(input.descs)), k(PAGE_DESC_SHIFT)), k(PAGE_SHIFT)))),
    enter(k(input.ingress_ifindex), input.rx_queue_index),
    setWord(LIVE.PAGE, page),
    setWord(LIVE.HARD_START, add(base.get, k(PAGE_HEAD))),
    setWord(LIVE.HARD_END, add(base.get, k(PAGE_SIZE - SHARED_INFO))),
    bound(sub(data, k(input.meta)), data, add(data, k(input.length))),
    act.set(site.run(k(input.program))),
    at.set(choose(below(act.get, k(VERDICT_KINDS - 1)), act.get, k(VERDICT_KINDS - 1))),
    bump(add(k(batch), shl(at.get, k(2))), BATCH_AT.VERDICTS),
    when(
      above(sub(act.get, k(XDP.PASS)), k(XDP.REDIRECT - XDP.PASS)),
      call(parts.put, page),
      block(
        at.set(word(PRIV.PKT_DATA)),
        store(page, PAGE_AT.DATA, at.get),
        store(page, PAGE_AT.LEN, sub(word(PRIV.PKT_END), at.get)),
        store(page, PAGE_AT.META, sub(at.get, word(PRIV.PKT_META))),
        when(eq(act.get, k(XDP.PASS)), pass(site, page, at), send(site, act.get, page, parts.redirect)),
      ),
    ),
  );
}

function pass(site: CodeSite, page: Code, at: ReturnType<Locals['i32']>): Code {
  const { batch } = site.input;
  return block(
    at.set(word(batch + BATCH_AT.PASS_COUNT)),
    store(add(k(batch), shl(at.get, k(2))), BATCH_AT.PASS, page),
    setWord(batch + BATCH_AT.PASS_COUNT, add(at.get, k(1))),
  );
}

function send(site: CodeSite, act: Code, page: Code, redirect: number): Code {
  const tx = block(setWord(LIVE.RI_TGT_INDEX, k(site.input.ingress_ifindex)), setWord(LIVE.RI_MAP, k(RI_IFINDEX)));
  return block(when(eq(act, k(XDP.TX)), tx), call(redirect, page));
}

/** run(frames, batch_size): batches until all frames are run, the pool is dry, or the budget's slice is spent. */
function batches(site: CodeSite, batch: number): number {
  const errno = site.input.batch + BATCH_AT.ERRNO;
  return site.func(2, false, (f) => {
    const [left, size, now] = [f.param(0), f.param(1), f.i32()];
    return loop(
      left.get,
      block(
        now.set(choose(below(left.get, size.get), left.get, size.get)),
        call(batch, now.get),
        left.set(sub(left.get, now.get)),
        when(or(word(errno), negative(word(PRIV.BUDGET))), give()),
      ),
    );
  });
}

/** The module: exports `run(frames, batch_size)`, and `fold()`, which a trap in the middle of a batch leaves to be called. */
export function liveCode(input: LiveCodeInput): Uint8Array {
  const site = new CodeSite(input);
  const [producer, consumer] = [produce(site), consume(site)];
  const [putter, taker, scheduler] = [put(site, producer), take(site, consumer), schedule(site)];
  const sender = xmit(site, producer, scheduler);
  const folder = fold(site);
  const parts: BatchParts = {
    ...{ take: taker, put: putter, fold: folder, flush: flush(site, sender) },
    pollAll: pollAll(site, poll(site, consumer, putter), scheduler),
    redirect: redirect(site, enqueue(site, sender)),
  };
  site.export('run', batches(site, batch(site, parts)));
  site.export('fold', folder);
  return site.bytes();
}
