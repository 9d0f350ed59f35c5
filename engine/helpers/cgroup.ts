/** Cgroup and routing classes of the packet's socket (net/core/filter.c), as the namespace describes them. */
import { PRIV } from '../layout.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;

function wide(rc: RunCtx, value: number): 0 {
  rc.mem.u32[R0] = value >>> 0;
  rc.mem.u32[R0 + 1] = Math.floor(value / 2 ** 32);
  return 0;
}

/** bpf_get_cgroup_classid, bpf_get_cgroup_classid_curr */
const classid: HelperMaker = (rc) => () => rc.netns.classid;

/** bpf_skb_cgroup_classid */
const skbClassid: HelperMaker = (rc) => () => wide(rc, rc.netns.classid);

/** bpf_skb_cgroup_id */
const skbCgroupId: HelperMaker = (rc) => (ctx) => {
  if (skbOf(rc, ctx!) === null) return 0;
  return wide(rc, rc.netns.cgroups.at(-1) ?? 0);
};

/** bpf_skb_ancestor_cgroup_id: 0 where there is no such ancestor. */
const skbAncestorCgroupId: HelperMaker = (rc) => (ctx, level) => {
  if (skbOf(rc, ctx!) === null) return 0;
  return wide(rc, rc.netns.cgroups[level! | 0] ?? 0);
};

/** bpf_get_route_realm: the packet has no route yet. */
const routeRealm: HelperMaker = () => () => 0;

/** By helper name. */
export const CGROUP_HELPERS: Readonly<Record<string, HelperMaker>> = {
  get_cgroup_classid: classid,
  skb_cgroup_classid: skbClassid,
  skb_cgroup_id: skbCgroupId,
  skb_ancestor_cgroup_id: skbAncestorCgroupId,
  get_route_realm: routeRealm,
};
