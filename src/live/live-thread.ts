/** A live run in its thread: slices of some milliseconds, commands at the edges of batches, a sample at every interval. */
import { ERRNO, type LiveRun } from '../../engine/index.ts';
import { devmapsOf, type OpenedLive } from './live-engine.ts';
import { LivePace } from './live-pace.ts';
import type { LiveCommand, LiveDevmap, LiveEnd, LiveReply, LiveRequest, LiveSample } from './live-types.ts';

/** A slice without a look at messages. */
const SLICE_MS = 20;
/** Wait when nothing is due. */
const IDLE_MS = 5;

export class LiveThread {
  private readonly opened: OpenedLive;
  private readonly run: LiveRun;
  private readonly sample_ms: number;
  private readonly tell: (reply: LiveReply) => void;
  private readonly devmaps: readonly LiveDevmap[];
  private readonly pace: LivePace;
  private running: boolean;
  private stopped = false;
  private zeroed = 0;

  constructor(opened: OpenedLive, request: LiveRequest, sample_ms: number, tell: (reply: LiveReply) => void) {
    this.opened = opened;
    this.run = opened.run;
    this.sample_ms = sample_ms;
    this.tell = tell;
    this.devmaps = devmapsOf(opened.object);
    this.pace = new LivePace(request.rate, performance.now());
    this.running = request.running;
    if (request.capture > 0) this.capture(request);
  }

  private capture({ capture: limit, network }: LiveRequest): void {
    const { capture } = this.run;
    for (const { netns, ifindex } of network.devices) capture.onDevice(netns, ifindex, { limit });
    capture.onStack('near', { limit });
    capture.onSockets({ limit });
  }

  /** Runs to the end, and tells it. */
  async loop(): Promise<void> {
    const { run } = this;
    this.sample();
    let next = performance.now() + this.sample_ms;
    while (!run.done && !this.stopped) {
      const ran = this.slice();
      const now = performance.now();
      if (now >= next) {
        this.sample();
        next = Math.max(next + this.sample_ms, now);
      }
      await (ran ? yieldOnce() : Bun.sleep(IDLE_MS));
    }
    this.end();
  }

  /** Whether anything was run. */
  private slice(): boolean {
    const started = performance.now();
    if (!this.running) {
      this.pace.skip(started);
      return false;
    }
    const ms = Math.min(SLICE_MS, this.sample_ms);
    const ran = this.pace.perSecond === Infinity ? this.run.runFor({ ms }) : this.paced(started, ms);
    return ran > 0;
  }

  private paced(now: number, ms: number): number {
    const batches = this.pace.due(now, this.run.batch_size);
    return batches === 0 ? 0 : this.run.runFor({ batches, ms });
  }

  command(command: LiveCommand): void {
    const { run } = this;
    switch (command.do) {
      case 'pause':
      case 'resume':
        this.running = command.do === 'resume';
        break;
      case 'step':
        this.running = false;
        run.step();
        break;
      case 'batch_size':
        run.batch_size = command.size;
        break;
      case 'rate':
        this.pace.set(command.rate, performance.now());
        break;
      case 'link':
        run.setLink(command.netns, command.ifindex, command.up);
        break;
      case 'zero':
        run.zero();
        this.zeroed++;
        break;
      case 'stop':
        this.stopped = true;
    }
    this.sample();
  }

  private sampled(): LiveSample {
    const { run } = this;
    return {
      ...{ at_ms: performance.now(), running: this.running, done: run.done || this.stopped },
      ...{ batch_size: run.batch_size, rate: this.pace.perSecond, report: run.report() },
      ...{ zeroed: this.zeroed, devmaps: this.devmaps },
    };
  }

  private sample(): void {
    this.tell({ is: 'sample', sample: this.sampled() });
  }

  private end(): void {
    const { run, opened } = this;
    const stopped = this.stopped || run.errno === ERRNO.EINTR;
    // Before close(): the pool as the last batch left it.
    const sample = this.sampled();
    run.close();
    const { fault } = run;
    const { printk } = run.takeOutput();
    const end: LiveEnd = {
      sample,
      errno: stopped ? 0 : run.errno,
      fault,
      maps: opened.object.dumpMaps(),
      printk,
      captured: run.capture.take(),
      stopped,
    };
    this.tell({ is: 'end', end });
  }
}

/** Lets messages in: a timer, since promises alone would not. */
function yieldOnce(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
