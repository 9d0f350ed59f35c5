/** Who says what in a difference: the case and the run, or the kernel and the engine where one judges the other. */
import type { Difference } from './outcome.ts';

/** Field of differences between engine and kernel. */
export const MISMATCH = 'mismatch';

/** What `expected` and `received` of a difference are called. */
export function sidesOf({ field }: Pick<Difference, 'field'>): readonly [expected: string, received: string] {
  return field === MISMATCH ? ['kernel', 'engine'] : ['expected', 'received'];
}
