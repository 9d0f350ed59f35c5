/** The CPUs that cpumaps lead to: their queues, and the thread that takes frames out and hands them to the stack (cpu_map_kthread_run). */
import type { RunEnv } from '../../env.ts';
import { EngineBug, invariant } from '../../errors.ts';
import { PRIV } from '../../layout.ts';
import type { World } from '../../load/types.ts';
import { CpuQueue } from '../../net/cpu-queue.ts';
import { BATCH_AT, CPUQ_BYTES, PAGE_AT, POLLS_MAX } from '../../net/live-layout.ts';
import type { LiveState } from '../../net/live-state.ts';
import type { LiveDevice } from '../../net/net-device.ts';
import type { LivePrograms } from './programs.ts';

const XDP_PASS = 2;
const XDP_REDIRECT = 4;
const CPU = PRIV.CPU >>> 2;

/** What the thread needs of the others. */
export interface CpuWork {
  deviceAt(address: number): LiveDevice;
  /** netif_receive_skb_list of `count` frames whose descriptors stand at `list`. */
  receive(dev: LiveDevice, list: number, count: number): void;
  /** xdp_do_redirect: 0, or a positive errno and the frame is still the caller's. */
  redirect(page: number, rx: LiveDevice): number;
  flush(): void;
  /** bpf_net_ctx_set */
  forget(): void;
}

/** Up to eight frames that a thread took at once, and what became of them. */
export interface CpuBatch {
  readonly frames: number;
  /** 1: the thread had slept before. */
  readonly sched: number;
  readonly passed: number;
  readonly drops: number;
  readonly sent: number;
}

export class LiveCpus {
  private readonly world: World;
  private readonly state: LiveState;
  private readonly programs: LivePrograms;
  private readonly queues = new Map<string, CpuQueue>();
  private readonly list: CpuQueue[] = [];
  private readonly envs = new Map<number, RunEnv>();
  private readonly frames: number[] = [];
  private readonly passed: number[] = [];

  constructor(world: World, state: LiveState, programs: LivePrograms) {
    this.world = world;
    this.state = state;
    this.programs = programs;
  }

  /** The queue of a cpumap's entry: the same one as long as user space does not change the entry (__cpu_map_entry_alloc). */
  queue(map_id: number, cpu: number, qsize: number, program: number): CpuQueue {
    const key = `${map_id} ${cpu} ${qsize} ${program}`;
    const known = this.queues.get(key);
    if (known !== undefined) return known;
    const { mem } = this.state;
    const [at, entries] = [mem.alloc(CPUQ_BYTES, 64), mem.alloc(qsize * 4, 64)];
    invariant(at !== 0 && entries !== 0, 'no room for the queue of a CPU');
    const prog = program === 0 ? null : this.programs.byId(program);
    const made = new CpuQueue(this.state, { at, entries, cpu, map_id, qsize, prog });
    this.queues.set(key, made);
    this.list.push(made);
    return made;
  }

  /** The queue whose words are at an address. */
  at(address: number): CpuQueue {
    const { list } = this;
    for (let i = 0; i < list.length; i++) if (list[i]!.at === address) return list[i]!;
    throw new EngineBug(`no queue of a CPU is at ${address}`);
  }

  /** Whether any cpumap has an entry. */
  get some(): boolean {
    return this.list.length > 0;
  }

  get waiting(): boolean {
    const { list } = this;
    for (let i = 0; i < list.length; i++) if (list[i]!.ring.count > 0) return true;
    return false;
  }

  /** Every thread runs until its queue is empty, one CPU after the other; `thread`: does it in the place of the one here. */
  run(work: CpuWork, thread: ((queue: CpuQueue) => void) | null = null): void {
    for (const queue of this.list) {
      if (queue.ring.count === 0) continue;
      const { rc, mem } = this.world;
      const { env } = rc;
      rc.env = this.envOn(queue.cpu);
      mem.u32[CPU] = queue.cpu;
      if (thread === null) this.thread(queue, work);
      else thread(queue);
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
    for (let sched = 1, turns = 0; queue.ring.count > 0 && turns < POLLS_MAX; sched = 0, turns++) {
      queue.take(frames);
      work.forget();
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
      passed.forEach((page, i) => {
        this.state.setWord(BATCH_AT.STACK + i * 4, page);
      });
      this.ran(queue, work, { frames: frames.length, sched, passed: passed.length, drops: dropped, sent: redirected });
    }
  }

  /** What follows after up to eight frames; those that pass stand in the list for the stack. */
  ran(queue: CpuQueue, work: CpuWork, { frames, sched, passed, drops, sent }: CpuBatch): void {
    const { trace } = this.state;
    if (sent > 0) work.flush();
    const xdpPass = queue.prog === null ? 0 : passed;
    this.state.count('cpu_xdp_drops', drops);
    trace.emit('xdp_cpumap_kthread', 0, queue.map_id, frames, 0, sched, xdpPass, drops, sent);
    const list = this.state.batch + BATCH_AT.STACK;
    for (let from = 0; from < passed; ) {
      const dev = this.rxOf(this.state.word(BATCH_AT.STACK + from * 4), work);
      let end = from + 1;
      while (end < passed && this.rxOf(this.state.word(BATCH_AT.STACK + end * 4), work) === dev) end++;
      work.receive(dev, list + from * 4, end - from);
      from = end;
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
