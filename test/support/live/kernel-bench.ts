/** The kernel's side of live tests: devices in a namespace of this process, events and counters of a run there. */
import type { TraceEvent } from '../../../engine/net/live-trace.ts';
import { bpf } from '../../../src/backends/kernel/attr.ts';
import type { KernelLiveNet } from '../../../src/backends/kernel/live-net.ts';
import { LiveWatch } from '../../../src/backends/kernel/live-watch.ts';
import { dumpMap } from '../../../src/backends/kernel/map-io.ts';
import type { KernelMap } from '../../../src/backends/kernel/maps.ts';
import { COMPARED } from './engine.ts';
import { makeDevices } from './kernel-netns.ts';
import { DEVICE_COUNTERS, IFINDEX } from './scenario.ts';

/** Other CPUs and softirqs have done their part when nothing comes for so long, and no page is out. */
export const QUIET_MS = 4;
export const QUIET_SCHEDULED_MS = 20;
const SETTLE_MAX_MS = 400;

export interface Bench {
  readonly net: KernelLiveNet;
  readonly watch: LiveWatch;
}

export function openBench(): Bench {
  const net = makeDevices();
  const watch = new LiveWatch([net.near.cookie, net.far.cookie]);
  watch.record(true);
  return { net, watch };
}

/** Counters of all devices: `a0.tx_packets`. */
export function deviceCounters({ net }: Bench): Record<string, number> {
  const stats = net.near.stats();
  const all: Record<string, number> = {};
  for (const [name, ifindex] of Object.entries(IFINDEX)) {
    for (const counter of DEVICE_COUNTERS) all[`${name}.${counter}`] = stats.get(ifindex)?.[counter] ?? 0;
  }
  return all;
}

/** Of what grew from one look at the devices to another, by how much. */
export function grownBy(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
): Record<string, number> {
  const grown = Object.entries(after).map(([name, n]): [string, number] => [name, n - before[name]!]);
  return Object.fromEntries(grown.filter(([, n]) => n !== 0));
}

function forget(map: KernelMap): void {
  for (const { key } of dumpMap(map).entries) bpf('MAP_DELETE_ELEM', { map_fd: map.fd, key });
}

/** What a run before may still have to do on other CPUs is none of the next one's: its pages, the ends of its cpumap's threads. */
export function beginRun({ watch }: Bench, cpumap: number | null): void {
  forget(watch.maps.get('pools')!);
  forget(watch.maps.get('cpumaps')!);
  if (cpumap !== null) watch.watchCpumap(cpumap);
  watch.events();
}

function count(events: readonly TraceEvent[], name: string): number {
  return events.filter((one) => one.name === name).length;
}

/** All events of a run, when no more come. */
export async function settled({ watch }: Bench, quiet_ms: number): Promise<TraceEvent[]> {
  const events = watch.events();
  for (let waited = 0; waited < SETTLE_MAX_MS; waited += quiet_ms) {
    await Bun.sleep(quiet_ms);
    const more = watch.events();
    events.push(...more);
    const isOut = count(events, 'page_pool_state_hold') !== count(events, 'page_pool_state_release');
    if (more.length === 0 && !isOut) break;
  }
  if (watch.lost > 0) throw new Error('events were lost');
  return events.filter(({ name }) => COMPARED.includes(name));
}
