/** Copying out: what user space finds in its buffers after a run (bpf_test_finish, bpf_ctx_finish). */
import type { Execution, World } from '../load/types.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { Failure } from './opts.ts';
import type { OutputRecord, ProgRunOpts, ProgRunResult } from './types.ts';

/** What a type hands back: the packet (fragments apart) and the context struct, null where the caller gave none. */
export interface Outcome {
  /** Linear bytes, metadata included; null: the type gives no data back (data_size_out becomes 0). */
  readonly head: Uint8Array | null;
  readonly frags: Uint8Array;
  readonly ctx: Uint8Array | null;
}

type Copied = Pick<
  ProgRunResult,
  'errno' | 'reason' | 'retval' | 'data_out' | 'data_size_out' | 'ctx_out' | 'ctx_size_out'
>;

const NOTHING: Omit<Copied, 'errno' | 'reason'> = {
  ...{ retval: null, data_out: null, data_size_out: null, ctx_out: null, ctx_size_out: null },
};

/** A call that ended before anything ran. */
export function notRun(failure: Failure): ProgRunResult {
  return {
    ...NOTHING,
    ...{ errno: failure.errno, reason: failure.reason, duration_ns: 0, ctx_in_after: null, insns_executed: 0 },
    ...{ printk: [], records: [], redirect: null, fault: null },
  };
}

/** The program ran, and then the call failed: nothing is copied out, but what happened on the way is known. */
export function failedAfterRun(world: World, execution: Execution, failure: Failure): ProgRunResult {
  return assemble(world, execution, { ...NOTHING, ...failure });
}

/** A run that ended by a fault or by the cancel word; null when it ended as it should. */
export function endedEarly(world: World, execution: Execution): ProgRunResult | null {
  if (execution.cancelled) {
    return failedAfterRun(world, execution, { errno: ERRNO.EINTR, reason: 'the run was cancelled' });
  }
  return execution.fault === null ? null : failedAfterRun(world, execution, { errno: 0, reason: '' });
}

/** A run that returned: copies packet and context into the room the caller has. */
export function finish(world: World, execution: Execution, opts: ProgRunOpts, outcome: Outcome): ProgRunResult {
  return assemble(world, execution, copyOut(execution.retval, opts, outcome));
}

/** A run that returned, of a type that tells its verdict only: nothing else is written. */
export function finishVerdict(
  world: World,
  execution: Execution,
  more: Partial<Pick<ProgRunResult, 'ctx_in_after' | 'user_memory_after'>> = {},
): ProgRunResult {
  const copied = { ...NOTHING, errno: 0, reason: '', retval: execution.retval };
  return { ...assemble(world, execution, copied), duration_ns: 0, ...more };
}

function copyOut(retval: number, opts: ProgRunOpts, outcome: Outcome): Copied {
  const { frags } = outcome;
  const head = outcome.head ?? frags;
  const size = head.length + frags.length;
  const room = opts.data_size_out ?? 0;
  const short = room !== 0 && size > room;
  const reason = short ? `data_size_out is ${room}, the packet has ${size} bytes` : '';
  const linear = (short ? room : size) - frags.length;
  const wanted = opts.data_out !== false && outcome.head !== null;
  if (wanted && linear < 0) {
    return { ...NOTHING, errno: ERRNO.ENOSPC, reason: `${reason}, ${frags.length} of them in fragments` };
  }
  const data = { retval, data_out: wanted ? joined(head.subarray(0, linear), frags) : null, data_size_out: size };
  if (short) return { ...data, errno: ERRNO.ENOSPC, reason, ctx_out: null, ctx_size_out: null };
  return { ...data, ...copyContext(opts, outcome.ctx) };
}

function copyContext(
  opts: ProgRunOpts,
  ctx: Uint8Array | null,
): Pick<Copied, 'errno' | 'reason' | 'ctx_out' | 'ctx_size_out'> {
  const room = opts.ctx_size_out;
  if (ctx === null || room === undefined) return { errno: 0, reason: '', ctx_out: null, ctx_size_out: null };
  const out = { ctx_out: ctx.slice(0, room), ctx_size_out: ctx.length };
  if (ctx.length <= room) return { ...out, errno: 0, reason: '' };
  return { ...out, errno: ERRNO.ENOSPC, reason: `ctx_size_out is ${room}, the context has ${ctx.length} bytes` };
}

function joined(head: Uint8Array, frags: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(head.length + frags.length);
  bytes.set(head);
  bytes.set(frags, head.length);
  return bytes;
}

function assemble(world: World, execution: Execution, copied: Copied): ProgRunResult {
  const { rc } = world;
  return {
    ...copied,
    ...{ duration_ns: execution.duration_ns, ctx_in_after: null, insns_executed: execution.insns_executed },
    ...{ printk: [...rc.printk], records: recordsOf(world), redirect: null, fault: execution.fault },
    ...(rc.clones.length === 0 ? {} : { clones: rc.clones }),
  };
}

/** Perf records in the order they were sent, then what lies in the ring buffers. */
function recordsOf(world: World): OutputRecord[] {
  const { cpu } = world.rc.env;
  const ring = world.maps.drainRecords().map((record) => ({ ...record, kind: 'ringbuf' as const, cpu }));
  return [...world.rc.records, ...ring];
}
