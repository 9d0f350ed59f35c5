/** Asks how much of some memory is the program's without recording a fault: for helpers that answer bad pointers with an errno. */
import { PRIV } from '../layout.ts';
import { checkRead } from './check-mem.ts';
import type { RunCtx } from './run-ctx.ts';

const FAULT_KIND = PRIV.FAULT_KIND >> 2;

function readable(rc: RunCtx, address: number, size: number): boolean {
  const fine = checkRead(rc, address, size);
  if (!fine) rc.mem.u32[FAULT_KIND] = 0;
  return fine;
}

/** How many of the `max` bytes at an address may be read, from the first one on; 0 when not even that one. */
export function readableAt(rc: RunCtx, address: number, max: number): number {
  if (max <= 0 || !readable(rc, address, 1)) return 0;
  if (readable(rc, address, max)) return max;
  let fine = 1;
  let bad = max;
  while (bad - fine > 1) {
    const middle = (fine + bad) >>> 1;
    if (readable(rc, address, middle)) fine = middle;
    else bad = middle;
  }
  return fine;
}
