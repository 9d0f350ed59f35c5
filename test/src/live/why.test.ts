/** Every row of the WHY table: a live run on the engine that loses frames in that way, and who is blamed for how many. */
import { expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { ctxFromFields, ERRNO, type NetnsSpec, openObject, PROG_TYPE } from '../../../engine/index.ts';
import type { OpenedLive } from '../../../src/live/backend.ts';
import { parseDevice } from '../../../src/live/devices.ts';
import { openLiveRun } from '../../../src/live/engine.ts';
import { errorRows, lossOf } from '../../../src/live/errors.ts';
import { canLook, findFrame } from '../../../src/live/finder.ts';
import { liveNetwork } from '../../../src/live/network.ts';
import { factsOf, initialState, withSample } from '../../../src/live/state.ts';
import type { LiveNetwork, LiveRequest, LiveSample } from '../../../src/live/types.ts';
import { frameView } from '../../../src/live/view-frame.ts';
import { LOSS_ROWS, type Loss, whyLost } from '../../../src/live/why.ts';
import { liveView } from '../../../src/live-view.ts';
import { OBJECT, TC_OBJECT } from '../../support/live/engine.ts';
import { MODE, XDP } from '../../support/live/scenario.ts';

const FRAMES = 100;
const MANY = 4096;
/** Devices a (ifindex 2), b (3) and x (4). */
const USUAL = ['a:peer_xdp=drop', 'b:peer_xdp=drop', 'x:type=ifb'];
const toB = { mode: MODE.DEVMAP, target: 0 };
const B = { devices: { 0: { ifindex: 3 } } };

interface Lost {
  readonly row: string;
  readonly dev?: readonly string[];
  /** Variables of the program. */
  readonly does: { readonly [name: string]: unknown };
  /** Maps by name. */
  readonly maps?: { readonly [name: string]: unknown };
  readonly packet?: Uint8Array;
  readonly netns?: NetnsSpec;
  readonly batch_size?: number;
  /** Frames blamed; default all. Null: some. */
  readonly count?: number | null;
  /** Device to blame. */
  readonly device?: string;
  /** Found in the sentence or in what mends it. */
  readonly says: string;
}

function frame(size = 64, protocol = 0x88b5, change: (bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(size);
  bytes.set([255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, protocol >> 8, protocol & 255]);
  change(bytes);
  return bytes;
}

/** IPv4 and UDP from 10.0.0.1 to 10.0.0.2:9, without a UDP checksum. */
function udp(change: (bytes: Uint8Array) => void = () => {}, source = [10, 0, 0, 1]): Uint8Array {
  const bytes = frame(60, 0x0800);
  bytes.set([0x45, 0, 0, 46, 0, 0, 0, 0, 64, 17, 0, 0, ...source, 10, 0, 0, 2, 0, 7, 0, 9, 0, 26, 0, 0], 14);
  let sum = 0;
  for (let i = 14; i < 34; i += 2) sum += (bytes[i]! << 8) | bytes[i + 1]!;
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
  bytes.set([sum >> 8, sum & 255], 24);
  change(bytes);
  return bytes;
}

const up = { verdicts: [XDP.PASS], verdict_count: 1 };
const withAddress: NetnsSpec = { devices: [{ ifindex: 2, name: 'a', addresses: ['10.0.0.2/24'] }] };
const withSocket: NetnsSpec = { ...withAddress, sockets: [{ protocol: 'udp', local: '10.0.0.2:9' }] };
const stack = (row: string, packet: Uint8Array, netns: NetnsSpec, says: string): Lost => ({
  ...{ row: `stack: ${row}`, does: up, packet, netns, says },
});

const ROWS: readonly Lost[] = [
  { row: 'aborted', does: { verdicts: [XDP.ABORTED], verdict_count: 1 }, says: 'XDP_ABORTED' },
  { row: 'aborted', does: toB, says: 'fill the key in the redirect map' },
  { row: 'aborted', does: { mode: MODE.IFINDEX, target: 3, flags: 1 }, says: 'bpf_redirect takes no flags' },
  { row: 'aborted', does: { mode: MODE.XSKMAP, target: 0 }, says: 'finds no entry' },
  { row: 'unknown verdict', does: { verdicts: [77], verdict_count: 1 }, says: 'no verdict' },
  { row: 'dropped by the program', does: { verdicts: [XDP.DROP], verdict_count: 1 }, says: 'XDP_DROP' },
  { row: 'target does not exist', does: { mode: MODE.IFINDEX, target: 999 }, says: 'ifindex 999' },
  {
    row: 'socket of another queue',
    does: { mode: MODE.XSKMAP, target: 0 },
    ...{ maps: { sockets: { 0: 3 } }, says: 'take rx_queue_index as the key' },
  },
  {
    row: 'XDP_REDIRECT without a target',
    does: { verdicts: [XDP.REDIRECT], verdict_count: 1 },
    says: 'without asking a helper',
  },
  {
    row: 'peer takes no XDP frames',
    dev: ['a:peer_xdp=drop', 'b'],
    does: toB,
    ...{ maps: B, device: 'b', says: 'ethtool -K b-peer gro on' },
  },
  {
    row: 'target cannot send XDP frames',
    does: { mode: MODE.IFINDEX, target: 4 },
    ...{ device: 'x', says: 'x (ifb) has no ndo_xdp_xmit' },
  },
  {
    row: 'target cannot send XDP frames',
    dev: [],
    does: { verdicts: [XDP.TX], verdict_count: 1 },
    ...{ device: 'lo', says: 'XDP_TX leaves by the ingress device' },
  },
  {
    row: 'target is down',
    dev: ['a', 'b:peer_xdp=drop,up=no'],
    does: toB,
    ...{ maps: B, device: 'b', says: 'ip link set b up' },
  },
  { row: 'longer than the MTU', does: toB, maps: B, packet: frame(1519), device: 'b', says: 'MTU 1500 and 18 bytes' },
  {
    row: 'broadcast longer than the MTU',
    does: { ...toB, flags: 8 },
    ...{ maps: B, packet: frame(1519), device: 'b', says: 'tells as err 0' },
  },
  { row: 'broadcast to nobody', does: { ...toB, flags: 8 }, says: 'put devices into' },
  {
    row: 'broadcast to nobody',
    does: { ...toB, flags: 24 },
    maps: { devices: { 0: { ifindex: 2 } } },
    says: 'BPF_F_EXCLUDE_INGRESS',
  },
  {
    row: 'broadcast skips a device that is down',
    dev: ['a:peer_xdp=drop', 'b:peer_xdp=drop,up=no'],
    does: { ...toB, flags: 8 },
    maps: { devices: { 0: { ifindex: 2 }, 1: { ifindex: 3 } } },
    ...{ device: 'b', says: 'without a word' },
  },
  {
    row: 'peer is down',
    dev: ['a', 'b:peer_xdp=drop,peer_up=no'],
    does: toB,
    ...{ maps: B, device: 'b', says: 'ip link set b-peer up' },
  },
  {
    row: 'ring full',
    does: { ...toB, flags: 8 },
    // Each frame twice.
    maps: { devices: { 0: { ifindex: 3 }, 1: { ifindex: 3 } } },
    ...{ batch_size: 256, count: null, device: 'b', says: 'ring of b-peer' },
  },
  {
    row: 'exception at the egress program',
    does: { ...toB, egress_verdict: XDP.TX },
    maps: { devices: { 0: { ifindex: 3, prog: 'egress' } } },
    ...{ device: 'b', says: 'may only pass or drop' },
  },
  {
    row: 'dropped by the egress program',
    does: { ...toB, egress_verdict: XDP.DROP },
    maps: { devices: { 0: { ifindex: 3, prog: 'egress' } } },
    ...{ device: 'b', says: 'sent=0 drops=n err=0' },
  },
  { row: 'dropped by the far end', does: toB, maps: B, device: 'b-peer', says: 'whose XDP program dropped them' },
  {
    row: 'lost on the way back',
    dev: ['a', 'b:peer_xdp=tx'],
    does: toB,
    ...{ maps: B, device: 'b-peer', says: 'could not leave' },
  },
  {
    row: 'cpumap queue full',
    does: { mode: MODE.CPUMAP, target: 1 },
    ...{ maps: { cpus: { 1: { qsize: 8 } } }, count: 56 + 28, says: 'queue for CPU 1' },
  },
  {
    row: 'dropped on the other CPU',
    does: { mode: MODE.CPUMAP, target: 1, cpu_verdict: XDP.TX },
    ...{ maps: { cpus: { 1: { qsize: 192, prog: 'on_cpu' } } }, says: 'may pass, drop or redirect' },
  },
  stack(
    'OTHERHOST',
    udp((b) => b.set([2, 9, 9, 9, 9, 9])),
    withAddress,
    'destination MAC',
  ),
  stack('UNHANDLED_PROTO', frame(), {}, '0x0800'),
  stack('PKT_TOO_SMALL', frame(30, 0x0800), withAddress, 'shorter'),
  stack(
    'IP_INHDR',
    udp((b) => b.set([0x55], 14)),
    withAddress,
    'IP header',
  ),
  stack(
    'IP_CSUM',
    udp((b) => b.set([1], 24)),
    withAddress,
    'checksum of the IPv4 header',
  ),
  stack('IP_INADDRERRORS', udp(), {}, 'no address of this host'),
  stack(
    'IP_INVALID_SOURCE',
    udp(() => {}, [127, 0, 0, 1]),
    withAddress,
    'unicast',
  ),
  stack(
    'UDP_CSUM',
    udp((b) => b.set([1, 2], 40)),
    withSocket,
    'UDP checksum',
  ),
  stack('NO_SOCKET', udp(), withAddress, 'no socket'),
  { ...stack('SOCKET_RCVBUFF', udp(), withSocket, 'receive buffer'), batch_size: 256, count: null },
  { ...stack('TC_INGRESS', frame(), {}, 'TC_ACT_SHOT'), dev: [`a:tc_ingress=${TC_OBJECT.pathname}#shot`] },
  { ...stack('QDISC_DROP', frame(), {}, 'peer_up=yes'), dev: [`a:tc_ingress=${TC_OBJECT.pathname}#to_3`, 'b:up=no'] },
  { ...stack('NOT_SPECIFIED', frame(), {}, 'nowhere'), dev: [`a:tc_ingress=${TC_OBJECT.pathname}#to_999`] },
];

function request(row: Lost, network: LiveNetwork): LiveRequest {
  const data_in = row.packet ?? frame();
  const first = network.links[0]?.dev;
  const ctx = first === undefined ? null : ctxFromFields(PROG_TYPE.XDP, { ingress_ifindex: first }, data_in.length);
  const globals = { map: '.bss', content: row.does };
  const presets = Object.entries(row.maps ?? {}).map(([map, content]) => ({ map, content }));
  const peers = [{ path: TC_OBJECT.pathname, bytes: new Uint8Array(readFileSync(TC_OBJECT)) }];
  return {
    ...{ path: OBJECT.pathname, bytes: new Uint8Array(readFileSync(OBJECT)), program: 'scripted', network },
    peers: (row.dev ?? []).some((dev) => dev.includes('tc_ingress')) ? peers : [],
    ...{ presets: [globals, ...presets], data_in, ctx_in: ctx?.ok ? ctx.value : null, cpus: 2 },
    ...{
      repeat: row.count === null ? MANY : FRAMES,
      batch_size: row.batch_size ?? 64,
      rate: Infinity,
      capture: 0,
      running: true,
    },
  };
}

function sampleOf(asked: LiveRequest, { run, devmaps }: OpenedLive): LiveSample {
  return {
    ...{ at_ms: 0, running: true, done: true, batch_size: asked.batch_size, rate: Infinity, report: run.report() },
    ...{ zeroed: 0, devmaps: devmaps(), alone: null, recording: { on: false, frames: 0 }, printk: [] },
  };
}

test.each(ROWS.map((row, i) => [row.row, i] as const))('%s (%i)', (_name, i) => {
  const row = ROWS[i]!;
  const network = liveNetwork(
    (row.dev ?? USUAL).map((text) => parseDevice(text)),
    row.netns ?? {},
  );
  const asked = request(row, network);
  const opened = openLiveRun(asked, new Int32Array(1));
  if (!opened.ok) throw new Error(opened.error.message);
  const { run, devmaps } = opened.value;
  run.runFor({});
  const report = run.report();
  const { devices } = network;
  const all = whyLost({ report, devices, devmaps: devmaps(), length: asked.data_in.length });
  const found = all.find((loss) => loss.row === row.row);
  expect(all.map((loss) => loss.row)).toContain(row.row);
  const blamed = devices.find((d) => d.netns === found!.device?.netns && d.ifindex === found!.device.ifindex);
  expect(blamed?.name).toBe(row.device as string);
  if (row.count !== null) expect(found!.count).toBe(row.count ?? FRAMES);
  else expect(found!.count).toBeGreaterThan(0);
  expect(`${found!.sentence} → ${found!.mend}`).toContain(row.says);
  const others = all.filter((loss) => !loss.wanted && loss.row !== row.row && !loss.row.startsWith('stack:'));
  expect(others).toEqual([]);
  if (!found!.wanted) onScreen(asked, sampleOf(asked, opened.value), found!);
});

/** The words on the screen: the hint, the interface that is blamed, and an error to jump from. */
function onScreen(asked: LiveRequest, sample: LiveSample, { sentence, mend, word, device }: Loss): void {
  const ingress = asked.network.links.length === 0 ? 'lo' : 'a';
  const view = liveView(withSample(initialState(asked, ingress), sample));
  expect(view.hints).toContainEqual({ mend, why: sentence, tag: 'plain' });
  const key = device === null ? null : `${device.netns} ${device.ifindex}`;
  const row = view.interfaces.find((one) => (key === null ? one.ingress : one.key === key));
  expect(row).toMatchObject({ why: word, why_long: `${word}: ${mend}` });
  expect(view.errors.filter(({ why }) => why === sentence).length).toBeGreaterThan(0);
}

test('from an error to a frame that is lost so, with the line that settled it', () => {
  const row = ROWS.find(({ row }) => row === 'peer takes no XDP frames')!;
  const network = liveNetwork(
    row.dev!.map((text) => parseDevice(text)),
    {},
  );
  const asked = request(row, network);
  const opened = openLiveRun(asked, new Int32Array(1));
  if (!opened.ok) throw new Error(opened.error.message);
  const { run, devmaps } = opened.value;
  run.runFor({ frames: 10 });
  const [error] = errorRows(factsOf(asked, sampleOf(asked, opened.value)));
  if (!canLook(run)) throw new Error('frames cannot be looked at');
  const found = findFrame(run, asked, devmaps(), error!.key)!;
  expect(found).toMatchObject({ frame: 10, tried: 1, hit: true, verdict: XDP.REDIRECT });
  const loss = lossOf(error!.key, whyLost(factsOf(asked, sampleOf(asked, opened.value))));
  const spec = openObject({ path: asked.path, bytes: asked.bytes });
  if (!spec.ok) throw new Error(spec.error.message);
  const view = frameView(found, spec.value, network.devices, loss);
  const text = view.lines.map((line) => line.text.map((one) => one.text).join('')).join('\n');
  expect(view.title).toBe('Frame 11');
  for (const said of [
    'XDP_REDIRECT (4)',
    row.says,
    'to_ifindex=3 (b)',
    'xdp-live.bpf.c:',
    'bpf_redirect_map(devices, 0, 0)',
  ])
    expect(text).toContain(said);
  expect(findFrame(run, asked, devmaps(), 'nothing 0', { frames: 1000, ms: Infinity })).toMatchObject({
    hit: false,
    tried: 89,
  });
  expect(findFrame(run, asked, devmaps(), error!.key)).toBeNull();
});

test('every row of the table is here', () => {
  const here = new Set([...ROWS.map(({ row }) => row), 'redirect refused']);
  expect(LOSS_ROWS.map(({ name }) => name).filter((name) => !here.has(name))).toEqual([]);
});

test('an errno that no row knows is named too', () => {
  const network = liveNetwork([parseDevice('a:peer_xdp=drop')], {});
  const asked = request({ row: '', does: { mode: MODE.IFINDEX, target: 999 }, says: '' }, network);
  const opened = openLiveRun(asked, new Int32Array(1));
  if (!opened.ok) throw new Error(opened.error.message);
  opened.value.run.runFor({});
  const { report, ...sample } = sampleOf(asked, opened.value);
  const refused = report.tracepoints.map((one) =>
    one.name === 'xdp_redirect_err' ? { ...one, code: ERRNO.ENOMEM } : one,
  );
  const [loss] = whyLost(factsOf(asked, { ...sample, report: { ...report, tracepoints: refused } }));
  expect(loss).toMatchObject({ row: 'redirect refused', count: FRAMES, word: 'ENOMEM' });
});

test('every reason for which a stack drops has its row', () => {
  const opened = openLiveRun(
    request({ row: '', does: up, says: '' }, liveNetwork([parseDevice('a')], {})),
    new Int32Array(1),
  );
  if (!opened.ok) throw new Error(opened.error.message);
  const reasons = Object.keys(opened.value.run.report().stacks.near).filter((name) => /^[A-Z_]+$/.test(name));
  const rows = LOSS_ROWS.map(({ name }) => name);
  expect(reasons.filter((reason) => !rows.includes(`stack: ${reason}`))).toEqual([]);
});

test('nothing is lost: nothing is said', () => {
  const network = liveNetwork(
    ['a:peer_xdp=pass'].map((text) => parseDevice(text)),
    withSocket,
  );
  const opened = openLiveRun(
    request({ row: '', does: up, packet: udp(), batch_size: 16, says: '' }, network),
    new Int32Array(1),
  );
  if (!opened.ok) throw new Error(opened.error.message);
  opened.value.run.runFor({});
  const report = opened.value.run.report();
  expect(whyLost({ report, devices: network.devices, devmaps: [], length: 60 })).toEqual([]);
  expect(report.stacks.near.udp_delivered).toBe(FRAMES);
});
