/** Runs live scenarios on the engine. */
import { readFileSync } from 'node:fs';
import {
  datasecVars,
  encodeBtf,
  type LinkSpec,
  type LiveOpts,
  type LiveReport,
  type LiveRun,
  type LoadedObject,
  loadObject,
  openLive,
  openObject,
} from '../../../engine/index.ts';
import { TRACEPOINTS, type TraceEvent } from '../../../engine/net/live-trace.ts';
import {
  BARE,
  cameAt,
  ctxOf,
  DEVICE_COUNTERS,
  type DevEntry,
  type DeviceName,
  DOWN,
  EVENTS_MAX,
  GRO,
  IFINDEX,
  type Outcome,
  PEERS,
  packetOf,
  type Scenario,
  SEEN_MAX,
  seenIn,
  type TcGlobals,
  VISIT_BYTES,
  visitAt,
} from './scenario.ts';

export const TC_OBJECT = new URL('../../../fixtures/prog-run/xdp-live/tc.bpf.o', import.meta.url);
export const OBJECT = new URL('../../../fixtures/prog-run/xdp-live/xdp-live.bpf.o', import.meta.url);
const CPUS = 2;

const LINKS: readonly LinkSpec[] = [
  ...[...PEERS, ...BARE].map(([dev, peer]): LinkSpec => {
    const gro = GRO.includes(peer);
    return { dev: IFINDEX[dev], type: 'veth', peer: { netns: 'near', dev: IFINDEX[peer], gro } };
  }),
  { dev: IFINDEX.ifbx, type: 'ifb' },
];

export function macOf(ifindex: number): string {
  return `02:00:00:00:${((ifindex >> 8) & 0xff).toString(16).padStart(2, '0')}:${(ifindex & 0xff).toString(16).padStart(2, '0')}`;
}

export const NETNS = {
  devices: (Object.entries(IFINDEX) as [DeviceName, number][])
    .filter(([name]) => name !== 'lo')
    .map(([name, ifindex]) => ({ name, ifindex, mac: macOf(ifindex), up: !DOWN.includes(name) })),
};

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value, true);
  return bytes;
}

function pair(low: number, high: number): Uint8Array {
  const bytes = new Uint8Array(8);
  bytes.set(u32(low));
  bytes.set(u32(high), 4);
  return bytes;
}

function update(object: LoadedObject, map: string, key: number, value: Uint8Array): void {
  const errno = object.map(map)!.userUpdate(u32(key), value, 0);
  if (errno !== 0) throw new Error(`${map}[${key}]: errno ${-errno}`);
}

/** Id by which maps know a program of the object. */
function idOf(object: LoadedObject, name: string): number {
  const program = object.program(name);
  if (!program.ok) throw new Error(program.error.message);
  return program.value.id;
}

/** The .bss with the scenario's variables in it. */
export function bssOf(spec: LoadedObject['spec'], scenario: Scenario): Uint8Array {
  const map = spec.maps.find((one) => one.name === '.bss')!;
  const bytes = new Uint8Array(map.value_size);
  const { verdicts, ...rest } = scenario.globals;
  const given = { ...rest, ...(verdicts === undefined ? {} : { verdicts, verdict_count: verdicts.length }) };
  const done = encodeBtf(spec.btf!, map.value_type_id, given, bytes);
  if (!done.ok) throw new Error(done.error.message);
  return bytes;
}

/** The same of the program at tc ingress. */
export function tcBssOf(spec: LoadedObject['spec'], globals: TcGlobals): Uint8Array {
  const map = spec.maps.find((one) => one.name === '.bss')!;
  const bytes = new Uint8Array(map.value_size);
  const done = encodeBtf(spec.btf!, map.value_type_id, globals, bytes);
  if (!done.ok) throw new Error(done.error.message);
  return bytes;
}

/** Offset of a variable in .bss. */
export function offsetOf(spec: LoadedObject['spec'], name: string): number {
  const map = spec.maps.find((one) => one.name === '.bss')!;
  return datasecVars(spec.btf!, map.value_type_id).find((one) => one.name === name)!.offset;
}

export function loadLive(): LoadedObject {
  const opened = openObject({ path: 'xdp-live.bpf.o', bytes: new Uint8Array(readFileSync(OBJECT)) });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value, { cpus: CPUS });
  if (!loaded.ok) throw new Error(loaded.error.message);
  return loaded.value;
}

/** The object at tc ingress, loaded beside another. */
function loadTc(beside: LoadedObject, globals: TcGlobals): LoadedObject {
  const opened = openObject({ path: 'tc.bpf.o', bytes: new Uint8Array(readFileSync(TC_OBJECT)) });
  if (!opened.ok) throw new Error(opened.error.message);
  const loaded = loadObject(opened.value, { world: beside.world });
  if (!loaded.ok) throw new Error(loaded.error.message);
  update(loaded.value, '.bss', 0, tcBssOf(loaded.value.spec, globals));
  return loaded.value;
}

function tcOf(object: LoadedObject, dev: number): Pick<LiveOpts, 'tc'> {
  const program = object.program('at_tcx');
  if (!program.ok) throw new Error(program.error.message);
  return { tc: [{ dev, program: program.value }] };
}

/** The program at tc ingress of a device, loaded beside an object. */
export function tcAt(beside: LoadedObject, dev: number, globals: TcGlobals): Pick<LiveOpts, 'tc'> {
  return tcOf(loadTc(beside, globals), dev);
}

function tcOfScenario(object: LoadedObject, { tc }: Scenario): LoadedObject | null {
  return tc === undefined ? null : loadTc(object, tc.globals);
}

export function openScenario(
  object: LoadedObject,
  scenario: Scenario,
  generated: boolean,
  tc: LoadedObject | null = tcOfScenario(object, scenario),
): LiveRun {
  update(object, '.bss', 0, bssOf(object.spec, scenario));
  const ctx_in = ctxOf(scenario);
  const peer = object.program('peer');
  if (!peer.ok) throw new Error(peer.error.message);
  const opts = {
    ...{ data_in: packetOf(scenario), repeat: scenario.repeat, batch_size: scenario.batch_size ?? 0, netns: NETNS },
    ...(ctx_in === null ? {} : { ctx_in }),
    ...{
      links: LINKS,
      generated,
      env: { cpus: CPUS },
      ...(tc === null ? {} : tcOf(tc, IFINDEX[scenario.tc?.dev ?? 'a0'])),
    },
    xdp: PEERS.map(([, far]) => ({ netns: 'near' as const, dev: IFINDEX[far], program: peer.value })),
  };
  const run = openLive(object, 'scripted', opts);
  if (!run.ok) throw new Error(run.error.message);
  const entry = ({ key, dev, egress }: DevEntry, map: string): void => {
    update(object, map, key, pair(IFINDEX[dev], egress === true ? idOf(object, 'egress') : 0));
  };
  for (const one of scenario.devices ?? []) entry(one, 'devices');
  for (const one of scenario.device_hash ?? []) entry(one, 'device_hash');
  for (const { cpu, qsize, program } of scenario.cpus ?? []) {
    update(object, 'cpus', cpu, pair(qsize, program === true ? idOf(object, 'on_cpu') : 0));
  }
  return run.value;
}

/** Tracepoints that a kernel's programs can be attached to and that belong to the frames alone. */
export const COMPARED: readonly string[] = Object.keys(TRACEPOINTS).filter((name) => name !== 'kfree_skb');

export function textOf({ name, code, fields }: TraceEvent): string {
  const shown = Object.entries(fields).filter(([field]) => field !== 'map_id' && field !== 'prog_id');
  return [code === 0 ? name : `${name}/${code}`, ...shown.map(([field, value]) => `${field}=${value}`)].join(' ');
}

const SUMS = ['sent', 'drops', 'processed', 'xdp_pass', 'xdp_drop', 'xdp_redirect'];

/** How often each kind of event came, and sums of the fields that count frames. */
export function eventCounts(events: readonly TraceEvent[]): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (key: string, n: number): void => {
    if (n !== 0) counts[key] = (counts[key] ?? 0) + n;
  };
  for (const { name, code, fields } of events) {
    add(code === 0 ? name : `${name}/${code}`, 1);
    for (const field of SUMS) add(`${name}.${field}`, fields[field] ?? 0);
  }
  return counts;
}

/** The object's maps after a run, as an Outcome has them. */
export function seenBy(object: LoadedObject, runs: number): Outcome['seen'] {
  const rows = Array.from({ length: Math.min(runs, SEEN_MAX) }, (_, i) => {
    const value = object.map('seen_by_run')!.userLookup(u32(i))!;
    return new DataView(value.buffer, value.byteOffset);
  });
  return seenIn(rows);
}

/** Of a run whose events were counted but not kept. */
function countsOf(run: LiveRun): Record<string, number> {
  const kinds = run.report().tracepoints.filter(({ name }) => COMPARED.includes(name));
  return Object.fromEntries(kinds.map(({ name, code, count }) => [code === 0 ? name : `${name}/${code}`, count]));
}

function cameIn(tc: LoadedObject): Outcome['came'] {
  const bss = tc.map('.bss')!.userLookup(u32(0))!;
  return cameAt(new DataView(bss.buffer, bss.byteOffset), offsetOf(tc.spec, 'came'));
}

export function runOnEngine(scenario: Scenario, generated = true): Outcome {
  return reportOnEngine(scenario, generated).outcome;
}

/** Counters of all devices that are not 0: `a0.tx_packets`. */
export function devicesIn(report: LiveReport): Record<string, number> {
  const names = Object.fromEntries(Object.entries(IFINDEX).map(([name, ifindex]) => [ifindex, name]));
  const devices: Record<string, number> = {};
  for (const dev of report.devices.filter((one) => one.netns === 'near')) {
    for (const counter of DEVICE_COUNTERS) {
      if (dev[counter] !== 0) devices[`${names[dev.ifindex]}.${counter}`] = dev[counter];
    }
  }
  return devices;
}

/** The outcome, and everything that the run counted. */
export function reportOnEngine(scenario: Scenario, generated: boolean): { outcome: Outcome; report: LiveReport } {
  const object = loadLive();
  const tc = tcOfScenario(object, scenario);
  const run = openScenario(object, scenario, generated, tc);
  if (!generated) run.recordEvents(1_000_000);
  run.runFor({});
  const report = run.report();
  run.close();
  if (run.fault !== null) throw new Error(run.fault.message);
  const bss = object.map('.bss')!.userLookup(u32(0))!;
  const view = new DataView(bss.buffer, bss.byteOffset);
  const visits = offsetOf(object.spec, 'visits');
  const events = run.takeEvents().filter(({ name }) => COMPARED.includes(name));
  const outcome = {
    errno: run.errno,
    events: generated ? countsOf(run) : eventCounts(events),
    order: events.slice(0, EVENTS_MAX).map(textOf),
    seen: seenBy(object, scenario.repeat),
    visits: [0, 1, 2].map((who) => visitAt(view, visits + who * VISIT_BYTES)),
    came: tc === null ? null : cameIn(tc),
    devices: devicesIn(report),
  };
  return { outcome, report };
}
