/** Cgroup and routing classes of the packet's socket and of the task (net/core/filter.c, kernel/bpf/helpers.c), as the namespace describes them. */
import { FAULT, KOBJ, PRIV, REGION } from '../layout.ts';
import { CgroupArray } from '../maps/cgroup-array.ts';
import { TCP } from '../net/netns.ts';
import { skbOf } from './ctx-arg.ts';
import { badMap } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;

function wide(rc: RunCtx, value: number): 0 {
  rc.mem.u32[R0] = value >>> 0;
  rc.mem.u32[R0 + 1] = Math.floor(value / 2 ** 32);
  return 0;
}

/** The cgroup at a level below the root; 0 where there is no such ancestor. */
function ancestor(rc: RunCtx, level: number): 0 {
  return wide(rc, rc.netns.cgroups[level | 0] ?? 0);
}

function own(rc: RunCtx): 0 {
  return wide(rc, rc.netns.cgroups.at(-1) ?? 0);
}

/** bpf_get_cgroup_classid, bpf_get_cgroup_classid_curr */
const classid: HelperMaker = (rc) => () => rc.netns.classid;

/** bpf_skb_cgroup_classid */
const skbClassid: HelperMaker = (rc) => () => wide(rc, rc.netns.classid);

/** bpf_skb_cgroup_id */
const skbCgroupId: HelperMaker = (rc) => (ctx) => (skbOf(rc, ctx!) === null ? 0 : own(rc));

/** bpf_skb_ancestor_cgroup_id */
const skbAncestorCgroupId: HelperMaker = (rc) => (ctx, level) => (skbOf(rc, ctx!) === null ? 0 : ancestor(rc, level!));

/** Whether a socket is a full one, which has a cgroup: all are in that of the namespace's description. */
function hasCgroup(rc: RunCtx, sk: number): boolean {
  const address = sk >>> 0;
  if (address === KOBJ.SKB_SOCK) return true;
  const socket = rc.sockets.at(address);
  if (socket === undefined) rc.fault(FAULT.BAD_ARGUMENT, address, 0, false, REGION.SOCK);
  return socket !== undefined && socket.state !== TCP.TIME_WAIT && socket.state !== TCP.NEW_SYN_RECV;
}

/** bpf_sk_cgroup_id */
const skCgroupId: HelperMaker = (rc) => (sk) => (hasCgroup(rc, sk!) ? own(rc) : wide(rc, 0));

/** bpf_sk_ancestor_cgroup_id */
const skAncestorCgroupId: HelperMaker = (rc) => (sk, level) =>
  hasCgroup(rc, sk!) ? ancestor(rc, level!) : wide(rc, 0);

/** bpf_get_current_cgroup_id, bpf_get_current_ancestor_cgroup_id: BPF_PROG_RUN's packet belongs to the task's. */
const currentCgroupId: HelperMaker = (rc) => () => own(rc);
const currentAncestorCgroupId: HelperMaker = (rc) => (level) => ancestor(rc, level!);

/** Whether the namespace's cgroup is, or is below, the one at an index of the map: 1 or 0, or a negative errno. */
function under(rc: RunCtx, handle: number, index: number): number {
  const map = rc.host.byHandle(handle);
  if (!(map instanceof CgroupArray)) return badMap(rc, handle);
  const id = map.at(index >>> 0);
  if (id < 0) return id;
  return rc.netns.cgroups.some((one) => one === id) ? 1 : 0;
}

/** bpf_skb_under_cgroup */
const skbUnderCgroup: HelperMaker = (rc) => (ctx, handle, index) =>
  skbOf(rc, ctx!) === null ? 0 : under(rc, handle!, index!);

/** bpf_current_task_under_cgroup */
const taskUnderCgroup: HelperMaker = (rc) => (handle, index) => under(rc, handle!, index!);

/** bpf_get_route_realm: the packet has no route yet. */
const routeRealm: HelperMaker = () => () => 0;

/** By helper name. */
export const CGROUP_HELPERS: Readonly<Record<string, HelperMaker>> = {
  get_cgroup_classid: classid,
  skb_cgroup_classid: skbClassid,
  skb_cgroup_id: skbCgroupId,
  skb_ancestor_cgroup_id: skbAncestorCgroupId,
  sk_cgroup_id: skCgroupId,
  sk_ancestor_cgroup_id: skAncestorCgroupId,
  get_current_cgroup_id: currentCgroupId,
  get_current_ancestor_cgroup_id: currentAncestorCgroupId,
  skb_under_cgroup: skbUnderCgroup,
  current_task_under_cgroup: taskUnderCgroup,
  get_route_realm: routeRealm,
};
