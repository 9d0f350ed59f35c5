/**
 * Runs live scenarios on the real kernel: lines of JSON in, outcomes out. To be started in a network namespace of its own
 * (`unshare --net`), which takes its devices with it when the process ends, however it ends.
 */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { ObjectSpec } from '../../../engine/index.ts';
import { TRACEPOINTS, type TraceEvent, type TraceName } from '../../../engine/net/live-trace.ts';
import type { LoadedInKernel } from '../../../src/backends/kernel-loaded.ts';
import { lookupElem, updateElem } from '../../../src/backends/kernel-map-io.ts';
import { ringbufRecords } from '../../../src/backends/kernel-ringbuf.ts';
import { testRun } from '../../../src/backends/kernel-run.ts';
import { closeFd } from '../../../src/backends/kernel-syscall.ts';
import { bssOf, eventCounts, OBJECT, offsetOf, TC_OBJECT, tcBssOf, textOf, u32 } from './engine.ts';
import {
  attachTcx,
  attachTracepoint,
  attachXdp,
  checked,
  LIVE_FRAMES,
  load,
  makeDevices,
  mapId,
  XDP_TYPE,
} from './kernel-netns.ts';
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

/** In the order of enum point of the watching object. */
const POINTS: readonly TraceName[] = [
  ...(['xdp_redirect', 'xdp_redirect_err', 'xdp_exception', 'xdp_devmap_xmit', 'xdp_bulk_tx'] as const),
  ...(['xdp_cpumap_enqueue', 'xdp_cpumap_kthread', 'page_pool_state_hold', 'page_pool_state_release'] as const),
  ...(['page_pool_release', 'mem_disconnect', 'netif_receive_skb'] as const),
];
const WATCH = new URL('../../../fixtures/prog-run/xdp-live/watch.bpf.o', import.meta.url);

class Watcher {
  private readonly object: LoadedInKernel;
  private readonly spec: ObjectSpec;
  private readonly bss = new Uint8Array(16);

  constructor() {
    const names = [
      ...['on_redirect_err', 'on_exception', 'on_devmap_xmit', 'on_bulk_tx', 'on_cpumap_enqueue', 'on_cpumap_kthread'],
      ...['on_pool_hold', 'on_pool_state_release', 'on_pool_release', 'on_mem_disconnect', 'on_receive'],
    ];
    const { object, spec } = load(WATCH, 'on_redirect', names);
    this.object = object;
    this.spec = spec;
    for (const [name, program] of object.programs) {
      attachTracepoint(program.fd, spec.programs.find((one) => one.name === name)!.section.split('/')[1]!);
    }
  }

  begin(cpumap: number): void {
    const view = new DataView(this.bss.buffer);
    for (const [name, value] of Object.entries({
      first_ifindex: 41000,
      tgid: process.pid,
      cpumap_id: cpumap,
      lost: 0,
    })) {
      view.setUint32(offsetOf(this.spec, name), value, true);
    }
    updateElem(this.object.maps.get('.bss')!, u32(0), this.bss);
    ringbufRecords(this.object.maps.get('events')!, 0);
  }

  events(): TraceEvent[] {
    const records = ringbufRecords(this.object.maps.get('events')!, 0);
    const bss = lookupElem(this.object.maps.get('.bss')!, u32(0))!;
    if (new DataView(bss.buffer).getUint32(offsetOf(this.spec, 'lost'), true) !== 0)
      throw new Error('events were lost');
    return records.map(({ data }) => {
      const view = new DataView(data.buffer, data.byteOffset);
      const name = POINTS[view.getUint32(0, true)]!;
      const fields = TRACEPOINTS[name].fields.map((field, i) => [field, view.getInt32(8 + i * 4, true)]);
      return { name, code: view.getUint32(4, true), fields: Object.fromEntries(fields) };
    });
  }
}

/** Counters of all devices: `a0.tx_packets`. */
function deviceCounters(): Record<string, number> {
  const done = spawnSync('ip', ['-s', '-j', 'link'], { encoding: 'utf8' });
  const all: Record<string, number> = {};
  for (const { ifname, stats64 } of JSON.parse(done.stdout) as {
    ifname: string;
    stats64: Record<'rx' | 'tx', Record<string, number>>;
  }[]) {
    for (const side of ['rx', 'tx'] as const) {
      for (const kind of ['packets', 'bytes', 'dropped']) all[`${ifname}.${side}_${kind}`] = stats64[side][kind] ?? 0;
    }
  }
  return all;
}

const SETTLE_MS = 60;

function cameIn({ object, spec }: ReturnType<typeof load>): Outcome['came'] {
  const bss = lookupElem(object.maps.get('.bss')!, u32(0))!;
  return cameAt(new DataView(bss.buffer, bss.byteOffset), offsetOf(spec, 'came'));
}

async function runScenario(scenario: Scenario, watcher: Watcher): Promise<Outcome> {
  const { object, spec } = load(OBJECT, 'scripted', ['peer', 'egress', 'on_cpu']);
  const fdOf = (name: string): number => object.programs.get(name)!.fd;
  const put = (map: string, key: number, low: number, fd: number): void => {
    const value = new Uint8Array(8);
    value.set(u32(low));
    value.set(u32(fd), 4);
    checked(updateElem(object.maps.get(map)!, u32(key), value), `${map}[${key}]`);
  };
  updateElem(object.maps.get('.bss')!, u32(0), bssOf(spec, scenario));
  for (const { key, dev, egress } of scenario.devices ?? [])
    put('devices', key, IFINDEX[dev], egress ? fdOf('egress') : 0);
  for (const { key, dev, egress } of scenario.device_hash ?? []) {
    put('device_hash', key, IFINDEX[dev], egress ? fdOf('egress') : 0);
  }
  for (const { cpu, qsize, program } of scenario.cpus ?? []) put('cpus', cpu, qsize, program ? fdOf('on_cpu') : 0);
  const links = PEERS.map(([, far]) => attachXdp(fdOf('peer'), IFINDEX[far]));
  const tc = scenario.tc === undefined ? null : load(TC_OBJECT, 'at_tcx', []);
  if (tc !== null) {
    updateElem(tc.object.maps.get('.bss')!, u32(0), tcBssOf(tc.spec, scenario.tc!.globals));
    links.push(attachTcx(tc.object.programs.get('at_tcx')!.fd, IFINDEX[scenario.tc!.dev ?? 'a0']));
  }
  const before = deviceCounters();
  watcher.begin(mapId(object.maps.get('cpus')!.fd));
  const ctx_in = ctxOf(scenario);
  const done = testRun(fdOf('scripted'), XDP_TYPE, {
    ...{ data_in: packetOf(scenario), data_out: false, repeat: scenario.repeat, flags: LIVE_FRAMES },
    ...{ batch_size: scenario.batch_size ?? 0, ...(ctx_in === null ? {} : { ctx_in }) },
  });
  await Bun.sleep(SETTLE_MS);
  const events = watcher.events();
  const after = deviceCounters();
  const bss = lookupElem(object.maps.get('.bss')!, u32(0))!;
  const view = new DataView(bss.buffer, bss.byteOffset);
  const rows = Array.from({ length: Math.min(scenario.repeat, SEEN_MAX) }, (_, i) => {
    const row = lookupElem(object.maps.get('seen_by_run')!, u32(i))!;
    return new DataView(row.buffer, row.byteOffset);
  });
  const visits = offsetOf(spec, 'visits');
  const came = tc === null ? null : cameIn(tc);
  for (const link of links) closeFd(link);
  object.close();
  tc?.object.close();
  const devices: Record<string, number> = {};
  for (const name of Object.keys(IFINDEX)) {
    for (const counter of DEVICE_COUNTERS) {
      const grown = (after[`${name}.${counter}`] ?? 0) - (before[`${name}.${counter}`] ?? 0);
      if (grown !== 0) devices[`${name}.${counter}`] = grown;
    }
  }
  return {
    errno: done.errno,
    events: eventCounts(events),
    order: events.slice(0, EVENTS_MAX).map(textOf),
    seen: seenIn(rows),
    visits: [0, 1, 2].map((who) => visitAt(view, visits + who * VISIT_BYTES)),
    came,
    devices,
  };
}

makeDevices();
const watcher = new Watcher();
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const outcome = await runScenario(JSON.parse(line) as Scenario, watcher);
  process.stdout.write(`${JSON.stringify(outcome)}\n`);
}
