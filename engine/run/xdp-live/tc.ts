/** tc ingress on the way of XDP_PASS (sch_handle_ingress): a SCHED_CLS program sees each packet that comes up a device, and may keep it from there. */
import type { World } from '../../load/types.ts';
import { PACKET, packetType } from '../../net/ether.ts';
import type { LiveState } from '../../net/live-state.ts';
import type { LiveDevice, LiveProg } from '../../net/net-device.ts';
import type { Netns } from '../../net/netns.ts';
import { PROTO, Skb } from '../../net/skb.ts';
import type { IngressPacket, NetStack, TcHook } from '../../net/stack.ts';
import { ERRNO } from '../../uapi/errno.ts';
import { PROG_TYPE } from '../../uapi/prog-types.ts';
import { ingressContext } from '../skb-ctx.ts';
import type { LiveDevices, NetnsName } from './devices.ts';
import type { LivePrograms } from './programs.ts';
import { SkbOut } from './skb-out.ts';

const TC_ACT = { OK: 0, SHOT: 2, STOLEN: 4, REDIRECT: 7, TRAP: 8 };
const BPF_F_INGRESS = 1;
const NET_RX_DROP = 1;
const LOOPBACK = 1;
const ETH_P_802_3_MIN = 0x600;

/** A program and how it is attached: clsact's direct action knows more verdicts than tcx. */
export interface TcProgram {
  readonly prog: LiveProg;
  readonly tcx: boolean;
}

export class TcIngress implements TcHook {
  private readonly world: World;
  private readonly state: LiveState;
  private readonly devices: LiveDevices;
  private readonly programs: LivePrograms;
  private readonly attached: ReadonlyMap<LiveDevice, TcProgram>;
  /** Where packets go that do not go on up. */
  readonly out: SkbOut;

  constructor(
    world: World,
    state: LiveState,
    devices: LiveDevices,
    programs: LivePrograms,
    attached: ReadonlyMap<LiveDevice, TcProgram>,
  ) {
    this.world = world;
    this.state = state;
    this.devices = devices;
    this.programs = programs;
    this.attached = attached;
    this.out = new SkbOut(state, devices);
  }

  has(dev: LiveDevice): boolean {
    return this.attached.has(dev);
  }

  stackOf(dev: LiveDevice): NetStack {
    return this.devices.stacks[dev.netns as NetnsName];
  }

  /** tcx_run, tc_run, and what follows from the verdict. */
  run(dev: LiveDevice, page: number, packet: IngressPacket): LiveDevice | null {
    const { prog, tcx } = this.attached.get(dev)!;
    const skb = this.skbOf(dev, page, packet);
    const begin = skb.data;
    this.world.rc.send = (ifindex, ingress, data) => this.sendCopy(dev, page, ifindex, ingress, data);
    const act = this.act(dev, skb, prog);
    delete this.world.rc.send;
    const kept = this.keep(page, skb, begin, packet);
    if (kept === 0) return null;
    if (act === TC_ACT.REDIRECT) return this.redirect(dev, kept);
    if (act === TC_ACT.SHOT) this.out.drop(dev, kept, 'TC_INGRESS');
    else if (!tcx && (act === TC_ACT.STOLEN || act === TC_ACT.TRAP)) this.state.put(kept);
    // A page of its own goes on by itself: the stack has the other one in hand.
    else if (kept !== page) this.out.receive(dev, kept);
    else return dev;
    return null;
  }

  /** The frame as an skb that came in on `dev`. */
  private skbOf(dev: LiveDevice, page: number, { vlan, type }: IngressPacket): Skb {
    const { mem } = this.world;
    const { pages } = this.state;
    const metadata = pages.metadata(page).slice();
    const skb = new Skb(mem, pages.bytes(page));
    skb.setMetadata(metadata);
    skb.protocol =
      type >= ETH_P_802_3_MIN ? swapped(type) : skb.u16(skb.net) === 0xffff ? PROTO.RAW_802_3 : PROTO.LLC_802_2;
    skb.pktType = packetType(skb, dev.ifindex === LOOPBACK, dev.net.mac);
    skb.vlanProto = vlan === null ? 0 : swapped(vlan.proto);
    skb.vlanTci = vlan?.tci ?? 0;
    ingressContext(mem, skb, dev.ifindex);
    skb.show();
    return skb;
  }

  /** One run in the namespace of the device; the run context is that of XDP programs again afterwards. */
  private act(dev: LiveDevice, skb: Skb, prog: LiveProg): number {
    const { rc } = this.world;
    const { progType, xdp, netns, ifindex } = rc;
    rc.progType = PROG_TYPE.SCHED_CLS;
    rc.skb = skb;
    rc.xdp = null;
    rc.live = false;
    rc.ifindex = dev.ifindex;
    rc.redirect = null;
    this.enter(this.stackOf(dev).netns);
    const verdict = this.programs.run(prog) | 0;
    this.enter(netns);
    rc.progType = progType;
    rc.skb = null;
    rc.xdp = xdp;
    rc.live = true;
    rc.ifindex = ifindex;
    this.state.buff.begin();
    return verdict;
  }

  private enter(netns: Netns): void {
    const { rc } = this.world;
    rc.netns = netns;
    rc.sockets.use(netns.sockets);
  }

  /** What the program left, back on its page, or on one of its own where it has no room; 0 when there is none, and the packet is gone. */
  private keep(page: number, skb: Skb, begin: number, packet: IngressPacket): number {
    const { pages } = this.state;
    const { protocol } = skb;
    packet.type = protocol === PROTO.LLC_802_2 || protocol === PROTO.RAW_802_3 ? packet.type : swapped(protocol);
    packet.otherHost = skb.pktType === PACKET.OTHERHOST;
    packet.vlan = skb.vlanPresent ? { proto: swapped(skb.vlanProto), tci: skb.vlanTci } : null;
    const bytes = skb.contents();
    if (pages.rewrite(page, skb.data - begin, bytes)) return page;
    const own = pages.fresh(bytes, pages.frame(page));
    this.state.put(page);
    return own;
  }

  /** skb_do_redirect: the device where the packet goes on at once (bpf_redirect_peer), else null. */
  private redirect(dev: LiveDevice, page: number): LiveDevice | null {
    const asked = this.world.rc.redirect;
    const to = asked === null ? null : this.devices.byIfindex(dev.netns, asked.target ?? 0);
    if (asked === null || to === null) {
      this.out.drop(dev, page, 'NOT_SPECIFIED');
      return null;
    }
    if (asked.helper !== 'bpf_redirect_peer') {
      this.send(to, page, dev, (asked.flags & BPF_F_INGRESS) !== 0);
      return null;
    }
    const { peer } = to;
    if (peer === null || !peer.up || peer.netns === dev.netns) {
      this.out.drop(dev, page, 'NOT_SPECIFIED');
      return null;
    }
    peer.add('rx_packets', 1);
    peer.add('rx_bytes', this.state.pages.length(page));
    return peer;
  }

  /** bpf_clone_redirect: what __bpf_redirect returns. */
  private sendCopy(from: LiveDevice, page: number, ifindex: number, ingress: boolean, data: Uint8Array): number {
    const copy = this.state.pages.fresh(data, this.state.pages.frame(page));
    const to = this.devices.byIfindex(from.netns, ifindex);
    if (copy === 0 || to === null) return -ERRNO.ENOMEM;
    const { up } = to;
    this.send(to, copy, from, ingress);
    if (up) return 0;
    return ingress ? NET_RX_DROP : -ERRNO.ENETDOWN;
  }

  private send(to: LiveDevice, page: number, from: LiveDevice, ingress: boolean): void {
    if (ingress) this.out.receive(to, page);
    else this.out.xmit(to, page, from);
  }
}

/** htons */
function swapped(type: number): number {
  return ((type & 0xff) << 8) | (type >> 8);
}
