/** Whether frames go on being lost in a way, or no longer. */

import { errorsOfLoss } from './errors.ts';
import type { LiveState } from './state.ts';
import type { Loss } from './why.ts';

/** A loss that did not grow for so long while frames were run is over. */
const OVER_MS = 1500;

/** True also where it was never seen to grow: it was there when one began to look. */
export function goesOn({ lastSeen, active_ms }: LiveState, loss: Loss): boolean {
  const seen = errorsOfLoss(loss).flatMap((key) => lastSeen.get(key) ?? []);
  return seen.length === 0 || Math.max(...seen) > active_ms - OVER_MS;
}
