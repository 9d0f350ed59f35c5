/** Packets that tc sends on: out of a device (dev_queue_xmit and what veth, ifb, dummy and loopback do then), or in by another (netif_rx). */
import { BACKLOG, BATCH_AT, DEV_AT, HEADROOM, PP_REFILL } from '../../net/live-layout.ts';
import type { LiveState } from '../../net/live-state.ts';
import type { LiveDevice } from '../../net/net-device.ts';
import type { LiveDevices, NetnsName } from './devices.ts';

const ETH_HLEN = 14;
const ETH_TYPE_AT = 12;

/** A packet in the backlog of its CPU, which takes turns with the devices that are polled. */
interface Arrival {
  readonly dev: LiveDevice;
  readonly page: number;
  /** false: tc has seen it already. */
  readonly tc: boolean;
}

export class SkbOut {
  private readonly state: LiveState;
  private readonly devices: LiveDevices;
  /** input_pkt_queue */
  private readonly backlog: Arrival[] = [];
  /** It stands in the poll list. */
  private scheduled = false;

  constructor(state: LiveState, devices: LiveDevices) {
    this.state = state;
    this.devices = devices;
  }

  /** enqueue_to_backlog */
  private arrive(arrival: Arrival): void {
    this.backlog.push(arrival);
    if (this.scheduled) return;
    this.scheduled = true;
    const count = this.state.word(BATCH_AT.POLL_COUNT);
    this.state.setWord(BATCH_AT.POLL + count * 4, BACKLOG);
    this.state.setWord(BATCH_AT.POLL_COUNT, count + 1);
  }

  /** process_backlog, when its turn has come: up to 64 packets; how many there were. */
  poll(): number {
    let done = 0;
    while (done < PP_REFILL) {
      const next = this.backlog.shift();
      if (next === undefined) break;
      this.stackOf(next.dev).receive(next.dev, next.page, next.tc);
      done++;
    }
    if (done < PP_REFILL) this.scheduled = false;
    return done;
  }

  private stackOf(dev: LiveDevice) {
    return this.devices.stacks[dev.netns as NetnsName];
  }

  /** kfree_skb_reason */
  drop(dev: LiveDevice, page: number, reason: 'TC_INGRESS' | 'QDISC_DROP' | 'NOT_SPECIFIED'): void {
    const { u8 } = this.state.mem;
    const at = this.state.pages.dataOf(page) + ETH_TYPE_AT;
    this.stackOf(dev).drop(dev, page, reason, (u8[at]! << 8) | u8[at + 1]!);
  }

  /** __bpf_rx_skb: in by another device, if that is up. */
  receive(dev: LiveDevice, page: number): void {
    if (!dev.up) {
      dev.add('rx_dropped', 1);
      this.drop(dev, page, 'NOT_SPECIFIED');
      return;
    }
    this.arrive({ dev, page, tc: true });
  }

  /** __bpf_tx_skb, dev_queue_xmit: `from` is where the packet came in. */
  xmit(dev: LiveDevice, page: number, from: LiveDevice): void {
    if (!dev.up || (dev.type === 'veth' && dev.peer?.up !== true)) {
      dev.add('tx_dropped', 1);
      this.drop(dev, page, 'QDISC_DROP');
    } else if (dev.type === 'veth') this.vethXmit(dev, dev.peer!, page);
    else if (dev.type === 'wire') dev.xmitPage(page);
    else this.plainXmit(dev, page, from);
  }

  private plainXmit(dev: LiveDevice, page: number, from: LiveDevice): void {
    const bytes = this.state.pages.length(page) - (dev.plain === 'lo' ? ETH_HLEN : 0);
    dev.add('tx_packets', 1);
    dev.add('tx_bytes', bytes);
    if (dev.plain === 'dummy') {
      this.state.put(page);
      return;
    }
    dev.add('rx_packets', 1);
    dev.add('rx_bytes', bytes);
    // ifb gives a packet back to where it was.
    const back = dev.plain === 'lo' ? dev : from;
    this.arrive({ dev: back, page, tc: dev.plain === 'lo' });
  }

  /** veth_xmit: into the ring of an end with an XDP program, up into the stack of another. */
  private vethXmit(dev: LiveDevice, rcv: LiveDevice, page: number): void {
    const { pages } = this.state;
    const bytes = pages.length(page);
    const kept = rcv.prog === null ? page : this.withHeadroom(page);
    const taken = bytes <= rcv.word(DEV_AT.MAX_LEN) && kept !== 0 && (rcv.prog === null || rcv.offer(kept));
    if (!taken) {
      dev.add('tx_dropped', 1);
      rcv.add('rx_dropped', 1);
      if (kept !== 0) this.drop(dev, kept, 'NOT_SPECIFIED');
      return;
    }
    dev.onXmit?.(kept);
    if (rcv.prog === null) {
      dev.add('tx_packets', 1);
      dev.add('tx_bytes', bytes);
      rcv.add('rx_packets', 1);
      rcv.add('rx_bytes', bytes);
      this.arrive({ dev: rcv, page, tc: true });
      return;
    }
    // An skb counts without its Ethernet header there; the poll counts whole frames.
    dev.add('tx_bytes', -ETH_HLEN);
    rcv.add('rx_bytes', -ETH_HLEN);
    rcv.schedule();
  }

  /** veth_convert_skb_to_xdp_buff: a packet with less than XDP's headroom moves to a page of its own; 0 when there is none. */
  private withHeadroom(page: number): number {
    const { pages } = this.state;
    if (pages.headroom(page) >= HEADROOM) return page;
    const moved = pages.fresh(pages.bytes(page), pages.frame(page));
    this.state.put(page);
    return moved;
  }
}
