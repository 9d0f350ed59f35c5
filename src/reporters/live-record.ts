/** What came of a live case as JSON, and back again. */
import type { LiveOutcome } from '../outcome.ts';
import { parseHex, toHex } from '../packet/hex.ts';

/** Bytes of frames as hex. */
export interface LiveRecord extends Omit<LiveOutcome, 'frame'> {
  readonly frame: { readonly at: string; readonly expected: string | null; readonly received: string } | null;
}

export function liveRecord({ frame, ...rest }: LiveOutcome): LiveRecord {
  if (frame === null) return { ...rest, frame };
  const { at, expected, received } = frame;
  return { ...rest, frame: { at, expected: expected && toHex(expected), received: toHex(received) } };
}

export function fromLiveRecord({ frame, ...rest }: LiveRecord): LiveOutcome {
  if (frame === null) return { ...rest, frame };
  const { at, expected, received } = frame;
  return {
    ...rest,
    frame: { at, expected: expected === null ? null : parseHex(expected), received: parseHex(received) },
  };
}
