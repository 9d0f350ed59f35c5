/** What engine and kernel made of the same live frames, side by side: every counter, event, captured frame and map element in which they differ. */
import { type CapturedFrame, DEFAULT_ENV, type LiveReport } from '../../engine/index.ts';
import type { Mismatch } from '../backends/backend.ts';
import { mapMismatches } from '../expect/compare-replies.ts';
import { toHex } from '../packet/hex.ts';
import type { LiveEnd, LiveRequest } from './types.ts';

/** The end of a page pool, which the engine's last sample comes before; and what depends on when another CPU runs. */
const NOT_COMPARED: readonly string[] = ['page_pool_state_release', 'page_pool_release', 'mem_disconnect'];
const SCHEDULED: readonly string[] = ['xdp_cpumap_kthread', 'page_pool_state_hold'];
const PAGES: readonly string[] = ['page_pool_state_hold'];
/** What tells of a stack on both sides. */
const STACK = [
  ...(['received', 'received_bytes', 'udp_delivered', 'OTHERHOST', 'UNHANDLED_PROTO', 'PKT_TOO_SMALL'] as const),
  ...([
    'IP_INHDR',
    'IP_CSUM',
    'IP_INADDRERRORS',
    'IP_INVALID_SOURCE',
    'UDP_CSUM',
    'NO_SOCKET',
    'SOCKET_RCVBUFF',
  ] as const),
];

type Counts = ReadonlyMap<string, number>;

/** Another CPU has a part in it: then only sums are the same every time. */
function isScheduled({ tracepoints }: LiveReport): boolean {
  return tracepoints.some(({ name }) => name === 'xdp_cpumap_enqueue');
}

function verdictCounts({ frames, verdicts }: LiveReport): [string, number][] {
  return [
    ['frames', frames],
    ...Object.entries(verdicts).map(([name, n]): [string, number] => [`verdicts.${name}`, n]),
  ];
}

function tracepointCounts({ tracepoints }: LiveReport, left_out: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const { name, code, count } of tracepoints) {
    if (left_out.includes(name)) continue;
    const key = `tracepoints.${name}${code === 0 ? '' : `/${code}`}`;
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return [...counts];
}

function deviceCounts({ devices }: LiveReport): [string, number][] {
  return devices.flatMap(({ netns: _netns, ifindex: _ifindex, name, up: _up, refuses: _refuses, ...counters }) =>
    Object.entries(counters).map(([counter, n]): [string, number] => [`devices.${name}.${counter}`, n]),
  );
}

function stackCounts({ stacks }: LiveReport): [string, number][] {
  return (['near', 'far'] as const).flatMap((netns) =>
    STACK.map((name): [string, number] => [`stacks.${netns}.${name}`, stacks[netns][name]]),
  );
}

/** `pages`: those of the pool are compared too. Everything of a report that both sides can count; what is 0 is left out. */
function countsOf(report: LiveReport, scheduled: boolean, pages: boolean): Counts {
  const { allocated, in_flight } = report.page_pool;
  const pool: [string, number][] = [
    ['page_pool.allocated', allocated],
    ['page_pool.in_flight', in_flight],
  ];
  const left_out = [...NOT_COMPARED, ...(scheduled ? SCHEDULED : []), ...(pages ? [] : PAGES)];
  const all = [
    ...[verdictCounts(report), scheduled || !pages ? [] : pool, tracepointCounts(report, left_out)],
    ...[deviceCounts(report), stackCounts(report)],
  ].flat();
  return new Map(all.filter(([, n]) => n !== 0));
}

function* countMismatches(engine: Counts, kernel: Counts): Iterable<Mismatch> {
  for (const field of new Set([...engine.keys(), ...kernel.keys()])) {
    const sides = { engine: engine.get(field) ?? 0, kernel: kernel.get(field) ?? 0 };
    if (sides.engine !== sides.kernel) yield { field, ...sides };
  }
}

/** Frames by where they were captured, in their order; of what another CPU handled, in the order of their numbers. */
function streams(frames: readonly CapturedFrame[], sorted: boolean): Map<string, string[]> {
  const all = sorted ? frames.toSorted((a, b) => a.frame - b.frame) : frames;
  const grouped = Map.groupBy(all, ({ at, netns, ifindex }) => `${at} ${netns} ${ifindex}`);
  return new Map([...grouped].map(([key, list]) => [key, list.map(({ frame, data }) => `#${frame} ${toHex(data)}`)]));
}

/** Of each place the first frame that differs: those behind it follow from it. */
function* frameMismatches(engine: LiveEnd, kernel: LiveEnd, sorted: boolean): Iterable<Mismatch> {
  const [mine, theirs] = [streams(engine.captured, sorted), streams(kernel.captured, sorted)];
  for (const key of new Set([...mine.keys(), ...theirs.keys()])) {
    const [ours, others] = [mine.get(key) ?? [], theirs.get(key) ?? []];
    const at = Array.from({ length: Math.max(ours.length, others.length) }, (_, i) => i).find(
      (i) => ours[i] !== others[i],
    );
    if (at !== undefined)
      yield { field: `captured.${key}[${at}]`, engine: ours[at] ?? null, kernel: others[at] ?? null };
  }
}

/** The request as both get it: clock and chance that the engine would hand in by itself are said. */
export function sameChance<Request extends Pick<LiveRequest, 'time_ns' | 'seed'>>(request: Request): Request {
  const { time_ns, seed } = DEFAULT_ENV;
  return { time_ns, seed, ...request };
}

/** Every difference; empty when they agree. Durations, instructions and the end of the page pool are not compared. */
export function compareLive(engine: LiveEnd, kernel: LiveEnd): Mismatch[] {
  const scheduled = isScheduled(engine.sample.report) || isScheduled(kernel.sample.report);
  const out: Mismatch[] =
    engine.errno === kernel.errno ? [] : [{ field: 'errno', engine: engine.errno, kernel: kernel.errno }];
  if (engine.fault !== null) out.push({ field: 'fault', engine: engine.fault.message, kernel: null });
  // Several calls: pages were new several times, and what was in them was too.
  const pages = (kernel.calls ?? 1) === 1;
  const counts = ({ sample }: LiveEnd) => countsOf(sample.report, scheduled, pages);
  out.push(...countMismatches(counts(engine), counts(kernel)));
  if (pages) out.push(...frameMismatches(engine, kernel, scheduled));
  out.push(...mapMismatches(engine.maps, kernel.maps));
  for (let i = 0; i < Math.max(engine.printk.length, kernel.printk.length); i++) {
    const sides = { engine: engine.printk[i] ?? null, kernel: kernel.printk[i] ?? null };
    if (sides.engine !== sides.kernel) out.push({ field: `printk[${i}]`, ...sides });
  }
  return out;
}

/** How much was compared, for whoever is told that nothing differs. */
export function comparedCounts({ sample, captured }: LiveEnd): { readonly counters: number; readonly frames: number } {
  return { counters: countsOf(sample.report, isScheduled(sample.report), true).size, frames: captured.length };
}
