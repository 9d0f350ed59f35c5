/** bpf_skb_ecn_set_ce and bpf_skb_set_tstamp (net/core/filter.c): marks on a packet that its headers and its skb carry. */
import { CTX_BASE } from '../layout.ts';
import { csumAdd, csumSub } from '../net/csum.ts';
import { PROTO, type Skb, SUMMED } from '../net/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker } from './run-ctx.ts';

const ETH_HLEN = 14;
const VLAN_HLEN = 4;
const IP_BYTES = 20;
const IPV6_BYTES = 40;
const ECN_MASK = 3;
const IP_CHECK = 10;
/** Traffic class bits of ECN in the first word of an IPv6 header, in network order. */
const IPV6_CE = 3 << 20;

/** bpf_skb_ecn_set_ce: 1 when the packet is marked now, 0 when its sender does not know ECN. */
const ecnSetCe: HelperMaker = (rc) => (ctx) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const protocol = innerProtocol(skb);
  const v4 = protocol === PROTO.IP;
  if (!v4 && protocol !== PROTO.IPV6) return 0;
  const bytes = v4 ? IP_BYTES : IPV6_BYTES;
  if (skb.length < bytes || skb.net + bytes > skb.tail) return 0;
  return v4 ? ipSetCe(skb) : ip6SetCe(skb);
};

/**
 * skb_protocol with tags skipped: they are looked for behind an Ethernet header that the data begins with. What is marked
 * then is at the network header all the same, as in the kernel.
 */
function innerProtocol(skb: Skb): number {
  let { protocol } = skb;
  for (let at = skb.data + ETH_HLEN; protocol === PROTO.VLAN_8021Q || protocol === PROTO.VLAN_8021AD; at += VLAN_HLEN) {
    if (at + VLAN_HLEN > skb.tail) return 0;
    protocol = skb.u16(at + 2);
  }
  return protocol;
}

/** IP_ECN_set_ce: the header checksum follows. */
function ipSetCe(skb: Skb): number {
  const { u8 } = skb.mem;
  const ecn = (u8[skb.net + 1]! + 1) & ECN_MASK;
  if ((ecn & 2) === 0) return ecn === 0 ? 1 : 0;
  const add = 0xfffb + ecn;
  const check = skb.net + IP_CHECK;
  const sum = ((u8[check]! << 8) | u8[check + 1]!) + add;
  const folded = (sum & 0xffff) + (sum >>> 16);
  u8[check] = folded >>> 8;
  u8[check + 1] = folded;
  u8[skb.net + 1]! |= ECN_MASK;
  return 1;
}

/** IP6_ECN_set_ce: a complete checksum follows. */
function ip6SetCe(skb: Skb): number {
  const { dv } = skb.mem;
  const word = dv.getUint32(skb.net, false);
  if ((word & IPV6_CE) === 0) return 0;
  const from = dv.getUint32(skb.net, true);
  dv.setUint32(skb.net, word | IPV6_CE, false);
  const to = dv.getUint32(skb.net, true);
  if (skb.ipSummed === SUMMED.COMPLETE) skb.csum = csumAdd(csumSub(skb.csum, from), to);
  return 1;
}

/** Fields of struct __sk_buff. */
const TSTAMP = 152;
const TSTAMP_TYPE = 180;
const CLOCK = { REALTIME: 0, TAI: 2 };

/** bpf_skb_set_tstamp: clocks other than the wall clock want a time. */
const setTstamp: HelperMaker = (rc) => (ctx, lo, hi, clock) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  if (skb.protocol !== PROTO.IP && skb.protocol !== PROTO.IPV6) return -ERRNO.EOPNOTSUPP;
  const type = clock! >>> 0;
  if (type > CLOCK.TAI || (type !== CLOCK.REALTIME && (lo! | hi!) === 0)) return -ERRNO.EINVAL;
  rc.mem.u32[(CTX_BASE + TSTAMP) >> 2] = lo!;
  rc.mem.u32[(CTX_BASE + TSTAMP + 4) >> 2] = hi!;
  rc.mem.u8[CTX_BASE + TSTAMP_TYPE] = type;
  return 0;
};

/** By helper name. */
export const SKB_MARK_HELPERS: Readonly<Record<string, HelperMaker>> = {
  skb_ecn_set_ce: ecnSetCe,
  skb_set_tstamp: setTstamp,
};
