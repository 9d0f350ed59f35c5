/** What the kernel reads from an Ethernet header: the protocol, and whom the frame is for (net/ethernet/eth.c). */
import { PROTO, type Skb } from './skb.ts';

export const PACKET = { HOST: 0, BROADCAST: 1, MULTICAST: 2, OTHERHOST: 3 } as const;

/** Protocol by the 16-bit type field at an address: values below 0x600 are lengths of 802.3 frames (eth_type_trans). */
export function protocolAt(skb: Skb, at: number): number {
  const type = skb.u16(at);
  // The first byte on the wire is the low one here: 0x0600 and more is a type.
  if ((type & 0xff) >= 6) return type;
  return at + 4 <= skb.tail && skb.u16(at + 2) === 0xffff ? PROTO.RAW_802_3 : PROTO.LLC_802_2;
}

/**
 * eth_skb_pkt_type on loopback, whose broadcast address is zero as its own is, or on another device, whose broadcast
 * address is all ones; a device of which nothing is known has an address that no packet made for a test has.
 */
export function packetType(skb: Skb, loopback: boolean, mac?: Uint8Array): number {
  const destination = skb.mem.u8.subarray(skb.mac, skb.mac + 6);
  if (mac !== undefined && destination.every((byte, i) => byte === mac[i])) return PACKET.HOST;
  if ((destination[0]! & 1) === 0) return PACKET.OTHERHOST;
  return !loopback && destination.every((byte) => byte === 0xff) ? PACKET.BROADCAST : PACKET.MULTICAST;
}
