/** bpf_redirect and bpf_redirect_map (net/core/filter.c): note where the packet would go; the run's verdict decides. */

import { PRIV } from '../layout.ts';
import { RedirectMap } from '../maps/redirect-map.ts';
import { LIVE, RI_IFINDEX } from '../net/live-layout.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { badMap, u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const RUNS_LEFT = PRIV.RUNS_LEFT >> 2;
const XDP_ABORTED = 0;
const XDP_REDIRECT = 4;
/** Actions that the low flag bits of bpf_redirect_map can name for a missing entry. */
const ACTION_MASK = 3;
const BPF_F_BROADCAST = 8;
const BPF_F_INGRESS = 1;
const TC_ACT_SHOT = 2;
const TC_ACT_REDIRECT = 7;

const redirect: HelperMaker = (rc) => (ifindex, flagsLo, flagsHi) => {
  const flags = u64(flagsLo!, flagsHi!);
  const xdp = rc.progType === PROG_TYPE.XDP;
  if (flags > (xdp ? 0 : BPF_F_INGRESS)) return xdp ? XDP_ABORTED : TC_ACT_SHOT;
  if (rc.live === true) return noteIfindex(rc, ifindex! >>> 0);
  rc.redirect = { helper: 'bpf_redirect', target: ifindex! >>> 0, map: null, key: null, flags };
  rc.redirectRun = rc.mem.u32[RUNS_LEFT]!;
  return xdp ? XDP_REDIRECT : TC_ACT_REDIRECT;
};

const redirectMap: HelperMaker = (rc) => (handle, keyLo, _keyHi, flagsLo, flagsHi) => {
  const map = rc.host.byHandle(handle!);
  if (!(map instanceof RedirectMap)) return badMap(rc, handle!);
  return redirectInto(rc, map, keyLo! >>> 0, u64(flagsLo!, flagsHi!));
};

/** __bpf_xdp_redirect_map; only the key's low half counts. */
function redirectInto(rc: RunCtx, map: RedirectMap, key: number, flags: number): number {
  // No map kind takes flags above the broadcast ones, so a number that bit operations would truncate is refused first.
  if (flags > (ACTION_MASK | map.redirectFlags) || (flags & ~(ACTION_MASK | map.redirectFlags)) !== 0)
    return XDP_ABORTED;
  const broadcast = (flags & BPF_F_BROADCAST) !== 0;
  const target = map.redirectTarget(key);
  if (rc.live === true) return noteEntry(rc, map.handle, key, flags, target >= 0);
  if (target < 0 && !broadcast) {
    // Of several calls the last one counts, also when it finds nothing.
    rc.redirect = null;
    return flags & ACTION_MASK;
  }
  rc.redirect = {
    helper: 'bpf_redirect_map',
    target: broadcast ? null : target,
    map: rc.mapName(map.handle),
    key,
    flags,
  };
  rc.redirectRun = rc.mem.u32[RUNS_LEFT]!;
  return XDP_REDIRECT;
}

/** bpf_xdp_redirect in live frame mode: struct bpf_redirect_info in memory. */
function noteIfindex(rc: RunCtx, ifindex: number): number {
  const { u32 } = rc.mem;
  u32[LIVE.RI_TGT_INDEX >>> 2] = ifindex;
  u32[LIVE.RI_MAP >>> 2] = RI_IFINDEX;
  return XDP_REDIRECT;
}

/** __bpf_xdp_redirect_map in live frame mode; a missing entry leaves the old tgt_index behind, as it does in the kernel. */
function noteEntry(rc: RunCtx, map: number, key: number, flags: number, found: boolean): number {
  const { u32 } = rc.mem;
  const broadcast = flags & BPF_F_BROADCAST;
  if (!found && broadcast === 0) {
    u32[LIVE.RI_MAP >>> 2] = RI_IFINDEX;
    return flags & ACTION_MASK;
  }
  u32[LIVE.RI_TGT_INDEX >>> 2] = key;
  u32[LIVE.RI_MAP >>> 2] = map;
  u32[LIVE.RI_FLAGS >>> 2] = broadcast === 0 ? 0 : flags;
  u32[LIVE.RI_FOUND >>> 2] = found ? 1 : 0;
  return XDP_REDIRECT;
}

/** By helper name. */
export const REDIRECT_HELPERS: Readonly<Record<string, HelperMaker>> = { redirect, redirect_map: redirectMap };
