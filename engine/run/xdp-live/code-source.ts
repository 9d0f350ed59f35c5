/** Generated code of live frames for packets that differ from frame to frame: the next one is copied onto the page in hand. */
import { DATA_AT, SOURCE_AT, SOURCE_ROW } from '../../net/live-layout.ts';
import {
  add,
  below,
  block,
  type Code,
  choose,
  k,
  type Local,
  load,
  loadWide,
  loop,
  rest,
  setWord,
  shl,
  shr,
  storeWide,
  sub,
  times,
  word,
  xor,
} from './emit.ts';
import type { CodeSite } from './site.ts';

/** Bytes that one step copies. No packet has fewer. */
const STEP = 8;

/** write(page's address): the next packet stands there; how many bytes it has, metadata apart. */
export function writePacket(site: CodeSite): number {
  const { source, random, meta } = site.input;
  return site.func(1, true, (f) => {
    const [base, index, from, bytes, at] = [f.param(0), f.i32(), f.i32(), f.i32(), f.i32()];
    const row = add(word(source + SOURCE_AT.TABLE), times(index.get, k(SOURCE_ROW)));
    const move = (offset: Code): Code =>
      storeWide(add(base.get, offset), DATA_AT - meta, loadWide(add(from.get, offset)));
    return block(
      random ? byChance(source, index) : inTurn(source, index),
      from.set(load(row)),
      bytes.set(load(row, 4)),
      loop(below(at.get, sub(bytes.get, k(STEP))), block(move(at.get), at.plus(k(STEP)))),
      // What is left overlaps with what was copied.
      move(sub(bytes.get, k(STEP))),
      sub(bytes.get, k(meta)),
    );
  });
}

function inTurn(source: number, index: Local): Code {
  const next = add(index.get, k(1));
  return block(
    index.set(word(source + SOURCE_AT.NEXT)),
    setWord(source + SOURCE_AT.NEXT, choose(below(next, word(source + SOURCE_AT.COUNT)), next, k(0))),
  );
}

/** xorshift32 */
function byChance(source: number, index: Local): Code {
  return block(
    index.set(word(source + SOURCE_AT.CHANCE)),
    index.set(xor(index.get, shl(index.get, k(13)))),
    index.set(xor(index.get, shr(index.get, k(17)))),
    index.set(xor(index.get, shl(index.get, k(5)))),
    setWord(source + SOURCE_AT.CHANCE, index.get),
    index.set(rest(index.get, word(source + SOURCE_AT.COUNT))),
  );
}
