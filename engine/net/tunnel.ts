/** struct ip_tunnel_info as programs hang it on a packet: the key of the tunnel it is to go through, and options. */

export interface TunnelInfo {
  id: number;
  tos: number;
  ttl: number;
  label: number;
  ipv6: boolean;
  /** 16 bytes as they stand in the key: an IPv6 address in network order, an IPv4 one in its first four in host order. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TUNNEL_* bits, as a number in host order. */
  flags: number;
  options: Uint8Array | null;
}
