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
import { writePacket } from './xdp-live-code-source.ts';
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
import {
  boundOriginal,
  boundPacket,
  type CodeSite,
  enter,
  forget,
  openRing,
  recycle,
  runCounter,
  XDP,
} from './xdp-live-site.ts';

const ENOMEM = 12;
/** Place among the verdicts of all that are none. */
const UNKNOWN = VERDICT_KINDS - 1;

interface BatchParts {
  readonly refill: number;
  /** Writes the next packet onto a page; null: all are the one that is there. */
  readonly write: number | null;
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

/** xdp_test_run_batch(frames) */
function batch(site: CodeSite, parts: BatchParts): number {
  const { batch, pool, ingress_ifindex, rx_queue_index } = site.input;
  return site.func(1, false, (f) => {
    const [left, page, cached] = [f.param(0), f.i32(), f.i32()];
    const known: Known = { place: f.i32(), tallies: f.i32s(VERDICT_KINDS), sent: f.i32(), last: f.i32() };
    const number = f.i32();
    const numbered = (code: () => Code): Code => (site.input.numbered ? code() : block());
    const dry = block(setWord(batch + BATCH_AT.ERRNO, k(ENOMEM)), left.set(k(0)));
    const taken = block(
      cached.plus(k(-1)),
      setWord(pool + POOL_AT.CACHE_COUNT, cached.get),
      page.set(load(shl(cached.get, k(2)), pool + POOL_AT.CACHE)),
      numbered(() => block(store(page.get, PAGE_AT.FRAME, number.get), number.plus(k(1)))),
      frame(site, f, page.get, parts, known),
      left.plus(k(-1)),
    );
    const one = block(when(eq(cached.get, k(0)), cached.set(call(parts.refill))), when(cached.get, taken, dry));
    return block(
      forget(),
      enter(k(ingress_ifindex), rx_queue_index),
      cached.set(word(pool + POOL_AT.CACHE_COUNT)),
      openRing(site, known.place),
      ...known.tallies.map((tally, verdict) => tally.set(word(batch + BATCH_AT.VERDICTS + verdict * 4))),
      numbered(() => number.set(word(batch + BATCH_AT.NUMBER))),
      loop(left.get, one),
      numbered(() => setWord(batch + BATCH_AT.NUMBER, number.get)),
      traceSent(site, known),
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
function frame(site: CodeSite, f: Locals, page: Code, parts: BatchParts, known: Known): Code {
  const { pages, descs } = site.input;
  const [base, act, at, twice] = [f.i32(), f.i32(), f.i32(), f.i64()];
  const bounds =
    parts.write === null
      ? boundOriginal(site, base.get, twice)
      : block(at.set(call(parts.write, base.get)), boundPacket(site, base.get, at.get));
  return block(
    base.set(add(k(pages), shl(shr(sub(page, k(descs)), k(PAGE_DESC_SHIFT)), k(PAGE_SHIFT)))),
    setWord(LIVE.PAGE, page),
    bounds,
    act.set(site.runMain()),
    when(
      eq(act.get, k(XDP.DROP)),
      block(tally(site, known, XDP.DROP), recycle(site, page, known.place)),
      when(
        above(sub(act.get, k(XDP.PASS)), k(XDP.REDIRECT - XDP.PASS)),
        block(
          when(act.get, tally(site, known, UNKNOWN), tally(site, known, XDP.ABORTED)),
          recycle(site, page, known.place),
        ),
        block(
          at.set(word(PRIV.PKT_DATA)),
          storeWide(page, PAGE_AT.DATA, pair(at.get, sub(word(PRIV.PKT_END), at.get))),
          store(page, PAGE_AT.META, sub(at.get, word(PRIV.PKT_META))),
          when(
            eq(act.get, k(XDP.PASS)),
            block(tally(site, known, XDP.PASS), pass(site, page, at)),
            // Whatever was sent may have given pages back.
            block(send(site, act.get, page, parts, known), openRing(site, known.place)),
          ),
        ),
      ),
    ),
  );
}

/** One more of a verdict. */
function tally(site: CodeSite, { tallies }: Known, verdict: number): Code {
  const one = tallies[verdict]!;
  return block(one.plus(k(1)), setWord(site.input.batch + BATCH_AT.VERDICTS + verdict * 4, one.get));
}

function send(site: CodeSite, act: Code, page: Code, parts: BatchParts, known: Known): Code {
  return when(
    eq(act, k(XDP.TX)),
    block(tally(site, known, XDP.TX), tx(site, page, parts, known)),
    block(tally(site, known, XDP.REDIRECT), call(parts.redirect, page), known.last.set(k(0))),
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
function tx(site: CodeSite, page: Code, parts: BatchParts, known: Known): Code {
  const { ingress, ingress_ifindex } = site.input;
  return when(
    call(parts.enqueue, k(ingress), page, k(0)),
    block(known.sent.plus(k(1)), known.last.set(k(1))),
    block(
      setWord(LIVE.RI_TGT_INDEX, k(ingress_ifindex)),
      setWord(LIVE.RI_MAP, k(RI_IFINDEX)),
      call(parts.redirect, page),
      known.last.set(k(0)),
    ),
  );
}

/** What a batch knows without asking memory: memory is told all of it but the last two. */
interface Known {
  /** Where the next page goes in the pool's ring. */
  readonly place: Local;
  /** Runs by verdict. */
  readonly tallies: readonly Local[];
  /** Frames that XDP_TX sent, and whether the last redirect was one of them. */
  readonly sent: Local;
  readonly last: Local;
}

/** trace_xdp_redirect for all of them. */
function traceSent(site: CodeSite, { sent, last }: Known): Code {
  const { batch, ingress_ifindex, redirectTrace } = site.input;
  const redirects = batch + BATCH_AT.REDIRECTS;
  return when(
    sent.get,
    block(
      setWord(redirects, add(word(redirects), sent.get)),
      when(
        last.get,
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
    write: site.input.source === 0 ? null : writePacket(site),
    ...{ refill: refill(site), flush: flush(site, sender), enqueue: queuer, redirect: redirect(site, queuer) },
    pollAll: pollAll(site, poll(site), scheduler),
  };
  site.export('run', batches(site, batch(site, parts), folder));
  site.export('fold', folder);
}
