/** The receiving end of veth pairs: NAPI runs the device's XDP program on every frame that came over (veth_poll, veth_xdp_rcv). */
import {
  BACKLOG,
  BATCH_AT,
  DEV_AT,
  DEV_BULK,
  DEV_FLAG,
  GRO_NORMAL_BATCH,
  POLLS_MAX,
  PP_REFILL,
  TO_STACK,
} from '../../net/live-layout.ts';
import type { LiveState } from '../../net/live-state.ts';
import type { LiveDevice } from '../../net/net-device.ts';
import type { LiveDevices } from './devices.ts';
import type { LivePrograms } from './programs.ts';
import type { LiveRedirects } from './redirect.ts';
import type { SkbOut } from './skb-out.ts';

/** NAPI_POLL_WEIGHT */
const WEIGHT = PP_REFILL;
const XDP_DROP = 1;
const XDP_PASS = 2;
const XDP_TX = 3;
const XDP_REDIRECT = 4;

export class LivePoll {
  private readonly state: LiveState;
  private readonly devices: LiveDevices;
  private readonly programs: LivePrograms;
  private readonly redirects: LiveRedirects;
  /** Where packets wait that tc sent up elsewhere; null where there is no tc. */
  backlog: SkbOut | null = null;
  private sendingBack = 0;
  private redirected = false;

  constructor(state: LiveState, devices: LiveDevices, programs: LivePrograms, redirects: LiveRedirects) {
    this.state = state;
    this.devices = devices;
    this.programs = programs;
    this.redirects = redirects;
  }

  get waiting(): boolean {
    return this.state.word(BATCH_AT.POLL_COUNT) > 0;
  }

  /**
   * net_rx_action: devices take turns, 64 frames at a time, until nobody has any. Those that had 64 come again in the next round, behind
   * those that were woken meanwhile.
   */
  run(): void {
    const { state } = this;
    let left = POLLS_MAX;
    this.redirects.forget();
    for (let round = state.word(BATCH_AT.POLL_COUNT); round > 0 && left > 0; round = state.word(BATCH_AT.POLL_COUNT)) {
      let repeats = 0;
      for (; round > 0 && left > 0; round--, left--) {
        const at = this.next();
        const done = at === BACKLOG ? this.backlog!.poll() : this.poll(this.devices.at(at));
        if (done === WEIGHT) state.setWord(BATCH_AT.REPEAT + repeats++ * 4, at);
        else if (at !== BACKLOG) this.complete(this.devices.at(at));
      }
      for (let i = 0; i < repeats; i++) this.append(state.word(BATCH_AT.REPEAT + i * 4));
    }
  }

  /** napi_complete_done */
  private complete(dev: LiveDevice): void {
    dev.setWord(DEV_AT.FLAGS, dev.word(DEV_AT.FLAGS) & ~DEV_FLAG.SCHEDULED);
    if (dev.ring.count > 0) dev.schedule();
  }

  private append(dev: number): void {
    const { state } = this;
    const count = state.word(BATCH_AT.POLL_COUNT);
    state.setWord(BATCH_AT.POLL + count * 4, dev);
    state.setWord(BATCH_AT.POLL_COUNT, count + 1);
  }

  /** Who waits longest: the address of a device, which stays scheduled until it is done, or BACKLOG. */
  private next(): number {
    const { state } = this;
    const { u32 } = state.mem;
    const count = state.word(BATCH_AT.POLL_COUNT) - 1;
    const list = (state.batch + BATCH_AT.POLL) >>> 2;
    const first = u32[list]!;
    u32.copyWithin(list, list + 1, list + 1 + count);
    state.setWord(BATCH_AT.POLL_COUNT, count);
    return first;
  }

  /** veth_poll: how many frames there were. */
  poll(dev: LiveDevice): number {
    const { pages } = this.state;
    let done = 0;
    let bytes = 0;
    while (done < WEIGHT) {
      const page = dev.ring.consume();
      if (page === 0) break;
      bytes += pages.length(page);
      this.receive(dev, page);
      done++;
    }
    dev.add('rx_packets', done);
    dev.add('rx_bytes', bytes);
    dev.add('xdp_packets', done);
    dev.peer?.add('tx_packets', done);
    dev.peer?.add('tx_bytes', bytes);
    this.finish(dev);
    return done;
  }

  /** The end of veth_poll: eights of what passed, redirects, what goes back, then the rest of what passed. */
  finish(dev: LiveDevice): void {
    const passed = this.state.word(BATCH_AT.STACK_COUNT);
    this.toStack(dev, passed - (passed % GRO_NORMAL_BATCH));
    if (this.redirected) this.redirects.flush();
    this.redirected = false;
    if (this.sendingBack > 0) this.flushBack(dev);
    this.toStack(dev);
  }

  /** veth_xdp_flush */
  private flushBack(dev: LiveDevice): void {
    this.sendBack(dev);
    if (dev.peer !== null && dev.peer.prog !== null) dev.peer.schedule();
  }

  /** veth_xdp_rcv_one */
  private receive(dev: LiveDevice, page: number): void {
    const { prog } = dev;
    if (prog === null) {
      this.pass(dev, page);
      return;
    }
    const { buff } = this.state;
    // A program behind a devmap may have run since the last frame.
    buff.enter(dev.ifindex, 0, 0);
    buff.show(page);
    const act = this.programs.run(prog);
    if (act === XDP_DROP) dev.add('xdp_drops', 1);
    this.act(dev, page, act);
  }

  /** What the program's verdict does with the frame in hand. */
  act(dev: LiveDevice, page: number, act: number): void {
    this.state.buff.keep(page);
    if (act === XDP_PASS) {
      dev.add('xdp_pass', 1);
      this.pass(dev, page);
    } else if (act === XDP_TX) this.tx(dev, page);
    else if (act === XDP_REDIRECT) this.redirect(dev, page);
    else this.drop(dev, page, act);
  }

  private pass(dev: LiveDevice, page: number): void {
    const { state } = this;
    const count = state.word(BATCH_AT.STACK_COUNT);
    state.setWord(BATCH_AT.STACK + count * 4, page);
    state.setWord(BATCH_AT.STACK_COUNT, count + 1);
    if (count + 1 === TO_STACK) this.toStack(dev);
  }

  /** veth_xdp_rcv_bulk_skb, as far as GRO hands over: the first `count` frames that passed, or all. */
  toStack(dev: LiveDevice, count = this.state.word(BATCH_AT.STACK_COUNT)): void {
    if (count === 0) return;
    const { state } = this;
    const list = state.batch + BATCH_AT.STACK;
    const left = state.word(BATCH_AT.STACK_COUNT) - count;
    this.devices.stacks[dev.netns as 'near' | 'far'].receiveList(dev, list, count);
    state.mem.u32.copyWithin(list >>> 2, (list >>> 2) + count, (list >>> 2) + count + left);
    state.setWord(BATCH_AT.STACK_COUNT, left);
  }

  /** veth_xdp_tx: back to where the frame came from, by sixteens. */
  private tx(dev: LiveDevice, page: number): void {
    if (this.sendingBack === DEV_BULK) this.sendBack(dev);
    this.state.setWord(BATCH_AT.TX + this.sendingBack * 4, page);
    this.sendingBack++;
    dev.add('xdp_tx', 1);
  }

  /** veth_xdp_flush_bq */
  private sendBack(dev: LiveDevice): void {
    const count = this.sendingBack;
    const frames = this.state.batch + BATCH_AT.TX;
    const taken = dev.vethXmit(frames, count, false);
    const sent = Math.max(taken, 0);
    for (let i = sent; i < count; i++) this.state.put(this.state.word(BATCH_AT.TX + i * 4));
    if (count > sent) {
      dev.add('xdp_tx_err', count - sent);
      dev.add('tx_dropped', count - sent);
      dev.peer?.add('rx_dropped', count - sent);
    }
    this.sendingBack = 0;
    this.state.trace.emit('xdp_bulk_tx', sent - taken, dev.ifindex, sent, count - sent);
  }

  private redirect(dev: LiveDevice, page: number): void {
    const errno = this.redirects.redirect(page, dev);
    if (errno === 0) {
      this.redirected = true;
      dev.add('xdp_redirect', 1);
      return;
    }
    dev.add('xdp_redirect_err', 1);
    dev.add('rx_dropped', 1);
    this.state.put(page);
  }

  private drop(dev: LiveDevice, page: number, act: number): void {
    if (act !== XDP_DROP) {
      dev.add('xdp_drops', 1);
      this.state.trace.emit('xdp_exception', act, dev.ifindex, dev.prog?.id ?? 0);
    }
    this.state.put(page);
  }
}
