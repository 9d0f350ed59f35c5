/** One batch of live frames (xdp_test_run_batch in net/bpf/test_run.c): run, act on the verdicts, flush, deliver, let the far ends work. */
import type { BulkQueues } from '../../net/bulk-queue.ts';
import type { CpuQueue } from '../../net/cpu-queue.ts';
import { BATCH_AT, PAGE_AT, type RunCounter } from '../../net/live-layout.ts';
import type { LiveState } from '../../net/live-state.ts';
import type { LiveDevice, LiveProg } from '../../net/net-device.ts';
import { ERRNO } from '../../uapi/errno.ts';
import type { CpuBatch, CpuWork, LiveCpus } from './cpus.ts';
import type { LiveDevices } from './devices.ts';
import type { LivePoll } from './poll.ts';
import type { LivePrograms } from './programs.ts';
import type { LiveRedirects } from './redirect.ts';

/** How often CPUs and far ends hand frames to each other after one batch. */
const ROUNDS_MAX = 64;
const XDP_PASS = 2;
const XDP_TX = 3;
const XDP_REDIRECT = 4;
/** Counter of each verdict; all others are unknown. */
const VERDICTS: readonly RunCounter[] = ['aborted', 'drop', 'pass', 'tx', 'redirect'];

/** The parts of a live run. */
export interface LiveParts {
  readonly state: LiveState;
  readonly devices: LiveDevices;
  readonly programs: LivePrograms;
  readonly redirects: LiveRedirects;
  readonly cpus: LiveCpus;
  readonly poll: LivePoll;
  readonly bulk: BulkQueues;
  readonly prog: LiveProg;
  readonly ingress: LiveDevice;
  readonly rx_queue_index: number;
}

/** Who runs the program on every frame in place of the batch, and sees what came of it. */
export interface FrameWatch {
  run(): number;
  ran(page: number, verdict: number): void;
}

export class LiveBatch {
  watch: FrameWatch | null = null;

  private readonly parts: LiveParts;
  private readonly work: CpuWork;

  constructor(parts: LiveParts) {
    this.parts = parts;
    const { devices, redirects } = parts;
    this.work = {
      deviceAt: devices.at,
      receive: (dev, list, count) => devices.stacks[dev.netns as 'near' | 'far'].receiveList(dev, list, count),
      redirect: (page, rx) => redirects.redirect(page, rx),
      flush: () => redirects.flush(),
      forget: () => redirects.forget(),
    };
  }

  /**
   * Runs `frames` frames and all that follows from them; 0, or ENOMEM when the pool ran dry on the way. `before` is asked before each
   * frame, by its place in the batch; false: there is no page for it.
   */
  run(frames: number, before: ((index: number) => boolean) | null = null): number {
    const errno = this.programRuns(frames, before);
    this.finish();
    this.parts.state.count('batches');
    return errno;
  }

  private programRuns(frames: number, before: ((index: number) => boolean) | null): number {
    const { state, redirects } = this.parts;
    redirects.forget();
    for (let i = 0; i < frames; i++) {
      if (before?.(i) === false) return ERRNO.ENOMEM;
      const page = state.pool.take();
      if (page === 0) return ERRNO.ENOMEM;
      this.frame(page);
    }
    return 0;
  }

  private frame(page: number): void {
    const { state, programs, prog, ingress, rx_queue_index } = this.parts;
    const { buff, source } = state;
    state.count('frames');
    state.number(page);
    buff.enter(ingress.ifindex, rx_queue_index, 0);
    buff.showOriginal(page, source?.write(page));
    const act = this.watch === null ? programs.run(prog) : this.watch.run();
    buff.keep(page);
    this.watch?.ran(page, act);
    state.count(VERDICTS[act] ?? 'unknown');
    this.act(act, page);
  }

  private act(act: number, page: number): void {
    const { state, redirects, ingress } = this.parts;
    if (act === XDP_PASS) {
      const count = state.passed;
      state.setWord(BATCH_AT.PASS + count * 4, page);
      state.setWord(BATCH_AT.PASS_COUNT, count + 1);
      return;
    }
    if (act === XDP_TX) redirects.askForTx(ingress);
    if (act === XDP_TX || act === XDP_REDIRECT) this.redirect(page);
    else state.put(page);
  }

  /** Acts on what was asked for; a frame that is not taken is free again. */
  redirect(page: number): void {
    const { state, redirects, ingress } = this.parts;
    if (redirects.redirect(page, ingress) !== 0) state.put(page);
  }

  /** After the last frame: redirects leave, passed frames go up, then whoever got frames works. */
  private finish(): void {
    this.parts.redirects.flush();
    this.deliver();
    this.parts.poll.run();
    this.settle();
  }

  /** CPUs of cpumaps work, and the devices they send to, until nothing moves any more; then user space reads its sockets. */
  settle(thread: ((queue: CpuQueue) => void) | null = null): void {
    const { poll, cpus, devices } = this.parts;
    for (let rounds = 0; cpus.waiting && rounds < ROUNDS_MAX; rounds++) {
      cpus.run(this.work, thread);
      poll.run();
    }
    devices.stacks.near.readSockets();
    devices.stacks.far.readSockets();
  }

  /** A CPU's program redirected a frame: whether it went. */
  cpuRedirect(page: number): boolean {
    const rx = this.parts.devices.at(this.parts.state.mem.u32[(page + PAGE_AT.DEV_RX) >>> 2]!);
    return this.work.redirect(page, rx) === 0;
  }

  cpuRan(queue: CpuQueue, batch: CpuBatch): void {
    this.parts.cpus.ran(queue, this.work, batch);
  }

  /** Whether settle() has anything to look after. */
  get settles(): boolean {
    const { cpus, devices } = this.parts;
    return cpus.some || devices.stacks.near.sockets.length + devices.stacks.far.sockets.length > 0;
  }

  /** xdp_recv_frames */
  deliver(): void {
    const { state, devices, ingress } = this.parts;
    const count = state.passed;
    if (count === 0) return;
    devices.stacks.near.receiveList(ingress, state.batch + BATCH_AT.PASS, count);
    state.setWord(BATCH_AT.PASS_COUNT, 0);
  }
}
