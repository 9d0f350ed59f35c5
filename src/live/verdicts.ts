/** What programs of live frames returned, under the names that users know them by. */
import type { LiveReport } from '../../engine/index.ts';

/** A verdict as reports of live runs name it: XDP_TX is tx. */
export function verdictField(word: string): string {
  return word.replace(/^XDP_/i, '').toLowerCase();
}

/** Frames by XDP_ABORTED, XDP_DROP, …, and those of numbers that are no verdict as `unknown`. */
export function verdictCounts(verdicts: LiveReport['verdicts']): [name: string, frames: number][] {
  return Object.entries(verdicts).map(([field, frames]) => [
    field === 'unknown' ? field : `XDP_${field.toUpperCase()}`,
    frames,
  ]);
}
