/** A live run in its thread: slices of some milliseconds, commands at the edges of batches, a sample at every interval. */
import { ERRNO } from '../../engine/index.ts';
import type { DrivenRun, OpenedLive } from './backend.ts';
import { canLook, findFrame } from './finder.ts';
import { reportMinus } from './interval.ts';
import { LiveOutputLog } from './output.ts';
import { LivePace } from './pace.ts';
import { LiveRecorder } from './recorder.ts';
import type { LiveBatchAlone, LiveCommand, LiveDevmap, LiveEnd, LiveReply, LiveRequest, LiveSample } from './types.ts';

/** A slice without a look at messages. */
const SLICE_MS = 20;
/** Wait when nothing is due. */
const IDLE_MS = 5;
/** Frames that a record keeps of each device and way. */
const RECORD_FRAMES = 1000;

export class LiveThread {
  private readonly opened: OpenedLive;
  private readonly run: DrivenRun;
  private readonly request: LiveRequest;
  private readonly sample_ms: number;
  private readonly tell: (reply: LiveReply) => void;
  private readonly devmaps: readonly LiveDevmap[];
  private readonly pace: LivePace;
  private readonly whole: boolean;
  private running: boolean;
  private stopped = false;
  private zeroed = 0;
  private alone: LiveBatchAlone | null = null;
  private readonly recorder: LiveRecorder;
  private readonly output: LiveOutputLog;

  constructor(opened: OpenedLive, request: LiveRequest, sample_ms: number, tell: (reply: LiveReply) => void) {
    this.opened = opened;
    this.run = opened.run;
    this.request = request;
    this.sample_ms = sample_ms;
    this.tell = tell;
    this.devmaps = opened.devmaps();
    this.pace = new LivePace(request.rate, performance.now());
    this.running = request.running;
    this.whole = request.whole ?? false;
    this.output = new LiveOutputLog(opened.run);
    this.recorder = new LiveRecorder(opened.run.capture, request.network.devices);
    if (request.capture > 0) this.recorder.begin(request.capture);
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
    if (this.whole) return this.run.runFor({}) > 0;
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
        if (this.running) this.alone = null;
        break;
      case 'step':
        this.stepAlone();
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
      case 'ring':
        run.setRing?.(command.netns, command.ifindex, command.full);
        break;
      case 'no-page':
        run.failPage?.();
        break;
      case 'zero':
        run.zero();
        this.zeroed++;
        this.alone = null;
        break;
      case 'record':
        if (command.on) this.recorder.begin(RECORD_FRAMES);
        else this.recorder.end();
        break;
      case 'frames':
        this.giveFrames();
        return;
      case 'look':
        this.look(command.key);
        return;
      case 'stop':
        this.stopped = true;
    }
    this.sample();
  }

  private look(key: string): void {
    const { run, request, devmaps } = this;
    this.running = false;
    this.alone = null;
    const found = canLook(run) ? findFrame(run, request, devmaps, key) : null;
    this.tell({ is: 'sample', sample: { ...this.sampled(), found } });
  }

  /** Those that were recorded, or of one batch more. */
  private giveFrames(): void {
    const { recorder, run } = this;
    const { on, frames } = recorder.recording;
    if (!on && frames === 0 && this.running) {
      recorder.begin(RECORD_FRAMES);
      run.step();
      recorder.end();
      this.tell({ is: 'sample', sample: { ...this.sampled(), frames: recorder.frames() } });
      recorder.forget();
      return;
    }
    this.tell({ is: 'sample', sample: { ...this.sampled(), frames: recorder.frames() } });
  }

  private stepAlone(): void {
    const { run } = this;
    this.running = false;
    const before = run.report();
    const started = performance.now();
    if (run.step() === 0) return;
    const took_ms = performance.now() - started;
    const after = run.report();
    this.alone = { number: after.batches, took_ms, report: reportMinus(after, before) };
  }

  private sampled(): LiveSample {
    const { run } = this;
    return {
      ...{ at_ms: performance.now(), running: this.running, done: run.done || this.stopped },
      ...{ batch_size: run.batch_size, rate: this.pace.perSecond, report: run.report() },
      ...{ zeroed: this.zeroed, devmaps: this.devmaps, alone: this.alone },
      ...{ recording: this.recorder.recording, printk: this.output.fresh() },
      note: this.opened.note?.() ?? '',
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
    const { printk, records } = this.output.all();
    const end: LiveEnd = {
      sample,
      errno: stopped ? 0 : run.errno,
      fault,
      maps: opened.maps(),
      printk,
      records,
      captured: this.recorder.frames(),
      stopped,
      ...(opened.calls === undefined ? {} : { calls: opened.calls() }),
    };
    this.tell({ is: 'end', end });
  }
}

/** Lets messages in: a timer, since promises alone would not. */
function yieldOnce(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
