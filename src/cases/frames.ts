/** A whole capture as the input of a case: one case a frame. */

import type { TestCase } from '../test-case.ts';
import { captureFrames, type PathScope } from './bytes.ts';

/** Path of the capture that a case takes every frame of, null when it does not. */
function wholeCapture(one: unknown): string | null {
  const data = (one as { data_in?: unknown } | null)?.data_in;
  if (typeof data !== 'object' || data === null) return null;
  const { pcap, frame } = data as { pcap?: unknown; frame?: unknown };
  return frame === 'all' && typeof pcap === 'string' ? pcap : null;
}

/** A case of one frame, and which capture it is from. */
export interface FrameCase {
  readonly one: unknown;
  /** `NAME: all frames of FILE`; null: the case is as it was written. */
  readonly capture: string | null;
}

/** The case as it stands, or one for each frame of the capture that it names. Throws InputError when it cannot be read. */
export function framesOf(one: unknown, scope: PathScope): FrameCase[] {
  const pcap = wholeCapture(one);
  if (pcap === null) return [{ one, capture: null }];
  const given = one as TestCase;
  return captureFrames(pcap, 'data_in', scope).map(({ number, bytes }) => ({
    one: { ...given, name: `${given.name} › frame ${number}`, data_in: bytes.slice() },
    capture: `${given.name}: ${pcap}`,
  }));
}
