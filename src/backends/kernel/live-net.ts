/** The devices of a live run in the kernel: two namespaces of this process, veth pairs between them, addresses, routes, neighbours. */
import {
  type DeviceSpec,
  errnoName,
  type NeighbourSpec,
  type NetnsSpec,
  type RouteSpec,
} from '../../../engine/index.ts';
import { InputError } from '../../input-error.ts';
import type { LiveDeviceInfo, LiveNetwork } from '../../live/types.ts';
import { parseIpv4, parseIpv6, parseMac } from '../../packet/addresses.ts';
import { setGro } from './ethtool.ts';
import { message, type NetAttr } from './netlink.ts';
import { IFLA, KernelNetns, linkHeader, sysctl } from './netns.ts';

const LOOPBACK = 1;
const VETH_INFO_PEER = 1;
const INFO = { KIND: 1, DATA: 2 } as const;
const IFA = { ADDRESS: 1, LOCAL: 2 } as const;
const RTA = { DST: 1, OIF: 4, GATEWAY: 5, PRIORITY: 6, PREFSRC: 7, METRICS: 8, TABLE: 15 } as const;
const RTAX_MTU = 2;
const NDA = { DST: 1, LLADDR: 2 } as const;
const NUD_PERMANENT = 0x80;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RT_SCOPE_LINK = 253;
const RTN = { unicast: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;

interface Ip {
  readonly family: 2 | 10;
  readonly bytes: Uint8Array;
  readonly prefix: number;
}

function ipOf(text: string): Ip {
  const [address = '', length] = text.split('/');
  const v4 = parseIpv4(address);
  const bytes = v4 ?? parseIpv6(address);
  if (bytes === null) throw new InputError(`${text} is no IP address`);
  return { family: v4 ? 2 : 10, bytes, prefix: length === undefined ? bytes.length * 8 : Number(length) };
}

/** Throws InputError that says what the kernel does not take. */
function check(errno: number, what: string): void {
  if (errno !== 0) throw new InputError(`the kernel refuses ${what}: ${errnoName(errno)}`);
}

/** What a link of its own kind has beside its ifindex. */
function linkAttrs({ name, mtu, mac, rx_queues = 1 }: DeviceSpec): NetAttr[] {
  const address = mac === undefined ? null : parseMac(mac);
  return [
    ...(name === undefined ? [] : ([[IFLA.IFNAME, name]] as const)),
    ...(mtu === undefined ? [] : ([[IFLA.MTU, mtu]] as const)),
    ...(address === null ? [] : ([[IFLA.ADDRESS, address]] as const)),
    ...(rx_queues > 1
      ? ([
          [IFLA.NUM_RX_QUEUES, rx_queues],
          [IFLA.NUM_TX_QUEUES, rx_queues],
        ] as const)
      : []),
  ];
}

function hasIpv6({ devices = [] }: NetnsSpec): boolean {
  return devices.some(({ addresses = [] }) => addresses.some((one) => one.includes(':')));
}

export class KernelLiveNet {
  readonly near: KernelNetns;
  readonly far: KernelNetns;
  private readonly network: LiveNetwork;

  /** This thread is in the near namespace afterwards. Throws InputError for what the kernel does not take. */
  constructor(network: LiveNetwork) {
    this.network = network;
    this.far = KernelNetns.enter(hasIpv6(network.far));
    for (const { ifindex, forwarding, name } of network.far.devices ?? [])
      if (forwarding) throw new InputError(`${name ?? ifindex}: the kernel backend does not forward at the far end`);
    this.near = KernelNetns.enter(hasIpv6(network.netns));
    const made = new Set<string>();
    for (const info of network.devices) this.make(info, made);
    for (const netns of ['near', 'far'] as const) this.furnish(netns);
  }

  of(netns: string): KernelNetns {
    return netns === 'far' ? this.far : this.near;
  }

  private specOf({
    netns,
    ifindex,
    name,
    mtu,
  }: Pick<LiveDeviceInfo, 'netns' | 'ifindex' | 'name' | 'mtu'>): DeviceSpec {
    const spec = netns === 'far' ? this.network.far : this.network.netns;
    return { mtu, ...(spec.devices ?? []).find((one) => one.ifindex === ifindex), ifindex, name };
  }

  /** Both ends of a veth pair are made with the first of them. */
  private make(info: LiveDeviceInfo, made: Set<string>): void {
    const { ifindex, name, type, peer } = info;
    if (type === 'lo' || made.has(`${info.netns} ${ifindex}`)) return;
    const own: NetAttr[] = [...linkAttrs(this.specOf(info)), [IFLA.LINKINFO, [[INFO.KIND, type]]]];
    if (type !== 'veth' || peer === null) {
      this.of(info.netns).createLink(name, ifindex, own);
      return;
    }
    const other = this.network.devices.find((one) => one.netns === peer.netns && one.ifindex === peer.ifindex)!;
    const attrs: NetAttr[] = [...linkAttrs(this.specOf(other)), [IFLA.NET_NS_FD, this.of(peer.netns).fd]];
    const end: NetAttr = [VETH_INFO_PEER, message(linkHeader(peer.ifindex), attrs)];
    const link: NetAttr[] = [
      [INFO.KIND, 'veth'],
      [INFO.DATA, [end]],
    ];
    this.of(info.netns).createLink(name, ifindex, [...linkAttrs(this.specOf(info)), [IFLA.LINKINFO, link]]);
    made.add(`${peer.netns} ${peer.ifindex}`);
    for (const one of [info, other]) {
      if (one.gro) check(setGro(this.of(one.netns), one.name, true), `GRO on ${one.name}`);
    }
  }

  /** Devices up, as they are said to be, with their addresses; then routes and neighbours. */
  private furnish(netns: 'near' | 'far'): void {
    const spec = netns === 'far' ? this.network.far : this.network.netns;
    const space = this.of(netns);
    for (const info of this.network.devices.filter((one) => one.netns === netns)) {
      const { up = true, addresses = [], forwarding = false } = this.specOf(info);
      if (up) check(space.setUp(info.ifindex, true), `${info.name} up`);
      for (const text of addresses) addAddress(space, info.ifindex, text);
      // This thread is in the near namespace.
      if (forwarding) sysctl(`ipv4/conf/${info.name}/forwarding`, '1');
      if (forwarding) sysctl(`ipv6/conf/${info.name}/forwarding`, '1');
    }
    if (!this.network.devices.some((one) => one.netns === netns && one.ifindex === LOOPBACK))
      space.setUp(LOOPBACK, true);
    for (const neighbour of spec.neighbours ?? []) addNeighbour(space, neighbour);
    for (const route of spec.routes ?? []) addRoute(space, route);
  }

  close(): void {
    this.near.close();
    this.far.close();
  }
}

/** struct ifaddrmsg */
function addAddress(netns: KernelNetns, ifindex: number, text: string): void {
  const { family, bytes, prefix } = ipOf(text);
  const header = new Uint8Array(8);
  header.set([family, prefix]);
  new DataView(header.buffer).setUint32(4, ifindex, true);
  const attrs: NetAttr[] = [
    [IFA.LOCAL, bytes],
    [IFA.ADDRESS, bytes],
  ];
  check(netns.add('NEWADDR', header, attrs), `the address ${text}`);
}

/** struct ndmsg */
function addNeighbour(netns: KernelNetns, { to, dev, mac }: NeighbourSpec): void {
  const { family, bytes } = ipOf(to);
  const header = new Uint8Array(12);
  header[0] = family;
  const view = new DataView(header.buffer);
  view.setInt32(4, dev, true);
  view.setUint16(8, NUD_PERMANENT, true);
  const attrs: NetAttr[] = [
    [NDA.DST, bytes],
    [NDA.LLADDR, parseMac(mac) ?? new Uint8Array(6)],
  ];
  check(netns.add('NEWNEIGH', header, attrs), `the neighbour ${to}`);
}

/** struct rtmsg */
function addRoute(netns: KernelNetns, route: RouteSpec): void {
  const { to, dev, via, table = RT_TABLE_MAIN, metric, type = 'unicast', mtu, source } = route;
  const gateway = via === undefined ? null : ipOf(via);
  const v6 = to === 'default6' || to.includes(':') || gateway?.family === 10;
  const target = to.startsWith('default') ? null : ipOf(to);
  const header = new Uint8Array(12);
  const scope = gateway === null && type === 'unicast' ? RT_SCOPE_LINK : 0;
  header.set([v6 ? 10 : 2, target?.prefix ?? 0, 0, 0, table & 0xff, RTPROT_STATIC, v6 ? 0 : scope, RTN[type]]);
  const attrs: NetAttr[] = [
    ...(target === null ? [] : ([[RTA.DST, target.bytes]] as const)),
    ...(dev === undefined ? [] : ([[RTA.OIF, dev]] as const)),
    ...(gateway === null ? [] : ([[RTA.GATEWAY, gateway.bytes]] as const)),
    ...(metric === undefined ? [] : ([[RTA.PRIORITY, metric]] as const)),
    ...(source === undefined ? [] : ([[RTA.PREFSRC, ipOf(source).bytes]] as const)),
    ...(mtu === undefined ? [] : ([[RTA.METRICS, [[RTAX_MTU, mtu]]]] as const)),
    [RTA.TABLE, table],
  ];
  check(netns.add('NEWROUTE', header, attrs), `the route ${to}`);
}
