/** The queue that a cpumap's entry has for its CPU (kernel/bpf/cpumap.c): frames go in by eights, and the CPU's thread takes them out. */
import { CPU_BULK, PAGE_AT } from './live-layout.ts';
import type { LiveState } from './live-state.ts';
import type { LiveDevice, LiveProg } from './net-device.ts';
import type { PtrRing } from './ptr-ring.ts';

export class CpuQueue {
  readonly cpu: number;
  /** Id of the map, which events carry. */
  readonly map_id: number;
  readonly prog: LiveProg | null;
  readonly ring: PtrRing;
  private readonly state: LiveState;
  /** bq->q: frames of this batch that are not in the ring yet. */
  private bulk: number[] = [];

  constructor(state: LiveState, ring: PtrRing, cpu: number, map_id: number, prog: LiveProg | null) {
    this.state = state;
    this.ring = ring;
    this.cpu = cpu;
    this.map_id = map_id;
    this.prog = prog;
  }

  /** cpu_map_enqueue, bq_enqueue; `flushList` is where queues with frames wait for the end of the batch, the newest last. */
  enqueue(page: number, rx: LiveDevice, flushList: CpuQueue[]): void {
    this.state.mem.u32[(page + PAGE_AT.DEV_RX) >>> 2] = rx.at;
    if (this.bulk.length === CPU_BULK) this.flush(flushList);
    this.bulk.push(page);
    if (!flushList.includes(this)) flushList.push(this);
  }

  /** bq_flush_to_queue: what the ring has no place for is dropped. */
  flush(flushList: CpuQueue[]): void {
    const { bulk } = this;
    const at = flushList.indexOf(this);
    if (at >= 0) flushList.splice(at, 1);
    if (bulk.length === 0) return;
    let drops = 0;
    for (const page of bulk) {
      if (this.ring.produce(page)) continue;
      drops++;
      this.state.put(page);
    }
    this.state.trace.emit('xdp_cpumap_enqueue', 0, this.map_id, bulk.length, drops, this.cpu);
    bulk.length = 0;
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
