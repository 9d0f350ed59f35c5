/** What a row of the WHY table looks at, what it finds, and small questions that rows share. */
import type { LiveReport, NetnsName } from '../../engine/index.ts';
import { whole } from './format.ts';
import type { Tracepoint } from './targets.ts';
import type { LiveDeviceInfo, LiveDevmap } from './types.ts';

export interface LiveFacts {
  /** Totals, or what came in an interval. */
  readonly report: LiveReport;
  readonly devices: readonly LiveDeviceInfo[];
  readonly devmaps: readonly LiveDevmap[];
  /** Bytes of the packet. */
  readonly length: number;
}

export interface Found {
  /** Frames. */
  readonly count: number;
  /** Device to blame, null: none. */
  readonly device: { readonly netns: NetnsName; readonly ifindex: number } | null;
  /** For a narrow column: `down`, `ring`. */
  readonly word: string;
  readonly sentence: string;
  readonly mend: string;
  /** Keys of the errors that count it; absent: its own. */
  readonly errors?: readonly string[];
}

export interface Loss extends Found {
  /** Name of the row. */
  readonly row: string;
  /** The program asked for it. */
  readonly wanted: boolean;
  /** No tracepoint tells of it. */
  readonly silent: boolean;
}

export interface LossRow {
  readonly name: string;
  readonly wanted?: boolean;
  readonly silent?: boolean;
  readonly find: (facts: LiveFacts) => readonly Found[];
}

export function dropsKey(netns: string, ifindex: number): string {
  return `drops ${netns} ${ifindex}`;
}

/** Of a reason for which a stack drops. */
export function stackKey(netns: string, reason: string): string {
  return `${netns} ${reason}`;
}

/** Of a loss that no tracepoint tells of. */
export function silentKey(row: string, device: Found['device']): string {
  return `silent ${row} ${device?.ifindex ?? 0}`;
}

export type LiveDeviceReport = LiveReport['devices'][number];

export function tracepoint(facts: LiveFacts, name: Tracepoint['name'], code: number): Tracepoint | null {
  return facts.report.tracepoints.find((one) => one.name === name && one.code === code) ?? null;
}

export function near(facts: LiveFacts, ifindex: number): LiveDeviceInfo | null {
  return facts.devices.find((one) => one.netns === 'near' && one.ifindex === ifindex) ?? null;
}

export function nameOf(facts: LiveFacts, ifindex: number): string {
  return near(facts, ifindex)?.name ?? `ifindex ${ifindex}`;
}

export function stateOf(facts: LiveFacts, netns: string, ifindex: number): LiveDeviceReport | null {
  return facts.report.devices.find((one) => one.netns === netns && one.ifindex === ifindex) ?? null;
}

export function frames(n: number): string {
  return `${whole(n)} frame${n === 1 ? '' : 's'}`;
}

/** Nothing, when nothing was lost. */
export function found(count: number, make: () => Omit<Found, 'count'>): Found[] {
  return count > 0 ? [{ count, ...make() }] : [];
}
