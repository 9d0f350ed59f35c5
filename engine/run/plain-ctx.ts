/** Contexts that are bytes of the user's own, as SYSCALL, RAW_TRACEPOINT and STRUCT_OPS programs get them. */
import { CTX_BASE, PRIV } from '../layout.ts';
import { type Failure, invalid } from './opts.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts } from './types.ts';

/** What of the context is zero where the user gave less. */
const CLEARED = 96;

/** Copies the context in and tells the checks how long it is; the bytes behind it are zeroed. */
export function putContext(run: Run, bytes: Uint8Array): void {
  const { mem } = run.world;
  mem.u8.set(bytes, CTX_BASE);
  mem.u8.fill(0, CTX_BASE + bytes.length, CTX_BASE + Math.max(bytes.length, CLEARED));
  mem.u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
  mem.u32[PRIV.CTX_LEN >> 2] = bytes.length;
}

/** What these types refuse of the attributes: data, a context out, repeats and batches (`flags` and `cpu` are each type's own). */
export function checkPlain(opts: ProgRunOpts): Failure | null {
  if (opts.data_in !== undefined && opts.data_in.length > 0)
    return invalid('data_in: this program type takes no packet');
  if (opts.data_out === true) return invalid('data_out: this program type gives no packet back');
  if (opts.ctx_size_out !== undefined) return invalid('ctx_out: this program type gives no context back');
  if ((opts.repeat ?? 0) !== 0) return invalid('repeat must be 0: this program type runs once');
  if ((opts.batch_size ?? 0) !== 0) return invalid('batch_size is for live frame mode only');
  return null;
}

/** The context must hold what the program reads of it, and no more than `most` bytes. */
export function checkReach(run: Run, size: number, most: number): Failure | null {
  const least = run.program.max_ctx_offset;
  if (size < least) return invalid(`ctx_in has ${size} bytes, the program reads ${least} of its context`);
  return size > most ? invalid(`ctx_in has ${size} bytes, more than ${most}`) : null;
}
