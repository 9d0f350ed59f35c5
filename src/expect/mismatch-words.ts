/** Who says what in a difference: the case and the run, or the kernel and the engine where one judges the other. */
import type { Difference } from '../outcome.ts';

/** Field of differences between engine and kernel. */
export const MISMATCH = 'mismatch';

/** Reason of a case that holds by itself, and fails because its judge answers otherwise. */
export const DISAGREED = 'mismatch: the kernel answers otherwise than the engine';

/** What `expected` and `received` of a difference are called. */
export function sidesOf({ field }: Pick<Difference, 'field'>): readonly [expected: string, received: string] {
  return field === MISMATCH ? ['kernel', 'engine'] : ['expected', 'received'];
}
