/** What live frame mode does, row by row (the contract's section 11): a scenario a row, to be run wherever there is something to run it. */
import { IFINDEX, MODE, type Scenario, TC_ACT, TC_MODE, type TcGlobals, XDP } from './scenario.ts';

const TX = { verdicts: [XDP.TX] };
const toIfindex = (target: number, flags = 0): Scenario['globals'] => ({ mode: MODE.IFINDEX, target, flags });
const toDevice = (target: number, flags = 0): Scenario['globals'] => ({ mode: MODE.DEVMAP, target, flags });
const toHash = (target: number, flags = 0): Scenario['globals'] => ({ mode: MODE.DEVMAP_HASH, target, flags });
const toCpu = (target: number, flags = 0): Scenario['globals'] => ({ mode: MODE.CPUMAP, target, flags });
const PEER_DROPS = { peer_verdict: XDP.DROP };
const BROADCAST = 8;
const EXCLUDE_INGRESS = 16;

type Row = Omit<Scenario, 'repeat'> & { readonly repeat?: number };

const verdicts: readonly Row[] = [
  { name: 'DROP', globals: { verdicts: [XDP.DROP] } },
  { name: 'ABORTED', globals: { verdicts: [XDP.ABORTED] } },
  { name: 'verdict 5', globals: { verdicts: [5] } },
  { name: 'verdict 77', globals: { verdicts: [77] } },
  { name: 'PASS, unhandled protocol', globals: { verdicts: [XDP.PASS] } },
  { name: 'PASS, IPv4 for another host', globals: { verdicts: [XDP.PASS] }, protocol: 0x0800 },
  { name: 'PASS without a context: loopback', globals: { verdicts: [XDP.PASS] }, ingress: null },
  { name: 'PASS on a device that is down', globals: { verdicts: [XDP.PASS] }, ingress: 'd0' },
  { name: 'PASS of 2000 bytes', globals: { verdicts: [XDP.PASS] }, size: 2000 },
  { name: 'TX', globals: { ...TX, ...PEER_DROPS } },
  { name: 'DROP, PASS, TX in turn', globals: { verdicts: [XDP.DROP, XDP.PASS, XDP.TX], ...PEER_DROPS } },
  { name: 'TX and PASS in turn, batch 256', globals: { verdicts: [XDP.PASS, XDP.TX], ...PEER_DROPS }, batch_size: 256 },
  { name: 'REDIRECT without a helper', globals: { verdicts: [XDP.REDIRECT] } },
];

const peers: readonly Row[] = [
  { name: 'the far end passes', globals: { ...TX, peer_verdict: XDP.PASS } },
  { name: 'the far end aborts', globals: { ...TX, peer_verdict: XDP.ABORTED } },
  { name: 'the far end says 77', globals: { ...TX, peer_verdict: 77 } },
  { name: 'the far end sends back to a device that takes nothing', globals: { ...TX, peer_verdict: XDP.TX } },
  { name: 'the far end redirects nowhere', globals: { ...TX, peer_verdict: XDP.REDIRECT } },
];

const redirects: readonly Row[] = [
  { name: 'bpf_redirect', globals: { ...toIfindex(IFINDEX.b0), ...PEER_DROPS } },
  { name: 'bpf_redirect with a flag', globals: toIfindex(IFINDEX.b0, 1) },
  { name: 'bpf_redirect to nobody', globals: toIfindex(999) },
  { name: 'bpf_redirect to 0', globals: toIfindex(0) },
  { name: 'bpf_redirect to ifb', globals: toIfindex(IFINDEX.ifbx) },
  { name: 'bpf_redirect to loopback', globals: toIfindex(IFINDEX.lo) },
  { name: 'bpf_redirect to a veth whose far end has GRO', globals: toIfindex(IFINDEX.g0) },
  { name: 'bpf_redirect to a veth whose far end has nothing', globals: toIfindex(IFINDEX.n0) },
  { name: 'bpf_redirect to a device that is down', globals: toIfindex(IFINDEX.d0) },
  { name: 'bpf_redirect to a device whose far end is down', globals: toIfindex(IFINDEX.c0) },
  { name: 'bpf_redirect to the device itself', globals: { ...toIfindex(IFINDEX.a0), ...PEER_DROPS } },
  { name: 'TX without a context', globals: TX, ingress: null },
  { name: 'TX on ifb', globals: TX, ingress: 'ifbx' },
  { name: 'TX on a device that is down', globals: TX, ingress: 'd0' },
  { name: 'TX on a device whose far end is down', globals: TX, ingress: 'c0' },
  { name: 'TX of 1518 bytes', globals: { ...TX, ...PEER_DROPS }, size: 1518 },
  { name: 'TX of 1519 bytes', globals: TX, size: 1519 },
  { name: 'TX of 3408 bytes', globals: TX, size: 3408 },
  { name: 'bpf_redirect of 1519 bytes', globals: toIfindex(IFINDEX.b0), size: 1519 },
];

const devmaps: readonly Row[] = [
  { name: 'devmap', globals: { ...toDevice(2), ...PEER_DROPS }, devices: [{ key: 2, dev: 'b0' }] },
  { name: 'devmap_hash', globals: { ...toHash(77), ...PEER_DROPS }, device_hash: [{ key: 77, dev: 'b0' }] },
  { name: 'devmap to ifb', globals: toDevice(3), devices: [{ key: 3, dev: 'ifbx' }] },
  { name: 'devmap to a device that is down', globals: toDevice(3), devices: [{ key: 3, dev: 'd0' }] },
  { name: 'devmap to a device whose far end is down', globals: toDevice(3), devices: [{ key: 3, dev: 'c0' }] },
  { name: 'devmap, no entry: ABORTED', globals: toDevice(5) },
  { name: 'devmap, no entry: DROP', globals: toDevice(5, XDP.DROP) },
  { name: 'devmap, no entry: PASS', globals: toDevice(5, XDP.PASS) },
  { name: 'devmap, no entry: TX', globals: { ...toDevice(5, XDP.TX), ...PEER_DROPS } },
  { name: 'devmap with a flag that is none', globals: toDevice(2, 4), devices: [{ key: 2, dev: 'b0' }] },
  ...(
    [
      ['PASS', XDP.PASS],
      ['DROP', XDP.DROP],
      ['ABORTED', XDP.ABORTED],
      ['TX', XDP.TX],
      ['REDIRECT', XDP.REDIRECT],
      ['77', 77],
    ] as const
  ).map(([name, egress_verdict]): Row => {
    const globals = { ...toDevice(1), ...PEER_DROPS, egress_verdict };
    return { name: `devmap, its program says ${name}`, globals, devices: [{ key: 1, dev: 'b0', egress: true }] };
  }),
  {
    name: 'devmap program, its device whose far end is down',
    globals: { ...toDevice(1), egress_verdict: XDP.PASS },
    devices: [{ key: 1, dev: 'c0', egress: true }],
  },
];

const ALL: Scenario['devices'] = [
  { key: 0, dev: 'a0' },
  { key: 1, dev: 'b0' },
  { key: 2, dev: 'g0' },
];
const broadcasts: readonly Row[] = [
  { name: 'broadcast', globals: { ...toDevice(0, BROADCAST), ...PEER_DROPS }, devices: ALL },
  {
    name: 'broadcast but to ingress',
    globals: { ...toDevice(1, BROADCAST | EXCLUDE_INGRESS), ...PEER_DROPS },
    devices: ALL,
  },
  { name: 'broadcast by a key without an entry', globals: { ...toDevice(7, BROADCAST), ...PEER_DROPS }, devices: ALL },
  { name: 'broadcast to nobody', globals: toDevice(0, BROADCAST) },
  {
    name: 'broadcast to ingress alone but not to ingress',
    globals: toDevice(0, BROADCAST | EXCLUDE_INGRESS),
    devices: [{ key: 0, dev: 'a0' }],
  },
  { name: 'broadcast of 1519 bytes', globals: toDevice(0, BROADCAST), devices: ALL, size: 1519 },
  {
    name: 'broadcast with a device that is down, and ifb',
    globals: { ...toDevice(0, BROADCAST), ...PEER_DROPS },
    devices: [...ALL, { key: 4, dev: 'd0' }, { key: 5, dev: 'ifbx' }],
  },
  {
    name: 'broadcast with programs',
    globals: { ...toDevice(0, BROADCAST), ...PEER_DROPS, egress_verdict: XDP.PASS },
    devices: [
      { key: 0, dev: 'a0', egress: true },
      { key: 1, dev: 'b0', egress: true },
    ],
  },
  {
    name: 'broadcast by devmap_hash',
    globals: { ...toHash(9, BROADCAST), ...PEER_DROPS },
    device_hash: [
      { key: 9, dev: 'a0' },
      { key: 1, dev: 'b0' },
      { key: 17, dev: 'g0' },
      { key: 4, dev: 'c0' },
    ],
  },
];

const cpumaps: readonly Row[] = [
  { name: 'cpumap', globals: toCpu(1), cpus: [{ cpu: 1, qsize: 512 }] },
  { name: 'cpumap to the first CPU', globals: toCpu(0), cpus: [{ cpu: 0, qsize: 512 }] },
  { name: 'cpumap, no entry: PASS', globals: toCpu(1, XDP.PASS) },
  ...(
    [
      ['PASS', XDP.PASS],
      ['DROP', XDP.DROP],
      ['ABORTED', XDP.ABORTED],
      ['TX', XDP.TX],
      ['REDIRECT', XDP.REDIRECT],
      ['77', 77],
    ] as const
  ).map(([name, cpu_verdict]): Row => {
    return {
      name: `cpumap, its program says ${name}`,
      globals: { ...toCpu(1), cpu_verdict },
      cpus: [{ cpu: 1, qsize: 2048, program: true }],
    };
  }),
];

const sockets: readonly Row[] = [
  { name: 'xskmap without a socket', globals: { mode: MODE.XSKMAP, target: 0 } },
  { name: 'xskmap without a socket: PASS', globals: { mode: MODE.XSKMAP, target: 0, flags: XDP.PASS } },
];

const batches: readonly Row[] = [
  { name: 'TX, batch 8', globals: { ...TX, ...PEER_DROPS }, batch_size: 8 },
  { name: 'TX, batch 1', globals: { ...TX, ...PEER_DROPS }, batch_size: 1, repeat: 70 },
  { name: 'TX, batch 17', globals: { ...TX, ...PEER_DROPS }, batch_size: 17 },
  { name: 'repeat 0', globals: TX, repeat: 0 },
  {
    name: 'TX of 4096 frames, batch 256',
    globals: { ...TX, ...PEER_DROPS },
    batch_size: 256,
    repeat: 4096,
    overflows: true,
  },
  {
    name: 'cpumap of 8 places, batch 256',
    globals: toCpu(1),
    cpus: [{ cpu: 1, qsize: 8 }],
    batch_size: 256,
    repeat: 256,
    overflows: true,
  },
];

const bounds: readonly Row[] = [
  { name: 'head +10', globals: { ...TX, ...PEER_DROPS, head: 10 } },
  { name: 'head -20', globals: { ...TX, ...PEER_DROPS, head: -20 } },
  { name: 'head -216', globals: { ...TX, ...PEER_DROPS, head: -216 } },
  { name: 'head -217', globals: { ...TX, ...PEER_DROPS, head: -217 } },
  { name: 'tail -10', globals: { ...TX, ...PEER_DROPS, tail: -10 } },
  { name: 'tail +50', globals: { ...TX, ...PEER_DROPS, tail: 50 } },
  { name: 'tail +3344', globals: { verdicts: [XDP.PASS], tail: 3344 } },
  { name: 'tail +3345', globals: { verdicts: [XDP.PASS], tail: 3345 } },
  { name: 'meta -8', globals: { ...TX, ...PEER_DROPS, meta: -8 } },
  {
    name: 'meta -8 through a devmap',
    globals: { ...toDevice(0), ...PEER_DROPS, meta: -8 },
    devices: [{ key: 0, dev: 'b0' }],
  },
  { name: 'meta -216', globals: { verdicts: [XDP.DROP], meta: -216 } },
  { name: 'meta -220', globals: { verdicts: [XDP.DROP], meta: -220 } },
  { name: 'metadata from ctx_in, DROP', globals: { verdicts: [XDP.DROP] }, ctx_data: 8 },
  { name: 'metadata from ctx_in, TX', globals: { ...TX, ...PEER_DROPS }, ctx_data: 8 },
  { name: 'metadata from ctx_in, TX and meta -4', globals: { ...TX, ...PEER_DROPS, meta: -4 }, ctx_data: 8 },
  { name: 'metadata from ctx_in, PASS', globals: { verdicts: [XDP.PASS] }, ctx_data: 16 },
];

const tcRow = (name: string, globals: TcGlobals, more: Partial<Row> = {}): Row => {
  return { name: `tc: ${name}`, globals: { verdicts: [XDP.PASS], ...PEER_DROPS }, tc: { globals }, ...more };
};
const tcVerdict = (tc_verdict: number): TcGlobals => ({ tc_verdict });
const tcTo = (tc_target: number, tc_flags = 0): TcGlobals => ({ tc_mode: TC_MODE.REDIRECT, tc_target, tc_flags });

const tc: readonly Row[] = [
  tcRow('OK', tcVerdict(TC_ACT.OK)),
  tcRow('NEXT', tcVerdict(TC_ACT.NEXT)),
  tcRow('SHOT', tcVerdict(TC_ACT.SHOT)),
  tcRow('a verdict that tcx does not know', tcVerdict(TC_ACT.STOLEN)),
  tcRow('REDIRECT without a helper', tcVerdict(TC_ACT.REDIRECT)),
  tcRow('OK, IPv4 for another host', tcVerdict(TC_ACT.OK), { protocol: 0x0800 }),
  tcRow('OK with metadata', tcVerdict(TC_ACT.OK), { ctx_data: 8 }),
  tcRow('OK with a VLAN tag', tcVerdict(TC_ACT.OK), { protocol: 0x8100, repeat: 64 }),
  tcRow('OK, longer', { tc_mode: TC_MODE.GROW }),
  tcRow('to b0', tcTo(IFINDEX.b0)),
  tcRow('to b0, whose far end passes', tcTo(IFINDEX.b0), { globals: { verdicts: [XDP.PASS], peer_verdict: XDP.PASS } }),
  tcRow('to b0, 1518 bytes', tcTo(IFINDEX.b0), { size: 1518 }),
  tcRow('to b0, 1519 bytes', tcTo(IFINDEX.b0), { size: 1519 }),
  tcRow('to b0, in', tcTo(IFINDEX.b0, 1)),
  tcRow('to b0, a flag that is none', tcTo(IFINDEX.b0, 2)),
  tcRow('to the device itself', tcTo(IFINDEX.a0)),
  tcRow('to a veth whose far end has GRO', tcTo(IFINDEX.g0)),
  tcRow('to a veth whose far end has nothing', tcTo(IFINDEX.n0)),
  tcRow('to a device whose far end is down', tcTo(IFINDEX.c0)),
  tcRow('to a device that is down', tcTo(IFINDEX.d0)),
  tcRow('to a device that is down, in', tcTo(IFINDEX.d0, 1)),
  tcRow('to nobody', tcTo(999)),
  tcRow('to ifb', tcTo(IFINDEX.ifbx), { repeat: 20 }),
  tcRow('to loopback', tcTo(IFINDEX.lo)),
  tcRow('to a far end in the same namespace', { tc_mode: TC_MODE.REDIRECT_PEER, tc_target: IFINDEX.b0 }),
  tcRow('a copy to b0, SHOT', { tc_mode: TC_MODE.CLONE, tc_target: IFINDEX.b0, tc_verdict: TC_ACT.SHOT }),
  tcRow('batch 256, to b0', tcTo(IFINDEX.b0), { batch_size: 256, repeat: 600 }),
];

/** Rows of what happens, 140 frames each unless they say otherwise: more than twice the pool's first pages. */
export const EFFECT_ROWS: readonly Scenario[] = [
  ...[verdicts, peers, redirects, devmaps, broadcasts, cpumaps, sockets, batches, bounds, tc].flat(),
].map((row) => ({ repeat: 140, ...row }));

const BATCH_SIZES = [1, 2, 4, 16, 32, 64, 100, 128, 255, 256];
const RECYCLED: readonly [string, Scenario['globals']][] = [
  ['DROP', { verdicts: [XDP.DROP] }],
  ['TX', { ...TX, ...PEER_DROPS }],
  ['PASS', { verdicts: [XDP.PASS] }],
  ['a redirect that fails', toIfindex(999)],
  ['DROP, TX, PASS, DROP in turn', { verdicts: [XDP.DROP, XDP.TX, XDP.PASS, XDP.DROP], ...PEER_DROPS }],
];

/** Rows of which page a run gets and what is in it. */
export const RECYCLING_ROWS: readonly Scenario[] = BATCH_SIZES.flatMap((batch_size) =>
  RECYCLED.map(([name, globals]) => ({
    name: `pages: ${name}, batch ${batch_size}`,
    globals,
    batch_size,
    repeat: 900,
  })),
);
