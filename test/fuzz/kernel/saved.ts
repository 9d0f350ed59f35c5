/** Programs kept in fixtures/regress: as JSON, with what they run on and why they are kept. */
import { parseHex as fromHex, toHex } from '../../../src/packet/hex.ts';
import type { Input, RandomProgram } from './program.ts';
import { type Prepared, specOf } from './spec.ts';
import { flatten, type Tree } from './tree.ts';

export interface SavedProgram {
  /** What went wrong once, in a sentence. */
  readonly why: string;
  readonly type: number;
  readonly insns: string;
  readonly refs: readonly {
    readonly insn: number;
    readonly name: string;
    readonly kind: 'map' | 'map_value';
    readonly off: number;
  }[];
  readonly starts: readonly number[];
  readonly packet: string;
  readonly content: Readonly<Record<string, readonly (readonly [string, string])[]>>;
}

export function save(program: RandomProgram, tree: Tree, why: string): SavedProgram {
  const { insns, refs, starts } = flatten(tree);
  const content = Object.entries(program.content).map(([map, pairs]) => {
    return [map, pairs.map(([key, value]) => [toHex(key), toHex(value)] as const)] as const;
  });
  const { type, packet } = program;
  return { why, type, insns: toHex(insns), refs, starts, packet: toHex(packet), content: Object.fromEntries(content) };
}

/** What judgePrepared() takes. */
export function restore(saved: SavedProgram, path: string): { readonly prepared: Prepared; readonly input: Input } {
  const flat = { insns: fromHex(saved.insns), ops: [], refs: saved.refs, starts: saved.starts };
  const content = Object.entries(saved.content).map(([map, pairs]) => {
    return [map, pairs.map(([key, value]) => [fromHex(key), fromHex(value)] as const)] as const;
  });
  const input = { type: saved.type, packet: fromHex(saved.packet), content: Object.fromEntries(content) };
  return { prepared: { spec: specOf(flat, saved.type, path), flat }, input };
}
