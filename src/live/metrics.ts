/** A live run's numbers as Prometheus text (exposition format 0.0.4): counters since the start or the last zero, and how things stand. */
import { basename } from 'node:path';
import { errnoName } from '../../engine/index.ts';
import { retvalName } from '../format/verdicts.ts';
import { factsOf } from './state.ts';
import type { LiveRequest, LiveSample } from './types.ts';
import { verdictCounts } from './verdicts.ts';
import { whyLost } from './why.ts';

type Labels = Readonly<Record<string, string | number>>;
type Value = readonly [labels: Labels, value: number];

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly values: readonly Value[];
}

export const PREFIX = 'bpfdeck_live_';
const XDP_TYPE = 6;

function escaped(text: string | number): string {
  return String(text).replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}

function lineOf(name: string, [labels, value]: Value): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`;
}

function familyText({ name, type, help, values }: Family): string {
  if (values.length === 0) return '';
  const full = `${PREFIX}${name}`;
  const head = `# HELP ${full} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${full} ${type}\n`;
  return head + values.map((value) => lineOf(full, value)).join('');
}

const counter = (name: string, help: string, values: readonly Value[]): Family => {
  return { name: `${name}_total`, type: 'counter', help, values };
};
const gauge = (name: string, help: string, values: readonly Value[]): Family => ({ name, type: 'gauge', help, values });
const one = (value: number): readonly Value[] => [[{}, value]];

function runFamilies({ report, running, done, batch_size, rate }: LiveSample): Family[] {
  const { frames, batches, insns_executed, ns_per_frame, verdicts, page_pool } = report;
  const counted = verdictCounts(verdicts).map(([verdict, count]): Value => [{ verdict }, count]);
  return [
    gauge(
      'running',
      'Whether batches go on by themselves: 0 while paused or when the run is over.',
      one(running && !done ? 1 : 0),
    ),
    gauge('batch_size', 'Frames of a batch.', one(batch_size)),
    gauge('rate_limit', 'Frames a second at most.', one(rate)),
    counter('frames', 'Frames that were run.', one(frames)),
    counter('batches', 'Batches that were run.', one(batches)),
    counter('instructions', 'BPF instructions executed.', one(insns_executed)),
    gauge('frame_seconds', 'Mean time of a frame, delivery included.', one(ns_per_frame / 1e9)),
    counter('verdicts', 'Frames by what the program returned.', counted),
    gauge('page_pool_pages', 'Pages in the pool, and pages that somebody holds.', [
      [{ state: 'in_pool' }, page_pool.in_pool],
      [{ state: 'in_flight' }, page_pool.in_flight],
    ]),
    counter('page_pool_allocated', 'New pages that the pool took.', one(page_pool.allocated)),
    counter('page_pool_recycled', 'Pages that were taken out of the ring again.', one(page_pool.recycled)),
    counter('page_pool_released', 'Pages that left the pool.', one(page_pool.released)),
  ];
}

type Device = LiveSample['report']['devices'][number];

/** A family a counter of devices. */
function deviceFamilies(devices: readonly Device[]): Family[] {
  const labels = ({ netns, name, ifindex }: Device): Labels => ({ netns, device: name, ifindex });
  const [first] = devices;
  if (first === undefined) return [];
  const names = Object.entries(first).flatMap(([name, value]) => {
    return typeof value === 'number' && name !== 'ifindex' && name !== 'refuses' ? [name as keyof Device] : [];
  });
  const counters = names.map((name) => {
    const values = devices.map((dev): Value => [labels(dev), Number(dev[name])]);
    return counter(`device_${name}`, `${name} of a device.`, values);
  });
  const up = devices.map((dev): Value => [labels(dev), dev.up ? 1 : 0]);
  return [gauge('device_up', 'Whether a device is administratively up.', up), ...counters];
}

function tracepointValues({ tracepoints }: LiveSample['report']): Value[] {
  return tracepoints.map(({ name, code, count }): Value => {
    const verdict = name === 'xdp_exception' ? retvalName(XDP_TYPE, code) : '';
    const errno = code !== 0 && name.startsWith('xdp_') && verdict === '' ? errnoName(code) : '';
    return [{ tracepoint: name, errno, act: verdict, code }, count];
  });
}

function stackValues({ stacks }: LiveSample['report']): Value[] {
  return (['near', 'far'] as const).flatMap((netns) =>
    Object.entries(stacks[netns]).flatMap(([what, count]): Value[] => {
      return what === 'received_bytes' ? [] : [[{ netns, what }, count]];
    }),
  );
}

function lostValues(request: LiveRequest, sample: LiveSample): Value[] {
  return whyLost(factsOf(request, sample)).map(({ row, device, wanted, count }): Value => {
    const found = request.network.devices.find((d) => d.netns === device?.netns && d.ifindex === device.ifindex);
    return [{ reason: row, device: found?.name ?? '', wanted: String(wanted) }, count];
  });
}

/** Everything that is counted; `backend` and what is run as labels of `bpfdeck_live_info`. */
export function metricsText(request: LiveRequest, sample: LiveSample, ingress: string, backend: string): string {
  const { report } = sample;
  const info = { object: basename(request.path), program: request.program, ingress, backend };
  const families = [
    gauge('info', 'What is run.', [[info, 1]]),
    ...runFamilies(sample),
    counter('tracepoint_events', 'Events by tracepoint, and by what tells its kinds apart.', tracepointValues(report)),
    ...deviceFamilies(report.devices),
    counter(
      'stack_packets',
      'Packets in a network stack: by protocol, and by reason where they were dropped.',
      stackValues(report),
    ),
    counter(
      'cpumap_dropped',
      'Frames that cpumaps lost: their queue was full, their program dropped them.',
      Object.entries(report.cpumap ?? {}).map(([what, count]): Value => [{ what }, count]),
    ),
    counter(
      'xsk_received',
      'Frames that AF_XDP sockets got.',
      report.xsk.map(({ map, key, received }): Value => [{ map, key }, received]),
    ),
    gauge(
      'lost_frames',
      'Frames lost so far by reason; wanted: the program asked for it.',
      lostValues(request, sample),
    ),
  ];
  return families.map(familyText).join('');
}
