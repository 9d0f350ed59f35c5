/** Where XDP_PASS leads (__netif_receive_skb_core and the protocols behind it), as far as it decides who holds a frame's page and what is counted. */
import type { WorldMemory } from '../memory.ts';
import { IpPacket } from './ip-packet.ts';
import { FIRST_REASON, STACK_COUNTERS, type StackCounter } from './live-layout.ts';
import type { LiveState } from './live-state.ts';
import type { LiveDevice } from './net-device.ts';
import { IPPROTO, type Netns } from './netns.ts';
import { sameAt, UdpSocket, udpSocketFor } from './udp-socket.ts';

const COUNTER = Object.fromEntries(STACK_COUNTERS.map((name, i) => [name, i])) as Record<StackCounter, number>;
const ETH_HLEN = 14;
const ETH_P_IP = 0x0800;
const ETH_P_ARP = 0x0806;
const ETH_P_8021Q = 0x8100;
const ETH_P_8021AD = 0x88a8;
const VLAN_HLEN = 4;
const VLAN_ID = 0xfff;
const ETH_P_IPV6 = 0x86dd;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
/** Types below are lengths of 802.3 frames: LLC, or raw 802.3 when all ones follow. */
const ETH_P_802_3_MIN = 0x600;
const ETH_P_802_3 = 1;
const ETH_P_802_2 = 4;

const HANDLED: ReadonlySet<number> = new Set([ETH_P_IP, ETH_P_IPV6, ETH_P_ARP]);

/** A packet at tc ingress: what of it is no byte of the frame. */
export interface IngressPacket {
  /** The VLAN tag that was taken off, null if none. */
  vlan: { readonly proto: number; readonly tci: number } | null;
  /** Ethernet type; of 802.3 frames what stands for it. */
  type: number;
  otherHost: boolean;
}

interface Held {
  dev: LiveDevice | null;
  protocol: number;
  readonly pages: number[];
  readonly otherHost: boolean[];
}

/** What runs at tc ingress, for devices of one namespace or more. */
export interface TcHook {
  has(dev: LiveDevice): boolean;
  /** The device where the packet goes on, null when it goes no further up from here. */
  run(dev: LiveDevice, page: number, packet: IngressPacket): LiveDevice | null;
  /** The stack of the namespace that a device is in. */
  stackOf(dev: LiveDevice): NetStack;
}

function isTag(type: number): boolean {
  return type === ETH_P_8021Q || type === ETH_P_8021AD;
}

/** Whether somebody looks at packets of an Ethernet type. */
function isHandled(type: number): boolean {
  return type < ETH_P_802_3_MIN || HANDLED.has(type);
}

export class NetStack {
  /** Called with what comes in on devices that have a program at tc ingress. */
  tc: TcHook | null = null;
  readonly sockets: readonly UdpSocket[];
  /** Called with every frame that comes up; null when nobody looks. */
  onReceive: ((ifindex: number, page: number) => void) | null = null;
  /** Address of its counters (f64). */
  readonly countersAt: number;
  private readonly state: LiveState;
  private readonly mem: WorldMemory;
  readonly netns: Netns;
  private readonly counters: number;
  /** Addresses of this host, and broadcasts of its networks. */
  private readonly own: readonly Uint8Array[];
  private readonly ingress: IngressPacket = { vlan: null, type: 0, otherHost: false };
  /** Packets that wait for others of their protocol. */
  private readonly held: Held = { dev: null, protocol: 0, pages: [], otherHost: [] };
  /** The packet in hand is for another host. */
  private forOther = false;
  private readonly packet: IpPacket;

  /** `counters`: address of as many f64 as STACK_COUNTERS has names. */
  constructor(state: LiveState, netns: Netns, counters: number) {
    this.state = state;
    this.mem = state.mem;
    this.packet = new IpPacket(state.mem);
    this.netns = netns;
    this.countersAt = counters;
    this.counters = counters >>> 3;
    const udp = netns.sockets.filter((one) => one.protocol === IPPROTO.UDP);
    const local = netns.routes.filter(({ type }) => type === 'local' || type === 'broadcast');
    this.own = local.map(({ to }) => to.address);
    this.sockets = udp.map((one) => new UdpSocket(state, one));
  }

  private count(counter: StackCounter, n = 1): void {
    const at = this.counters + COUNTER[counter];
    this.mem.f64[at] = this.mem.f64[at]! + n;
  }

  /** netif_receive_skb of one frame that tc sent here; `tc` is false when it is not to be asked again. */
  receive(dev: LiveDevice, page: number, tc: boolean): void {
    this.receiveOne(dev, page, tc);
    this.deliverHeld();
  }

  private receiveOne(dev: LiveDevice, page: number, tc: boolean): void {
    const { pages, trace } = this.state;
    this.onReceive?.(dev.ifindex, page);
    const bytes = pages.length(page);
    // eth_type_trans took the Ethernet header off.
    trace.emit('netif_receive_skb', 0, dev.ifindex, bytes - ETH_HLEN);
    this.count('received');
    this.count('received_bytes', bytes);
    this.enter(dev, page, tc);
  }

  /** __netif_receive_skb_core: takes a VLAN tag off, asks tc, and hands the packet to its protocol. */
  private enter(dev: LiveDevice, page: number, tc: boolean): void {
    const { ingress } = this;
    const { pages } = this.state;
    const data = pages.dataOf(page);
    ingress.type = this.u16(data + 12);
    ingress.otherHost = this.otherHost(dev, data);
    ingress.vlan = null;
    if (isTag(ingress.type)) {
      if (pages.length(page) < ETH_HLEN + VLAN_HLEN + 2) {
        this.drop(dev, page, 'NOT_SPECIFIED', ingress.type);
        return;
      }
      this.untag(page, data);
    }
    let at: LiveDevice | null = dev;
    while (tc && at !== null && this.tc?.has(at) === true) {
      const next: LiveDevice | null = this.tc.run(at, page, ingress);
      if (next === at) break;
      at = next;
    }
    if (at === null) return;
    if (this.isTagged) ingress.otherHost = true;
    if (at === dev) {
      this.hold(dev, page, ingress);
      return;
    }
    const there = this.tc!.stackOf(at);
    there.hold(at, page, ingress);
    if (there !== this) there.deliverHeld();
  }

  /** Packets of one protocol and device that follow upon each other wait, to be handed over together; what nobody handles is dropped at once. */
  private hold(dev: LiveDevice, page: number, { type, otherHost }: IngressPacket): void {
    const raw = type < ETH_P_802_3_MIN && this.u16(this.state.pages.dataOf(page) + ETH_HLEN) === 0xffff;
    if (raw || !isHandled(type)) {
      this.unhandled(dev, page, type);
      return;
    }
    const protocol = type < ETH_P_802_3_MIN ? ETH_P_802_2 : type;
    const { held } = this;
    if (held.protocol !== protocol || held.dev !== dev) this.deliverHeld();
    held.dev = dev;
    held.protocol = protocol;
    held.pages.push(page);
    held.otherHost.push(otherHost);
  }

  /** __netif_receive_skb_list_ptype */
  private deliverHeld(): void {
    const { held } = this;
    const { dev } = held;
    if (dev === null) return;
    for (let i = 0; i < held.pages.length; i++) this.dispatch(dev, held.protocol, held.pages[i]!, held.otherHost[i]!);
    held.dev = null;
    held.pages.length = 0;
    held.otherHost.length = 0;
  }

  private dispatch(dev: LiveDevice, protocol: number, page: number, otherHost: boolean): void {
    const { pages } = this.state;
    const data = pages.dataOf(page);
    const end = data + pages.length(page);
    this.forOther = otherHost;
    if (protocol === ETH_P_IP) this.ip(dev, page, data, end);
    else if (protocol === ETH_P_IPV6) this.ip6(dev, page, data, end);
    else if (protocol === ETH_P_ARP) this.done('arp', page);
    else this.llc(dev, page);
  }

  /** Whether the packet has a VLAN of which this host knows nothing. */
  private get isTagged(): boolean {
    return ((this.ingress.vlan?.tci ?? 0) & VLAN_ID) !== 0;
  }

  /** skb_vlan_untag: the addresses move up over the tag. */
  private untag(page: number, data: number): void {
    const { u8 } = this.mem;
    this.ingress.vlan = { proto: this.ingress.type, tci: this.u16(data + ETH_HLEN) };
    this.ingress.type = this.u16(data + ETH_HLEN + 2);
    u8.copyWithin(data + VLAN_HLEN, data, data + 12);
    this.state.pages.moveData(page, VLAN_HLEN);
  }

  /** netif_receive_skb_list: as receive() for each of `count` frames whose descriptors stand at `list`. */
  receiveList(dev: LiveDevice, list: number, count: number): void {
    const { pages, trace } = this.state;
    const oneByOne = trace.recording || this.onReceive !== null || this.tc?.has(dev) === true;
    let unhandled = 0;
    let bytes = 0;
    let last = 0;
    let lastType = 0;
    for (let i = 0; i < count; i++) {
      const page = this.mem.u32[(list >>> 2) + i]!;
      const type = this.u16(pages.dataOf(page) + 12);
      if (oneByOne || isHandled(type) || isTag(type)) {
        if (unhandled > 0) this.countUnhandled(dev, unhandled, bytes, last, lastType);
        unhandled = 0;
        bytes = 0;
        this.receiveOne(dev, page, true);
        continue;
      }
      last = pages.length(page);
      lastType = type;
      bytes += last;
      unhandled++;
      this.state.put(page);
    }
    if (unhandled > 0) this.countUnhandled(dev, unhandled, bytes, last, lastType);
    this.deliverHeld();
  }

  /** So many frames that nobody handled: `last` and `lastType` are length and type of the last one. */
  private countUnhandled(dev: LiveDevice, unhandled: number, bytes: number, last: number, lastType: number): void {
    const { trace } = this.state;
    this.count('received', unhandled);
    this.count('received_bytes', bytes);
    this.count('UNHANDLED_PROTO', unhandled);
    dev.add('rx_dropped', unhandled);
    trace.emitMany('netif_receive_skb', 0, unhandled, dev.ifindex, last - ETH_HLEN);
    trace.emitMany('kfree_skb', COUNTER.UNHANDLED_PROTO - FIRST_REASON, unhandled, dev.ifindex, lastType);
  }

  private unhandled(dev: LiveDevice, page: number, type: number): void {
    dev.add('rx_dropped', 1);
    this.drop(dev, page, 'UNHANDLED_PROTO', type < ETH_P_802_3_MIN ? ETH_P_802_3 : type);
  }

  /** llc_rcv: nobody listens there. */
  private llc(dev: LiveDevice, page: number): void {
    if (this.forOther) this.drop(dev, page, 'NOT_SPECIFIED', ETH_P_802_2);
    else this.done('other_protocols', page);
  }

  /** kfree_skb_reason */
  drop(dev: LiveDevice, page: number, reason: StackCounter, protocol: number): void {
    this.count(reason);
    this.state.trace.emit('kfree_skb', COUNTER[reason] - FIRST_REASON, dev.ifindex, protocol);
    this.state.put(page);
  }

  /** consume_skb */
  private done(counter: StackCounter, page: number): void {
    this.count(counter);
    this.state.put(page);
  }

  private u16(at: number): number {
    const { u8 } = this.mem;
    return (u8[at]! << 8) | u8[at + 1]!;
  }

  /** Whether the frame is for somebody else: no group address, and not the device's own (eth_skb_pkt_type). */
  private otherHost(dev: LiveDevice, data: number): boolean {
    const { u8 } = this.mem;
    if ((u8[data]! & 1) !== 0) return false;
    const { mac } = dev.net;
    for (let i = 0; i < 6; i++) if (u8[data + i] !== mac[i]) return true;
    return false;
  }

  /** ip_rcv_core, ip_rcv_finish_core */
  private ip(dev: LiveDevice, page: number, data: number, end: number): void {
    const reason = this.forOther ? 'OTHERHOST' : this.packet.check4(page, data + ETH_HLEN, end);
    if (reason !== null) this.drop(dev, page, reason, ETH_P_IP);
    else if (this.isLocal(data + ETH_HLEN + 16, 4)) this.deliver(dev, this.mem.u8[data + ETH_HLEN + 9]!);
    else this.forward(dev, page, ETH_P_IP);
  }

  /** ip6_rcv_core, ip6_input; extension headers lead to nobody here. */
  private ip6(dev: LiveDevice, page: number, data: number, end: number): void {
    const ip = data + ETH_HLEN;
    const reason = this.forOther ? 'OTHERHOST' : this.packet.check6(page, ip, end);
    if (reason !== null) this.drop(dev, page, reason, ETH_P_IPV6);
    else if (this.mem.u8[ip + 24] === 0xff || this.isLocal(ip + 24, 16)) this.deliver(dev, this.mem.u8[ip + 6]!);
    else this.forward(dev, page, ETH_P_IPV6);
  }

  /** Whether an address is one of this host's: its own, a broadcast of its networks, or a multicast group. */
  private isLocal(at: number, bytes: 4 | 16): boolean {
    const { u8 } = this.mem;
    if (bytes === 4 && (u8[at]! >= 0xe0 || u8[at] === 127)) return true;
    const { own } = this;
    for (let i = 0; i < own.length; i++) {
      const address = own[i]!;
      if (address.length === bytes && sameAt(u8, at, address)) return true;
    }
    return false;
  }

  /** ip_forward where the device may, ip_error where it may not. */
  private forward(dev: LiveDevice, page: number, protocol: number): void {
    if (dev.net.forwarding) this.done('forwarded', page);
    else this.drop(dev, page, 'IP_INADDRERRORS', protocol);
  }

  /** ip_protocol_deliver_rcu */
  private deliver(dev: LiveDevice, protocol: number): void {
    const { page } = this.packet;
    if (protocol === IPPROTO.UDP) this.udp(dev);
    else if (protocol === IPPROTO.TCP) this.done('tcp', page);
    else this.done(protocol === IPPROTO_ICMP || protocol === IPPROTO_ICMPV6 ? 'icmp' : 'other_protocols', page);
  }

  /** __udp4_lib_rcv */
  private udp(dev: LiveDevice): void {
    const { page, transport, version, ip } = this.packet;
    const socket = udpSocketFor(this.sockets, this.mem.u8, { ip, transport, version, dev: dev.ifindex });
    const reason = this.packet.checkUdp() ?? (socket === null ? 'NO_SOCKET' : null);
    if (reason !== null) this.drop(dev, page, reason, version === 4 ? ETH_P_IP : ETH_P_IPV6);
    else if (socket!.enqueue(page)) this.count('udp_delivered');
    else this.drop(dev, page, 'SOCKET_RCVBUFF', version === 4 ? ETH_P_IP : ETH_P_IPV6);
  }

  /** What user space reads: every socket that is read at all is empty now. */
  readSockets(): void {
    for (const socket of this.sockets) if (socket.isRead) socket.read();
  }

  report(): Record<StackCounter, number> {
    const { f64 } = this.mem;
    return Object.fromEntries(STACK_COUNTERS.map((name, i) => [name, f64[this.counters + i]!])) as Record<
      StackCounter,
      number
    >;
  }

  zero(): void {
    this.mem.f64.fill(0, this.counters, this.counters + STACK_COUNTERS.length);
  }
}
