/** Generated code of live frames for redirects: what bpf_redirect and bpf_redirect_map note, and where it leads; the imports do what is rarer. */
import type { WasmModule } from '../../jit/wasm-module.ts';
import { T } from '../../jit/wasm-ops.ts';
import { MAP_AT, MAP_DESC_BASE, MAP_DESC_SIZE, MAPS_MAX } from '../../layout.ts';
import { BATCH_AT, DEV_AT, LIVE, MAP_LIVE, RI_IFINDEX, RI_NONE, ROW_AT, ROW_SHIFT } from '../../net/live-layout.ts';
import { MAP_TYPE } from '../../uapi/map-types.ts';
import {
  add,
  and,
  atLeast,
  block,
  type Code,
  call,
  choose,
  codeOf,
  eq,
  give,
  k,
  type Local,
  Locals,
  load,
  ne,
  not,
  or,
  pair,
  setWide,
  setWord,
  shl,
  sub,
  when,
  word,
} from './emit.ts';
import { type CodeSite, countEvent, enter } from './site.ts';

const XDP_REDIRECT = 4;
const ACTION_MASK = 3;
const BPF_F_BROADCAST = 8;
const BPF_F_EXCLUDE_INGRESS = 16;

/** bpf_redirect_map: a function of the helper's type for an array devmap's or a cpumap's entry that is there, and for broadcasts. */
export function writeRedirectMap(module: WasmModule, imported: number): number {
  const params = new Array<number>(5).fill(T.I32);
  const func = module.declare({ params, results: [T.I32] });
  const f = new Locals(params.length);
  const [map, key, keyHigh, flags, flagsHigh] = [0, 1, 2, 3, 4].map((i) => f.param(i).get) as [
    ...[Code, Code, Code, Code, Code],
  ];
  const [row, type] = [f.i32(), f.i32()];
  const rest = give(call(imported, map, key, keyHigh, flags, flagsHigh));
  const broadcast = BPF_F_BROADCAST | BPF_F_EXCLUDE_INGRESS | ACTION_MASK;
  const toAll = block(
    when(or(or(flagsHigh, and(flags, k(~broadcast))), not(and(flags, k(BPF_F_BROADCAST)))), rest),
    when(ne(type.get, k(MAP_TYPE.DEVMAP)), rest),
    setWide(LIVE.RI_TGT_INDEX, pair(key, map)),
    setWide(LIVE.RI_FLAGS, pair(flags, ne(load(row.get, ROW_AT.TO), k(0)))),
    give(k(XDP_REDIRECT)),
  );
  const body = block(
    // Whatever is no descriptor, the import finds to be none.
    when(or(atLeast(sub(map, k(MAP_DESC_BASE)), k(MAPS_MAX * MAP_DESC_SIZE)), and(map, k(MAP_DESC_SIZE - 1))), rest),
    type.set(load(map, MAP_AT.TYPE)),
    when(and(ne(type.get, k(MAP_TYPE.DEVMAP)), ne(type.get, k(MAP_TYPE.CPUMAP))), rest),
    row.set(load(map, MAP_LIVE.TABLE)),
    when(or(atLeast(key, load(map, MAP_AT.MAX_ENTRIES)), not(row.get)), rest),
    row.plus(shl(key, k(ROW_SHIFT))),
    when(or(flagsHigh, and(flags, k(~ACTION_MASK))), toAll),
    when(not(load(row.get, ROW_AT.TO)), rest),
    setWide(LIVE.RI_TGT_INDEX, pair(key, map)),
    setWide(LIVE.RI_FLAGS, pair(k(0), k(1))),
    k(XDP_REDIRECT),
  );
  module.define(func, f.types, codeOf(body));
  return func;
}

/** bpf_redirect(ifindex, flags); a flag is the import's to refuse. */
export function writeRedirect(module: WasmModule, imported: number): number {
  const params = new Array<number>(3).fill(T.I32);
  const func = module.declare({ params, results: [T.I32] });
  const f = new Locals(params.length);
  const [ifindex, flags, flagsHigh] = [0, 1, 2].map((i) => f.param(i).get) as [Code, Code, Code];
  const body = block(
    when(or(flags, flagsHigh), give(call(imported, ifindex, flags, flagsHigh))),
    setWide(LIVE.RI_TGT_INDEX, pair(ifindex, k(RI_IFINDEX))),
    setWide(LIVE.RI_FLAGS, pair(k(0), k(1))),
    k(XDP_REDIRECT),
  );
  module.define(func, f.types, codeOf(body));
  return func;
}

/** Functions that redirects lead to. */
export interface RedirectParts {
  readonly enqueue: number;
  readonly cpuEnqueue: number;
  readonly broadcast: number;
}

interface Asked {
  readonly page: Local;
  readonly map: Local;
  readonly index: Local;
  readonly dev: Local;
  readonly row: Local;
  readonly slot: Local;
}

/**
 * xdp_do_redirect_frame(page): the device whose bulk queue the frame is in, where another frame to the same place may follow without
 * being asked about, and BATCH_AT.SLOT is where it counts; else 0. Whoever has no counter yet is counted by the import the first time.
 */
export function redirect(site: CodeSite, parts: RedirectParts): number {
  const { ingress_ifindex, rx_queue_index } = site.input;
  return site.func(1, true, (f) => {
    const asked: Asked = { page: f.param(0), ...f.named('map', 'index', 'dev', 'row', 'slot') };
    const { page, map, index, dev } = asked;
    const one = when(
      eq(load(map.get, MAP_AT.TYPE), k(MAP_TYPE.CPUMAP)),
      toCpu(site, asked, parts),
      toDevice(site, asked, parts),
    );
    return block(
      map.set(word(LIVE.RI_MAP)),
      index.set(word(LIVE.RI_TGT_INDEX)),
      when(
        eq(map.get, k(RI_IFINDEX)),
        toIfindex(site, asked, parts),
        when(
          map.get,
          when(
            word(LIVE.RI_FLAGS),
            toAll(site, asked, parts),
            when(and(word(LIVE.RI_FOUND), ne(load(map.get, MAP_LIVE.TABLE), k(0))), one),
          ),
        ),
      ),
      dev.set(site.ask('redirect', page.get)),
      // The bulk queue may have run a program with a context of its own.
      enter(k(ingress_ifindex), rx_queue_index),
      dev.get,
    );
  });
}

function toIfindex(site: CodeSite, { page, index, dev, slot }: Asked, { enqueue }: RedirectParts): Code {
  const sent = block(counted(site, slot, index.get, k(RI_IFINDEX), k(0)), give(dev.get));
  return block(
    dev.set(load(add(k(site.input.byIfindex), shl(and(index.get, k(255)), k(2))))),
    when(
      dev.get,
      block(
        slot.set(load(dev.get, DEV_AT.REDIRECT_SLOT)),
        when(
          choose(eq(load(dev.get, DEV_AT.IFINDEX), index.get), slot.get, k(0)),
          when(call(enqueue, dev.get, page.get, k(0)), sent),
        ),
      ),
    ),
  );
}

/** The row of a table by key, and its counter. */
function rowOf({ map, index, dev, row, slot }: Asked): Code {
  return block(
    row.set(add(load(map.get, MAP_LIVE.TABLE), shl(index.get, k(ROW_SHIFT)))),
    dev.set(load(row.get, ROW_AT.TO)),
    slot.set(load(row.get, ROW_AT.SLOT)),
  );
}

function toDevice(site: CodeSite, asked: Asked, { enqueue }: RedirectParts): Code {
  const { page, map, index, dev, row, slot } = asked;
  const to = load(dev.get, DEV_AT.IFINDEX);
  return block(
    rowOf(asked),
    when(
      choose(dev.get, slot.get, k(0)),
      when(
        call(enqueue, dev.get, page.get, load(row.get, ROW_AT.PROG)),
        block(counted(site, slot, to, load(map.get, MAP_LIVE.ID), index.get), give(dev.get)),
      ),
    ),
  );
}

function toCpu(site: CodeSite, asked: Asked, { cpuEnqueue }: RedirectParts): Code {
  const { page, map, index, dev, slot } = asked;
  return block(
    rowOf(asked),
    when(
      choose(dev.get, slot.get, k(0)),
      block(
        call(cpuEnqueue, dev.get, page.get),
        counted(site, slot, k(0), load(map.get, MAP_LIVE.ID), index.get),
        give(k(0)),
      ),
    ),
  );
}

/** A broadcast by the key of the last one. */
function toAll(site: CodeSite, { page, map, index, slot, row }: Asked, { broadcast }: RedirectParts): Code {
  const excluded = choose(and(word(LIVE.RI_FLAGS), k(BPF_F_EXCLUDE_INGRESS)), k(site.input.ingress), k(0));
  // to_ifindex is that of the key's own entry, as the last event of the slot has it.
  const { trace } = site.input;
  const last = add(shl(sub(slot.get, k(trace.counts)), k(2)), k(trace.lasts));
  return block(
    slot.set(load(map.get, MAP_LIVE.SLOT)),
    when(
      choose(and(eq(load(map.get, MAP_LIVE.KEY), index.get), ne(load(map.get, MAP_LIVE.ALL), k(0))), slot.get, k(0)),
      block(
        row.set(load(last, 4)),
        when(not(call(broadcast, page.get, map.get, excluded)), block(site.ask('noCopy', page.get), give(k(0)))),
        counted(site, slot, row.get, load(map.get, MAP_LIVE.ID), index.get),
        give(k(0)),
      ),
    ),
  );
}

/** trace_xdp_redirect */
function counted(site: CodeSite, slot: Local, to: Code, map: Code, index: Code): Code {
  return block(
    countEvent(site, 'redirect', slot, [pair(k(site.input.ingress_ifindex), to), pair(map, index)]),
    setWord(LIVE.RI_MAP, k(RI_NONE)),
    setWord(site.input.batch + BATCH_AT.SLOT, slot.get),
  );
}
