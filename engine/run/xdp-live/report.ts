/** The numbers of a live run: published into shared memory at the edges of batches, and by name in one plain record. */
import {
  DEV_COUNTERS,
  type DevCounter,
  RUN_COUNTERS,
  STACK_COUNTERS,
  type StackCounter,
} from '../../net/live-layout.ts';
import type { TraceCount } from '../../net/live-trace.ts';
import { TRACE_SLOTS } from '../../net/trace-slots.ts';
import type { LiveParts } from './batch.ts';
import type { NetnsName } from './devices.ts';
import type { XskSocket } from './redirect.ts';

/** What happened at a device, in frames unless a name says bytes. */
export interface LiveDeviceReport extends Readonly<Record<DevCounter, number>> {
  readonly netns: string;
  readonly ifindex: number;
  readonly name: string;
  readonly up: boolean;
  /** What a frame that is sent here meets: a positive errno of its own length, or 0. */
  readonly refuses: number;
}

/** What a live run has done since it began; times are nanoseconds. */
export interface LiveReport {
  readonly frames: number;
  readonly batches: number;
  readonly insns_executed: number;
  readonly ns_per_frame: number;
  readonly verdicts: Readonly<Record<'aborted' | 'drop' | 'pass' | 'tx' | 'redirect' | 'unknown', number>>;
  readonly page_pool: Readonly<Record<'allocated' | 'recycled' | 'released' | 'in_pool' | 'in_flight', number>>;
  readonly tracepoints: readonly TraceCount[];
  readonly devices: readonly LiveDeviceReport[];
  readonly stacks: Readonly<Record<NetnsName, Readonly<Record<StackCounter, number>>>>;
  /** Frames that cpumaps lost: their queue was full; their program dropped them. Absent where nobody counts them. */
  readonly cpumap?: Readonly<Record<'queue_drops' | 'xdp_drops', number>>;
  readonly xsk: readonly Readonly<XskSocket>[];
}

/** The pool's own numbers, which follow from what was taken and given back. */
function settlePool({ state }: LiveParts): void {
  const { trace, pool } = state;
  state.set('allocated', trace.held);
  state.set('released', trace.released);
  state.set('in_pool', pool.inPool);
  state.set('in_flight', pool.inFlight);
}

export function liveReport(parts: LiveParts, ns_per_frame: number): LiveReport {
  settlePool(parts);
  const { state, devices, redirects } = parts;
  const pick = <K extends Parameters<typeof state.get>[0]>(...names: K[]): Record<K, number> =>
    Object.fromEntries(names.map((name) => [name, state.get(name)])) as Record<K, number>;
  return {
    ...{ frames: state.get('frames'), batches: state.get('batches'), insns_executed: state.get('insns'), ns_per_frame },
    verdicts: pick('aborted', 'drop', 'pass', 'tx', 'redirect', 'unknown'),
    page_pool: pick('allocated', 'recycled', 'released', 'in_pool', 'in_flight'),
    tracepoints: state.trace.list(),
    devices: devices.all.map((dev) => ({
      ...{ netns: dev.netns, ifindex: dev.ifindex, name: dev.net.name, up: dev.up, refuses: dev.refuses(0) },
      ...dev.report(),
    })),
    stacks: { near: devices.stacks.near.report(), far: devices.stacks.far.report() },
    cpumap: { queue_drops: state.get('cpu_queue_drops'), xdp_drops: state.get('cpu_xdp_drops') },
    xsk: redirects.xskSockets().map((socket) => ({ ...socket })),
  };
}

/**
 * All counters as f64 in shared memory, in the order of `names`; those of tracepoints come last, one for each target of a kind, in
 * the order in which they first happened. Renewed at the end of every step.
 */
export class LiveCounters {
  readonly values: Float64Array;
  readonly names: readonly string[];
  private readonly parts: LiveParts;
  private readonly blocks: readonly { readonly at: number; readonly length: number }[];

  constructor(parts: LiveParts) {
    this.parts = parts;
    const { state, devices } = parts;
    const deviceNames = devices.all.flatMap((dev) => DEV_COUNTERS.map((name) => `${dev.netns}:${dev.ifindex}.${name}`));
    const stackNames = (['near', 'far'] as const).flatMap((netns) => STACK_COUNTERS.map((name) => `${netns}.${name}`));
    const traceNames = Array.from({ length: TRACE_SLOTS }, (_, slot) => `trace.${slot}`);
    this.names = [...RUN_COUNTERS, ...deviceNames, ...stackNames, ...traceNames];
    this.blocks = [
      { at: state.counters, length: RUN_COUNTERS.length },
      ...devices.all.map((dev) => ({ at: dev.countersAt, length: DEV_COUNTERS.length })),
      ...(['near', 'far'] as const).map((netns) => ({
        at: devices.stacks[netns].countersAt,
        length: STACK_COUNTERS.length,
      })),
      { at: state.trace.countAt(0), length: TRACE_SLOTS },
    ];
    this.values = new Float64Array(new SharedArrayBuffer(this.names.length * 8));
  }

  publish(): void {
    settlePool(this.parts);
    const { f64 } = this.parts.state.mem;
    let to = 0;
    for (const { at, length } of this.blocks) {
      this.values.set(f64.subarray(at >>> 3, (at >>> 3) + length), to);
      to += length;
    }
  }

  zero(): void {
    const { f64 } = this.parts.state.mem;
    for (const { at, length } of this.blocks) f64.fill(0, at >>> 3, (at >>> 3) + length);
    this.publish();
  }
}
