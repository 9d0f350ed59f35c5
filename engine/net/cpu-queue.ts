/** The queue that a cpumap's entry has for its CPU (kernel/bpf/cpumap.c): frames go in by eights, and the CPU's thread takes them out. */
import { BATCH_AT, CPU_BULK, CPUQ_AT, PAGE_AT } from './live-layout.ts';
import type { LiveState } from './live-state.ts';
import type { LiveDevice, LiveProg } from './net-device.ts';
import { PtrRing } from './ptr-ring.ts';

/** What a queue is for: `map_id` is in its events, `prog` runs on the CPU. */
export interface CpuQueueInit {
  /** Address of its words, and of room for its ring. */
  readonly at: number;
  readonly entries: number;
  readonly cpu: number;
  readonly map_id: number;
  readonly qsize: number;
  readonly prog: LiveProg | null;
}

export class CpuQueue {
  /** Address of its words. */
  readonly at: number;
  readonly cpu: number;
  readonly map_id: number;
  readonly prog: LiveProg | null;
  readonly ring: PtrRing;
  private readonly state: LiveState;

  constructor(state: LiveState, init: CpuQueueInit) {
    this.state = state;
    this.at = init.at;
    this.cpu = init.cpu;
    this.map_id = init.map_id;
    this.prog = init.prog;
    this.ring = new PtrRing(state.mem, init.at + CPUQ_AT.RING, init.entries);
    this.ring.init(init.qsize);
    this.setWord(CPUQ_AT.CPU, init.cpu);
    this.setWord(CPUQ_AT.MAP_ID, init.map_id);
    this.setWord(CPUQ_AT.PROG, init.prog?.id ?? 0);
  }

  private word(field: number): number {
    return this.state.mem.u32[(this.at + field) >>> 2]!;
  }

  private setWord(field: number, value: number): void {
    this.state.mem.u32[(this.at + field) >>> 2] = value;
  }

  /** cpu_map_enqueue, bq_enqueue */
  enqueue(page: number, rx: LiveDevice): void {
    this.state.mem.u32[(page + PAGE_AT.DEV_RX) >>> 2] = rx.at;
    if (this.word(CPUQ_AT.COUNT) === CPU_BULK) this.flush();
    const count = this.word(CPUQ_AT.COUNT);
    this.setWord(CPUQ_AT.BULK + count * 4, page);
    this.setWord(CPUQ_AT.COUNT, count + 1);
    if (this.word(CPUQ_AT.LISTED) === 0) this.list();
  }

  /** Into the list of those that wait for the end of the batch, the newest last. */
  private list(): void {
    const count = this.state.word(BATCH_AT.CPU_COUNT);
    this.state.setWord(BATCH_AT.CPUS + count * 4, this.at);
    this.state.setWord(BATCH_AT.CPU_COUNT, count + 1);
    this.setWord(CPUQ_AT.LISTED, 1);
  }

  private unlist(): void {
    if (this.word(CPUQ_AT.LISTED) === 0) return;
    const count = this.state.word(BATCH_AT.CPU_COUNT);
    let to = 0;
    for (let i = 0; i < count; i++) {
      const one = this.state.word(BATCH_AT.CPUS + i * 4);
      if (one !== this.at) this.state.setWord(BATCH_AT.CPUS + to++ * 4, one);
    }
    this.state.setWord(BATCH_AT.CPU_COUNT, to);
    this.setWord(CPUQ_AT.LISTED, 0);
  }

  /** bq_flush_to_queue: what the ring has no place for is dropped. */
  flush(): void {
    this.unlist();
    const count = this.word(CPUQ_AT.COUNT);
    if (count === 0) return;
    let drops = 0;
    for (let i = 0; i < count; i++) {
      const page = this.word(CPUQ_AT.BULK + i * 4);
      if (this.ring.produce(page)) continue;
      drops++;
      this.state.put(page);
    }
    this.setWord(CPUQ_AT.COUNT, 0);
    this.state.count('cpu_queue_drops', drops);
    this.enqueued(count, drops);
  }

  /** trace_xdp_cpumap_enqueue */
  enqueued(count: number, drops: number): void {
    const { trace } = this.state;
    this.setWord(CPUQ_AT.SLOT, trace.countAt(trace.emit('xdp_cpumap_enqueue', 0, this.map_id, count, drops, this.cpu)));
  }

  /** Up to eight frames for the thread (CPUMAP_BATCH), into `frames`. */
  take(frames: number[]): void {
    frames.length = 0;
    while (frames.length < CPU_BULK) {
      const page = this.ring.consume();
      if (page === 0) return;
      frames.push(page);
    }
  }
}
