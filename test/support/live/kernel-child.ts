/**
 * Runs live scenarios on the real kernel: lines of JSON in, outcomes out. The devices are in a network namespace of this process, which
 * is gone with it, however it ends.
 */
import { createInterface } from 'node:readline';
import { bpf } from '../../../src/backends/kernel/attr.ts';
import { lookupElem, updateElem } from '../../../src/backends/kernel/map-io.ts';
import { testRun } from '../../../src/backends/kernel/run.ts';
import { closeFd } from '../../../src/backends/kernel/syscall.ts';
import { bssOf, eventCounts, OBJECT, offsetOf, TC_OBJECT, tcBssOf, textOf, u32 } from './engine.ts';
import {
  type Bench,
  beginRun,
  deviceCounters,
  grownBy,
  openBench,
  QUIET_MS,
  QUIET_SCHEDULED_MS,
  settled,
} from './kernel-bench.ts';
import { runMixed } from './kernel-mixed.ts';
import { attachTcx, attachXdp, checked, LIVE_FRAMES, load, mapId, XDP_TYPE } from './kernel-netns.ts';
import { MIXED, type MixedScenario } from './mixed.ts';
import {
  cameAt,
  ctxOf,
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
type Loaded = ReturnType<typeof load>;

/** Empties what the last scenario left in the maps, and fills them for this one. */
function fill({ object, spec }: Loaded, scenario: Scenario): void {
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

function cameIn({ object, spec }: Loaded): Outcome['came'] {
  const bss = lookupElem(object.maps.get('.bss')!, u32(0))!;
  return cameAt(new DataView(bss.buffer, bss.byteOffset), offsetOf(spec, 'came'));
}

/** What the object's maps hold after a run. */
function noted({ object, spec }: Loaded, { repeat }: Scenario): Pick<Outcome, 'seen' | 'visits'> {
  const bss = lookupElem(object.maps.get('.bss')!, u32(0))!;
  const view = new DataView(bss.buffer, bss.byteOffset);
  const rows = Array.from({ length: Math.min(repeat, SEEN_MAX) }, (_, i) => {
    const row = lookupElem(object.maps.get('seen_by_run')!, u32(i))!;
    return new DataView(row.buffer, row.byteOffset);
  });
  const visits = offsetOf(spec, 'visits');
  return { seen: seenIn(rows), visits: [0, 1, 2].map((who) => visitAt(view, visits + who * VISIT_BYTES)) };
}

async function runScenario(scenario: Scenario, bench: Bench, main: Loaded): Promise<Outcome> {
  fill(main, scenario);
  const tc = scenario.tc === undefined ? null : load(TC_OBJECT, 'at_tcx', []);
  // Attached anew each time, so that every scenario begins with new rings.
  const peer = main.object.programs.get('peer')!.fd;
  const links = PEERS.map(([, far]) => attachXdp(peer, IFINDEX[far]));
  if (tc !== null) {
    updateElem(tc.object.maps.get('.bss')!, u32(0), tcBssOf(tc.spec, scenario.tc!.globals));
    links.push(attachTcx(tc.object.programs.get('at_tcx')!.fd, IFINDEX[scenario.tc!.dev ?? 'a0']));
  }
  const before = deviceCounters(bench);
  beginRun(bench, scenario.cpus === undefined ? null : mapId(main.object.maps.get('cpus')!.fd));
  const ctx_in = ctxOf(scenario);
  const done = testRun(main.object.programs.get('scripted')!.fd, XDP_TYPE, {
    ...{ data_in: packetOf(scenario), data_out: false, repeat: scenario.repeat, flags: LIVE_FRAMES },
    ...{ batch_size: scenario.batch_size ?? 0, ...(ctx_in === null ? {} : { ctx_in }) },
  });
  const events = await settled(bench, scenario.cpus === undefined ? QUIET_MS : QUIET_SCHEDULED_MS);
  const after = deviceCounters(bench);
  const came = tc === null ? null : cameIn(tc);
  for (const link of links) closeFd(link);
  tc?.object.close();
  return {
    ...{ errno: done.errno, events: eventCounts(events), order: events.slice(0, EVENTS_MAX).map(textOf), came },
    ...{ ...noted(main, scenario), devices: grownBy(before, after) },
  };
}

const bench = openBench();
const main = load(OBJECT, 'scripted', ['peer', 'egress', 'on_cpu']);
let mixed: Loaded | null = null;
process.stdout.write('ready\n');
for await (const line of createInterface({ input: process.stdin })) {
  const scenario = JSON.parse(line) as Scenario | MixedScenario;
  if ('wishes' in scenario) mixed ??= load(MIXED, 'mixed', ['leaving', 'arriving']);
  const outcome = 'wishes' in scenario ? runMixed(scenario, bench, mixed!) : runScenario(scenario, bench, main);
  process.stdout.write(`${JSON.stringify(await outcome)}\n`);
}
