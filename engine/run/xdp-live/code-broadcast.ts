/** Generated code of live frames for BPF_F_BROADCAST: a copy for every device of the map but the last, which gets the frame itself. */
import {
  MAP_LIVE,
  PAGE_AT,
  PAGE_DESC_SHIFT,
  PAGE_SHIFT,
  PAGE_SIZE,
  POOL_AT,
  ROW_AT,
  ROW_BYTES,
  SHARED_INFO,
} from '../../net/live-layout.ts';
import { takes } from './code-queues.ts';
import {
  add,
  and,
  below,
  block,
  type Code,
  call,
  choose,
  count,
  give,
  k,
  type Local,
  load,
  loadWide,
  loop,
  ne,
  not,
  setWord,
  shl,
  shr,
  store,
  storeByte,
  storeWide,
  sub,
  when,
  word,
} from './emit.ts';
import { type CodeSite, runCounter } from './site.ts';

const STEP = 8;

/** LivePages.clone(page): the frame on a page of its own, 0 when there is none. */
export function clone(site: CodeSite): number {
  const { pool, pages, descs } = site.input;
  return site.func(1, true, (f) => {
    const page = f.param(0);
    const { copy, left, base, low, end, move, at } = f.named('copy', 'left', 'base', 'low', 'end', 'move', 'at');
    const to = (address: Local): Code => add(address.get, move.get);
    return block(
      left.set(word(pool + POOL_AT.FREE_COUNT)),
      when(not(left.get), give(k(0))),
      left.plus(k(-1)),
      setWord(pool + POOL_AT.FREE_COUNT, left.get),
      copy.set(load(add(word(pool + POOL_AT.FREE), shl(left.get, k(2))))),
      base.set(add(k(pages), shl(shr(sub(copy.get, k(descs)), k(PAGE_DESC_SHIFT)), k(PAGE_SHIFT)))),
      move.set(sub(base.get, load(page.get, PAGE_AT.HARD_START))),
      low.set(load(page.get, PAGE_AT.LOW)),
      end.set(add(load(page.get, PAGE_AT.DATA), load(page.get, PAGE_AT.LEN))),
      when(
        load(copy.get, PAGE_AT.BASE),
        block(
          clean(load(copy.get, PAGE_AT.LOW), least(to(low), load(copy.get, PAGE_AT.HIGH)), at),
          clean(most(to(end), load(copy.get, PAGE_AT.LOW)), load(copy.get, PAGE_AT.HIGH), at),
        ),
      ),
      copyBytes(to(low), low.get, sub(end.get, low.get), at),
      store(copy.get, PAGE_AT.DATA, add(load(page.get, PAGE_AT.DATA), move.get)),
      store(copy.get, PAGE_AT.LEN, load(page.get, PAGE_AT.LEN)),
      store(copy.get, PAGE_AT.META, load(page.get, PAGE_AT.META)),
      store(copy.get, PAGE_AT.BASE, base.get),
      store(copy.get, PAGE_AT.HARD_START, base.get),
      store(copy.get, PAGE_AT.HARD_END, add(base.get, k(PAGE_SIZE - SHARED_INFO))),
      store(copy.get, PAGE_AT.LOW, to(low)),
      store(copy.get, PAGE_AT.HIGH, to(end)),
      store(copy.get, PAGE_AT.POOL, k(0)),
      store(copy.get, PAGE_AT.FRAME, load(page.get, PAGE_AT.FRAME)),
      copy.get,
    );
  });
}

const least = (a: Code, b: Code): Code => choose(below(a, b), a, b);
const most = (a: Code, b: Code): Code => choose(below(a, b), b, a);

/** Zeros from one address up to another, byte by byte: there is seldom one. */
function clean(from: Code, end: Code, at: Local): Code {
  return block(at.set(from), loop(below(at.get, end), block(storeByte(at.get, k(0)), at.plus(k(1)))));
}

/** By fours of eights, then by eights, the last eight overlapping; no frame is shorter. */
function copyBytes(to: Code, from: Code, bytes: Code, at: Local): Code {
  const move = (offset: Code, more = 0): Code => storeWide(add(to, offset), more, loadWide(add(from, offset), more));
  return block(
    at.set(k(0)),
    loop(
      below(add(at.get, k(4 * STEP)), bytes),
      block(...[0, 1, 2, 3].map((i) => move(at.get, i * STEP)), at.plus(k(4 * STEP))),
    ),
    loop(below(add(at.get, k(STEP)), bytes), block(move(at.get), at.plus(k(STEP)))),
    move(sub(bytes, k(STEP))),
  );
}

/** dev_map_enqueue_multi(page, map, device left out): 1, or 0 when there was no page for a copy. */
export function broadcast(site: CodeSite, parts: { clone: number; queue: number; put: number }): number {
  const { counters } = site.input;
  return site.func(3, true, (f) => {
    const [page, map, excluded] = [f.param(0), f.param(1), f.param(2)];
    const { row, left, dev, last, prog, copy } = f.named('row', 'left', 'dev', 'last', 'prog', 'copy');
    const another = block(
      copy.set(call(parts.clone, page.get)),
      when(not(copy.get), give(k(0))),
      count(k(counters), runCounter('pages_copied'), k(1)),
      call(parts.queue, last.get, copy.get, prog.get),
    );
    const wanted = and(ne(dev.get, excluded.get), takes(dev.get, load(page.get, PAGE_AT.LEN)));
    const one = block(
      row.plus(k(ROW_BYTES)),
      left.plus(k(-1)),
      dev.set(load(row.get, ROW_AT.TO)),
      when(wanted, block(when(last.get, another), last.set(dev.get), prog.set(load(row.get, ROW_AT.PROG)))),
    );
    return block(
      row.set(load(map.get, MAP_LIVE.ALL)),
      left.set(load(row.get)),
      loop(left.get, one),
      when(last.get, call(parts.queue, last.get, page.get, prog.get), call(parts.put, page.get)),
      k(1),
    );
  });
}
