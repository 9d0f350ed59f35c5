/** The headers of an IP packet that came up: where its layers begin, and why it is dropped before anybody gets it (ip_rcv_core, ip6_rcv_core, udp4_csum_init). */
import type { WorldMemory } from '../memory.ts';
import { csumFold, csumPartial } from './csum.ts';
import type { StackCounter } from './live-layout.ts';
import { IPPROTO } from './netns.ts';

const IP_HLEN = 20;
const IPV6_HLEN = 40;
const UDP_HLEN = 8;

/** The packet in hand, one after the other. */
export class IpPacket {
  page = 0;
  /** Addresses of its headers, and of its end. */
  ip = 0;
  transport = 0;
  end = 0;
  version: 4 | 6 = 4;
  private readonly mem: WorldMemory;

  constructor(mem: WorldMemory) {
    this.mem = mem;
  }

  private u16(at: number): number {
    const { u8 } = this.mem;
    return (u8[at]! << 8) | u8[at + 1]!;
  }

  /** Why a packet is dropped before it is known where it goes; null when it is not. */
  check4(page: number, ip: number, end: number): StackCounter | null {
    const { u8 } = this.mem;
    if (ip + IP_HLEN > end) return 'PKT_TOO_SMALL';
    const headerBytes = (u8[ip]! & 15) * 4;
    if (u8[ip]! >> 4 !== 4 || headerBytes < IP_HLEN || ip + headerBytes > end) return 'IP_INHDR';
    if (csumFold(csumPartial(u8, ip, headerBytes, 0)) !== 0) return 'IP_CSUM';
    const total = this.u16(ip + 2);
    if (total > end - ip) return 'PKT_TOO_SMALL';
    if (total < headerBytes) return 'IP_INHDR';
    this.begin(page, ip, ip + headerBytes, ip + total, 4);
    return (u8[ip + 12]! & 0xf0) === 0xe0 || u8[ip + 12] === 127 ? 'IP_INVALID_SOURCE' : null;
  }

  /** The same of IPv6. */
  check6(page: number, ip: number, end: number): StackCounter | null {
    if (ip + IPV6_HLEN > end) return 'PKT_TOO_SMALL';
    if (this.mem.u8[ip]! >> 4 !== 6) return 'IP_INHDR';
    const total = this.u16(ip + 4) + IPV6_HLEN;
    if (total > end - ip) return 'PKT_TOO_SMALL';
    this.begin(page, ip, ip + IPV6_HLEN, ip + total, 6);
    return null;
  }

  private begin(page: number, ip: number, transport: number, end: number, version: 4 | 6): void {
    this.page = page;
    this.ip = ip;
    this.transport = transport;
    this.end = end;
    this.version = version;
  }

  /** Why a datagram is dropped before a socket is looked for; null when it is not. */
  checkUdp(): StackCounter | null {
    const { transport, end } = this;
    if (transport + UDP_HLEN > end) return 'PKT_TOO_SMALL';
    const length = this.u16(transport + 4);
    if (length > end - transport || length < UDP_HLEN) return 'PKT_TOO_SMALL';
    return this.udpSumHolds(length) ? null : 'UDP_CSUM';
  }

  /** udp4_csum_init and what completes it: 0 is no sum in IPv4. */
  private udpSumHolds(length: number): boolean {
    const { transport, version, ip } = this;
    const { u8 } = this.mem;
    if (version === 4 && this.u16(transport + 6) === 0) return true;
    const addresses = version === 4 ? csumPartial(u8, ip + 12, 8, 0) : csumPartial(u8, ip + 8, 32, 0);
    // Protocol and length, in the order of a little-endian machine.
    const pseudo = (IPPROTO.UDP << 8) + (((length & 0xff) << 8) | (length >> 8));
    return csumFold(csumPartial(u8, transport, length, addresses + pseudo)) === 0;
  }
}
