/** All helpers the engine has, by name without the bpf_ prefix. */
import { DYNPTR_HELPERS } from './dynptr.ts';
import { FOR_EACH_HELPERS } from './for-each.ts';
import { MAP_HELPERS } from './map.ts';
import { PERF_HELPERS } from './perf.ts';
import { REDIRECT_HELPERS } from './redirect.ts';
import { RINGBUF_HELPERS } from './ringbuf.ts';
import type { HelperMaker } from './run-ctx.ts';
import { SPIN_LOCK_HELPERS } from './spin-lock.ts';

export const HELPER_MAKERS: Readonly<Record<string, HelperMaker>> = {
  ...MAP_HELPERS,
  ...FOR_EACH_HELPERS,
  ...RINGBUF_HELPERS,
  ...DYNPTR_HELPERS,
  ...PERF_HELPERS,
  ...REDIRECT_HELPERS,
  ...SPIN_LOCK_HELPERS,
};
