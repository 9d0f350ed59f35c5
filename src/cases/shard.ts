/** A part of the cases for one machine of several: `2/3` is the second third of the list, whatever else differs. */
import { InputError } from '../input-error.ts';

export interface Shard {
  /** From 1. */
  readonly index: number;
  readonly count: number;
}

/** Reads `i/n`. Throws InputError when it is none. */
export function parseShard(text: string): Shard {
  const [, index = '0', count = '0'] = /^(\d{1,6})\/(\d{1,6})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (shard.index >= 1 && shard.index <= shard.count) return shard;
  throw new InputError(`--shard ${text} is no part of a whole: 1/3, 2/3 or 3/3, for instance`);
}

/** Every case is in exactly one of the parts; their sizes differ by one at most. */
export function shardOf<T>(all: readonly T[], { index, count }: Shard): T[] {
  const start = Math.floor(((index - 1) * all.length) / count);
  return all.slice(start, Math.floor((index * all.length) / count));
}
