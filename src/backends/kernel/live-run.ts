/** A live run in the kernel, driven like the engine's: a call of BPF_PROG_TEST_RUN for each span, each with a page pool of its own. */
import {
  BPF_F_TEST_XDP_LIVE_FRAMES,
  ERRNO,
  type LiveOutput,
  type LiveReport,
  type LiveSpan,
  MAP_TYPE,
  PROG_TYPE,
} from '../../../engine/index.ts';
import type { DrivenRun } from '../../live/backend.ts';
import { reportMinus } from '../../live/interval.ts';
import type { LiveDeviceInfo, LiveRequest } from '../../live/types.ts';
import { KernelLiveCapture } from './live-capture.ts';
import type { KernelLiveNet } from './live-net.ts';
import { KernelLiveCounters, kernelReport } from './live-report.ts';
import type { KernelLiveSockets } from './live-sockets.ts';
import type { LiveWatch } from './live-watch.ts';
import type { KernelMap } from './maps.ts';
import { PerfRing } from './perf.ts';
import { openPrintk, takeLines } from './printk.ts';
import type { KernelProgram } from './progs.ts';
import { ringbufRecords } from './ringbuf.ts';
import { testRun } from './run.ts';

const BATCH_DEFAULT = 64;
const BATCH_MAX = 256;
const REPEAT_MAX = 0xffff_ffff;
const NS_PER_MS = 1e6;
/** A call costs some 30 ms whatever it does: the kernel waits for its page pool to go. So it is given more to do than it is asked for. */
const CALL_MS = 100;
/** Frames of a call grow at most so much over the last. */
const GROWTH = 4;
/** What other CPUs still have to do after a call: how often and how long it is waited for. */
const SETTLE_TRIES = 20;
const SETTLE_SOCKETS = 170;
const SETTLE_MS = 8;
const VLAN_ETH_HLEN = 18;

/** Everything that was put in place for a run, in the order in which it goes. */
export interface KernelLiveParts {
  readonly request: LiveRequest;
  readonly net: KernelLiveNet;
  readonly watch: LiveWatch;
  readonly program: KernelProgram;
  readonly maps: readonly KernelMap[];
  readonly sockets: KernelLiveSockets;
  /** The program's verdicts are counted. */
  readonly counted: boolean;
  /** ifindex that frames come in on. */
  readonly ingress: number;
  readonly close: () => void;
}

export class KernelLiveRun implements DrivenRun {
  errno = 0;
  readonly fault = null;
  readonly capture: KernelLiveCapture;
  /** Calls made; each had a page pool of its own. */
  calls = 0;
  private readonly parts: KernelLiveParts;
  private readonly counters: KernelLiveCounters;
  private readonly printk = openPrintk();
  private readonly repeat: number;
  private readonly down = new Set<LiveDeviceInfo>();
  /** Links that go down or up at a frame, the next one first: calls end there. */
  private readonly faults: NonNullable<NonNullable<LiveRequest['faults']>['link']>[number][];
  private size: number;
  private ran = 0;
  private batches = 0;
  private took_ns = 0;
  /** What was counted before the first frame, or the last zero. */
  private zeroAt: LiveReport;
  private closed = false;
  private last: LiveReport | null = null;

  constructor(parts: KernelLiveParts) {
    const { request, net, watch } = parts;
    this.parts = parts;
    this.size = request.batch_size || BATCH_DEFAULT;
    this.repeat = Math.max(1, request.repeat);
    this.faults = [...(request.faults?.link ?? [])].sort((a, b) => a.at_frame - b.at_frame);
    const { devices } = request.network;
    const specs = { near: request.network.netns.devices ?? [], far: request.network.far.devices ?? [] };
    for (const dev of devices) {
      if (specs[dev.netns].find((one) => one.ifindex === dev.ifindex)?.up === false) this.down.add(dev);
    }
    this.capture = new KernelLiveCapture(watch, devices, () => this.ran);
    this.counters = new KernelLiveCounters(net, watch, devices, (dev) => ({
      up: !this.down.has(dev),
      refuses: this.refuses(dev),
    }));
    // What devices say of themselves when they come up.
    Bun.sleepSync(SETTLE_MS);
    this.zeroAt = this.whole();
  }

  /** As LiveDevice.refuses() of the engine: what __xdp_enqueue and xdp_ok_fwd_dev ask of a device. */
  private refuses(dev: LiveDeviceInfo): number {
    const { devices } = this.parts.request.network;
    const end = devices.find((one) => one.netns === dev.peer?.netns && one.ifindex === dev.peer.ifindex);
    if (end === undefined || (end.xdp === 'none' && !end.gro)) return ERRNO.EOPNOTSUPP;
    if (this.down.has(dev)) return ERRNO.ENETDOWN;
    return this.parts.request.data_in.length > dev.mtu + VLAN_ETH_HLEN ? ERRNO.EMSGSIZE : 0;
  }

  get done(): boolean {
    return this.closed || this.errno !== 0 || this.ran >= this.repeat;
  }

  get batch_size(): number {
    return this.size;
  }

  set batch_size(size: number) {
    if (!Number.isInteger(size) || size < 1 || size > BATCH_MAX) throw new RangeError(`batch_size ${size}: 1 to 256`);
    this.size = size;
  }

  /** Runs so many batches in one call; returns how many frames were run. */
  step(batches = 1): number {
    const ran = this.runFor({ batches });
    this.settle();
    return ran;
  }

  /** One call of as many frames as the span allows; without a time, of all that are left. */
  runFor({ ms, frames = Infinity, batches = Infinity }: LiveSpan): number {
    if (this.done) return 0;
    this.applyFaults();
    const asked = Math.min(this.repeat - this.ran, frames, batches * this.size, REPEAT_MAX);
    const until = (this.faults[0]?.at_frame ?? Infinity) - this.ran;
    const wanted = Math.min(asked, until, ms === undefined ? Infinity : this.framesIn(ms));
    const ran = this.call(wanted);
    // Without a time all of it is run, in as many calls as there are faults in between.
    return ms === undefined && wanted < asked ? ran + this.runFor({ frames: asked - ran }) : ran;
  }

  private applyFaults(): void {
    for (let [next] = this.faults; next !== undefined && next.at_frame <= this.ran; [next] = this.faults) {
      this.faults.shift();
      this.setLink(next.netns ?? 'near', next.dev, next.up);
    }
  }

  /** One BPF_PROG_TEST_RUN; returns how many frames were run. */
  private call(wanted: number): number {
    const { request, program } = this.parts;
    const before = this.parts.counted ? this.runs() : 0;
    const done = testRun(program.fd, PROG_TYPE.XDP, {
      ...{ data_in: request.data_in, data_out: false, repeat: wanted, flags: BPF_F_TEST_XDP_LIVE_FRAMES },
      ...{ batch_size: this.callSize(), ...(request.ctx_in === null ? {} : { ctx_in: request.ctx_in }) },
    });
    this.errno = done.errno;
    // A call that ends early does not say how far it came; the program's verdicts do.
    const ran = done.errno === 0 ? wanted : this.parts.counted ? this.runs() - before : 0;
    this.calls++;
    this.ran += ran;
    this.batches += Math.ceil(ran / this.size);
    this.took_ns += done.duration_ns * ran;
    this.capture.drain();
    this.parts.sockets.read();
    this.last = null;
    return ran;
  }

  /** The very first call is made with what was asked for, so that the kernel judges it. */
  private callSize(): number {
    return this.calls === 0 && this.parts.request.batch_size > BATCH_MAX ? this.parts.request.batch_size : this.size;
  }

  private runs(): number {
    return this.parts.watch.verdicts().reduce((sum, n) => sum + n, 0);
  }

  private framesIn(ms: number): number {
    const ns = this.ran === 0 ? 0 : this.took_ns / this.ran;
    const before = this.calls === 0 ? this.size : this.ran / this.calls;
    const fitting = ns === 0 ? this.size : (Math.max(ms, CALL_MS) * NS_PER_MS) / ns;
    return Math.max(1, Math.floor(Math.min(fitting, GROWTH * before) / this.size)) * this.size;
  }

  /** Waits until other CPUs and softirqs have done their part: no page is out any more, or nothing changes any more. */
  private settle(): void {
    const { watch, sockets } = this.parts;
    // Pages that were read from sockets come back when the kernel looks after its pool, once a second.
    const tries = sockets.areRead ? SETTLE_SOCKETS : SETTLE_TRIES;
    let before = -1;
    for (let i = 0; i < tries; i++) {
      const kinds = watch.kinds();
      const count = (name: string) => kinds.reduce((sum, kind) => (kind.name === name ? sum + kind.count : sum), 0);
      const isOut = count('page_pool_state_hold') !== count('page_pool_state_release');
      const now = kinds.reduce((sum, kind) => sum + kind.count, 0);
      if (!isOut && (count('xdp_cpumap_enqueue') === 0 || now === before)) break;
      if (!sockets.areRead && now === before) break;
      before = now;
      Bun.sleepSync(SETTLE_MS);
      sockets.read();
    }
    this.last = null;
  }

  setLink(netns: 'near' | 'far', ifindex: number, up: boolean): boolean {
    const dev = this.parts.request.network.devices.find((one) => one.netns === netns && one.ifindex === ifindex);
    if (dev === undefined || this.parts.net.of(netns).setUp(ifindex, up) !== 0) return false;
    if (up) this.down.delete(dev);
    else this.down.add(dev);
    this.last = null;
    return true;
  }

  zero(): void {
    this.zeroAt = this.whole();
    this.last = null;
  }

  report(): LiveReport {
    if (this.done && !this.closed) this.settle();
    if (this.last !== null) return this.last;
    const whole = this.whole();
    this.last = { ...reportMinus(whole, this.zeroAt), ns_per_frame: whole.ns_per_frame };
    return this.last;
  }

  private whole(): LiveReport {
    const { sockets, counted, ingress } = this.parts;
    const ns_per_frame = this.ran === 0 ? 0 : this.took_ns / this.ran;
    const totals = {
      frames: this.ran,
      batches: this.batches,
      ns_per_frame,
      delivered: sockets.delivered,
      counted,
      ingress,
    };
    return kernelReport(this.counters.read(), totals);
  }

  takeOutput(): LiveOutput {
    const rings = this.parts.maps.filter((map) => map.type === MAP_TYPE.RINGBUF);
    const printk = typeof this.printk === 'string' ? [] : takeLines(this.printk);
    return { printk, records: rings.flatMap((map) => ringbufRecords(map, 0)), lost: 0 };
  }

  /** The last report stays as it is; namespaces and programs go with the process. */
  close(): void {
    if (this.closed) return;
    this.report();
    this.closed = true;
  }

  /** Gives everything back to the kernel. */
  release(): void {
    if (this.printk instanceof PerfRing) this.printk.close();
    this.parts.close();
  }
}
