/** The CPUs that cpumaps lead to: their queues, and the thread that takes frames out and hands them to the stack (cpu_map_kthread_run). */
import type { RunEnv } from '../env.ts';
import { PRIV } from '../layout.ts';
import type { World } from '../load/types.ts';
import { CpuQueue } from '../net/cpu-queue.ts';
import { PAGE_AT, RING_BYTES } from '../net/live-layout.ts';
import type { LiveState } from '../net/live-state.ts';
import type { LiveDevice } from '../net/net-device.ts';
import { PtrRing } from '../net/ptr-ring.ts';
import type { LivePrograms } from './xdp-live-programs.ts';

const XDP_PASS = 2;
const XDP_REDIRECT = 4;
const CPU = PRIV.CPU >>> 2;

/** What the thread needs of the others. */
export interface CpuWork {
  deviceAt(address: number): LiveDevice;
  /** netif_receive_skb */
  receive(dev: LiveDevice, page: number): void;
  /** xdp_do_redirect: 0, or a positive errno and the frame is still the caller's. */
  redirect(page: number, rx: LiveDevice): number;
  flush(): void;
}

export class LiveCpus {
  private readonly world: World;
  private readonly state: LiveState;
  private readonly programs: LivePrograms;
  private readonly queues = new Map<string, CpuQueue>();
  private readonly envs = new Map<number, RunEnv>();
  private readonly frames: number[] = [];
  private readonly passed: number[] = [];

  constructor(world: World, state: LiveState, programs: LivePrograms) {
    this.world = world;
    this.state = state;
    this.programs = programs;
  }

  /** The queue of a cpumap's entry: the same one as long as user space does not change the entry (__cpu_map_entry_alloc). */
  queue(map: number, cpu: number, qsize: number, program: number): CpuQueue {
    const key = `${map} ${cpu} ${qsize} ${program}`;
    const known = this.queues.get(key);
    if (known !== undefined) return known;
    const { mem } = this.state;
    const ring = new PtrRing(mem, mem.alloc(RING_BYTES, 64), mem.alloc(qsize * 4, 64));
    ring.init(qsize);
    const made = new CpuQueue(this.state, ring, cpu, map, program === 0 ? null : this.programs.byId(program));
    this.queues.set(key, made);
    return made;
  }

  /** Whether any cpumap has an entry. */
  get some(): boolean {
    return this.queues.size > 0;
  }

  get waiting(): boolean {
    for (const queue of this.queues.values()) if (queue.ring.count > 0) return true;
    return false;
  }

  /** Every thread runs until its queue is empty, one CPU after the other. */
  run(work: CpuWork): void {
    for (const queue of this.queues.values()) {
      if (queue.ring.count === 0) continue;
      const { rc, mem } = this.world;
      const { env } = rc;
      rc.env = this.envOn(queue.cpu);
      mem.u32[CPU] = queue.cpu;
      this.thread(queue, work);
      rc.env = env;
      this.world.mem.u32[CPU] = env.cpu;
    }
  }

  private envOn(cpu: number): RunEnv {
    const known = this.envs.get(cpu) ?? { ...this.world.rc.env, cpu };
    this.envs.set(cpu, known);
    return known;
  }

  private thread(queue: CpuQueue, work: CpuWork): void {
    const { frames, passed } = this;
    for (let sched = 1; queue.ring.count > 0; sched = 0) {
      queue.take(frames);
      passed.length = 0;
      let redirected = 0;
      let dropped = 0;
      for (const page of frames) {
        const act = queue.prog === null ? XDP_PASS : this.runOn(queue, page, work);
        if (act === XDP_PASS) passed.push(page);
        else if (act === XDP_REDIRECT && work.redirect(page, this.rxOf(page, work)) === 0) redirected++;
        else {
          dropped++;
          this.state.put(page);
        }
      }
      if (redirected > 0) work.flush();
      const xdpPass = queue.prog === null ? 0 : passed.length;
      const { trace } = this.state;
      trace.emit('xdp_cpumap_kthread', 0, queue.map_id, frames.length, 0, sched, xdpPass, dropped, redirected);
      for (const page of passed) work.receive(this.rxOf(page, work), page);
    }
  }

  private rxOf(page: number, work: CpuWork): LiveDevice {
    return work.deviceAt(this.state.mem.u32[(page + PAGE_AT.DEV_RX) >>> 2]!);
  }

  /** cpu_map_bpf_prog_run_xdp on one frame; whatever is no pass and no redirect drops, without an event. */
  private runOn(queue: CpuQueue, page: number, work: CpuWork): number {
    const { buff } = this.state;
    buff.enter(this.rxOf(page, work).ifindex, 0, 0);
    buff.show(page);
    const act = this.programs.run(queue.prog!);
    buff.keep(page);
    return act;
  }
}
