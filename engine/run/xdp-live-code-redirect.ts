/** bpf_redirect_map in live frame mode without leaving WebAssembly: an array devmap's entry that is there; the import does the rest. */
import type { WasmModule } from '../jit/wasm-module.ts';
import { T } from '../jit/wasm-ops.ts';
import { MAP_AT, MAP_DESC_BASE, MAP_DESC_SIZE, MAPS_MAX } from '../layout.ts';
import { LIVE, MAP_LIVE } from '../net/live-layout.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import {
  add,
  and,
  atLeast,
  block,
  call,
  codeOf,
  eq,
  give,
  k,
  Locals,
  load,
  ne,
  or,
  pair,
  setWide,
  shl,
  sub,
  when,
} from './xdp-live-emit.ts';

const XDP_REDIRECT = 4;
const ACTION_MASK = 3;
/** sizeof a row of the table behind a devmap, as a shift. */
const ENTRY_SHIFT = 3;

/** A function of the helper's type: (map, key, key's high half, flags, flags' high half). */
export function writeRedirectMap(module: WasmModule, imported: number): number {
  const params = new Array<number>(5).fill(T.I32);
  const func = module.declare({ params, results: [T.I32] });
  const f = new Locals(params.length);
  const [map, key, keyHigh, flags, flagsHigh] = [0, 1, 2, 3, 4].map((i) => f.param(i).get);
  const row = f.i32();
  const rest = give(call(imported, map!, key!, keyHigh!, flags!, flagsHigh!));
  const body = block(
    // Whatever is no descriptor, the import finds to be none.
    when(or(atLeast(sub(map!, k(MAP_DESC_BASE)), k(MAPS_MAX * MAP_DESC_SIZE)), and(map!, k(MAP_DESC_SIZE - 1))), rest),
    when(ne(load(map!, MAP_AT.TYPE), k(MAP_TYPE.DEVMAP)), rest),
    when(or(or(flagsHigh!, and(flags!, k(~ACTION_MASK))), atLeast(key!, load(map!, MAP_AT.MAX_ENTRIES))), rest),
    row.set(load(map!, MAP_LIVE.TABLE)),
    when(eq(row.get, k(0)), rest),
    when(eq(load(add(row.get, shl(key!, k(ENTRY_SHIFT)))), k(0)), rest),
    setWide(LIVE.RI_TGT_INDEX, pair(key!, map!)),
    setWide(LIVE.RI_FLAGS, pair(k(0), k(1))),
    k(XDP_REDIRECT),
  );
  module.define(func, f.types, codeOf(body));
  return func;
}
