/** The queue of 16 frames that every device has for redirects (kernel/bpf/devmap.c): flushed when full and at the end of a batch. */
import type { WorldMemory } from '../memory.ts';
import { BATCH_AT, DEV_AT, DEV_BULK } from './live-layout.ts';
import type { LiveState } from './live-state.ts';
import type { LiveDevice, LiveProg } from './net-device.ts';

const XDP_DROP = 1;
const XDP_PASS = 2;

/** Where a devmap's entry leads: a device, and a program that runs on what leaves there. */
export interface Destination {
  readonly dev: LiveDevice;
  readonly prog: LiveProg | null;
}

export class BulkQueues {
  private readonly state: LiveState;
  private readonly mem: WorldMemory;
  private readonly deviceAt: (address: number) => LiveDevice;
  private readonly progOf: (id: number) => LiveProg;
  /** Runs a program on the frame in hand and returns its verdict. */
  private readonly runProg: (prog: LiveProg) => number;

  constructor(
    state: LiveState,
    deviceAt: (address: number) => LiveDevice,
    progOf: (id: number) => LiveProg,
    runProg: (prog: LiveProg) => number,
  ) {
    this.state = state;
    this.mem = state.mem;
    this.deviceAt = deviceAt;
    this.progOf = progOf;
    this.runProg = runProg;
  }

  /** dev_map_enqueue, dev_xdp_enqueue: 0 or a positive errno. */
  enqueue(to: Destination, page: number, rx: LiveDevice): number {
    const errno = to.dev.refuses(this.state.pages.length(page));
    if (errno === 0) this.add(to, page, rx);
    return errno;
  }

  /** bq_enqueue; who sends and which program runs is settled by the first frame after a flush. */
  private add({ dev, prog }: Destination, page: number, rx: LiveDevice): void {
    if (dev.word(DEV_AT.BQ_COUNT) === DEV_BULK) this.xmit(dev, false);
    if (dev.word(DEV_AT.BQ_DEV_RX) === 0) {
      dev.setWord(DEV_AT.BQ_DEV_RX, rx.at);
      dev.setWord(DEV_AT.BQ_PROG, prog?.id ?? 0);
      const count = this.state.word(BATCH_AT.FLUSH_COUNT);
      this.state.setWord(BATCH_AT.FLUSH + count * 4, dev.at);
      this.state.setWord(BATCH_AT.FLUSH_COUNT, count + 1);
    }
    const count = dev.word(DEV_AT.BQ_COUNT);
    dev.setWord(DEV_AT.BQ + count * 4, page);
    dev.setWord(DEV_AT.BQ_COUNT, count + 1);
  }

  /** dev_map_enqueue_multi: to every destination that takes it, the last one gets the frame itself; 0 or a positive errno. */
  broadcast(
    all: readonly Destination[],
    page: number,
    rx: LiveDevice,
    excluded: LiveDevice | null,
    noMemory: number,
  ): number {
    const length = this.state.pages.length(page);
    let last: Destination | null = null;
    for (const to of all) {
      if (to.dev === excluded || to.dev.refuses(length) !== 0) continue;
      if (last !== null) {
        const copy = this.state.pages.clone(page);
        if (copy === 0) return noMemory;
        this.state.count('pages_copied');
        this.add(last, copy, rx);
      }
      last = to;
    }
    if (last === null) this.state.put(page);
    else this.add(last, page, rx);
    return 0;
  }

  /** __dev_flush: the device used last comes first. */
  flush(): void {
    const { state } = this;
    for (let left = state.word(BATCH_AT.FLUSH_COUNT); left > 0; left = state.word(BATCH_AT.FLUSH_COUNT)) {
      const dev = this.deviceAt(state.word(BATCH_AT.FLUSH + (left - 1) * 4));
      this.xmit(dev, true);
      dev.setWord(DEV_AT.BQ_DEV_RX, 0);
      dev.setWord(DEV_AT.BQ_PROG, 0);
      state.setWord(BATCH_AT.FLUSH_COUNT, left - 1);
    }
  }

  /** bq_xmit_all; `flush` (XDP_XMIT_FLUSH): the other end is woken too. */
  xmit(dev: LiveDevice, flush: boolean): void {
    const count = dev.word(DEV_AT.BQ_COUNT);
    if (count === 0) return;
    const frames = dev.at + DEV_AT.BQ;
    const prog = dev.word(DEV_AT.BQ_PROG);
    const ready = prog === 0 ? count : this.egress(this.progOf(prog), dev, frames, count);
    this.sent(dev, ready, ready === 0 ? 0 : dev.xmit(frames, ready, flush));
  }

  /** The end of bq_xmit_all: of `ready` frames that the device was given it took so many, or none for a negative errno. */
  sent(dev: LiveDevice, ready: number, taken: number): void {
    const count = dev.word(DEV_AT.BQ_COUNT);
    const sent = Math.max(taken, 0);
    for (let i = sent; i < ready; i++) this.state.put(dev.word(DEV_AT.BQ + i * 4));
    dev.setWord(DEV_AT.BQ_COUNT, 0);
    if (count > sent) dev.add('xdp_xmit_drops', count - sent);
    const rx = this.deviceAt(dev.word(DEV_AT.BQ_DEV_RX));
    const { trace } = this.state;
    const slot = trace.emit('xdp_devmap_xmit', sent - taken, rx.ifindex, dev.ifindex, sent, count - sent);
    if (sent === taken) dev.setWord(DEV_AT.XMIT_SLOT, trace.countAt(slot));
  }

  /** The end of bq_xmit_all for a veth whose other end's ring took `sent` of `ready` frames. */
  afterXmit(dev: LiveDevice, ready: number, sent: number): void {
    if (ready > 0) dev.countXmit(sent, ready);
    this.sent(dev, ready, sent);
  }

  /** dev_map_bpf_prog_run: what the program lets pass moves up in the queue. */
  private egress(prog: LiveProg, dev: LiveDevice, frames: number, count: number): number {
    const rx = this.deviceAt(dev.word(DEV_AT.BQ_DEV_RX));
    const { buff, trace } = this.state;
    let ready = 0;
    for (let i = 0; i < count; i++) {
      const page = this.mem.u32[(frames >>> 2) + i]!;
      buff.enter(rx.ifindex, 0, dev.ifindex);
      buff.show(page);
      const act = this.runProg(prog);
      if (act === XDP_PASS) {
        buff.keep(page);
        this.mem.u32[(frames >>> 2) + ready++] = page;
      } else {
        if (act !== XDP_DROP) trace.emit('xdp_exception', act, dev.ifindex, prog.id);
        this.state.put(page);
      }
    }
    return ready;
  }
}
