/**
 * The batch loop of live frames as generated WebAssembly over the same memory as the TypeScript beside it: what every frame needs is done
 * here, whatever is rarer is left to imports. Both leave the same state behind at every edge.
 */
import { PRIV } from '../layout.ts';
import {
  BATCH_AT,
  LIVE,
  PAGE_AT,
  PAGE_DESC_SHIFT,
  PAGE_SHIFT,
  POOL_AT,
  RI_IFINDEX,
  VERDICT_KINDS,
} from '../net/live-layout.ts';
import { poll, pollAll } from './xdp-live-code-poll.ts';
import { enqueue, flush, redirect, refill, schedule, xmit } from './xdp-live-code-queues.ts';
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
  type Local,
  type Locals,
  load,
  loop,
  negative,
  or,
  pair,
  setWide,
  setWord,
  shl,
  shr,
  store,
  storeWide,
  sub,
  when,
  wide,
  word,
} from './xdp-live-emit.ts';
import { boundOriginal, type CodeSite, enter, forget, recycle, runCounter, XDP } from './xdp-live-site.ts';

const ENOMEM = 12;
/** Place among the verdicts of all that are none. */
const UNKNOWN = VERDICT_KINDS - 1;

interface BatchParts {
  readonly refill: number;
  readonly flush: number;
  readonly pollAll: number;
  readonly enqueue: number;
  readonly redirect: number;
}

/** Adds what the loop counted in words to the counters. */
function fold(site: CodeSite): number {
  const { batch, counters, redirectTrace } = site.input;
  const move = (from: number, ...to: readonly number[]): Code =>
    block(...to.map((one) => count(k(one), 0, word(batch + from))), setWord(batch + from, k(0)));
  return site.func(0, false, () => {
    const verdicts = Array.from({ length: VERDICT_KINDS }, (_, i) =>
      move(BATCH_AT.VERDICTS + i * 4, counters + runCounter('aborted') + i * 8, counters + runCounter('frames')),
    );
    return block(
      move(BATCH_AT.BATCHES, counters + runCounter('batches')),
      move(BATCH_AT.REDIRECTS, redirectTrace.count),
      ...verdicts,
    );
  });
}

const bump = (address: Code, offset: number): Code => store(address, offset, add(load(address, offset), k(1)));

const bumpWord = (address: number): Code => setWord(address, add(word(address), k(1)));

/** xdp_test_run_batch(frames) */
function batch(site: CodeSite, parts: BatchParts): number {
  const { batch, pool, ingress_ifindex, rx_queue_index } = site.input;
  return site.func(1, false, (f) => {
    const [left, page, cached] = [f.param(0), f.i32(), f.i32()];
    const sent: Sent = { count: f.i32(), last: f.i32() };
    const dry = block(setWord(batch + BATCH_AT.ERRNO, k(ENOMEM)), left.set(k(0)));
    const taken = block(
      cached.plus(k(-1)),
      setWord(pool + POOL_AT.CACHE_COUNT, cached.get),
      page.set(load(shl(cached.get, k(2)), pool + POOL_AT.CACHE)),
      frame(site, f, page.get, parts, sent),
      left.plus(k(-1)),
    );
    const one = block(
      cached.set(word(pool + POOL_AT.CACHE_COUNT)),
      when(eq(cached.get, k(0)), cached.set(call(parts.refill))),
      when(cached.get, taken, dry),
    );
    return block(
      forget(),
      enter(k(ingress_ifindex), rx_queue_index),
      loop(left.get, one),
      traceSent(site, sent),
      bump(k(batch), BATCH_AT.BATCHES),
      when(word(batch + BATCH_AT.FLUSH_COUNT), call(parts.flush)),
      when(word(batch + BATCH_AT.SETTLE), site.ask('flushCpus')),
      when(word(batch + BATCH_AT.PASS_COUNT), site.ask('deliver')),
      when(word(batch + BATCH_AT.POLL_COUNT), call(parts.pollAll)),
      when(word(batch + BATCH_AT.SETTLE), site.ask('settle')),
    );
  });
}

/** One run of the program, and what its verdict does. */
function frame(site: CodeSite, f: Locals, page: Code, parts: BatchParts, sent: Sent): Code {
  const { pages, descs, batch } = site.input;
  const [base, act, at, twice] = [f.i32(), f.i32(), f.i32(), f.i64()];
  return block(
    base.set(add(k(pages), shl(shr(sub(page, k(descs)), k(PAGE_DESC_SHIFT)), k(PAGE_SHIFT)))),
    setWord(LIVE.PAGE, page),
    boundOriginal(site, base.get, twice),
    act.set(site.runMain()),
    when(
      above(sub(act.get, k(XDP.PASS)), k(XDP.REDIRECT - XDP.PASS)),
      block(
        when(
          eq(act.get, k(XDP.DROP)),
          bumpWord(batch + BATCH_AT.VERDICTS + XDP.DROP * 4),
          bump(choose(act.get, k(batch + UNKNOWN * 4), k(batch)), BATCH_AT.VERDICTS),
        ),
        recycle(site, page, at),
      ),
      block(
        bump(add(k(batch), shl(act.get, k(2))), BATCH_AT.VERDICTS),
        at.set(word(PRIV.PKT_DATA)),
        storeWide(page, PAGE_AT.DATA, pair(at.get, sub(word(PRIV.PKT_END), at.get))),
        store(page, PAGE_AT.META, sub(at.get, word(PRIV.PKT_META))),
        when(
          eq(act.get, k(XDP.PASS)),
          pass(site, page, at),
          when(
            eq(act.get, k(XDP.TX)),
            tx(site, page, parts, sent),
            block(call(parts.redirect, page), sent.last.set(k(0))),
          ),
        ),
      ),
    ),
  );
}

function pass(site: CodeSite, page: Code, at: Local): Code {
  const { batch } = site.input;
  return block(
    at.set(word(batch + BATCH_AT.PASS_COUNT)),
    store(add(k(batch), shl(at.get, k(2))), BATCH_AT.PASS, page),
    setWord(batch + BATCH_AT.PASS_COUNT, add(at.get, k(1))),
  );
}

/** XDP_TX: a redirect to the device itself. */
function tx(site: CodeSite, page: Code, parts: BatchParts, sent: Sent): Code {
  const { ingress, ingress_ifindex } = site.input;
  return when(
    call(parts.enqueue, k(ingress), page, k(0)),
    block(sent.count.plus(k(1)), sent.last.set(k(1))),
    block(
      setWord(LIVE.RI_TGT_INDEX, k(ingress_ifindex)),
      setWord(LIVE.RI_MAP, k(RI_IFINDEX)),
      call(parts.redirect, page),
      sent.last.set(k(0)),
    ),
  );
}

/** Frames of a batch that XDP_TX sent, and whether the last redirect was one of them. */
interface Sent {
  readonly count: Local;
  readonly last: Local;
}

/** trace_xdp_redirect for all of them. */
function traceSent(site: CodeSite, sent: Sent): Code {
  const { batch, ingress_ifindex, redirectTrace } = site.input;
  const redirects = batch + BATCH_AT.REDIRECTS;
  return when(
    sent.count.get,
    block(
      setWord(redirects, add(word(redirects), sent.count.get)),
      when(
        sent.last.get,
        block(
          setWide(redirectTrace.last, wide(ingress_ifindex, ingress_ifindex)),
          setWide(redirectTrace.last + 8, wide(RI_IFINDEX, 0)),
          setWord(LIVE.RI_MAP, k(0)),
        ),
      ),
    ),
  );
}

/** run(frames, batch_size): batches until all frames are run, the pool is dry, or the budget's slice is spent. */
function batches(site: CodeSite, batch: number, fold: number): number {
  const errno = site.input.batch + BATCH_AT.ERRNO;
  return site.func(2, false, (f) => {
    const [left, size, now] = [f.param(0), f.param(1), f.i32()];
    return block(
      loop(
        left.get,
        block(
          now.set(choose(below(left.get, size.get), left.get, size.get)),
          call(batch, now.get),
          left.set(sub(left.get, now.get)),
          when(or(word(errno), negative(word(PRIV.BUDGET))), block(call(fold), give())),
        ),
      ),
      call(fold),
    );
  });
}

/**
 * Writes the loop beside the programs: exports `run(frames, batch_size)`, and `fold()`, which a trap in the middle of a batch leaves to be
 * called.
 */
export function writeLoop(site: CodeSite): void {
  const scheduler = schedule(site);
  const sender = xmit(site, scheduler);
  const queuer = enqueue(site, sender);
  const folder = fold(site);
  const parts: BatchParts = {
    ...{ refill: refill(site), flush: flush(site, sender), enqueue: queuer, redirect: redirect(site, queuer) },
    pollAll: pollAll(site, poll(site), scheduler),
  };
  site.export('run', batches(site, batch(site, parts), folder));
  site.export('fold', folder);
}
