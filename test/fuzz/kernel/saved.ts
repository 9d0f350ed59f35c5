/** Programs kept in fixtures/regress: as JSON, with what they run on and why they are kept. */
import { parseHex, toHex } from '../../../src/packet/hex.ts';
import type { Input, RandomProgram } from './program.ts';
import { type Code, type Prepared, specOf } from './spec.ts';
import { flatten, type Tree } from './tree.ts';

interface SavedCode {
  readonly insns: string;
  readonly refs: Code['refs'];
  readonly starts: readonly number[];
}

export interface SavedProgram extends SavedCode {
  /** What went wrong once, in a sentence. */
  readonly why: string;
  readonly type: number;
  readonly tails: readonly SavedCode[];
  readonly packet: string;
  readonly content: Readonly<Record<string, readonly (readonly [string, string])[]>>;
}

function saveCode(tree: Tree): SavedCode {
  const { insns, refs, starts } = flatten(tree);
  return { insns: toHex(insns), refs, starts };
}

function restoreCode({ insns, refs, starts }: SavedCode): Code {
  return { insns: parseHex(insns), refs, starts };
}

export function save(program: RandomProgram, tree: Tree, why: string): SavedProgram {
  const content = Object.entries(program.content).map(([map, pairs]) => {
    return [map, pairs.map(([key, value]) => [toHex(key), toHex(value)] as const)] as const;
  });
  const { type, packet, tails } = program;
  const code = { ...saveCode(tree), tails: tails.map(saveCode) };
  return { why, type, ...code, packet: toHex(packet), content: Object.fromEntries(content) };
}

/** What judgePrepared() takes. */
export function restore(saved: SavedProgram, path: string): { readonly prepared: Prepared; readonly input: Input } {
  const code = restoreCode(saved);
  const content = Object.entries(saved.content).map(([map, pairs]) => {
    return [map, pairs.map(([key, value]) => [parseHex(key), parseHex(value)] as const)] as const;
  });
  const input = { type: saved.type, packet: parseHex(saved.packet), content: Object.fromEntries(content) };
  const spec = specOf(code, saved.tails.map(restoreCode), saved.type, path);
  return { prepared: { spec, flat: { ...code, ops: [] } }, input };
}
