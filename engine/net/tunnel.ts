/** struct ip_tunnel_info as programs hang it on a packet: the key of the tunnel it is to go through, and options. */

export interface TunnelInfo {
  id: number;
  tos: number;
  ttl: number;
  label: number;
  readonly ipv6: boolean;
  /** In network order, 4 or 16 bytes. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TUNNEL_* bits, as a number in host order. */
  readonly flags: number;
  options: Uint8Array | null;
}
