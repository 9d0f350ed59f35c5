/** Redirects that only packets with an skb know (net/core/filter.c): by neighbour, into a peer, and as a copy. */
import { PRIV } from '../layout.ts';
import { hasDevice } from '../net/netns.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead } from './check-mem.ts';
import { skbOf } from './ctx-arg.ts';
import { u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;
const F_INGRESS = 1;
/** sizeof(struct bpf_redir_neigh) */
const NEIGH_BYTES = 20;

/** bpf_redirect_neigh: link-layer addresses would be filled in from the neighbour table on the way out. */
const redirectNeigh: HelperMaker = (rc) => (ifindex, params, size, flagsLo, flagsHi) => {
  const bytes = size! >>> 0;
  if (bytes !== 0 && !checkRead(rc, params!, bytes)) return 0;
  const flags = u64(flagsLo!, flagsHi!);
  if ((bytes !== 0 && bytes < NEIGH_BYTES) || flags !== 0) return TC_ACT_SHOT;
  return noted(rc, 'bpf_redirect_neigh', ifindex! >>> 0);
};

/** bpf_redirect_peer */
const redirectPeer: HelperMaker = (rc) => (ifindex, flagsLo, flagsHi) => {
  return u64(flagsLo!, flagsHi!) === 0 ? noted(rc, 'bpf_redirect_peer', ifindex! >>> 0) : TC_ACT_SHOT;
};

function noted(rc: RunCtx, helper: string, target: number): number {
  rc.redirect = { helper, target, map: null, key: null, flags: 0 };
  rc.redirectRun = rc.mem.u32[PRIV.RUNS_LEFT >> 2]!;
  return TC_ACT_REDIRECT;
}

/** bpf_clone_redirect: the copy is told to user space, and sent nowhere. */
const cloneRedirect: HelperMaker = (rc) => (ctx, ifindex, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const flags = u64(flagsLo!, flagsHi!);
  if (flags > F_INGRESS) return -ERRNO.EINVAL;
  if (skb.isGso) return -ERRNO.EBADMSG;
  const target = ifindex! >>> 0;
  if (!hasDevice(rc.netns, target)) return -ERRNO.EINVAL;
  if (skb.length === 0 || skb.mac >= skb.net) return -ERRNO.ERANGE;
  if (rc.send !== undefined) return rc.send(target, flags === F_INGRESS, skb.contents());
  const up = rc.netns.devices.get(target)?.up ?? true;
  if (!up) return flags === F_INGRESS ? 1 : -ERRNO.ENETDOWN;
  rc.clones.push({ ifindex: target, ingress: flags === F_INGRESS, data: skb.contents() });
  return 0;
};

/** By helper name. */
export const REDIRECT_TC_HELPERS: Readonly<Record<string, HelperMaker>> = {
  redirect_neigh: redirectNeigh,
  redirect_peer: redirectPeer,
  clone_redirect: cloneRedirect,
};
