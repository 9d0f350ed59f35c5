/** bpf_skb_vlan_push and bpf_skb_vlan_pop: the outermost tag lies beside the packet, further ones in it (net/core/skbuff.c). */
import { protocolAt } from '../net/ether.ts';
import { PROTO, type Skb } from '../net/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker } from './run-ctx.ts';

const ETH_HLEN = 14;
const VLAN_HLEN = 4;
const MAC_ADDRESSES = 12;

function isVlan(protocol: number): boolean {
  return protocol === PROTO.VLAN_8021Q || protocol === PROTO.VLAN_8021AD;
}

/** skb_vlan_push: the tag beside the packet goes into it, the new one takes its place. */
function push(skb: Skb, proto: number, tci: number): number {
  if (skb.vlanPresent) {
    if (skb.data !== skb.mac) return -ERRNO.EINVAL;
    if (!skb.ensureHeadroom(VLAN_HLEN)) return -ERRNO.ENOMEM;
    skb.data -= VLAN_HLEN;
    skb.mem.u8.copyWithin(skb.data, skb.data + VLAN_HLEN, skb.data + VLAN_HLEN + MAC_ADDRESSES);
    skb.mac -= VLAN_HLEN;
    skb.setU16(skb.data + MAC_ADDRESSES, skb.vlanProto);
    skb.mem.u8[skb.data + ETH_HLEN] = skb.vlanTci >>> 8;
    skb.mem.u8[skb.data + ETH_HLEN + 1] = skb.vlanTci;
    skb.protocol = skb.vlanProto;
    skb.net -= VLAN_HLEN;
    skb.sumWith(skb.data + MAC_ADDRESSES, VLAN_HLEN, 0);
  }
  skb.vlanProto = proto;
  skb.vlanTci = tci;
  return 0;
}

/** __skb_vlan_pop: takes the tag out of the packet; its value, or a negative errno. */
function popFromPacket(skb: Skb): number {
  if (skb.data !== skb.mac) return -ERRNO.EINVAL;
  if (skb.length < ETH_HLEN + VLAN_HLEN) return -ERRNO.ENOMEM;
  const u8 = skb.mem.u8;
  const tag = skb.data + ETH_HLEN;
  skb.pulledFromSum(skb.data + MAC_ADDRESSES, VLAN_HLEN);
  const tci = (u8[tag]! << 8) | u8[tag + 1]!;
  skb.protocol = protocolAt(skb, tag + 2);
  u8.copyWithin(skb.data + VLAN_HLEN, skb.data, skb.data + MAC_ADDRESSES);
  skb.data += VLAN_HLEN;
  skb.mac += VLAN_HLEN;
  if (skb.networkOffset < ETH_HLEN) skb.net = skb.data + ETH_HLEN;
  return tci;
}

/** skb_vlan_pop: drops the tag beside the packet, or the packet's own; the next one in the packet takes its place. */
function pop(skb: Skb): number {
  if (skb.vlanPresent) {
    skb.vlanProto = 0;
    skb.vlanTci = 0;
  } else {
    if (!isVlan(skb.protocol)) return 0;
    const dropped = popFromPacket(skb);
    if (dropped < 0) return dropped;
  }
  if (!isVlan(skb.protocol)) return 0;
  const proto = skb.protocol;
  const tci = popFromPacket(skb);
  if (tci < 0) return tci;
  skb.vlanProto = proto;
  skb.vlanTci = tci;
  return 0;
}

/** bpf_skb_vlan_push: any other protocol becomes 802.1Q; both arguments have 16 bits. */
const vlanPush: HelperMaker = (rc) => (ctx, proto, tci) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const wanted = proto! & 0xffff;
  const errno = push(skb, isVlan(wanted) ? wanted : PROTO.VLAN_8021Q, tci! & 0xffff);
  skb.show();
  return errno;
};

/** bpf_skb_vlan_pop */
const vlanPop: HelperMaker = (rc) => (ctx) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  const errno = pop(skb);
  skb.show();
  return errno;
};

/** By helper name. */
export const SKB_VLAN_HELPERS: Readonly<Record<string, HelperMaker>> = {
  skb_vlan_push: vlanPush,
  skb_vlan_pop: vlanPop,
};
