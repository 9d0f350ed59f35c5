/** Generated code of live frames for programs behind a devmap's entries: they run on what leaves, before it leaves. */
import { DEV_AT, PAGE_AT } from '../../net/live-layout.ts';
import { add, below, block, call, eq, k, load, loop, ne, shl, store, when } from './emit.ts';
import { type CodeSite, enter, keep, type ProgramEntry, show, XDP } from './site.ts';

/** dev_map_bpf_prog_run(dev): what the program lets pass moves up in the bulk queue; how many there are then. */
export function egress(site: CodeSite, entry: ProgramEntry, put: number): number {
  return site.func(1, true, (f) => {
    const dev = f.param(0);
    const { page, act, from, to, count, data } = f.named('page', 'act', 'from', 'to', 'count', 'data');
    const place = (index: typeof from) => add(dev.get, shl(index.get, k(2)));
    const one = block(
      page.set(load(place(from), DEV_AT.BQ)),
      data.set(load(page.get, PAGE_AT.DATA)),
      show(entry, page.get, data.get),
      act.set(site.run(entry)),
      when(
        eq(act.get, k(XDP.PASS)),
        block(keep(entry, page.get, data), store(place(to), DEV_AT.BQ, page.get), to.plus(k(1))),
        block(
          when(ne(act.get, k(XDP.DROP)), site.ask('exception', dev.get, act.get, k(entry.id))),
          call(put, page.get),
        ),
      ),
      from.plus(k(1)),
    );
    return block(
      enter(load(load(dev.get, DEV_AT.BQ_DEV_RX), DEV_AT.IFINDEX), 0, load(dev.get, DEV_AT.IFINDEX)),
      count.set(load(dev.get, DEV_AT.BQ_COUNT)),
      loop(below(from.get, count.get), one),
      to.get,
    );
  });
}
