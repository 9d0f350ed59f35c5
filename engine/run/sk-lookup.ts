/** BPF_PROG_RUN of SK_LOOKUP programs (bpf_prog_test_run_sk_lookup): which socket is to get a packet from the address in ctx_in. */
import { CTX_BASE, PRIV } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { ctxStructOf } from '../uapi/contexts.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { contractOf } from './contracts.ts';
import { endedEarly, failedAfterRun, finish, notRun } from './finish.ts';
import { checkData, checkOpts, contextOf, type Failure, invalid, isFailure } from './opts.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

const STRUCT = ctxStructOf(PROG_TYPE.SK_LOOKUP)!;
const AT = Object.fromEntries(STRUCT.fields.map(({ name, offset }) => [name, offset])) as Readonly<
  Record<string, number>
>;
const AF = { INET: 2, INET6: 10 };
const CONTRACT = contractOf(PROG_TYPE.SK_LOOKUP)!;
const SK_DROP = 0;
const SK_PASS = 1;
const U16_MAX = 0xffff;

export function runSkLookup(run: Run, opts: ProgRunOpts): ProgRunResult {
  const { world } = run;
  const failure = checkOpts(opts, CONTRACT) ?? checkData(opts, CONTRACT) ?? checkNoDataOut(opts);
  if (failure !== null) return notRun(failure);
  const ctx = contextOf(opts, STRUCT.name, STRUCT.size);
  if (ctx === null) return notRun(invalid('ctx_in: this program type needs one'));
  if (isFailure(ctx)) return notRun(ctx);
  const wrong = checkContext(ctx);
  if (wrong !== null) return notRun(wrong);

  show(world.mem, ctx);
  const { rc } = world;
  const begin = () => {
    rc.lookup = { selected: 0, reuseport: true };
    world.mem.dv.setBigUint64(CTX_BASE + AT.sk!, 0n, true);
  };
  begin();
  const execution = run.execute(CTX_BASE, opts, begin);
  const early = endedEarly(world, execution);
  if (early !== null) return early;
  // BPF_PROG_SK_LOOKUP_RUN_ARRAY: a socket counts only with SK_PASS, and everything but SK_DROP lets the packet pass.
  const selected = execution.retval === SK_PASS ? rc.sockets.at(rc.lookup.selected) : undefined;
  if (selected?.reuseport === true && rc.lookup.reuseport) {
    const reason = 'the socket selected belongs to a reuseport group, which is not asked here';
    return failedAfterRun(world, execution, { errno: ERRNO.EOPNOTSUPP, reason });
  }
  new DataView(ctx.buffer).setBigUint64(AT.sk!, BigInt(selected?.cookie ?? 0), true);
  const verdict = { ...execution, retval: execution.retval === SK_DROP ? SK_DROP : SK_PASS };
  return finish(world, verdict, opts, { head: null, frags: new Uint8Array(0), ctx });
}

function checkNoDataOut(opts: ProgRunOpts): Failure | null {
  const out = opts.data_out === true || (opts.data_size_out ?? 0) !== 0;
  return out ? invalid('data_out: this program type gives no packet back') : null;
}

function checkContext(ctx: Uint8Array): Failure | null {
  const dv = new DataView(ctx.buffer);
  if (dv.getBigUint64(AT.sk!, true) !== 0n) return invalid('ctx_in: sk must be 0');
  const behind = AT.local_port! + 4;
  if (ctx.subarray(behind).some((byte) => byte !== 0))
    return invalid('ctx_in: ingress_ifindex and what follows must be 0');
  const port = dv.getUint32(AT.local_port!, true);
  if (port > U16_MAX) return { errno: ERRNO.ERANGE, reason: `ctx_in: local_port is ${port}, more than ${U16_MAX}` };
  const family = dv.getUint16(AT.family!, true);
  if (family === AF.INET || family === AF.INET6) return null;
  return { errno: ERRNO.EAFNOSUPPORT, reason: `ctx_in: family is ${family}, neither IPv4 (2) nor IPv6 (10)` };
}

/** struct bpf_sk_lookup_kern as programs read it: 16 bits of family and protocol, the addresses of the family alone. */
function show(mem: WorldMemory, ctx: Uint8Array): void {
  const { dv, u8 } = mem;
  u8.set(ctx, CTX_BASE);
  for (const field of [AT.family!, AT.protocol!, AT.remote_port!]) dv.setUint16(CTX_BASE + field + 2, 0, true);
  const v6 = dv.getUint16(CTX_BASE + AT.family!, true) === AF.INET6;
  for (const side of ['remote', 'local']) {
    const at = CTX_BASE + AT[`${side}_ip${v6 ? 4 : 6}`]!;
    u8.fill(0, at, at + (v6 ? 4 : 16));
  }
  mem.u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
  mem.u32[PRIV.CTX_LEN >> 2] = STRUCT.size;
}
