/** IPv6 segment routing (net/ipv6/seg6.c, seg6_iptunnel.c, seg6_local.c): headers checked, found, pushed, and the route looked up after. */
import { ERRNO } from '../uapi/errno.ts';
import type { IpAddress } from './ip-address.ts';
import { deviceOf, LOOPBACK, type Netns, TABLE } from './netns.ts';
import { findRoute } from './route.ts';
import { PROTO, type Skb } from './skb.ts';

/** Offsets in struct ipv6_sr_hdr; segments of 16 bytes follow its 8 bytes, then TLVs. */
export const SRH = {
  NEXTHDR: 0,
  HDRLEN: 1,
  TYPE: 2,
  SEGMENTS_LEFT: 3,
  FIRST_SEGMENT: 4,
  FLAGS: 5,
  SEGMENTS: 8,
} as const;
const IPV6_BYTES = 40;
/** Offsets in struct ipv6hdr. */
const IPV6 = { PAYLOAD_LEN: 4, NEXTHDR: 6, HOP_LIMIT: 7, SADDR: 8, DADDR: 24 };
/** Numbers of next headers. */
export const NEXTHDR = { HOP: 0, ROUTING: 43, FRAGMENT: 44, AUTH: 51, DEST: 60, IPV6: 41 } as const;
const EXTENSIONS: ReadonlySet<number> = new Set([
  ...[NEXTHDR.HOP, NEXTHDR.ROUTING, NEXTHDR.FRAGMENT, NEXTHDR.AUTH, NEXTHDR.DEST],
]);
const IPV6_SRCRT_TYPE_4 = 4;
const FLAG_HMAC = 8;
/** struct sr6_tlv_hmac at the end of the header: 40 bytes, of which its length byte counts 38. */
const HMAC = { TYPE: 5, LEN: 38, BYTES: 40 };
const IPV6_DEFAULT_HOPLIMIT = 64;
const IN6_BYTES = 16;
/** fib6_prop: what the routes that lead nowhere answer. */
const REFUSING: Readonly<Record<string, number>> = {
  blackhole: ERRNO.EINVAL,
  unreachable: ERRNO.EHOSTUNREACH,
  prohibit: ERRNO.EACCES,
};

/**
 * seg6_validate_srh: whether `length` bytes at `at` are a segment routing header that fits itself.
 * Example: two segments and no TLV are 8 + 2 * 16 = 40 bytes, so hdrlen is 4 and first_segment 1.
 */
export function validSrh(u8: Uint8Array, at: number, length: number, reduced: boolean): boolean {
  if (length < SRH.SEGMENTS || u8[at + SRH.TYPE] !== IPV6_SRCRT_TYPE_4) return false;
  const hdrlen = u8[at + SRH.HDRLEN]!;
  const first = u8[at + SRH.FIRST_SEGMENT]!;
  const left = u8[at + SRH.SEGMENTS_LEFT]!;
  if ((hdrlen + 1) * 8 !== length) return false;
  if (reduced || left <= first) {
    if (first > (hdrlen >> 1) - 1 || left > first + 1) return false;
  } else return false;
  let tlv = SRH.SEGMENTS + (first + 1) * IN6_BYTES;
  while (tlv < length) {
    if (length - tlv < 2) return false;
    tlv += 2 + u8[at + tlv + 1]!;
  }
  return tlv === length;
}

/** ipv6_find_hdr from the network header on: offset of a header from the data, or a negative errno. */
export function findHeader(skb: Skb, target: number): number {
  const { u8 } = skb.mem;
  let at = skb.net + IPV6_BYTES;
  let next = u8[skb.net + IPV6.NEXTHDR]!;
  for (;;) {
    const found = next === target;
    if (!EXTENSIONS.has(next)) return found ? at - skb.data : -ERRNO.ENOENT;
    if (at + (next === NEXTHDR.ROUTING || next === NEXTHDR.FRAGMENT ? 4 : 2) > skb.tail) return -ERRNO.EBADMSG;
    if (found) return at - skb.data;
    // Behind a fragment that is not the first there are no headers.
    if (next === NEXTHDR.FRAGMENT && (u8[at + 2]! | (u8[at + 3]! & 0xf8)) !== 0) return -ERRNO.ENOENT;
    const bytes = extensionBytes(next, u8[at + 1]!);
    if (skb.tail - at < bytes) return -ERRNO.EBADMSG;
    next = u8[at]!;
    at += bytes;
  }
}

/** ipv6_optlen, ipv6_authlen */
function extensionBytes(header: number, units: number): number {
  if (header === NEXTHDR.FRAGMENT) return 8;
  return header === NEXTHDR.AUTH ? (units + 2) * 4 : (units + 1) * 8;
}

/** seg6_do_srh_inline: the header goes between the IPv6 header and what follows; the address it had becomes the last segment. */
export function insertSrh(skb: Skb, srh: Uint8Array): number {
  const { mem } = skb;
  if (!skb.ensureHeadroom(srh.length)) return -ERRNO.ENOMEM;
  const old = skb.net;
  skb.pulledFromSum(old, IPV6_BYTES);
  skb.data -= srh.length;
  const hdr = skb.data;
  mem.u8.copyWithin(hdr, old, old + IPV6_BYTES);
  startsHere(skb);
  const isrh = hdr + IPV6_BYTES;
  mem.u8.set(srh, isrh);
  mem.u8[isrh + SRH.NEXTHDR] = mem.u8[hdr + IPV6.NEXTHDR]!;
  mem.u8[hdr + IPV6.NEXTHDR] = NEXTHDR.ROUTING;
  mem.u8.copyWithin(isrh + SRH.SEGMENTS, hdr + IPV6.DADDR, hdr + IPV6.DADDR + IN6_BYTES);
  return finishPush(skb, isrh, IPV6_BYTES + srh.length);
}

/** seg6_do_srh_encap: an IPv6 header and the segment routing header go in front of the whole packet. */
export function encapsulateSrh(skb: Skb, srh: Uint8Array, ns: Netns, ifindex: number): number {
  const { mem } = skb;
  const bytes = IPV6_BYTES + srh.length;
  if (!skb.ensureHeadroom(bytes)) return -ERRNO.ENOMEM;
  const inner = skb.net;
  const { u8 } = mem;
  skb.data -= bytes;
  startsHere(skb);
  const hdr = skb.data;
  u8.fill(0, hdr, hdr + IPV6_BYTES);
  u8[hdr] = 0x60;
  u8[hdr + IPV6.HOP_LIMIT] = IPV6_DEFAULT_HOPLIMIT;
  if (skb.protocol === PROTO.IPV6) {
    // Traffic class and flow label are the inner packet's, as the sysctl seg6_flowlabel is 0.
    u8[hdr] = 0x60 | (u8[inner]! & 0x0f);
    u8.copyWithin(hdr + 1, inner + 1, inner + 4);
    u8[hdr + IPV6.HOP_LIMIT] = u8[inner + IPV6.HOP_LIMIT]!;
  }
  u8[hdr + IPV6.NEXTHDR] = NEXTHDR.ROUTING;
  const isrh = hdr + IPV6_BYTES;
  u8.set(srh, isrh);
  u8[isrh + SRH.NEXTHDR] = NEXTHDR.IPV6;
  const source = sourceAddress(ns, ifindex);
  if (source !== null) u8.set(source, hdr + IPV6.SADDR);
  return finishPush(skb, isrh, bytes);
}

/** skb_reset_network_header, skb_mac_header_rebuild: nothing lies before the data. */
function startsHere(skb: Skb): void {
  skb.net = skb.data;
  skb.mac = skb.data;
}

/** What both ways of pushing end with: the first segment is where the packet goes, its length, its sum. */
function finishPush(skb: Skb, isrh: number, pushed: number): number {
  const { u8 } = skb.mem;
  const first = isrh + SRH.SEGMENTS + u8[isrh + SRH.FIRST_SEGMENT]! * IN6_BYTES;
  u8.copyWithin(skb.data + IPV6.DADDR, first, first + IN6_BYTES);
  if ((u8[isrh + SRH.FLAGS]! & FLAG_HMAC) !== 0) return hmacErrno(u8, isrh);
  setPayloadLength(skb);
  skb.sumWith(skb.data, pushed, 0);
  return 0;
}

/** seg6_push_hmac: EINVAL without its TLV, and ENOENT with it, as a fresh namespace has no keys. */
function hmacErrno(u8: Uint8Array, isrh: number): number {
  const hdrlen = u8[isrh + SRH.HDRLEN]!;
  if (hdrlen < (u8[isrh + SRH.FIRST_SEGMENT]! + 1) * 2 + 5) return -ERRNO.EINVAL;
  const tlv = isrh + (hdrlen + 1) * 8 - HMAC.BYTES;
  return u8[tlv] === HMAC.TYPE && u8[tlv + 1] === HMAC.LEN ? -ERRNO.ENOENT : -ERRNO.EINVAL;
}

/** payload_len of the IPv6 header at the data. */
export function setPayloadLength(skb: Skb): void {
  const bytes = skb.length - IPV6_BYTES;
  skb.setU16(skb.data + IPV6.PAYLOAD_LEN, ((bytes & 0xff) << 8) | ((bytes >>> 8) & 0xff));
}

/** ipv6_dev_get_saddr as far as it goes by scope and device: a global address, the device's own first; null for none. */
function sourceAddress(ns: Netns, ifindex: number): IpAddress | null {
  const own = deviceOf(ns, ifindex);
  const devices = [...(own === undefined ? [] : [own]), ...ns.devices.values()];
  const all = devices.flatMap(({ addresses }) => addresses.map(({ address }) => address)).filter(isIpv6);
  return all.find(isGlobal) ?? all[0] ?? null;
}

function isIpv6(address: IpAddress): boolean {
  return address.length === IN6_BYTES;
}

/** Neither link-local nor loopback. */
function isGlobal(address: IpAddress): boolean {
  return !isLinkLocal(address) && address.subarray(0, 15).some((byte) => byte !== 0);
}

function isLinkLocal(address: IpAddress): boolean {
  return address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;
}

/**
 * seg6_lookup_nexthop: 0 where a route leads on, else a negative errno. Without a next hop the header's address is looked up, and
 * table 0 stands for the namespace's rules; what would be delivered here is dropped, which is EINVAL as for a table that is not there.
 */
export function lookupNexthop(skb: Skb, nexthop: IpAddress | null, table: number, ns: Netns, ifindex: number): number {
  const daddr = skb.data + IPV6.DADDR;
  const destination = nexthop ?? skb.mem.u8.slice(daddr, daddr + IN6_BYTES);
  if (table !== 0 && table !== TABLE.MAIN && table !== TABLE.LOCAL && !ns.routes.some((one) => one.table === table)) {
    return -ERRNO.EINVAL;
  }
  // rt6_need_strict
  const strict = destination[0] === 0xff || isLinkLocal(destination);
  const route = findRoute(ns, { destination, table, oif: strict ? ifindex : 0 });
  if (route === null) return -ERRNO.ENETUNREACH;
  if (route.type === 'local' || (route.type === 'unicast' && route.dev === LOOPBACK)) return -ERRNO.EINVAL;
  return -(REFUSING[route.type] ?? 0);
}
