/**
 * Runs live scenarios on the real kernel: lines of JSON in, outcomes out. The devices are in a network namespace of this process, which
 * is gone with it, however it ends.
 */
import { createInterface } from 'node:readline';
import type { TraceEvent } from '../../../engine/net/live-trace.ts';
import { bpf } from '../../../src/backends/kernel-attr.ts';
import type { KernelLiveNet } from '../../../src/backends/kernel-live-net.ts';
import { LiveWatch } from '../../../src/backends/kernel-live-watch.ts';
import { dumpMap, lookupElem, updateElem } from '../../../src/backends/kernel-map-io.ts';
import type { KernelMap } from '../../../src/backends/kernel-maps.ts';
import { testRun } from '../../../src/backends/kernel-run.ts';
import { closeFd } from '../../../src/backends/kernel-syscall.ts';
import { bssOf, COMPARED, eventCounts, OBJECT, offsetOf, TC_OBJECT, tcBssOf, textOf, u32 } from './engine.ts';
import { attachTcx, attachXdp, checked, LIVE_FRAMES, load, makeDevices, mapId, XDP_TYPE } from './kernel-netns.ts';
import {
  cameAt,
  ctxOf,
  DEVICE_COUNTERS,
  EVENTS_MAX,
  IFINDEX,
  type Outcome,
  PEERS,
  packetOf,
  type Scenario,
  SEEN_MAX,
  seenIn,
  VISIT_BYTES,
  visitAt,
} from './scenario.ts';

/** Keys that scenarios use at most. */
const KEYS = 128;
/** Other CPUs and softirqs have done their part when nothing comes for so long, and no page is out. */
const QUIET_MS = 4;
const QUIET_SCHEDULED_MS = 20;
const SETTLE_MAX_MS = 400;

type Loaded = ReturnType<typeof load>;

interface Bench {
  readonly net: KernelLiveNet;
  readonly watch: LiveWatch;
  readonly main: Loaded;
}

function open(): Bench {
  const net = makeDevices();
  const watch = new LiveWatch([net.near.cookie, net.far.cookie]);
  watch.record(true);
  const main = load(OBJECT, 'scripted', ['peer', 'egress', 'on_cpu']);
  return { net, watch, main };
}

/** Counters of all devices: `a0.tx_packets`. */
function deviceCounters({ net }: Bench): Record<string, number> {
  const stats = net.near.stats();
  const all: Record<string, number> = {};
  for (const [name, ifindex] of Object.entries(IFINDEX)) {
    for (const counter of DEVICE_COUNTERS) all[`${name}.${counter}`] = stats.get(ifindex)?.[counter] ?? 0;
  }
  return all;
}

function forget(map: KernelMap): void {
  for (const { key } of dumpMap(map).entries) bpf('MAP_DELETE_ELEM', { map_fd: map.fd, key });
}

/** What a scenario before may still have to do on other CPUs is none of this one: its pages, the ends of its cpumap's threads. */
function begin({ watch, main }: Bench, { cpus = [] }: Scenario): void {
  forget(watch.maps.get('pools')!);
  forget(watch.maps.get('cpumaps')!);
  if (cpus.length > 0) watch.watchCpumap(mapId(main.object.maps.get('cpus')!.fd));
  watch.events();
}

/** Empties what the last scenario left in the maps, and fills them for this one. */
function fill({ main: { object, spec } }: Bench, scenario: Scenario): void {
  const fdOf = (name: string): number => object.programs.get(name)!.fd;
  for (const name of ['devices', 'device_hash', 'cpus']) {
    const map_fd = object.maps.get(name)!.fd;
    for (let key = 0; key < KEYS; key++) bpf('MAP_DELETE_ELEM', { map_fd, key: u32(key) });
  }
  const nothing = new Uint8Array(32);
  const seen = object.maps.get('seen_by_run')!;
  for (let run = 0; run < Math.min(scenario.repeat, SEEN_MAX); run++) updateElem(seen, u32(run), nothing);
  updateElem(object.maps.get('.bss')!, u32(0), bssOf(spec, scenario));
  const put = (map: string, key: number, low: number, fd: number): void => {
    const value = Uint8Array.of(...u32(low), ...u32(fd));
    checked(updateElem(object.maps.get(map)!, u32(key), value), `${map}[${key}]`);
  };
  for (const { key, dev, egress } of scenario.devices ?? [])
    put('devices', key, IFINDEX[dev], egress ? fdOf('egress') : 0);
  for (const { key, dev, egress } of scenario.device_hash ?? [])
    put('device_hash', key, IFINDEX[dev], egress ? fdOf('egress') : 0);
  for (const { cpu, qsize, program } of scenario.cpus ?? []) put('cpus', cpu, qsize, program ? fdOf('on_cpu') : 0);
}

function count(events: readonly TraceEvent[], name: string): number {
  return events.filter((one) => one.name === name).length;
}

/** All events of a run, when no more come. */
async function settled({ watch }: Bench, quiet_ms: number): Promise<TraceEvent[]> {
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

function cameIn({ object, spec }: Loaded): Outcome['came'] {
  const bss = lookupElem(object.maps.get('.bss')!, u32(0))!;
  return cameAt(new DataView(bss.buffer, bss.byteOffset), offsetOf(spec, 'came'));
}

/** What the object's maps hold after a run. */
function noted({ main: { object, spec } }: Bench, { repeat }: Scenario): Pick<Outcome, 'seen' | 'visits'> {
  const bss = lookupElem(object.maps.get('.bss')!, u32(0))!;
  const view = new DataView(bss.buffer, bss.byteOffset);
  const rows = Array.from({ length: Math.min(repeat, SEEN_MAX) }, (_, i) => {
    const row = lookupElem(object.maps.get('seen_by_run')!, u32(i))!;
    return new DataView(row.buffer, row.byteOffset);
  });
  const visits = offsetOf(spec, 'visits');
  return { seen: seenIn(rows), visits: [0, 1, 2].map((who) => visitAt(view, visits + who * VISIT_BYTES)) };
}

async function runScenario(scenario: Scenario, bench: Bench): Promise<Outcome> {
  fill(bench, scenario);
  const tc = scenario.tc === undefined ? null : load(TC_OBJECT, 'at_tcx', []);
  // Attached anew each time, so that every scenario begins with new rings.
  const peer = bench.main.object.programs.get('peer')!.fd;
  const links = PEERS.map(([, far]) => attachXdp(peer, IFINDEX[far]));
  if (tc !== null) {
    updateElem(tc.object.maps.get('.bss')!, u32(0), tcBssOf(tc.spec, scenario.tc!.globals));
    links.push(attachTcx(tc.object.programs.get('at_tcx')!.fd, IFINDEX[scenario.tc!.dev ?? 'a0']));
  }
  const before = deviceCounters(bench);
  begin(bench, scenario);
  const ctx_in = ctxOf(scenario);
  const done = testRun(bench.main.object.programs.get('scripted')!.fd, XDP_TYPE, {
    ...{ data_in: packetOf(scenario), data_out: false, repeat: scenario.repeat, flags: LIVE_FRAMES },
    ...{ batch_size: scenario.batch_size ?? 0, ...(ctx_in === null ? {} : { ctx_in }) },
  });
  const events = await settled(bench, scenario.cpus === undefined ? QUIET_MS : QUIET_SCHEDULED_MS);
  const after = deviceCounters(bench);
  const came = tc === null ? null : cameIn(tc);
  for (const link of links) closeFd(link);
  tc?.object.close();
  const grown = Object.entries(after).map(([name, n]): [string, number] => [name, n - before[name]!]);
  return {
    ...{ errno: done.errno, events: eventCounts(events), order: events.slice(0, EVENTS_MAX).map(textOf), came },
    ...{ ...noted(bench, scenario), devices: Object.fromEntries(grown.filter(([, n]) => n !== 0)) },
  };
}

const bench = open();
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await runScenario(JSON.parse(line) as Scenario, bench);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
