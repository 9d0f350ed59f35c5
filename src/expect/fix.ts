/** What would have to stand in a case for one difference not to be one: data, from which case files are rewritten. */
import type { Decoded } from '../../engine/index.ts';
import type { ValueChange } from '../format/values.ts';

/** Names and indices, from the outside in. */
export type Path = readonly (string | number)[];

export interface Fix {
  /** Where, below `expect`. */
  readonly path: Path;
  /** The same where its shorthand stands: a number for `{ifindex}`, a value for a list of one. */
  readonly or?: Path;
  /** What would hold there; undefined: nothing, the item of the list goes. */
  readonly value: unknown;
  /** The same by name, for where a name stands: XDP_DROP, ENOENT, an enumerator, `right`. */
  readonly named?: string;
  /** The value that it is a part of, for where that is written as bytes. */
  readonly whole?: { readonly path: Path; readonly hex: string };
  /** It adds nothing to others of its path. */
  readonly aside?: true;
  /** A header field of the packet at `path`, for where that is built: the nth (from 1) layer of a kind. */
  readonly header?: { readonly layer: string; readonly nth: number; readonly field: string; readonly value: string };
}

/** Of a part of a decoded value; `named` is the same value with enumerators by name. */
export function partFix(path: Path, change: ValueChange, named?: Decoded): Fix {
  const name = change.steps.reduce<Decoded | undefined>(inside, named);
  return {
    path: [...path, ...change.steps],
    value: change.after === undefined ? null : change.after,
    ...(typeof name === 'string' ? { named: name } : {}),
  };
}

function inside(value: Decoded | undefined, step: string | number): Decoded | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return (value as { readonly [name: string]: Decoded })[step];
}

/** Further in: the path of a map's content becomes that of the case's `maps`. */
export function below(path: Path, fix: Fix): Fix {
  return {
    ...{ ...fix, path: [...path, ...fix.path] },
    ...(fix.or === undefined ? {} : { or: [...path, ...fix.or] }),
    ...(fix.whole === undefined ? {} : { whole: { ...fix.whole, path: [...path, ...fix.whole.path] } }),
  };
}
