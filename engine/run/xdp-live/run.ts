/** A live run under way: batches on request, counters that can be read at any time, and what can be changed between two batches. */

import { PRIV } from '../../layout.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import { BATCH_AT } from '../../net/live-layout.ts';
import type { TraceEvent } from '../../net/live-trace.ts';
import { ERRNO } from '../../uapi/errno.ts';
import { abandon, leakOf, settle, stopOf } from '../execute.ts';
import { DEFAULT_BUDGET, type Fault, type OutputRecord } from '../types.ts';
import type { LiveBatch, LiveParts } from './batch.ts';
import { LiveCapture } from './capture.ts';
import { FaultPlan } from './faults.ts';
import { type LiveLook, LookRecord } from './look.ts';
import { LiveLoop } from './loop.ts';
import type { LiveOpts, LiveSetup } from './opts.ts';
import { LiveCounters, type LiveReport, liveReport } from './report.ts';

const NS_PER_MS = 1e6;
/** How often the clock is looked at while batches run. */
const SLICE_MS = 1;
/** Lines of trace_printk and records that are kept until somebody fetches them. */
const OUTPUT_MAX = 1000;

/** What programs wrote since it was last asked for. */
export interface LiveOutput {
  readonly printk: readonly string[];
  readonly records: readonly OutputRecord[];
  /** Lines and records that came when there was no room. */
  readonly lost: number;
}

/** How long to run: until whichever comes first; always to the edge of a batch. */
export interface LiveSpan {
  readonly ms?: number;
  readonly frames?: number;
  readonly batches?: number;
}

/** A live run under way, driven in spans (bpf_test_run_xdp_live): whoever holds it decides when it goes on. */
export class LiveRun {
  /** Why the run ended before its last frame: a positive errno (ENOMEM, EINTR), 0 if it did not. */
  errno = 0;
  fault: Fault | null = null;
  readonly capture: LiveCapture;
  /** Numbers that any thread may read while the run goes on. */
  readonly counters: LiveCounters;
  private readonly world: World;
  private readonly program: LoadedProgram;
  private readonly opts: LiveOpts;
  private readonly setup: LiveSetup;
  private readonly parts: LiveParts;
  private readonly batch: LiveBatch;
  private readonly generated: boolean;
  private loop: LiveLoop | null = null;
  private size: number;
  private ran = 0;
  private took_ms = 0;
  private closed = false;
  private output: { printk: string[]; records: OutputRecord[]; lost: number } = { printk: [], records: [], lost: 0 };
  private readonly plan: FaultPlan;

  constructor(
    world: World,
    program: LoadedProgram,
    opts: LiveOpts,
    setup: LiveSetup,
    parts: LiveParts,
    batch: LiveBatch,
  ) {
    this.world = world;
    this.program = program;
    this.opts = opts;
    this.setup = setup;
    this.parts = parts;
    this.batch = batch;
    this.size = setup.batch_size;
    this.generated = opts.generated !== false;
    this.counters = new LiveCounters(parts);
    this.capture = new LiveCapture(parts, () => this.ran);
    this.plan = new FaultPlan(parts.devices, opts.faults);
    settle(world, program, opts);
    world.maps.beginCall();
  }

  /** Frames that were run. */
  get frames(): number {
    return this.ran;
  }

  /** No further frame follows: all were run, or the run ended early, or it was closed. */
  get done(): boolean {
    return this.closed || this.errno !== 0 || this.fault !== null || this.ran >= this.setup.repeat;
  }

  get batch_size(): number {
    return this.size;
  }

  /** Takes effect with the next batch; the ring of the page pool gets the new size. Throws RangeError outside of 1 to 256. */
  set batch_size(size: number) {
    if (!Number.isInteger(size) || size < 1 || size > 256) throw new RangeError(`batch_size ${size}: 1 to 256`);
    this.size = size;
    this.parts.state.pool.resize(size);
  }

  /** Mean nanoseconds a frame, delivery included. */
  get duration_ns(): number {
    return this.ran === 0 ? 0 : (this.took_ms * NS_PER_MS) / this.ran;
  }

  /** Runs so many batches; returns how many frames were run. */
  step(batches = 1): number {
    return this.runFor({ batches });
  }

  /** Runs until the span is over or the run is; returns how many frames were run. */
  runFor(span: LiveSpan): number {
    const before = this.ran;
    if (this.done) return 0;
    let started = globalThis.performance.now();
    try {
      this.enter();
      // Translating takes its time, which is not the frames'.
      if (this.isFast) this.fastLoop();
      started = globalThis.performance.now();
      this.batches(span, started);
    } catch (thrown) {
      const stop = stopOf(this.world, this.program, thrown);
      this.fault = stop.fault;
      if (stop.cancelled) this.errno = ERRNO.EINTR;
      abandon(this.world);
    }
    this.leave();
    this.took_ms += globalThis.performance.now() - started;
    this.counters.publish();
    return this.ran - before;
  }

  /** Runs frames in batches of their own, traced, until it is the right one or the run is over; null when no frame follows. */
  look(right: () => boolean = () => true): LiveLook | null {
    if (this.done) return null;
    const { world, program, parts, batch } = this;
    const record = new LookRecord(world, program, parts.programs, parts.state);
    // Programs behind maps are found in their fast forms, before forms are changed.
    parts.redirects.refresh();
    batch.watch = record;
    try {
      return world.programs.traced(record.step, () => this.lookUntil(record, right));
    } finally {
      batch.watch = null;
      record.end();
    }
  }

  private lookUntil(record: LookRecord, right: () => boolean): LiveLook {
    for (;;) {
      const { ran } = this;
      record.begin();
      this.runFor({ frames: 1 });
      if (right() || this.done) return record.look(ran);
    }
  }

  private batches(span: LiveSpan, started: number): void {
    const { budget } = this.world;
    const until = started + (span.ms ?? Infinity);
    const frames = Math.min(
      this.setup.repeat,
      this.ran + (span.frames ?? Infinity),
      this.ran + this.size * (span.batches ?? Infinity),
    );
    let slice = this.size;
    for (let now = started; this.ran < frames && this.errno === 0 && now < until; ) {
      const before = this.ran;
      this.runSlice(Math.min(slice, frames - this.ran));
      if (budget.cancelled) this.errno = ERRNO.EINTR;
      if (budget.spent) this.renewBudget();
      const after = globalThis.performance.now();
      slice = nextSlice(this.ran - before, after - now, this.size);
      now = after;
    }
  }

  /** So many frames, in batches: as fast as it goes, or one by one where every event is wanted or something happens on the way. */
  private runSlice(frames: number): void {
    const { state } = this.parts;
    const before = state.get('frames');
    state.setWord(BATCH_AT.NUMBER, this.ran);
    try {
      this.errno = this.sliceOf(frames);
    } finally {
      this.ran += state.get('frames') - before;
    }
  }

  private sliceOf(frames: number): number {
    const { ran, size, plan } = this;
    // Whole batches before the one in which something happens.
    const quiet = plan.next <= ran ? 0 : Math.floor((plan.next - ran) / size) * size;
    if (this.isFast && quiet > 0) {
      return this.fastLoop().run(Math.min(frames, quiet), size);
    }
    const some = quiet > 0 ? null : (index: number) => plan.before(ran + index);
    return this.batch.run(Math.min(frames, size), some);
  }

  /** Whether frames go through the generated loop: unless every event is wanted. */
  private get isFast(): boolean {
    return this.generated && !this.parts.state.trace.recording;
  }

  /** The generated loop as it must be now. */
  private fastLoop(): LiveLoop {
    const numbered = this.capture.running;
    if (this.loop?.numbered !== numbered || !this.loop.complete)
      this.loop = new LiveLoop(this.world, this.parts, this.batch, this.setup, numbered);
    return this.loop;
  }

  /** The world is this run's until leave(). */
  private enter(): void {
    const { rc, mem } = this.world;
    rc.progType = this.program.type;
    rc.skb = null;
    rc.xdp = this.parts.state.buff;
    rc.live = true;
    this.parts.state.buff.begin();
    mem.u32[PRIV.CPU >>> 2] = rc.env.cpu;
    this.parts.redirects.refresh();
    this.startBudget();
  }

  private leave(): void {
    const { rc, budget, maps } = this.world;
    this.parts.state.count('insns', budget.executed);
    if (this.fault === null) this.fault = leakOf(this.world, this.program)?.fault ?? null;
    this.keepOutput(rc.printk, rc.records, maps.drainRecords());
    rc.printk = [];
    rc.records = [];
    rc.live = false;
    rc.xdp = null;
  }

  /** A batch may use up the whole budget: what stops is an endless loop, not a long run. */
  private startBudget(): void {
    this.world.budget.start(this.opts.budget ?? DEFAULT_BUDGET, this.opts.cancel ?? null);
  }

  private renewBudget(): void {
    this.parts.state.count('insns', this.world.budget.executed);
    this.startBudget();
  }

  private keepOutput(
    printk: readonly string[],
    records: readonly OutputRecord[],
    ring: readonly { readonly map: string; readonly data: Uint8Array }[],
  ): void {
    const { output } = this;
    const cpu = this.world.rc.env.cpu;
    for (const line of printk) {
      if (output.printk.length < OUTPUT_MAX) output.printk.push(line);
      else output.lost++;
    }
    for (const record of [...records, ...ring.map((one) => ({ ...one, kind: 'ringbuf' as const, cpu }))]) {
      if (output.records.length < OUTPUT_MAX) output.records.push(record);
      else output.lost++;
    }
  }

  /** What programs printed and sent since the last time. */
  takeOutput(): LiveOutput {
    const { output } = this;
    this.output = { printk: [], records: [], lost: 0 };
    return output;
  }

  /** Keeps every event from now on, at most `room` of them; 0 ends it. Frames go through the slower path meanwhile. */
  recordEvents(room: number): void {
    this.parts.state.trace.record(room);
  }

  /** The events recorded since the last time. */
  takeEvents(): TraceEvent[] {
    return this.parts.state.trace.drain();
  }

  /** Takes a device up or down, as `ip link set` does. False when there is none with that ifindex. */
  setLink(netns: 'near' | 'far', ifindex: number, up: boolean): boolean {
    return this.plan.setLink(netns, ifindex, up);
  }

  /** A veth device's ring takes nothing any more, as if its NAPI did not run, or takes frames again. False when there is none. */
  setRing(netns: 'near' | 'far', ifindex: number, full: boolean): boolean {
    return this.plan.setRing(netns, ifindex, full);
  }

  /** The next frame finds no page: the run ends with ENOMEM. */
  failPage(): void {
    this.plan.failPage();
  }

  /** What user space does when it reads a UDP socket: its pages are free again. Returns the number of datagrams. */
  readSocket(netns: 'near' | 'far', socket: number): number {
    const found = this.parts.devices.stacks[netns].sockets[socket];
    const waiting = found?.waiting ?? 0;
    found?.read();
    this.counters.publish();
    return waiting;
  }

  /** Everything that is counted, by name. */
  report(): LiveReport {
    return liveReport(this.parts, this.duration_ns);
  }

  /** All counters start from zero again, those of pages in the pool and in flight apart. */
  zero(): void {
    this.counters.zero();
  }

  /** The end of the call (xdp_test_run_teardown): the page pool goes, now or when the last page comes back. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.parts.state.pool.destroy();
    this.counters.publish();
  }
}

/** Frames until the next look at the clock: whole batches for about a millisecond, at most four times what the last slice had. */
function nextSlice(frames: number, took_ms: number, batch: number): number {
  const wanted = took_ms <= 0 ? frames * 4 : Math.min(frames * 4, (frames / took_ms) * SLICE_MS);
  return Math.max(1, Math.floor(wanted / batch)) * batch;
}
