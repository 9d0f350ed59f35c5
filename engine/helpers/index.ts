/** All helpers and kernel functions the engine has, by name without the bpf_ prefix. */
import { CGROUP_HELPERS } from './cgroup.ts';
import { CLOCK_HELPERS } from './clock.ts';
import { CONNTRACK_KFUNCS } from './conntrack.ts';
import { CSUM_HELPERS } from './csum.ts';
import { DYNPTR_HELPERS } from './dynptr.ts';
import { DYNPTR_KFUNCS } from './dynptr-kfuncs.ts';
import { FOR_EACH_HELPERS } from './for-each.ts';
import { ITER_KFUNCS } from './iter-num.ts';
import { LWT_HELPERS } from './lwt.ts';
import { MAP_HELPERS } from './map.ts';
import { PERF_HELPERS } from './perf.ts';
import { PRINT_HELPERS } from './print.ts';
import { PROBE_READ_HELPERS } from './probe-read.ts';
import { REDIRECT_HELPERS } from './redirect.ts';
import { REDIRECT_TC_HELPERS } from './redirect-tc.ts';
import { RINGBUF_HELPERS } from './ringbuf.ts';
import { ROUTE_HELPERS } from './route.ts';
import type { HelperMaker } from './run-ctx.ts';
import { SK_CAST_HELPERS } from './sk-cast.ts';
import { SK_STORAGE_HELPERS } from './sk-storage.ts';
import { SKB_HELPERS } from './skb.ts';
import { SOCK_HELPERS } from './sock.ts';
import { SPIN_LOCK_HELPERS } from './spin-lock.ts';
import { STRING_HELPERS } from './string.ts';
import { SYNCOOKIE_HELPERS } from './syncookie.ts';
import { TASK_HELPERS } from './task.ts';
import { TIMER_HELPERS } from './timer.ts';
import { TUNNEL_HELPERS } from './tunnel.ts';
import { USER_READ_HELPERS } from './user-read.ts';
import { XDP_HELPERS } from './xdp.ts';

/** Makers of the imports that programs call. */
export const HELPER_MAKERS: Readonly<Record<string, HelperMaker>> = {
  ...MAP_HELPERS,
  ...FOR_EACH_HELPERS,
  ...RINGBUF_HELPERS,
  ...DYNPTR_HELPERS,
  ...PERF_HELPERS,
  ...REDIRECT_HELPERS,
  ...SPIN_LOCK_HELPERS,
  ...CLOCK_HELPERS,
  ...TASK_HELPERS,
  ...TIMER_HELPERS,
  ...PRINT_HELPERS,
  ...STRING_HELPERS,
  ...PROBE_READ_HELPERS,
  ...USER_READ_HELPERS,
  ...XDP_HELPERS,
  ...SKB_HELPERS,
  ...CSUM_HELPERS,
  ...SOCK_HELPERS,
  ...SK_CAST_HELPERS,
  ...SYNCOOKIE_HELPERS,
  ...SK_STORAGE_HELPERS,
  ...CGROUP_HELPERS,
  ...LWT_HELPERS,
  ...REDIRECT_TC_HELPERS,
  ...ROUTE_HELPERS,
  ...TUNNEL_HELPERS,
  ...DYNPTR_KFUNCS,
  ...ITER_KFUNCS,
  ...CONNTRACK_KFUNCS,
};
