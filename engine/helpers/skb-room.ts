/** bpf_skb_adjust_room and bpf_skb_change_proto (net/core/filter.c): space between the packet's headers. */
import { PROTO, type Skb } from '../net/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker } from './run-ctx.ts';
import { SKB_MAX_LEN } from './skb-size.ts';

/** BPF_F_ADJ_ROOM_*; the upper byte of the 64 bits is the inner link header's length. */
const F = {
  ...{ FIXED_GSO: 0x1, ENCAP_L3_IPV4: 0x2, ENCAP_L3_IPV6: 0x4, ENCAP_L4_GRE: 0x8, ENCAP_L4_UDP: 0x10 },
  ...{ NO_CSUM_RESET: 0x20, ENCAP_L2_ETH: 0x40, DECAP_L3_IPV4: 0x80, DECAP_L3_IPV6: 0x100 },
};
const ENCAP_L3 = F.ENCAP_L3_IPV4 | F.ENCAP_L3_IPV6;
const ENCAP_L4 = F.ENCAP_L4_GRE | F.ENCAP_L4_UDP;
const DECAP_L3 = F.DECAP_L3_IPV4 | F.DECAP_L3_IPV6;
const KNOWN_LO = 0x1ff;
const KNOWN_HI = 0xff00_0000;
const SHRINK_FLAGS = F.FIXED_GSO | DECAP_L3 | F.NO_CSUM_RESET;
const MODE = { NET: 0, MAC: 1 };
const DIFF_MAX = 0xfff;
const ETH_HLEN = 14;
const IP_BYTES = 20;
const IPV6_BYTES = 40;

/** bpf_skb_net_hdr_push: zeroed room `offset` bytes behind the data; the headers before it move down. */
export function pushHeader(skb: Skb, offset: number, bytes: number): void {
  const transportIsNetwork = skb.transportIsNetwork;
  const u8 = skb.mem.u8;
  skb.data -= bytes;
  u8.copyWithin(skb.data, skb.data + bytes, skb.data + bytes + offset);
  u8.fill(0, skb.data + offset, skb.data + offset + bytes);
  skb.mac -= bytes;
  skb.net -= bytes;
  if (transportIsNetwork) skb.setTransport(skb.net);
}

/** bpf_skb_net_hdr_pop: takes `bytes` away `offset` behind the data; 0 or a negative errno. */
export function popHeader(skb: Skb, offset: number, bytes: number): number {
  if (offset + bytes > skb.length) return -ERRNO.ENOMEM;
  const transportIsNetwork = skb.transportIsNetwork;
  skb.pulledFromSum(skb.data + offset, bytes);
  skb.mem.u8.copyWithin(skb.data + bytes, skb.data, skb.data + offset);
  skb.data += bytes;
  skb.mac += bytes;
  skb.net += bytes;
  if (transportIsNetwork) skb.setTransport(skb.net);
  return 0;
}

function isIp(protocol: number): boolean {
  return protocol === PROTO.IP || protocol === PROTO.IPV6;
}

/** bpf_skb_net_base_len of an IP packet. */
function baseLength(skb: Skb): number {
  return skb.protocol === PROTO.IP ? IP_BYTES : IPV6_BYTES;
}

/** What bpf_skb_net_grow refuses about an encapsulation; 0 when it is fine. */
function checkEncap(skb: Skb, bytes: number, flags: number, innerMac: number): number {
  if ((flags & ENCAP_L3) === ENCAP_L3 || (flags & ENCAP_L4) === ENCAP_L4) return -ERRNO.EINVAL;
  if ((flags & F.ENCAP_L2_ETH) !== 0 && innerMac < ETH_HLEN) return -ERRNO.EINVAL;
  if (skb.encapsulation) return -ERRNO.EALREADY;
  return innerMac > bytes ? -ERRNO.EINVAL : 0;
}

/** bpf_skb_net_grow */
function grow(skb: Skb, offset: number, bytes: number, flags: number, innerMac: number): number {
  // A GSO packet made by BPF_PROG_RUN has no type, so it is never TCP.
  if (skb.isGso) return -ERRNO.ENOTSUPP;
  const encap = (flags & ENCAP_L3) !== 0;
  const errno = encap ? checkEncap(skb, bytes, flags, innerMac) : 0;
  if (errno !== 0) return errno;
  if (!skb.ensureHeadroom(bytes)) return -ERRNO.ENOMEM;
  const macLength = skb.macHeaderLength;
  pushHeader(skb, offset, bytes);
  if (!encap) return 0;
  const toIpv6 = (flags & F.ENCAP_L3_IPV6) !== 0;
  skb.encapsulation = true;
  skb.net = skb.data + macLength;
  if ((flags & ENCAP_L4) !== 0) skb.setTransport(skb.net + (toIpv6 ? IPV6_BYTES : IP_BYTES));
  skb.protocol = toIpv6 ? PROTO.IPV6 : PROTO.IP;
  return 0;
}

/** bpf_skb_net_shrink */
function shrink(skb: Skb, offset: number, bytes: number, flags: number, innerMac: number): number {
  if ((flags & ~SHRINK_FLAGS) !== 0 || innerMac !== 0) return -ERRNO.EINVAL;
  if (skb.isGso) return -ERRNO.ENOTSUPP;
  const errno = popHeader(skb, offset, bytes);
  if (errno !== 0) return errno;
  if ((flags & F.DECAP_L3_IPV6) !== 0) skb.protocol = PROTO.IPV6;
  else if ((flags & F.DECAP_L3_IPV4) !== 0) skb.protocol = PROTO.IP;
  return 0;
}

/** Shortest network packet that may be left, or a negative errno for contradictory flags. */
function shortest(skb: Skb, shrinks: boolean, flags: number): number {
  const decap = flags & DECAP_L3;
  if (decap === 0) return baseLength(skb);
  if (!shrinks || decap === DECAP_L3) return -ERRNO.EINVAL;
  return decap === F.DECAP_L3_IPV4 ? IP_BYTES : IPV6_BYTES;
}

/** bpf_skb_adjust_room */
function adjustRoom(skb: Skb, diff: number, mode: number, flags: number, flagsHi: number): number {
  if ((flags & ~KNOWN_LO) !== 0 || (flagsHi & ~KNOWN_HI) !== 0) return -ERRNO.EINVAL;
  const bytes = Math.abs(diff);
  if (bytes > DIFF_MAX) return -ERRNO.EFAULT;
  if (!isIp(skb.protocol) || mode > MODE.MAC) return -ERRNO.ENOTSUPP;
  const offset = skb.macHeaderLength + (mode === MODE.NET ? baseLength(skb) : 0);
  const shrinks = diff < 0;
  const least = shortest(skb, shrinks, flags);
  if (least < 0) return least;
  const current = (skb.length - skb.networkOffset) >>> 0;
  if (shrinks) {
    if (bytes >= current || current - bytes < least) return -ERRNO.ENOTSUPP;
  } else if (skb.length + bytes > SKB_MAX_LEN && !skb.isGso) {
    return -ERRNO.ENOTSUPP;
  }
  const innerMac = flagsHi >>> 24;
  const errno = shrinks ? shrink(skb, offset, bytes, flags, innerMac) : grow(skb, offset, bytes, flags, innerMac);
  if (errno === 0 && (flags & F.NO_CSUM_RESET) === 0) skb.resetChecksumUnnecessary();
  return errno;
}

const room: HelperMaker = (rc) => (ctx, diff, mode, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const errno = adjustRoom(skb, diff! | 0, mode! >>> 0, flagsLo!, flagsHi!);
  skb.show();
  return errno;
};

/** bpf_skb_proto_xlat: between IPv4 and IPv6 there are 20 bytes, put in or taken out at the network header's start. */
function translate(skb: Skb, protocol: number): number {
  const difference = IPV6_BYTES - IP_BYTES;
  const offset = skb.macHeaderLength;
  if (skb.protocol === PROTO.IP && protocol === PROTO.IPV6) {
    if (!skb.ensureHeadroom(difference)) return -ERRNO.ENOMEM;
    pushHeader(skb, offset, difference);
  } else if (skb.protocol === PROTO.IPV6 && protocol === PROTO.IP) {
    const errno = popHeader(skb, offset, difference);
    if (errno !== 0) return errno;
  } else {
    return -ERRNO.ENOTSUPP;
  }
  skb.protocol = protocol;
  skb.clearHash();
  return 0;
}

/** bpf_skb_change_proto; the protocol has 16 bits. */
const changeProto: HelperMaker = (rc) => (ctx, protocol, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  if ((flagsLo! | flagsHi!) !== 0) return -ERRNO.EINVAL;
  const errno = translate(skb, protocol! & 0xffff);
  skb.show();
  return errno;
};

/** By helper name. */
export const SKB_ROOM_HELPERS: Readonly<Record<string, HelperMaker>> = {
  skb_adjust_room: room,
  skb_change_proto: changeProto,
};
