/**
 * The batch loop of live frames as generated WebAssembly over the same memory as the TypeScript beside it: what every frame needs is done
 * here, whatever is rarer is left to imports. Both leave the same state behind at every edge.
 */
import { PRIV } from '../../layout.ts';
import {
  BATCH_AT,
  DATA_AT,
  DEV_AT,
  DEV_BULK,
  LIVE,
  PAGE_AT,
  PAGE_DESC_SHIFT,
  PAGE_SHIFT,
  POOL_AT,
  RI_IFINDEX,
  RI_NONE,
  VERDICT_KINDS,
} from '../../net/live-layout.ts';
import { broadcast, clone } from './code-broadcast.ts';
import { cpuEnqueue, cpuFlush, cpuThread, flushCpus } from './code-cpus.ts';
import { egress } from './code-egress.ts';
import { poll, pollAll } from './code-poll.ts';
import { give as giveBack, put, refill } from './code-pool.ts';
import { enqueue, flush, queue, schedule, xmit } from './code-queues.ts';
import { redirect } from './code-redirect.ts';
import { writePacket } from './code-source.ts';
import {
  above,
  add,
  and,
  below,
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
  negative,
  not,
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
} from './emit.ts';
import {
  boundOriginal,
  boundPacket,
  type CodeSite,
  enter,
  forget,
  keepBounds,
  openRing,
  recycle,
  runCounter,
  XDP,
} from './site.ts';

const ENOMEM = 12;
/** Place among the verdicts of all that are none. */
const UNKNOWN = VERDICT_KINDS - 1;

interface BatchParts {
  readonly refill: number;
  /** Writes the next packet onto a page; null: all are the one that is there. */
  readonly write: number | null;
  readonly flush: number;
  readonly flushCpus: number;
  readonly pollAll: number;
  readonly xmit: number;
  readonly redirect: number;
}

/** What a batch knows without asking memory. Memory is told all of it at once, but for how many frames went to `hot` without being asked. */
interface Known {
  /** Where the next page goes in the pool's ring. */
  readonly place: Local;
  /** Runs by verdict. */
  readonly tallies: readonly Local[];
  /** The device that the last redirect went to, 0 if none; by what it was named (tgt_index, map); frames in its bulk queue. */
  readonly hot: Local;
  readonly name: Local;
  readonly queued: Local;
  /** The longest frame that it takes (0: there is no such device), where its redirects are counted, and how many are not counted there yet. */
  readonly longest: Local;
  readonly slot: Local;
  readonly sent: Local;
}

/** Adds what the loop counted in words to the counters. */
function fold(site: CodeSite): number {
  const { batch, counters } = site.input;
  const move = (from: number, ...to: readonly number[]): Code =>
    block(...to.map((one) => count(k(one), 0, word(batch + from))), setWord(batch + from, k(0)));
  return site.func(0, false, () => {
    const verdicts = Array.from({ length: VERDICT_KINDS }, (_, i) =>
      move(BATCH_AT.VERDICTS + i * 4, counters + runCounter('aborted') + i * 8, counters + runCounter('frames')),
    );
    return block(move(BATCH_AT.BATCHES, counters + runCounter('batches')), ...verdicts);
  });
}

const bump = (address: Code, offset: number): Code => store(address, offset, add(load(address, offset), k(1)));

/** xdp_test_run_batch(frames) */
function batch(site: CodeSite, parts: BatchParts): number {
  const { batch, pool, ingress_ifindex, rx_queue_index } = site.input;
  return site.func(1, false, (f) => {
    const [left, page, cached, number] = [f.param(0), f.i32(), f.i32(), f.i32()];
    const known: Known = {
      ...{ tallies: f.i32s(VERDICT_KINDS), name: f.i64() },
      ...f.named('place', 'hot', 'queued', 'longest', 'slot', 'sent'),
    };
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
      cool(known),
      bump(k(batch), BATCH_AT.BATCHES),
      when(word(batch + BATCH_AT.FLUSH_COUNT), call(parts.flush)),
      when(word(batch + BATCH_AT.CPU_COUNT), call(parts.flushCpus)),
      when(word(batch + BATCH_AT.PASS_COUNT), site.ask('deliver')),
      when(word(batch + BATCH_AT.POLL_COUNT), call(parts.pollAll)),
      when(word(batch + BATCH_AT.SETTLE), site.ask('settle')),
    );
  });
}

/** One run of the program, and what its verdict does. */
function frame(site: CodeSite, f: Locals, page: Code, parts: BatchParts, known: Known): Code {
  const { pages, descs, length, meta } = site.input;
  const main = site.entries[0]!;
  const [base, act, at, bytes, twice] = [f.i32(), f.i32(), f.i32(), f.i32(), f.i64()];
  const bounds =
    parts.write === null
      ? boundOriginal(site, base.get, twice)
      : block(bytes.set(call(parts.write, base.get)), boundPacket(site, base.get, bytes.get));
  const size = parts.write === null ? k(length) : bytes.get;
  // xdp_update_frame_from_buff
  const kept = main.needs.moves
    ? block(keepBounds(page, at), bytes.set(load(page, PAGE_AT.LEN)))
    : block(
        bytes.set(size),
        storeWide(page, PAGE_AT.DATA, pair(add(base.get, k(DATA_AT)), bytes.get)),
        store(page, PAGE_AT.META, k(meta)),
      );
  return block(
    base.set(add(k(pages), shl(shr(sub(page, k(descs)), k(PAGE_DESC_SHIFT)), k(PAGE_SHIFT)))),
    main.needs.bounds ? setWord(LIVE.PAGE, page) : block(),
    bounds,
    act.set(site.run(main)),
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
          kept,
          when(
            eq(act.get, k(XDP.PASS)),
            block(tally(site, known, XDP.PASS), pass(site, page, at)),
            when(
              eq(act.get, k(XDP.TX)),
              block(tally(site, known, XDP.TX), tx(site, page, bytes, parts, known)),
              block(tally(site, known, XDP.REDIRECT), redirected(site, page, bytes, parts, known)),
            ),
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

function pass(site: CodeSite, page: Code, at: Local): Code {
  const { batch } = site.input;
  return block(
    at.set(word(batch + BATCH_AT.PASS_COUNT)),
    store(add(k(batch), shl(at.get, k(2))), BATCH_AT.PASS, page),
    setWord(batch + BATCH_AT.PASS_COUNT, add(at.get, k(1))),
  );
}

/** XDP_TX: a redirect to the device itself. */
function tx(site: CodeSite, page: Code, bytes: Local, parts: BatchParts, known: Known): Code {
  const { ingress_ifindex } = site.input;
  const name = wide(ingress_ifindex, RI_IFINDEX);
  return when(
    and(eqWide(known.name.get, name), fits(known, bytes)),
    block(push(site, page, parts, known), setWide(LIVE.RI_TGT_INDEX, wide(ingress_ifindex, RI_NONE))),
    block(setWide(LIVE.RI_TGT_INDEX, name), ask(site, page, parts, known)),
  );
}

function redirected(site: CodeSite, page: Code, bytes: Local, parts: BatchParts, known: Known): Code {
  const asBefore = and(
    eqWide(loadWide(k(0), LIVE.RI_TGT_INDEX), known.name.get),
    eqWide(loadWide(k(0), LIVE.RI_FLAGS), wide(0, 1)),
  );
  return when(
    and(asBefore, fits(known, bytes)),
    block(push(site, page, parts, known), setWord(LIVE.RI_MAP, k(RI_NONE))),
    ask(site, page, parts, known),
  );
}

/** Whether the device in hand takes a frame of so many bytes. */
function fits({ longest }: Known, bytes: Local): Code {
  return not(above(bytes.get, longest.get));
}

/** bq_enqueue to the same device as before. */
function push(site: CodeSite, page: Code, parts: BatchParts, known: Known): Code {
  const { hot, queued, sent, place } = known;
  return block(
    when(eq(queued.get, k(DEV_BULK)), block(call(parts.xmit, hot.get, k(0)), queued.set(k(0)), openRing(site, place))),
    store(add(hot.get, shl(queued.get, k(2))), DEV_AT.BQ, page),
    queued.plus(k(1)),
    store(hot.get, DEV_AT.BQ_COUNT, queued.get),
    sent.plus(k(1)),
  );
}

/** xdp_do_redirect_frame, and what is known after it. */
function ask(site: CodeSite, page: Code, parts: BatchParts, known: Known): Code {
  const { hot, name, queued, longest, slot, place } = known;
  const { batch } = site.input;
  return block(
    cool(known),
    name.set(loadWide(k(0), LIVE.RI_TGT_INDEX)),
    hot.set(call(parts.redirect, page)),
    // Whatever was sent may have given pages back.
    openRing(site, place),
    when(
      hot.get,
      block(
        queued.set(load(hot.get, DEV_AT.BQ_COUNT)),
        longest.set(load(hot.get, DEV_AT.MAX_LEN)),
        slot.set(word(batch + BATCH_AT.SLOT)),
      ),
      // Nothing fits there.
      longest.set(k(0)),
    ),
  );
}

/** trace_xdp_redirect for all that went to the same place; its last event is that of the first of them. */
function cool({ slot, sent }: Known): Code {
  return when(sent.get, block(count(slot.get, 0, sent.get), sent.set(k(0))));
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
 * Writes the loop beside the programs: exports `run(frames, batch_size)`; `fold()`, which a trap in the middle of a batch leaves to be
 * called; and `cpu(queue, program)`, a CPU's thread.
 */
export function writeLoop(site: CodeSite): void {
  const give = giveBack(site);
  const back = put(site, give);
  const scheduler = schedule(site);
  const sender = xmit(site, { schedule: scheduler, egress: site.entries.map((entry) => egress(site, entry, back)) });
  const queuer = queue(site, sender);
  const cpuFlusher = cpuFlush(site, back);
  const polls = [...site.entries, null].map((entry) => poll(site, entry, give));
  const folder = fold(site);
  const parts: BatchParts = {
    ...{ refill: refill(site), write: site.input.source === 0 ? null : writePacket(site) },
    ...{ flush: flush(site, sender), flushCpus: flushCpus(site, cpuFlusher), xmit: sender },
    redirect: redirect(site, {
      enqueue: enqueue(site, queuer),
      cpuEnqueue: cpuEnqueue(site, cpuFlusher),
      broadcast: broadcast(site, { clone: clone(site), queue: queuer, put: back }),
    }),
    pollAll: pollAll(site, polls, scheduler),
  };
  site.export('run', batches(site, batch(site, parts), folder));
  site.export('fold', folder);
  site.export('cpu', threads(site, back));
}

/** cpu(queue, id of its program) */
function threads(site: CodeSite, put: number): number {
  const plain = cpuThread(site, null, put);
  const funcs = site.entries.map((entry) => cpuThread(site, entry, put));
  return site.func(2, false, (f) => {
    const [queue, prog] = [f.param(0), f.param(1)];
    return when(
      prog.get,
      site.choose(prog.get, funcs, (func) => call(func, queue.get), block()),
      call(plain, queue.get),
    );
  });
}
