/** Compares what a live run counted and captured with what its case expects, difference by difference. */
import type { CapturedFrame, LiveReport } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { InputError } from '../input-error.ts';
import { hasErrno } from '../live/tracepoints.ts';
import type { LiveEnd, LiveNetwork } from '../live/types.ts';
import { verdictField } from '../live/verdicts.ts';
import type { Difference } from '../outcome.ts';
import { didYouMean } from '../suggest.ts';
import type {
  CountExpectation,
  CountsExpectation,
  SettledCaptured,
  SettledLive,
  SettledLiveExpectation,
} from '../test-case-live.ts';
import type { Path } from './fix.ts';
import { expectFields, expectPacket } from './packet.ts';

type Counts = Readonly<Record<string, number>>;

function holds(wanted: CountExpectation, received: number): boolean {
  if (typeof wanted === 'number') return received === wanted;
  return received >= (wanted.min ?? 0) && received <= (wanted.max ?? Infinity);
}

const whole = (n: number): string => n.toLocaleString('en-US');

/** `64`, `at least 1`, `1 to 64`. */
function countText(wanted: CountExpectation): string {
  if (typeof wanted === 'number') return whole(wanted);
  const { min, max } = wanted;
  if (max === undefined) return `at least ${whole(min ?? 0)}`;
  return min === undefined ? `at most ${whole(max)}` : `${whole(min)} to ${whole(max)}`;
}

function compareCount(field: string, at: string, wanted: CountExpectation, received: number, path: Path): Difference[] {
  if (holds(wanted, received)) return [];
  // Bounds are the case's to move.
  const fix = typeof wanted === 'number' ? { fix: { path: [field, ...path], value: received } } : {};
  return [{ field, at, expected: countText(wanted), received: whole(received), ...fix }];
}

/** `within`: names around the counters. */
function compareCounts(
  field: string,
  within: readonly string[],
  wanted: CountsExpectation,
  counts: Counts,
): Difference[] {
  return Object.entries(wanted).flatMap(([name, count]) => {
    const received = counts[name];
    const path = [...within, name];
    if (received !== undefined) return compareCount(field, path.join('.'), count, received, path);
    const names = Object.keys(counts);
    throw new InputError(
      `expect.${field}: there is no counter ${name}${didYouMean(name, names) || `: one of ${names.join(', ')}`}`,
    );
  });
}

type DeviceReport = LiveReport['devices'][number];

function countersOf({
  netns: _netns,
  ifindex: _ifindex,
  name: _name,
  up: _up,
  refuses: _refuses,
  ...rest
}: DeviceReport): Counts {
  return rest;
}

function compareTracepoints(wanted: SettledLiveExpectation['tracepoints'], { tracepoints }: LiveReport): Difference[] {
  return (wanted ?? []).flatMap(({ name, errno, count }, i) => {
    const events = tracepoints.filter((one) => one.name === name && (errno === null || one.code === errno));
    const received = events.reduce((sum, one) => sum + one.count, 0);
    const at = errno === null ? name : `${name} ${errno === 0 ? 'without an errno' : errnoText(-errno)}`;
    const found = compareCount('tracepoints', at, count, received, [i, 'count']);
    return found.map((one) => ({ ...one, received: one.received + othersText(name, errno, tracepoints) }));
  });
}

/** Events of the tracepoint that came with another errno than was looked for. */
function othersText(name: string, errno: number | null, tracepoints: LiveReport['tracepoints']): string {
  if (errno === null || !hasErrno(name)) return '';
  const others = tracepoints.filter((one) => one.name === name && one.code !== errno);
  if (others.length === 0) return '';
  const texts = others.map(
    ({ code, count }) => `${whole(count)} ${code === 0 ? 'without an errno' : `with ${errnoText(-code)}`}`,
  );
  return ` (${texts.join(', ')})`;
}

const PLACES: Readonly<Record<string, (frame: CapturedFrame) => boolean>> = {
  stack: ({ at, netns }) => at === 'stack' && netns === 'near',
  far_stack: ({ at, netns }) => at === 'stack' && netns === 'far',
  xsk: ({ at }) => at === 'xsk',
};

/** Frames captured at a place as cases name it. */
function framesAt(where: string, captured: readonly CapturedFrame[], network: LiveNetwork): CapturedFrame[] {
  const device = network.devices.find((one) => one.name === where);
  const isThere =
    PLACES[where] ??
    (({ at, netns, ifindex }: CapturedFrame) => at === 'xmit' && netns === device?.netns && ifindex === device.ifindex);
  return captured.filter(isThere);
}

/** A captured frame that is not as expected, for whoever shows both. */
export interface FrameDifference {
  /** `veth0[3]` */
  readonly at: string;
  /** Null: only fields were expected. */
  readonly expected: Uint8Array | null;
  readonly received: Uint8Array;
}

function compareFrame(wanted: SettledCaptured, frames: readonly CapturedFrame[], sent: Uint8Array): Difference[] {
  const { where, index, frame } = wanted;
  const received = frames[index]?.data ?? null;
  const at = `${where}[${index}]`;
  if (frame === null) {
    if (received === null) return [];
    return [{ field: 'captured', at, expected: 'no frame', received: `${received.length} bytes` }];
  }
  if (received === null) {
    const count = frames.length === 0 ? 'none' : `none: ${frames.length} came`;
    return [{ field: 'captured', at, expected: 'a frame', received: count }];
  }
  const found = frame instanceof Uint8Array ? expectPacket(frame, sent, received) : expectFields(frame, received);
  return found.map((one) => ({
    ...{
      field: 'captured',
      at: one.at === '' ? at : `${at} ${one.at}`,
      expected: one.expected,
      received: one.received,
    },
  }));
}

export interface LiveComparison {
  readonly differences: readonly Difference[];
  /** The first frame that differs. */
  readonly frame: FrameDifference | null;
}

/** `unseen`: counters of the pool that the backend does not know. Throws InputError for counters that are none. */
export function compareLiveCase(
  wanted: SettledLiveExpectation,
  { network }: SettledLive,
  end: LiveEnd,
  sent: Uint8Array,
  unseen: readonly string[],
): LiveComparison {
  const { report } = end.sample;
  const pool = Object.entries(wanted.pool ?? {}).filter(([name]) => !unseen.includes(name));
  const differences = [
    ...Object.entries(wanted.verdicts ?? {}).flatMap(([name, count]) =>
      compareCount('verdicts', name, count, (report.verdicts as Counts)[verdictField(name)] ?? 0, [name]),
    ),
    ...Object.entries(wanted.devices ?? {}).flatMap(([name, counts]) => {
      const device = report.devices.find((one) => one.name === name)!;
      return compareCounts('devices', [name], counts, countersOf(device));
    }),
    ...(['near', 'far'] as const).flatMap((netns) =>
      compareCounts('stacks', [netns], wanted.stacks?.[netns] ?? {}, report.stacks[netns]),
    ),
    ...compareTracepoints(wanted.tracepoints, report),
    ...compareCounts('pool', [], Object.fromEntries(pool), report.page_pool),
  ];
  let frame: FrameDifference | null = null;
  for (const one of wanted.captured ?? []) {
    const frames = framesAt(one.where, end.captured, network);
    const found = compareFrame(one, frames, sent);
    const received = frames[one.index]?.data;
    if (found.length > 0 && received !== undefined && frame === null) {
      const expected = one.frame instanceof Uint8Array ? one.frame : null;
      frame = { at: `${one.where}[${one.index}]`, expected, received };
    }
    differences.push(...found);
  }
  return { differences, frame };
}
