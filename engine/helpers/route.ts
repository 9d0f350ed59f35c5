/** bpf_fib_lookup and bpf_check_mtu (net/core/filter.c) against the namespace's routes, neighbours and devices. */
import { PRIV } from '../layout.ts';
import type { IpAddress } from '../net/ip-address.ts';
import { deviceOf, type NetDevice, type NetRoute } from '../net/netns.ts';
import { findNeighbour, findRoute } from '../net/route.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import { u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const ETH_HLEN = 14;
const VLAN_HLEN = 4;
const AF_INET = 2;
const AF_INET6 = 10;
/** enum of what bpf_fib_lookup returns. */
const RET = {
  ...{ SUCCESS: 0, BLACKHOLE: 1, UNREACHABLE: 2, PROHIBIT: 3, NOT_FWDED: 4, FWD_DISABLED: 5 },
  ...{ NO_NEIGH: 7, FRAG_NEEDED: 8, NO_SRC_ADDR: 9 },
};
const REFUSING: Readonly<Record<string, number>> = {
  blackhole: RET.BLACKHOLE,
  unreachable: RET.UNREACHABLE,
  prohibit: RET.PROHIBIT,
};
/** BPF_FIB_LOOKUP_* */
const F = { DIRECT: 1, OUTPUT: 2, SKIP_NEIGH: 4, TBID: 8, SRC: 16, MARK: 32 };
const F_ALL = 63;
/** Offsets in struct bpf_fib_lookup, and its size. */
const FIB = {
  ...{ FAMILY: 0, TOT_LEN: 6, IFINDEX: 8, RT_METRIC: 12, SRC: 16, DST: 32, VLAN: 48, SMAC: 52, DMAC: 58, BYTES: 64 },
};

/** bpf_skb_fib_lookup, bpf_xdp_fib_lookup */
const fibLookup: HelperMaker = (rc) => (_ctx, params, size, flags) => {
  const at = params! >>> 0;
  if (!checkWrite(rc, at, size!)) return 0;
  if (size! >>> 0 < FIB.BYTES || (flags! & ~F_ALL) !== 0) return -ERRNO.EINVAL;
  const family = rc.mem.u8[at]!;
  if (family !== AF_INET && family !== AF_INET6) return -ERRNO.EAFNOSUPPORT;
  const length = rc.mem.dv.getUint16(at + FIB.TOT_LEN, true);
  const done = lookup(rc, at, family === AF_INET ? 4 : 16, flags!, length);
  if (done !== RET.SUCCESS || length !== 0) return done;
  return rc.skb === null ? done : forwardable(rc, at);
};

/** Without a length to go by, the skb itself is held against the device's MTU (is_skb_forwardable). */
function forwardable(rc: RunCtx, at: number): number {
  const { dv } = rc.mem;
  const device = deviceOf(rc.netns, dv.getUint32(at + FIB.IFINDEX, true))!;
  dv.setUint16(at + FIB.TOT_LEN, device.mtu, true);
  const fits = device.up && (rc.skb!.length <= device.mtu + ETH_HLEN + VLAN_HLEN || rc.skb!.isGso);
  return fits ? RET.SUCCESS : RET.FRAG_NEEDED;
}

/** bpf_ipv4_fib_lookup, bpf_ipv6_fib_lookup */
function lookup(rc: RunCtx, at: number, bytes: number, flags: number, length: number): number {
  const { dv, u8 } = rc.mem;
  if (bytes === 16 && (strict(u8, at + FIB.DST) || strict(u8, at + FIB.SRC))) return RET.NOT_FWDED;
  const ingress = dv.getUint32(at + FIB.IFINDEX, true);
  const device = deviceOf(rc.netns, ingress);
  if (device === undefined) return -ERRNO.ENODEV;
  if (!device.forwarding) return RET.FWD_DISABLED;
  const destination = bytesAt(u8, at + FIB.DST, bytes);
  const oif = (flags & F.OUTPUT) === 0 ? 0 : ingress;
  const route = findRoute(rc.netns, { destination, oif, table: tableOf(rc, at, flags) });
  if (route === null) return RET.NOT_FWDED;
  if (route.type !== 'unicast') return REFUSING[route.type] ?? RET.NOT_FWDED;
  const out = deviceOf(rc.netns, route.dev)!;
  const mtu = route.mtu === 0 ? out.mtu : Math.min(route.mtu, out.mtu);
  if (length > mtu) {
    dv.setUint16(at + FIB.TOT_LEN, mtu, true);
    return RET.FRAG_NEEDED;
  }
  return setForward(rc, at, { route, out, destination, flags, mtu: length === 0 ? 0 : mtu });
}

/** Link-local and multicast addresses are never forwarded (rt6_need_strict). */
function strict(u8: Uint8Array, at: number): boolean {
  return u8[at] === 0xff || (u8[at] === 0xfe && (u8[at + 1]! & 0xc0) === 0x80);
}

/** The address being looked up, by its length: good until the next lookup. */
const V4 = new Uint8Array(4);
const V6 = new Uint8Array(16);

function bytesAt(u8: Uint8Array, at: number, bytes: number): IpAddress {
  const address = bytes === 4 ? V4 : V6;
  for (let i = 0; i < bytes; i++) address[i] = u8[at + i]!;
  return address;
}

/** The table asked for, which leaves no trace in the parameters. */
function tableOf(rc: RunCtx, at: number, flags: number): number {
  if ((flags & F.DIRECT) === 0) return 0;
  if ((flags & F.TBID) === 0) return 254;
  const table = rc.mem.dv.getUint32(at + FIB.VLAN, true);
  rc.mem.dv.setUint32(at + FIB.VLAN, 0, true);
  return table;
}

interface Found {
  readonly route: NetRoute;
  readonly out: NetDevice;
  readonly destination: IpAddress;
  readonly flags: number;
  /** 0: not looked at. */
  readonly mtu: number;
}

/** Everything that a program needs to send the packet on (bpf_fib_set_fwd_params). */
function setForward(rc: RunCtx, at: number, { route, out, destination, flags, mtu }: Found): number {
  const { dv, u8 } = rc.mem;
  dv.setUint32(at + FIB.RT_METRIC, route.metric, true);
  dv.setUint32(at + FIB.IFINDEX, route.dev, true);
  if ((flags & F.SRC) !== 0) {
    const source = route.source ?? out.addresses.find(({ address }) => address.length === destination.length)?.address;
    if (source === undefined) return RET.NO_SRC_ADDR;
    u8.set(source, at + FIB.SRC);
  }
  const next = route.via ?? destination;
  if (next.length !== destination.length) u8[at + FIB.FAMILY] = AF_INET6;
  u8.set(next, at + FIB.DST);
  if ((flags & F.SKIP_NEIGH) === 0) {
    const neighbour = findNeighbour(rc.netns, route.dev, next);
    if (neighbour === undefined) return RET.NO_NEIGH;
    u8.set(out.mac, at + FIB.SMAC);
    u8.set(neighbour.mac, at + FIB.DMAC);
  }
  dv.setUint32(at + FIB.VLAN, 0, true);
  if (mtu !== 0) dv.setUint16(at + FIB.TOT_LEN, mtu, true);
  return RET.SUCCESS;
}

const MTU_CHK_SEGS = 1;
const MTU_RET = { SUCCESS: 0, FRAG_NEEDED: 1 };

/** bpf_skb_check_mtu, bpf_xdp_check_mtu: the length in hand, or the one given, against a device's MTU. */
const checkMtu: HelperMaker = (rc) => (_ctx, ifindex, lengthAt, difference, flagsLo, flagsHi) => {
  const at = lengthAt! >>> 0;
  if (!checkRead(rc, at, 4) || !checkWrite(rc, at, 4)) return 0;
  const { dv } = rc.mem;
  const flags = u64(flagsLo!, flagsHi!);
  const given = dv.getUint32(at, true);
  const xdp = rc.skb === null;
  if (flags > (xdp ? 0 : MTU_CHK_SEGS)) return -ERRNO.EINVAL;
  if (flags === MTU_CHK_SEGS && (difference! !== 0 || given !== 0)) return -ERRNO.EINVAL;
  const device = deviceOf(rc.netns, ifindex! === 0 ? Math.max(1, rc.ifindex) : ifindex! >>> 0);
  if (device === undefined) return -ERRNO.ENODEV;
  const own = rc.skb?.length ?? rc.mem.u32[PRIV.PKT_END >> 2]! - rc.mem.u32[PRIV.PKT_DATA >> 2]!;
  const length = ((given === 0 ? own : given + ETH_HLEN) + (difference! | 0)) | 0;
  const fits = length <= device.mtu + ETH_HLEN;
  // Segments are cut to fit; the packet of BPF_PROG_RUN says nothing about how.
  if (!fits && rc.skb?.isGso === true && flags === MTU_CHK_SEGS) return -ERRNO.EINVAL;
  dv.setUint32(at, device.mtu, true);
  return fits || rc.skb?.isGso === true ? MTU_RET.SUCCESS : MTU_RET.FRAG_NEEDED;
};

/** By helper name. */
export const ROUTE_HELPERS: Readonly<Record<string, HelperMaker>> = { fib_lookup: fibLookup, check_mtu: checkMtu };
