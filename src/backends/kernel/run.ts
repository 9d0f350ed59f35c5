/** BPF_PROG_TEST_RUN: the attributes as given, and what the kernel wrote back, told from what it left alone. */
import {
  ERRNO,
  errnoName,
  PROG_TYPE,
  type ProgRunOpts,
  type ProgRunResult,
  type UserMemory,
} from '../../../engine/index.ts';
import { Attr } from './attr.ts';
import { address } from './syscall.ts';

/** Room for any packet a run can leave behind. */
const DATA_ROOM = 256 << 10;
const CTX_ROOM = 4096;
/** In retval before the call: whether the kernel wrote it. */
const UNTOUCHED = 0x5a5a_a5a5;
const LIVE_FRAMES = 2;

/** Types whose BPF_PROG_TEST_RUN gives a packet (or flow keys) back; the others refuse a data_out or leave it alone. */
const WITH_DATA_OUT: ReadonlySet<number> = new Set([
  ...[PROG_TYPE.SOCKET_FILTER, PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.XDP, PROG_TYPE.CGROUP_SKB],
  ...[PROG_TYPE.LWT_IN, PROG_TYPE.LWT_OUT, PROG_TYPE.LWT_XMIT, PROG_TYPE.FLOW_DISSECTOR],
]);
/** Types of which nothing but retval (and what pointers of theirs lead to) is written. */
const VERDICT_ONLY: ReadonlySet<number> = new Set([
  ...[PROG_TYPE.RAW_TRACEPOINT, PROG_TYPE.SYSCALL, PROG_TYPE.STRUCT_OPS, PROG_TYPE.TRACING],
]);

/** Whether a data_out buffer is handed over: as the caller says, else wherever the type gives data back. */
function wantsData(type: number, opts: ProgRunOpts): boolean {
  if (opts.data_out !== undefined) return opts.data_out;
  return WITH_DATA_OUT.has(type) && ((opts.flags ?? 0) & LIVE_FRAMES) === 0;
}

/** The part of ProgRunResult that bpf(2) itself gives. */
export type RunOutcome = Omit<ProgRunResult, 'printk' | 'records'>;

/** Lets the state's address, the first argument, lead to the bytes given for it; what leads nowhere stays a bad address. */
function pointInto(args: Uint8Array, memory: readonly UserMemory[]): void {
  if (args.length < 8) return;
  const view = new DataView(args.buffer);
  const given = view.getBigUint64(0, true);
  for (const { address: start, bytes } of memory) {
    const offset = given - start;
    if (offset < 0n || offset + 4n > BigInt(bytes.length)) continue;
    view.setBigUint64(0, BigInt(address(bytes)) + offset, true);
    return;
  }
}

/** Runs the program behind `fd`. A signal ends the call with EINTR, which is a result like any other. */
export function testRun(fd: number, type: number, opts: ProgRunOpts): RunOutcome {
  const data = wantsData(type, opts) ? new Uint8Array(Math.max(DATA_ROOM, opts.data_size_out ?? 0)) : null;
  const dataRoom = opts.data_size_out ?? data?.length ?? 0;
  const memory = opts.user_memory?.map((one) => ({ ...one, bytes: new Uint8Array(one.bytes) })) ?? [];
  // A context of size 0 is a pointer all the same.
  const ctxIn = opts.ctx_in === undefined ? null : new Uint8Array(Math.max(1, opts.ctx_in.length));
  if (opts.ctx_in !== undefined) ctxIn?.set(opts.ctx_in);
  if (type === PROG_TYPE.STRUCT_OPS && ctxIn !== null) pointInto(ctxIn, memory);
  const ctxOut = opts.ctx_size_out === undefined ? null : new Uint8Array(Math.max(CTX_ROOM, opts.ctx_size_out));
  const attr = new Attr('PROG_TEST_RUN', {
    ...{ prog_fd: fd, retval: UNTOUCHED, data_in: opts.data_in ?? null, data_size_in: opts.data_in?.length ?? 0 },
    ...{ data_out: data, data_size_out: dataRoom, repeat: opts.repeat ?? 0 },
    ...{ ctx_in: ctxIn, ctx_size_in: opts.ctx_in?.length ?? 0, ctx_out: ctxOut, ctx_size_out: opts.ctx_size_out ?? 0 },
    ...{ flags: opts.flags ?? 0, cpu: opts.cpu ?? 0, batch_size: opts.batch_size ?? 0 },
  });
  const errno = Math.max(0, -attr.call(true));
  const dataSize = attr.get('data_size_out');
  const wrote = errno === 0 || dataSize !== dataRoom || attr.get('retval') !== UNTOUCHED;
  const ctxSize = attr.get('ctx_size_out');
  const copiesContext = WITH_DATA_OUT.has(type) || type === PROG_TYPE.SK_LOOKUP;
  const ctxWritten =
    copiesContext && ctxOut !== null && (errno === 0 || (errno === ERRNO.ENOSPC && ctxSize !== opts.ctx_size_out));
  const limit = opts.data_size_out ? Math.min(opts.data_size_out, dataSize) : dataSize;
  return {
    errno,
    reason: errno === 0 ? '' : `BPF_PROG_TEST_RUN gives ${errnoName(errno)}`,
    retval: wrote ? attr.get('retval') : null,
    duration_ns: attr.get('duration'),
    data_out: data !== null && wrote && WITH_DATA_OUT.has(type) ? data.slice(0, limit) : null,
    data_size_out: wrote && !VERDICT_ONLY.has(type) ? dataSize : null,
    ctx_out: ctxWritten ? ctxOut.slice(0, Math.min(ctxSize, opts.ctx_size_out ?? 0)) : null,
    ctx_size_out: ctxWritten ? ctxSize : null,
    ctx_in_after: type === PROG_TYPE.SYSCALL && errno === 0 ? ctxIn : null,
    ...(type === PROG_TYPE.STRUCT_OPS && errno === 0 && memory.length > 0 ? { user_memory_after: memory } : {}),
    insns_executed: 0,
    redirect: null,
    fault: null,
  };
}
