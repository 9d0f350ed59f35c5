/** `bpfdeck live` without a terminal: lines, totals, JSON, exit codes, Ctrl-C. */
import { expect, test } from 'bun:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pkt } from '../../../src/packet/build.ts';
import { toHex } from '../../../src/packet/hex.ts';
import { readCapture } from '../../../src/packet/pcap.ts';
import { cli, fixture, ROOT, startCli } from '../../support/cli.ts';

const OBJECT = join(ROOT, 'fixtures/bench/b_live.bpf.o');
const PEER = join(ROOT, 'fixtures/bench/b_peer.bpf.o');
const PACKET = `hex:02000000000902000000000188b5${'00'.repeat(50)}`;
const live = (program: string, ...more: string[]) => cli(['live', OBJECT, program, '--data-in', PACKET, ...more]);

test('totals: verdicts, devices, and why frames are lost', async () => {
  const { code, out } = await live(
    'lv_redir',
    '--dev',
    'veth0',
    '--dev',
    'veth1',
    '--repeat',
    '1000',
    '--map',
    'dm=json:{"0":3}',
  );
  expect(code).toBe(0);
  expect(out).toContain('lv_redir on veth0: 1,000 frames in 16 batches');
  expect(out).toMatch(/xdp_redirect_err EOPNOTSUPP \(-95\) +1,000/);
  expect(out).toContain('veth1 cannot send XDP frames, since its peer veth1-peer has neither');
});

test('the far end runs a program of another object; JSON is an interval a line and a summary', async () => {
  const { code, out } = await live('lv_tx', '--dev', `veth0:peer_xdp=${PEER}#p_drop`, '--repeat', '640', '--json');
  expect(code).toBe(0);
  const lines = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines.slice(0, -1).every(({ type }) => type === 'interval')).toBe(true);
  const summary = lines.at(-1);
  expect(summary).toMatchObject({
    ...{ type: 'summary', program: 'lv_tx', ingress: 'veth0', errno: 0, fault: null, stopped: false },
    ...{ frames: 640, batches: 10, verdicts: { XDP_TX: 640, XDP_DROP: 0, unknown: 0 } },
    page_pool: { allocated: 64, released: 0, in_pool: 64, in_flight: 0 },
  });
  expect(summary.tracepoints).toContainEqual(expect.objectContaining({ name: 'xdp_redirect', errno: 0, count: 640 }));
  const far = summary.devices.find((one: { name: string }) => one.name === 'veth0-peer');
  expect(far).toMatchObject({ netns: 'far', rx_packets: 640, xdp_drops: 640 });
  expect(Object.keys(summary)).toEqual([
    ...['type', 'program', 'ingress', 'backend', 'errno', 'errno_name', 'stopped', 'frames', 'batches', 'verdicts'],
    ...['page_pool', 'tracepoints', 'devices', 'stacks', 'cpumap', 'xsk', 'lost', 'maps', 'ns_per_frame', 'mpps'],
    ...['insns_executed', 'printk', 'fault'],
  ]);
  expect(Object.keys(summary.page_pool).sort()).toEqual(['allocated', 'in_flight', 'in_pool', 'recycled', 'released']);
  expect(summary.mpps).toBeCloseTo(1000 / summary.ns_per_frame, 6);
  expect(summary.maps.map((map: { name: string }) => map.name)).toContain('dm');
});

test('Ctrl-C ends a run that goes on for ever, with its summary; meanwhile its metrics can be had', async () => {
  const more = ['--interval', '50', '--metrics', '127.0.0.1:0', '--json'];
  const child = startCli(['live', OBJECT, 'lv_drop', '--data-in', PACKET, ...more]);
  const told = await child.stderr.getReader().read();
  const url = /metrics at (\S+)/.exec(new TextDecoder().decode(told.value))?.[1] ?? '';
  const reader = child.stdout.getReader();
  let text = '';
  const decoder = new TextDecoder();
  for (let sent = false; ; ) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value);
    if (!sent && text.includes('\n')) {
      expect(await (await fetch(url)).text()).toMatch(/^bpfdeck_live_frames_total [1-9]\d*$/m);
      child.kill('SIGINT');
    }
    sent ||= text.includes('\n');
  }
  expect(await child.exited).toBe(130);
  const summary = JSON.parse(text.trimEnd().split('\n').at(-1)!);
  expect(summary).toMatchObject({ type: 'summary', stopped: true, errno: 0 });
  expect(summary.frames).toBe(summary.verdicts.XDP_DROP);
});

test.each([
  [['--dev', 'veth0:mtuu=3'], 'there is no key mtuu: did you mean mtu?'],
  [['--dev', 'veth0:type=vet'], 'one of veth, ifb, lo, dummy'],
  [['--dev', 'i0:type=ifb,peer_xdp=drop'], 'peer_xdp is for veth devices'],
  [['--dev', 'a', '--dev', 'a'], '--dev a is there twice'],
  [['--dev', 'a:ifindex=5', '--dev', 'b:ifindex=5'], 'another device has ifindex 5'],
  [['--dev', 'a:up=maybe'], 'write yes or no'],
  [['--dev', 'a:peer_xdp=half'], 'OBJECT#PROGRAM'],
  [['--dev', `a:peer_xdp=${PEER}#p_dropp`], 'did you mean p_drop?'],
  [['--dev', 'a', '--ingress', 'b'], 'there is no device b'],
  [['--repeat', 'ever'], '--repeat'],
  [['--frames', 'x.pcap'], '--data-in and --frames both say'],
  [['--vary', 'ip.src=10.0.0.0/8'], 'the packet has no ipv4.src: it is eth, payload'],
  [['--frames-order', 'any'], 'turn or random'],
  [['--dev', 'a', '--fault', 'down=b@1'], 'there is no device b'],
  [['--dev', 'a:tc_ingress=x'], 'write OBJECT#PROGRAM'],
])('a mistake is a sentence: %p', async (args, says) => {
  const { code, err } = await live('lv_drop', ...args);
  expect(err).toContain(says);
  expect(code).toBe(2);
});

test('what the kernel refuses: E2BIG; what does not load', async () => {
  const big = await live('lv_drop', '--batch-size', '257');
  expect([big.code, big.err]).toEqual([1, expect.stringContaining('E2BIG (7)')]);
  const none = await live('lv_dropp');
  expect([none.code, none.err]).toEqual([4, expect.stringContaining('did you mean lv_drop?')]);
  const packet = await cli(['live', OBJECT, 'lv_drop']);
  expect([packet.code, packet.err]).toEqual([2, expect.stringContaining('live needs a packet')]);
});

test('a fault ends the run, with its line; exit code 1', async () => {
  const args = ['live', fixture('faults/packet-out-of-bounds'), '--data-in', PACKET];
  const plain = await cli(args);
  expect(plain.code).toBe(1);
  expect(plain.out).toContain('fault: out of bounds');
  expect(plain.out).toContain('packet-out-of-bounds.bpf.c:8');
  const json = await cli([...args, '--json']);
  const summary = JSON.parse(json.out.trimEnd().split('\n').at(-1)!);
  expect(summary).toMatchObject({ type: 'summary', frames: 1, fault: { line: 8 } });
});

test('devices of --netns take part; what is not said of them is as there', async () => {
  const netns = 'json:{"devices":[{"ifindex":5,"name":"eth0","mtu":9000},{"ifindex":6,"name":"eth1"}]}';
  const { code, out } = await live('lv_tx', '--netns', netns, '--dev', 'eth0:peer_xdp=drop', '--repeat', '5', '--json');
  expect(code).toBe(0);
  const summary = JSON.parse(out.trimEnd().split('\n').at(-1)!);
  expect(summary.ingress).toBe('eth0');
  expect(summary.devices.map((one: { name: string; ifindex: number }) => [one.name, one.ifindex])).toEqual(
    expect.arrayContaining([
      ['eth0', 5],
      ['eth1', 6],
      ['eth0-peer', 2],
    ]),
  );
  expect(summary.lost).toEqual([expect.objectContaining({ what: 'dropped by the far end', count: 5, wanted: true })]);
});

test('frames from a file and fields that vary, faults at their frames', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bpfdeck-live-'));
  try {
    const [list, out] = [join(dir, 'list.hex'), join(dir, 'out.pcapng')];
    const [one, two] = [pkt.eth().ipv4().udp(), pkt.eth().ipv4().udp().payload('two')];
    writeFileSync(list, `# two\n${toHex(one.bytes())}\n${toHex(two.bytes())}\n`);
    const args = [
      'live',
      OBJECT,
      'lv_tx',
      '--frames',
      list,
      '--vary',
      'udp.dport=7-9',
      '--repeat',
      '12',
      '--batch-size',
      '4',
    ];
    const more = ['--dev', 'veth0:peer_xdp=drop', '--fault', 'down=veth0@6', '--fault', 'up=veth0@9', '--capture', out];
    const { code } = await cli([...args, ...more]);
    expect(code).toBe(0);
    const built = (n: number) => (n % 2 === 0 ? one : two).with('udp', { dport: 7 + (n % 3) }).bytes();
    const left = [0, 1, 2, 3, 4, 5, 9, 10, 11].map((n) => toHex(built(n)));
    expect(readCapture(new Uint8Array(readFileSync(out))).map(({ bytes }) => toHex(bytes))).toEqual(left);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('a queue of many, and an AF_XDP socket bound to it', async () => {
  const scripted = join(ROOT, 'fixtures/prog-run/xdp-live/xdp-live.bpf.o');
  const maps = ['--map', '.bss=json:{"mode":5,"target":2}', '--map', 'sockets=json:{"2":2}'];
  const args = [
    'live',
    scripted,
    'scripted',
    '--data-in',
    PACKET,
    '--dev',
    'veth0:queues=4',
    '--ingress',
    'veth0',
    ...maps,
  ];
  const { code, out } = await cli([...args, '--ctx-in', 'json:{"rx_queue_index":2}', '--repeat', '70']);
  expect(code).toBe(0);
  expect(out).toMatch(/AF_XDP sockets\n {2}sockets\[2\] +queue 2 +70 rx\n/);
  expect(out).not.toContain('Lost');
});

test('--capture: what left, byte by byte, with the device', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bpfdeck-live-'));
  try {
    const file = join(dir, 'out.pcapng');
    const { code } = await live('lv_tx', '--dev', 'veth0:peer_xdp=drop', '--repeat', '70', '--capture', file);
    expect(code).toBe(0);
    const bytes = new Uint8Array(readFileSync(file));
    const frames = readCapture(bytes);
    expect(frames).toHaveLength(70);
    expect(new Set(frames.map((one) => `hex:${toHex(one.bytes)}`))).toEqual(new Set([PACKET]));
    expect(new TextDecoder().decode(bytes)).toContain('veth0 xmit');
  } finally {
    rmSync(dir, { recursive: true });
  }
});
