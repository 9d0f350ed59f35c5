/** Notes where a function may read stack bytes that it did not write: its frame then starts as zeros, so that runs repeat exactly. */
import { FRAME_SIZE } from '../layout.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { State } from './state.ts';
import type { Value } from './values.ts';

/** `size` bytes (unknown: up to the frame's top) may be read behind a pointer, if it points into the frame. */
export function readsStack(fn: FunctionWriter, state: State, pointer: Value, size?: number, off = 0): void {
  if (pointer.kind !== 'stack') return;
  const from = pointer.off + off;
  if (pointer.span === Infinity) {
    fn.unwritten = -FRAME_SIZE;
    return;
  }
  const bytes = size === undefined ? -from : pointer.span + size;
  if (bytes <= 0 || state.isStored(from, bytes)) return;
  fn.unwritten = Math.min(fn.unwritten, Math.max(-FRAME_SIZE, from));
}
