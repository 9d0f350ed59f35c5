/** Prometheus text of a live run: read back by the rules of the format, its numbers those of the run, and the server that gives it. */
import { afterEach, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { parseDevice } from '../../../src/live/devices.ts';
import { openLiveRun } from '../../../src/live/engine.ts';
import { metricsText, PREFIX } from '../../../src/live/metrics.ts';
import { type MetricsServer, parseEndpoint, serveMetrics } from '../../../src/live/metrics-server.ts';
import { liveNetwork } from '../../../src/live/network.ts';
import type { LiveRequest, LiveSample } from '../../../src/live/types.ts';
import { fixtureCtx } from '../../support/live/view.ts';

interface Parsed {
  readonly type: string;
  readonly help: string;
  readonly values: Map<string, number>;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,|$)/y;

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (match === null) throw new Error(`labels: ${text}`);
    if (match[1]! in labels) throw new Error(`label twice: ${text}`);
    labels[match[1]!] = match[2]!.replace(/\\(.)/g, (_, char) => (char === 'n' ? '\n' : char));
  }
  return labels;
}

/** Throws at what promtool would complain about: a sample before its TYPE, a family in two places, a sample twice, a counter without _total. */
function parse(text: string): Map<string, Parsed> {
  const families = new Map<string, Parsed>();
  let help: readonly string[] = [];
  let current = '';
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n').slice(0, -1)) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') help = [name, rest];
    else if (kind === 'TYPE') {
      if (families.has(name)) throw new Error(`${name} in two places`);
      if (help[0] !== name || help[1] === '') throw new Error(`${name} has no HELP in front of its TYPE`);
      if (!['counter', 'gauge'].includes(rest)) throw new Error(`type ${rest}`);
      if ((rest === 'counter') !== name.endsWith('_total')) throw new Error(`${name} is a ${rest}`);
      if (!name.startsWith(PREFIX)) throw new Error(`${name} has no prefix`);
      families.set(name, { type: rest, help: help[1]!, values: new Map() });
      current = name;
    } else {
      const [, of = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
      if (of !== current) throw new Error(`${line} stands under ${current}`);
      const number = value === '+Inf' ? Infinity : Number(value);
      if (Number.isNaN(number)) throw new Error(line);
      const key = JSON.stringify(labelsOf(labels));
      const { values } = families.get(of)!;
      if (values.has(key)) throw new Error(`${line} is there twice`);
      values.set(key, number);
    }
  }
  return families;
}

const OBJECT = new URL('../../../fixtures/bench/b_live.bpf.o', import.meta.url).pathname;

function ran(name: string): { request: LiveRequest; sample: LiveSample } {
  const network = liveNetwork([parseDevice(`${name}:peer_xdp=drop`), parseDevice('b:up=no,peer_xdp=drop')], {});
  const data_in = new Uint8Array(64);
  const request: LiveRequest = {
    ...{ path: 'a"b\\c\nd.o', bytes: new Uint8Array(readFileSync(OBJECT)), program: 'lv_redir', network, peers: [] },
    ...{ presets: [{ map: 'dm', content: { 0: 3 } }], data_in, ctx_in: fixtureCtx(2, 64), repeat: 100, batch_size: 0 },
    ...{ rate: Infinity, cpus: 1, capture: 0, running: true },
  };
  const opened = openLiveRun(request, new Int32Array(1));
  if (!opened.ok) throw new Error(opened.error.message);
  const { run, devmaps } = opened.value;
  run.runFor({});
  const sample: LiveSample = {
    ...{ at_ms: 0, running: true, done: true, batch_size: 64, rate: Infinity, report: run.report(), zeroed: 0 },
    ...{ devmaps: devmaps(), alone: null, recording: { on: false, frames: 0 }, printk: [] },
  };
  return { request, sample };
}

test('every line is as the format has it, names from outside are escaped, the numbers are those of the run', () => {
  const { request, sample } = ran('ve"th\\0');
  const families = parse(metricsText(request, sample, 've"th\\0', 'engine'));
  const value = (name: string, labels: object = {}) => families.get(PREFIX + name)?.values.get(JSON.stringify(labels));
  expect(value('info', { object: 'a"b\\c\nd.o', program: 'lv_redir', ingress: 've"th\\0', backend: 'engine' })).toBe(1);
  expect(value('frames_total')).toBe(100);
  expect(value('batches_total')).toBe(2);
  expect(value('verdicts_total', { verdict: 'XDP_REDIRECT' })).toBe(100);
  expect(value('verdicts_total', { verdict: 'unknown' })).toBe(0);
  expect(value('rate_limit')).toBe(Infinity);
  expect(value('page_pool_pages', { state: 'in_pool' })).toBe(sample.report.page_pool.in_pool);
  const refused = { tracepoint: 'xdp_redirect_err', errno: 'ENETDOWN', act: '', code: '100' };
  expect(value('tracepoint_events_total', refused)).toBe(100);
  expect(value('device_up', { netns: 'near', device: 'b', ifindex: '3' })).toBe(0);
  expect(value('device_xdp_xmit_total', { netns: 'near', device: 've"th\\0', ifindex: '2' })).toBe(0);
  expect(value('lost_frames', { reason: 'target is down', device: 'b', wanted: 'false' })).toBe(100);
});

let server: MetricsServer | null = null;

afterEach(() => server?.close());

test('served at /metrics, asked anew each time; what else is asked is refused; a port that is taken is a sentence', async () => {
  let n = 0;
  server = await serveMetrics(parseEndpoint('127.0.0.1:0'), () => `x ${++n}\n`);
  const first = await fetch(server.url);
  expect([first.status, await first.text()]).toEqual([200, 'x 1\n']);
  expect(first.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await (await fetch(server.url)).text()).toBe('x 2\n');
  expect((await fetch(server.url.replace('/metrics', '/else'))).status).toBe(404);
  expect((await fetch(server.url, { method: 'POST' })).status).toBe(405);
  const port = Number(new URL(server.url).port);
  await expect(serveMetrics({ host: '127.0.0.1', port }, () => '')).rejects.toThrow(
    `--metrics: cannot listen on 127.0.0.1:${port}: the port is in use`,
  );
  await expect(serveMetrics({ host: '203.0.113.1', port: 1 }, () => '')).rejects.toThrow('no address of this machine');
});

test.each([
  ['9100', { host: '127.0.0.1', port: 9100 }],
  [':9100', { host: '127.0.0.1', port: 9100 }],
  ['0.0.0.0:1', { host: '0.0.0.0', port: 1 }],
  ['[::1]:9', { host: '::1', port: 9 }],
  ['localhost:65535', { host: 'localhost', port: 65535 }],
])('%s', (text, endpoint) => {
  expect(parseEndpoint(text)).toEqual(endpoint);
});

test.each(['', 'host', 'host:', 'host:65536', '::1:9', 'a:b:1'])('no endpoint: %p', (text) => {
  expect(() => parseEndpoint(text)).toThrow('write HOST:PORT');
});
