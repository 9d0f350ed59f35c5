/** Live runs on engine and kernel side by side: counters, tracepoints, captured frames and what was in their pages, maps; 0 mismatches. */
import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { ctxFromFields, type NetnsSpec, PROG_TYPE, SINCE } from '../../engine/index.ts';
import { tryLiveFrames } from '../../src/backends/kernel/feature-progs.ts';
import { startKernel } from '../../src/backends/kernel/live.ts';
import { skipWithout } from '../../src/backends/kernel/release.ts';
import { type BothLive, LiveBoth } from '../../src/live/both.ts';
import { isRefusal, startEngine } from '../../src/live/client.ts';
import { compareLive } from '../../src/live/compare.ts';
import { parseDevice } from '../../src/live/devices.ts';
import { liveNetwork } from '../../src/live/network.ts';
import type { LiveEnd, LiveRequest, LiveSample } from '../../src/live/types.ts';
import { pkt } from '../../src/packet/build.ts';
import { toHex } from '../../src/packet/hex.ts';
import { cli } from '../support/cli.ts';
import { ethernet, ipv4, sized, udp } from '../support/frames.ts';
import { noKernel } from '../support/live/kernel.ts';
import { MODE, XDP } from '../support/live/scenario.ts';

const why = noKernel() ?? skipWithout('live frames', tryLiveFrames() !== false, SINCE.LIVE_FRAMES);
const OBJECT = new URL('../../fixtures/prog-run/xdp-live/xdp-live.bpf.o', import.meta.url);
const LIVE = new URL('../../fixtures/bench/b_live.bpf.o', import.meta.url).pathname;
const ENV = new URL('../../fixtures/objects/environment/environment.bpf.o', import.meta.url).pathname;
const BENCH = new URL('../../fixtures/bench/b_peer.bpf.o', import.meta.url).pathname;
const bytes = new Uint8Array(readFileSync(OBJECT));
const MAC = [2, 0, 0, 0, 0, 9];
const FRAME = sized(ethernet(0x88b5, []), 64);

interface Row {
  readonly devices?: readonly string[];
  readonly netns?: NetnsSpec;
  readonly globals: { readonly [name: string]: unknown };
  readonly maps?: { readonly [map: string]: unknown };
  readonly data_in?: Uint8Array;
  readonly more?: Partial<LiveRequest>;
}

const DEVICES = [
  'a:ifindex=5,peer_xdp=drop',
  'b:ifindex=6,peer_xdp=pass',
  'c:ifindex=7,gro=yes',
  'd:ifindex=8,up=no,peer_xdp=drop',
];

function requestOf({
  devices = DEVICES,
  netns = {},
  globals,
  maps = {},
  data_in = FRAME,
  more = {},
}: Row): LiveRequest {
  const network = liveNetwork(
    devices.map((one) => parseDevice(one)),
    netns,
  );
  const ctx = ctxFromFields(PROG_TYPE.XDP, { ingress_ifindex: 5 }, data_in.length);
  const peers = devices.some((one) => one.includes('#'))
    ? [{ path: BENCH, bytes: new Uint8Array(readFileSync(BENCH)) }]
    : [];
  const presets = Object.entries({ '.bss': globals, ...maps }).map(([map, content]) => ({ map, content }));
  return {
    ...{
      path: OBJECT.pathname,
      bytes,
      program: 'scripted',
      network,
      peers,
      presets,
      data_in,
      ctx_in: ctx.ok ? ctx.value : null,
    },
    ...{ repeat: 300, batch_size: 16, rate: Infinity, cpus: 2, capture: 300, running: true, ...more },
  };
}

const verdicts = (...list: number[]) => ({
  verdicts: [...list, 0, 0, 0, 0, 0, 0, 0, 0].slice(0, 8),
  verdict_count: list.length,
});
const to = (mode: number, target: number, flags = 0n) => ({ mode, target, flags });

async function both(row: Row): Promise<BothLive> {
  const came = await new LiveBoth(startEngine, startKernel).run(requestOf(row));
  if (isRefusal(came)) throw new Error(came.message);
  // Addresses of pages are each side's own.
  return { ...came, mismatches: came.mismatches.filter(({ field }) => !field.startsWith('maps.seen_by_run')) };
}

/** On a machine that is busy pages may come back later: then both are asked again. */
async function agreed(row: Row): Promise<BothLive> {
  for (let asked = 1; ; asked++) {
    const came = await both(row);
    if (came.mismatches.length === 0 || asked === 3) return came;
  }
}

const UDP = Uint8Array.from([
  ...MAC,
  2,
  0,
  0,
  0,
  0,
  1,
  ...ethernet(0x0800, ipv4(17, udp(4000, 53, [1, 2, 3]))).slice(12),
]);
const SOCKET: NetnsSpec = {
  devices: [{ ifindex: 5, name: 'a', mac: '02:00:00:00:00:09', addresses: ['10.0.0.2/24'] }],
  sockets: [{ protocol: 'udp', local: '10.0.0.2:53' }],
};

describe.skipIf(why !== null)(`engine and kernel${why === null ? '' : ` (skipped: ${why})`}`, () => {
  test.each<[string, Row]>([
    ['verdicts in turn', { globals: verdicts(XDP.TX, XDP.PASS, XDP.DROP, XDP.ABORTED, XDP.REDIRECT, 77) }],
    [
      'a devmap with a program, a far end with GRO',
      {
        globals: { ...to(MODE.DEVMAP, 1), egress_verdict: XDP.PASS },
        maps: { devices: { 1: { ifindex: 7, prog: 'egress' } } },
      },
    ],
    [
      'a far end of another object, batches of 100',
      {
        devices: ['a:ifindex=5', `b:ifindex=6,peer_xdp=${BENCH}#p_drop`],
        globals: to(MODE.IFINDEX, 6),
        more: { batch_size: 100 },
      },
    ],
    ['a device that is down', { globals: to(MODE.IFINDEX, 8) }],
  ])(
    '0 mismatches: %s',
    async (_name, row) => {
      const { mismatches, kernel } = await agreed(row);
      expect(mismatches).toEqual([]);
      expect(kernel.sample.report.frames).toBe(300);
    },
    60_000,
  );

  test('datagrams that a socket reads over IPv6; addresses, routes and neighbours are taken', async () => {
    const netns: NetnsSpec = {
      devices: [{ ifindex: 5, name: 'a', mac: '02:00:00:00:00:09', addresses: ['fd00::100:1/64', '10.0.0.2/24'] }],
      neighbours: [{ to: '10.0.0.9', dev: 5, mac: '02:00:00:00:00:07' }],
      routes: [
        { to: '10.1.0.0/16', via: '10.0.0.9', dev: 5 },
        { to: '10.2.0.0/16', type: 'blackhole' },
      ],
      sockets: [{ protocol: 'udp', local: '[fd00::100:1]:53' }],
    };
    const data_in = pkt
      .eth({ dst: '02:00:00:00:00:09' })
      .ipv6({ saddr: 'fd00::2', daddr: 'fd00::100:1' })
      .udp({ source: 4000, dest: 53 })
      .payload('hello')
      .bytes();
    // The program adds one to this byte of the address.
    data_in[50]! -= 1;
    const { mismatches, kernel } = await agreed({ netns, globals: verdicts(XDP.PASS), data_in, more: { repeat: 20 } });
    expect(mismatches).toEqual([]);
    expect(kernel.sample.report.stacks.near.udp_delivered).toBe(20);
  }, 60_000);

  test('a socket that is not read holds its datagrams, and they hold their pages', async () => {
    const row = {
      netns: SOCKET,
      globals: verdicts(XDP.PASS),
      data_in: UDP,
      more: { repeat: 20, sockets: [{ socket: 0, read: false }] },
    };
    const { mismatches, engine, kernel } = await both(row);
    expect(kernel.sample.report.page_pool.in_flight).toBe(20);
    expect(engine.sample.report.page_pool.in_flight).toBe(20);
    // Nobody read them, so nobody but the engine's own count knows that they were delivered.
    expect(mismatches.filter(({ field }) => field !== 'stacks.near.udp_delivered')).toEqual([]);
  }, 60_000);

  test('steps of the kernel: each call begins with a fresh pool, and says so', async () => {
    const samples: LiveSample[] = [];
    const run = startKernel(
      requestOf({ globals: verdicts(XDP.TX), more: { running: false, batch_size: 128 } }),
      1e9,
      (one) => samples.push(one),
    );
    run.send({ do: 'step' });
    run.send({ do: 'step' });
    run.send({ do: 'link', netns: 'near', ifindex: 5, up: false });
    run.send({ do: 'step' });
    run.stop();
    const end = (await run.done) as LiveEnd;
    run.close();
    expect(end.sample.report).toMatchObject({ frames: 300, verdicts: { tx: 300 } });
    expect(end.sample.note).toBe('kernel: 3 calls, new pools');
    expect(end.sample.report.tracepoints.find(({ name }) => name === 'xdp_redirect_err')).toMatchObject({
      code: 100,
      count: 44,
    });
    // 128 frames of a batch need two lots of 64 pages, in each call again: what they hold is new each time.
    expect(end.captured.map(({ data }) => data[50])).toEqual(new Array<number>(256).fill(1));
    expect(end.calls).toBe(3);
  }, 60_000);

  test('what differs is found: a counter, an event, a frame, a map element, a line', async () => {
    const { engine, kernel } = await both({ globals: verdicts(XDP.TX), more: { repeat: 20 } });
    const { sample } = engine;
    const first = { ...engine.captured[0]!, data: Uint8Array.of(1, 2, 3) };
    const wrong: LiveEnd = {
      ...engine,
      sample: {
        ...sample,
        report: { ...sample.report, verdicts: { ...sample.report.verdicts, tx: 19 }, tracepoints: [] },
      },
      captured: [first, ...engine.captured.slice(1)],
      maps: engine.maps.map((map) =>
        map.name === '.bss' ? { ...map, entries: [{ key: new Uint8Array(4), value: new Uint8Array(8) }] } : map,
      ),
      printk: ['hello'],
    };
    const fields = compareLive(wrong, kernel).map(({ field }) => field);
    expect(fields).toContain('verdicts.tx');
    expect(fields).toContain('tracepoints.xdp_redirect');
    expect(fields).toContain('captured.xmit near 5[0]');
    expect(fields).toContain('maps..bss[00000000]');
    expect(fields).toContain('printk[0]');
  }, 60_000);

  test('what only the engine has is refused by name', async () => {
    const run = startKernel(requestOf({ globals: {}, more: { faults: { page_at_frame: 3 } } }), 1e9, () => {});
    expect(await run.done).toMatchObject({
      stage: 'unsupported',
      message: 'the kernel backend has no pages that are not to be had: use the engine',
    });
    run.close();
  }, 60_000);

  test('the command: what was compared in a line, or as JSON; a mismatch fails it', async () => {
    const args = [
      'live',
      LIVE,
      'lv_tx',
      '--data-in',
      `hex:${toHex(FRAME)}`,
      '--dev',
      'v:peer_xdp=drop',
      '--repeat',
      '100',
    ];
    const plain = await cli([...args, '--backend', 'both']);
    expect(plain).toMatchObject({ code: 0, err: '' });
    expect(plain.out).toMatch(/engine and kernel agree: \d+ counters, 100 captured frames, maps and printk\n$/);
    // Clock and chance are handed in on both sides. The kernel's socket is read after the call, the engine's after every batch.
    const udpToSocket = ['--data-in', `hex:${toHex(UDP)}`, '--dev', 'a', '--netns', `json:${JSON.stringify(SOCKET)}`];
    const [clocks, read, kernel] = [
      await cli([
        'live',
        ENV,
        'ask_all',
        '--data-in',
        `hex:${toHex(FRAME)}`,
        '--repeat',
        '200',
        '--backend',
        'both',
        '--json',
      ]),
      await cli(['live', LIVE, 'lv_pass', ...udpToSocket, '--repeat', '200', '--backend', 'both', '--json']),
      await cli([...args, '--backend', 'kernel', '--json']),
    ];
    expect(JSON.parse(clocks.out).mismatches).toEqual([]);
    expect(read.code).toBe(1);
    const { mismatches, ...summary } = JSON.parse(read.out);
    expect(summary).toMatchObject({ type: 'summary', backend: 'both', compared: { frames: 100 } });
    expect(mismatches.map(({ field }: { field: string }) => field)).toContain('stacks.near.udp_delivered');
    const end = JSON.parse(kernel.out.trimEnd().split('\n').at(-1)!);
    expect(end).toMatchObject({ type: 'summary', backend: 'kernel', frames: 100, verdicts: { XDP_TX: 100 } });
  }, 60_000);
});

test.each<[string[], RegExp]>([
  [['--backend', 'kernl'], /there is no backend kernl: did you mean kernel\?/],
  [['--backend', 'both'], /--backend both compares a run that ends: say --repeat N/],
])('a mistake is a sentence: %j', async (more, message) => {
  const { code, err } = await cli(['live', LIVE, 'lv_tx', '--data-in', `hex:${toHex(FRAME)}`, ...more]);
  expect(code).toBe(2);
  expect(err).toMatch(message);
});
