/** Lookups of connections and flows (net/netfilter/nf_conntrack_bpf.c, nf_flow_table_bpf.c) in a namespace that tracks none. */
import { ERRNO } from '../uapi/errno.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

/** struct bpf_ct_opts: netns_id, error, l4proto, dir, then reserved bytes, or ct_zone_id, ct_zone_dir and reserved bytes. */
const CT_OPTS = { NETNS: 0, ERROR: 4, PROTO: 8, RESERVED: 10, ZONE_RESERVED: 13, SHORT: 12, BYTES: 16 };
const TUPLES: readonly number[] = [12, 36];
const NETNS_CURRENT = -1;
const PROTO = { TCP: 6, UDP: 17 };
const FLOW_OPTS_BYTES = 4;

/** __bpf_nf_ct_lookup: always NULL, with the reason in the options. */
const lookup: HelperMaker = (rc) => (_ctx, tuple, tupleBytes, opts, optsBytes) => {
  const [at, bytes] = [opts! >>> 0, optsBytes! >>> 0];
  if (!checkRead(rc, tuple!, tupleBytes!) || !checkWrite(rc, at, bytes)) return 0;
  if (bytes >= CT_OPTS.ERROR + 4)
    rc.mem.dv.setInt32(at + CT_OPTS.ERROR, -whyNot(rc, at, bytes, tupleBytes! >>> 0), true);
  return 0;
};

function whyNot(rc: RunCtx, at: number, bytes: number, tuple: number): number {
  const { u8, dv } = rc.mem;
  if (bytes !== CT_OPTS.BYTES && bytes !== CT_OPTS.SHORT) return ERRNO.EINVAL;
  const reserved = bytes === CT_OPTS.SHORT ? CT_OPTS.RESERVED : CT_OPTS.ZONE_RESERVED;
  if (u8.subarray(at + reserved, at + bytes).some((byte) => byte !== 0)) return ERRNO.EINVAL;
  const netns = dv.getInt32(at + CT_OPTS.NETNS, true);
  if (netns < NETNS_CURRENT) return ERRNO.EINVAL;
  const proto = u8[at + CT_OPTS.PROTO];
  if (proto !== PROTO.TCP && proto !== PROTO.UDP) return ERRNO.EPROTO;
  if (!TUPLES.includes(tuple)) return ERRNO.EAFNOSUPPORT;
  return netns >= 0 ? ERRNO.ENONET : ERRNO.ENOENT;
}

/** bpf_xdp_flow_lookup: no device has a flow table. */
const flowLookup: HelperMaker = (rc) => (_ctx, _tuple, opts, bytes) => {
  if (!checkWrite(rc, opts!, bytes!)) return 0;
  const errno = bytes! >>> 0 === FLOW_OPTS_BYTES ? ERRNO.ENOENT : ERRNO.EINVAL;
  if (bytes! >>> 0 >= FLOW_OPTS_BYTES) rc.mem.dv.setInt32(opts! >>> 0, -errno, true);
  return 0;
};

/** By name without the bpf_ prefix. */
export const CONNTRACK_KFUNCS: Readonly<Record<string, HelperMaker>> = {
  xdp_ct_lookup: lookup,
  skb_ct_lookup: lookup,
  ct_release: () => () => 0,
  xdp_flow_lookup: flowLookup,
};
