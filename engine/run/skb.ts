/** BPF_PROG_RUN of the types that work on a socket buffer (bpf_prog_test_run_skb). */
import { CTX_BASE } from '../layout.ts';
import { csumFold } from '../net/csum.ts';
import { packetType, protocolAt } from '../net/ether.ts';
import { PROTO, Skb, SUMMED } from '../net/skb.ts';
import { makeSock } from '../net/sock.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { contractOf } from './contracts.ts';
import { endedEarly, failedAfterRun, finish, notRun } from './finish.ts';
import { checkData, checkOpts, contextOf, F_SKB_CHECKSUM_COMPLETE, type Failure, invalid, isFailure } from './opts.ts';
import type { Run } from './run.ts';
import { checkUnused, fillContext, ifindexOf, readBack, SK_BUFF_SIZE } from './skb-ctx.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

const ETH_HLEN = 14;
const LOOPBACK = 1;
const TC_ACT_REDIRECT = 7;
/** What of an IP packet must be there behind the Ethernet header. */
const NETWORK_MIN: ReadonlyMap<number, number> = new Map([
  [PROTO.IP, 20],
  [PROTO.IPV6, 40],
]);
const NO_BYTES = new Uint8Array(0);

export function runSkb(run: Run, opts: ProgRunOpts): ProgRunResult {
  const { world, program } = run;
  const contract = contractOf(program.type)!;
  const failure = checkOpts(opts, contract) ?? checkData(opts, contract);
  if (failure !== null) return notRun(failure);
  const ctx = contextOf(opts, '__sk_buff', SK_BUFF_SIZE);
  if (isFailure(ctx)) return notRun(ctx);
  const withLink = program.type === PROG_TYPE.SCHED_CLS || program.type === PROG_TYPE.SCHED_ACT;
  const skb = prepare(run, opts, ctx, withLink);
  if (isFailure(skb)) return notRun(skb);

  world.rc.skb = skb;
  const execution = run.execute(CTX_BASE, opts);
  const early = endedEarly(world, execution);
  if (early !== null) return early;
  if (!withLink && !pushLink(skb)) {
    return failedAfterRun(world, execution, { errno: ERRNO.ENOMEM, reason: 'no room for the Ethernet header' });
  }
  if (sumIsWrong(skb, opts)) {
    const reason = 'the packet changed and its complete checksum (SKB_CHECKSUM_COMPLETE) was not kept up';
    return failedAfterRun(world, execution, { errno: ERRNO.EBADMSG, reason });
  }
  if (ctx !== null) readBack(world.mem, ctx, skb);
  const result = finish(world, execution, opts, { head: skb.contents(), frags: NO_BYTES, ctx });
  const redirects = execution.retval === TC_ACT_REDIRECT && (withLink || program.type === PROG_TYPE.LWT_XMIT);
  return redirects ? { ...result, redirect: world.rc.redirect } : result;
}

/** The packet as eth_type_trans and convert___skb_to_skb leave it, with its context filled. */
function prepare(run: Run, opts: ProgRunOpts, ctx: Uint8Array | null, withLink: boolean): Skb | Failure {
  const { world, program } = run;
  const ifindex = ctx === null ? LOOPBACK : Math.max(LOOPBACK, ifindexOf(ctx));
  if (ifindex > LOOPBACK && !world.maps.hasDevice(ifindex)) {
    return { errno: ERRNO.ENODEV, reason: `ctx_in: no device has ifindex ${ifindex}` };
  }
  const skb = new Skb(world.mem, opts.data_in ?? NO_BYTES);
  skb.protocol = protocolAt(skb, skb.mac + ETH_HLEN - 2);
  skb.pktType = packetType(skb, ifindex === LOOPBACK, world.rc.netns.devices.get(ifindex)?.mac);
  world.rc.ifindex = ifindex;
  const least = NETWORK_MIN.get(skb.protocol) ?? 0;
  if (skb.length - ETH_HLEN < least) {
    return invalid(`data_in has ${skb.length} bytes, its Ethernet type asks for ${ETH_HLEN + least}`);
  }
  if (!withLink) skb.data += ETH_HLEN;
  const failure = ctx === null ? null : checkUnused(ctx, skb.length);
  if (failure !== null) return failure;
  fillContext(world.mem, ctx, skb, ifindex);
  makeSock(world.mem, skb, program.type === PROG_TYPE.CGROUP_SKB ? CTX_BASE + 88 : 0);
  if (((opts.flags ?? 0) & F_SKB_CHECKSUM_COMPLETE) !== 0) {
    skb.csum = skb.sumFromNetwork();
    skb.ipSummed = SUMMED.COMPLETE;
  }
  skb.show();
  return skb;
}

/** What user space gets has an Ethernet header again, of zeros; false when there is no room for it. */
function pushLink(skb: Skb): boolean {
  if (!skb.ensureHeadroom(ETH_HLEN)) return false;
  skb.data -= ETH_HLEN;
  skb.mem.u8.fill(0, skb.data, skb.data + ETH_HLEN);
  return true;
}

/** A packet cut off before its network header crashes the kernel here (BUG in skb_checksum); its sum counts as wrong. */
function sumIsWrong(skb: Skb, opts: ProgRunOpts): boolean {
  if (((opts.flags ?? 0) & F_SKB_CHECKSUM_COMPLETE) === 0) return false;
  if (skb.net > skb.tail) return true;
  return csumFold(skb.csum) !== csumFold(skb.sumFromNetwork());
}
