/** Network devices of live frame mode: what decides whether a frame may leave, and veth's ndo_xdp_xmit (drivers/net/veth.c). */
import type { WorldMemory } from '../memory.ts';
import { ERRNO } from '../uapi/errno.ts';
import { BATCH_AT, DEV_AT, DEV_COUNTERS, DEV_FLAG, type DevCounter, VETH_RING } from './live-layout.ts';
import type { LiveState } from './live-state.ts';
import type { NetDevice } from './netns.ts';
import { PtrRing } from './ptr-ring.ts';

/** `wire`: a device with ndo_xdp_xmit whose frames leave the machine; `plain`: one without (ifb, dummy, …). */
export type DeviceType = 'veth' | 'wire' | 'plain';
/** What becomes of a packet that the stack sends through a plain device: it comes back up, there or where it was, or is gone. */
export type PlainKind = 'lo' | 'ifb' | 'dummy';

/** A program that acts on frames: as loaded, or one of the built-in verdicts. */
export interface LiveProg {
  readonly id: number;
  readonly name: string;
  readonly table_index: number;
  run(ctx: number, second: number): number;
}

const COUNTER = Object.fromEntries(DEV_COUNTERS.map((name, i) => [name, i])) as Record<DevCounter, number>;
const VLAN_ETH_HLEN = 18;

export interface DeviceInit {
  readonly state: LiveState;
  readonly net: NetDevice;
  readonly type: DeviceType;
  readonly plain: PlainKind;
  /** Which namespace it is in. */
  readonly netns: string;
  readonly gro: boolean;
  /** Address of its words, of its counters, and of room for its ring. */
  readonly at: number;
  readonly counters: number;
  readonly queue: number;
}

export class LiveDevice {
  readonly at: number;
  readonly net: NetDevice;
  readonly type: DeviceType;
  readonly plain: PlainKind;
  readonly netns: string;
  readonly ring: PtrRing;
  /** Address of its counters (f64). */
  readonly countersAt: number;
  /** Frames that left here and were looked at on their way; null when nobody looks. */
  onXmit: ((page: number) => void) | null = null;
  prog: LiveProg | null = null;
  private readonly state: LiveState;
  private readonly mem: WorldMemory;
  private readonly gro: boolean;
  private readonly counters: number;
  private far: LiveDevice | null = null;
  private isUp: boolean;
  private isFull = false;

  constructor(init: DeviceInit) {
    this.state = init.state;
    this.mem = init.state.mem;
    this.net = init.net;
    this.type = init.type;
    this.plain = init.plain;
    this.netns = init.netns;
    this.gro = init.gro;
    this.at = init.at;
    this.countersAt = init.counters;
    this.counters = init.counters >>> 3;
    this.isUp = init.net.up;
    this.ring = new PtrRing(this.mem, this.at + DEV_AT.RING, init.queue);
    this.ring.init(VETH_RING);
    this.setWord(DEV_AT.IFINDEX, init.net.ifindex);
    this.setWord(DEV_AT.COUNTERS, init.counters);
    this.refresh();
  }

  word(field: number): number {
    return this.mem.u32[(this.at + field) >>> 2]!;
  }

  setWord(field: number, value: number): void {
    this.mem.u32[(this.at + field) >>> 2] = value;
  }

  /** Frames in its bulk queue. */
  get queued(): number {
    return this.word(DEV_AT.BQ_COUNT);
  }

  get ifindex(): number {
    return this.net.ifindex;
  }

  get peer(): LiveDevice | null {
    return this.far;
  }

  add(counter: DevCounter, n: number): void {
    const at = this.counters + COUNTER[counter];
    this.mem.f64[at] = this.mem.f64[at]! + n;
  }

  /** Two ends of one veth pair. */
  join(peer: LiveDevice): void {
    this.far = peer;
    peer.far = this;
    this.setWord(DEV_AT.PEER, peer.at);
    peer.setWord(DEV_AT.PEER, this.at);
    this.refresh();
    peer.refresh();
  }

  attach(prog: LiveProg | null): void {
    this.prog = prog;
    this.refresh();
    this.far?.refresh();
  }

  get up(): boolean {
    return this.isUp;
  }

  /** veth_open, veth_close: what waits in the ring of a device that goes down is freed. */
  set up(up: boolean) {
    this.isUp = up;
    this.refresh();
    if (up) return;
    for (let page = this.ring.consume(); page !== 0; page = this.ring.consume()) this.state.put(page);
  }

  /** Its ring takes nothing: a fault on purpose, as if NAPI did not run. */
  set full(full: boolean) {
    this.isFull = full;
    this.refresh();
  }

  /** veth_set_xdp_features and what else follows from how things are. */
  refresh(): void {
    const far = this.far;
    const xmit = this.type === 'wire' || (far !== null && (far.prog !== null || far.gro));
    const waits = this.word(DEV_AT.FLAGS) & DEV_FLAG.SCHEDULED;
    const full = this.isFull ? DEV_FLAG.FULL : 0;
    const slow = this.type !== 'veth' || this.onXmit !== null ? DEV_FLAG.SLOW : 0;
    const flags = (this.isUp ? DEV_FLAG.UP : 0) | (xmit ? DEV_FLAG.NDO_XMIT : 0) | slow | full | waits;
    this.setWord(DEV_AT.FLAGS, flags);
    this.setWord(DEV_AT.MAX_LEN, this.net.mtu + VLAN_ETH_HLEN);
    this.setWord(DEV_AT.NAPI, this.isUp && (this.prog !== null || this.gro) ? 1 : 0);
    this.setWord(DEV_AT.PROG, this.prog?.id ?? 0);
  }

  /** __xdp_enqueue's questions and xdp_ok_fwd_dev: 0 or a positive errno. */
  refuses(length: number): number {
    const flags = this.word(DEV_AT.FLAGS);
    if ((flags & DEV_FLAG.NDO_XMIT) === 0) return ERRNO.EOPNOTSUPP;
    if ((flags & DEV_FLAG.UP) === 0) return ERRNO.ENETDOWN;
    return length > this.word(DEV_AT.MAX_LEN) ? ERRNO.EMSGSIZE : 0;
  }

  /** ndo_xdp_xmit of `count` frames whose descriptors stand at `frames`: how many were taken, or a negative errno. */
  xmit(frames: number, count: number, flush: boolean): number {
    if (this.type !== 'veth') return this.wireXmit(frames, count);
    const sent = this.vethXmit(frames, count, true);
    if (sent >= 0 && flush) this.far?.schedule();
    // veth_ndo_xdp_xmit
    if (sent < 0) this.add('tx_dropped', count);
    return sent;
  }

  /** veth_xdp_xmit, without waking the other end; `own` is false for what an XDP program on this device sends back (veth_xdp_flush_bq). */
  vethXmit(frames: number, count: number, own: boolean): number {
    const rcv = this.far;
    if (rcv === null || rcv.word(DEV_AT.NAPI) === 0) return -ERRNO.ENXIO;
    const { pages } = this.state;
    const max = rcv.word(DEV_AT.MAX_LEN);
    let sent = 0;
    while (sent < count) {
      const page = this.mem.u32[(frames >>> 2) + sent]!;
      if (pages.length(page) > max || rcv.isFull || !rcv.ring.produce(page)) break;
      this.onXmit?.(page);
      sent++;
    }
    if (own) this.countXmit(sent, count);
    return sent;
  }

  /** A packet for this end's ring: false when that takes nothing (any more). */
  offer(page: number): boolean {
    return this.word(DEV_AT.NAPI) !== 0 && !this.isFull && this.ring.produce(page);
  }

  /** Of `count` frames that were to leave, `sent` reached the other end's ring. */
  countXmit(sent: number, count: number): void {
    this.add('xdp_xmit', sent);
    if (sent === count) return;
    this.add('xdp_xmit_err', count - sent);
    this.add('tx_dropped', count - sent);
    this.far?.add('rx_dropped', count - sent);
  }

  private wireXmit(frames: number, count: number): number {
    for (let i = 0; i < count; i++) this.xmitPage(this.mem.u32[(frames >>> 2) + i]!);
    this.add('xdp_xmit', count);
    return count;
  }

  /** A frame leaves the machine. */
  xmitPage(page: number): void {
    this.onXmit?.(page);
    this.add('tx_packets', 1);
    this.add('tx_bytes', this.state.pages.length(page));
    this.state.put(page);
  }

  /** __veth_xdp_flush: napi_schedule, unless it waits already. */
  schedule(): void {
    const flags = this.word(DEV_AT.FLAGS);
    if ((flags & DEV_FLAG.SCHEDULED) !== 0) return;
    this.setWord(DEV_AT.FLAGS, flags | DEV_FLAG.SCHEDULED);
    const batch = this.state.batch >>> 2;
    const count = this.mem.u32[batch + (BATCH_AT.POLL_COUNT >>> 2)]!;
    this.mem.u32[batch + (BATCH_AT.POLL >>> 2) + count] = this.at;
    this.mem.u32[batch + (BATCH_AT.POLL_COUNT >>> 2)] = count + 1;
  }

  /** Every counter by name. */
  report(): Record<DevCounter, number> {
    const { f64 } = this.mem;
    const entries = DEV_COUNTERS.map((name, i) => [name, f64[this.counters + i]!]);
    return Object.fromEntries(entries) as Record<DevCounter, number>;
  }

  zero(): void {
    this.mem.f64.fill(0, this.counters, this.counters + DEV_COUNTERS.length);
  }
}
