/** A network namespace of our own in the kernel: it has no name, belongs to this process, and is gone with it. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { errnoName } from '../../../engine/index.ts';
import { InputError } from '../../input-error.ts';
import { attributesOf, CREATE, type NetAttr, Netlink } from './netlink.ts';
import { address, closeFd, syscall } from './syscall.ts';

const CLONE_NEWNET = 0x4000_0000;
const AF_INET = 2;
const SOCK_DGRAM_CLOEXEC = 2 | 0x8_0000;
const SOL_SOCKET = 1;
const SO_NETNS_COOKIE = 71;
const SIOCETHTOOL = 0x8946;
const IFNAMSIZ = 16;
const IFREQ_BYTES = 40;
const RTM = { NEWLINK: 16, GETLINK: 18, SETLINK: 19, NEWADDR: 20, NEWROUTE: 24, NEWNEIGH: 28 } as const;
export const IFLA = {
  ...{ ADDRESS: 1, IFNAME: 3, MTU: 4, LINKINFO: 18, STATS64: 23, NET_NS_FD: 28, NUM_TX_QUEUES: 31, NUM_RX_QUEUES: 32 },
  ...{ XDP: 43 },
} as const;
const IFLA_XDP = { FD: 1, FLAGS: 3 } as const;
const XDP_FLAGS_DRV_MODE = 4;
const IFF_UP = 1;
/** struct rtnl_link_stats64: place of each counter, u64 each. */
const STATS = { rx_packets: 0, tx_packets: 1, rx_bytes: 2, tx_bytes: 3, rx_dropped: 6, tx_dropped: 7 } as const;
export type LinkStats = { readonly [name in keyof typeof STATS]: number };

/** No address of their own, nobody asked whether others have it, no router asked for. */
const QUIET_IPV6 = [
  ['addr_gen_mode', '1'],
  ['accept_dad', '0'],
  ['dad_transmits', '0'],
  ['router_solicitations', '0'],
  ['mldv1_unsolicited_report_interval', '3600000'],
  ['mldv2_unsolicited_report_interval', '3600000'],
] as const;

/** struct ifinfomsg */
export function linkHeader(ifindex: number, flags = 0, change = 0): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setInt32(4, ifindex, true);
  view.setUint32(8, flags, true);
  view.setUint32(12, change, true);
  return bytes;
}

function check(errno: number, what: string): void {
  if (errno !== 0) throw new InputError(`the kernel refuses ${what}: ${errnoName(errno)}`);
}

export class KernelNetns {
  /** Descriptor of the namespace, for IFLA_NET_NS_FD. */
  readonly fd: number;
  /** net->net_cookie */
  readonly cookie: bigint;
  private readonly netlink: Netlink;
  private readonly socket: number;

  private constructor() {
    this.fd = openSync('/proc/thread-self/ns/net', 'r');
    this.netlink = new Netlink();
    this.socket = syscall('socket', [AF_INET, SOCK_DGRAM_CLOEXEC, 0]);
    const cookie = new Uint8Array(8);
    const length = new Uint8Array(new Uint32Array([8]).buffer);
    check(
      -syscall('getsockopt', [this.socket, SOL_SOCKET, SO_NETNS_COOKIE, cookie, length]),
      'the cookie of a network namespace',
    );
    this.cookie = new DataView(cookie.buffer).getBigUint64(0, true);
  }

  /** unshare(2) of the calling thread, which is in the new namespace afterwards. Devices send nothing by themselves. Throws InputError. */
  static enter(ipv6: boolean): KernelNetns {
    check(-syscall('unshare', [CLONE_NEWNET]), 'a network namespace of our own');
    if (ipv6) for (const [name, value] of QUIET_IPV6) sysctl(`ipv6/conf/default/${name}`, value);
    else for (const who of ['all', 'default']) sysctl(`ipv6/conf/${who}/disable_ipv6`, '1');
    return new KernelNetns();
  }

  /** `ip link add`. Throws InputError. */
  createLink(name: string, ifindex: number, attrs: readonly NetAttr[]): void {
    check(this.netlink.change(RTM.NEWLINK, CREATE, linkHeader(ifindex), attrs), `the device ${name}`);
  }

  /** `ip link set DEV up|down`; 0 or a positive errno. */
  setUp(ifindex: number, up: boolean): number {
    return this.netlink.change(RTM.NEWLINK, 0, linkHeader(ifindex, up ? IFF_UP : 0, IFF_UP), []);
  }

  setMtu(ifindex: number, mtu: number): number {
    return this.netlink.change(RTM.NEWLINK, 0, linkHeader(ifindex), [[IFLA.MTU, mtu]]);
  }

  /** Attaches a program natively; the device holds it. */
  attachXdp(ifindex: number, fd: number): number {
    const xdp: NetAttr[] = [
      [IFLA_XDP.FD, fd],
      [IFLA_XDP.FLAGS, XDP_FLAGS_DRV_MODE],
    ];
    return this.netlink.change(RTM.SETLINK, 0, linkHeader(ifindex), [[IFLA.XDP, xdp]]);
  }

  /** `ip addr add`, `ip route add`, `ip neigh add`, as their messages; 0 or a positive errno. */
  add(kind: 'NEWADDR' | 'NEWROUTE' | 'NEWNEIGH', header: Uint8Array, attrs: readonly NetAttr[]): number {
    return this.netlink.change(RTM[kind], CREATE, header, attrs);
  }

  /** Statistics of every device by ifindex. */
  stats(): Map<number, LinkStats> {
    const all = new Map<number, LinkStats>();
    for (const body of this.netlink.dump(RTM.GETLINK, linkHeader(0))) {
      const stats = attributesOf(body, 16).get(IFLA.STATS64);
      if (stats === undefined) continue;
      const view = new DataView(stats.buffer, stats.byteOffset, stats.length);
      const entries = Object.entries(STATS).map(([name, at]) => [name, Number(view.getBigUint64(at * 8, true))]);
      const ifindex = new DataView(body.buffer, body.byteOffset).getInt32(4, true);
      all.set(ifindex, Object.fromEntries(entries) as LinkStats);
    }
    return all;
  }

  /** An ethtool command (struct ethtool_*), answered in place; 0 or a positive errno. */
  ethtool(name: string, command: Uint8Array): number {
    const ifreq = new Uint8Array(IFREQ_BYTES);
    ifreq.set(new TextEncoder().encode(name).subarray(0, IFNAMSIZ - 1));
    new DataView(ifreq.buffer).setBigUint64(IFNAMSIZ, BigInt(address(command)), true);
    return Math.max(0, -syscall('ioctl', [this.socket, SIOCETHTOOL, ifreq], command));
  }

  close(): void {
    this.netlink.close();
    closeFd(this.socket);
    closeSync(this.fd);
  }
}

/** A setting of the namespace that this thread is in; kernels without it have nothing to be set. */
export function sysctl(path: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/net/${path}`, value);
  } catch {
    // Built without IPv6, for instance.
  }
}
