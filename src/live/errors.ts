/** The errors of a live run, a row each: tracepoints and counters that tell of them, and what is lost without a word. */
import type { LiveReport } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { retvalText } from '../format/verdicts.ts';
import { targetsOf } from './targets.ts';
import type { LiveDeviceInfo } from './types.ts';
import { whyLost } from './why.ts';
import { dropsKey, type LiveFacts, type Loss, silentKey, stackKey } from './why-types.ts';

export interface ErrorRow {
  readonly key: string;
  readonly count: number;
  readonly tracepoint: string;
  readonly reason: string;
  readonly detail: string;
}

const XDP_TYPE = 6;
/** Tracepoints whose events are errors when they have a code. */
const TOLD: readonly string[] = ['xdp_redirect_err', 'xdp_exception', 'xdp_devmap_xmit'];
/** Counters of a stack that are reasons for a drop are written in capitals. */
const REASON = /^[A-Z_]+$/;

function nameAt(devices: readonly LiveDeviceInfo[], ifindex: number | undefined): string {
  if (ifindex === 0) return 'no target';
  return devices.find((one) => one.netns === 'near' && one.ifindex === ifindex)?.name ?? `ifindex ${ifindex}`;
}

function byTracepoint(report: LiveReport, devices: readonly LiveDeviceInfo[]): ErrorRow[] {
  return report.tracepoints.flatMap((one) => {
    const { name, code } = one;
    if (code === 0 || !TOLD.includes(name)) return [];
    const reason = name === 'xdp_exception' ? retvalText(XDP_TYPE, code) : errnoText(-code);
    return targetsOf(one).map(({ key, count, last }): ErrorRow => {
      const from = nameAt(devices, last.ifindex);
      const to = `→ ${nameAt(devices, last.to_ifindex)}`;
      const detail = name === 'xdp_exception' ? from : name === 'xdp_devmap_xmit' ? `${to}, calls` : to;
      return { key, count, tracepoint: name, reason, detail };
    });
  });
}

function byDevice(report: LiveReport): ErrorRow[] {
  return report.devices.flatMap(({ netns, ifindex, name, xdp_xmit_drops }): ErrorRow[] => {
    if (xdp_xmit_drops === 0) return [];
    const key = dropsKey(netns, ifindex);
    return [
      { key, count: xdp_xmit_drops, tracepoint: 'xdp_devmap_xmit', reason: 'drops', detail: `${name}: not sent` },
    ];
  });
}

function byStack(report: LiveReport): ErrorRow[] {
  return (['near', 'far'] as const).flatMap((netns) =>
    Object.entries(report.stacks[netns]).flatMap(([reason, count]): ErrorRow[] => {
      if (count === 0 || !REASON.test(reason)) return [];
      const detail = netns === 'far' ? 'stack of the far end' : 'stack';
      return [{ key: stackKey(netns, reason), count, tracepoint: 'kfree_skb', reason, detail }];
    }),
  );
}

/** What no tracepoint tells of. */
function bySilence(facts: LiveFacts): ErrorRow[] {
  return whyLost(facts).flatMap(({ row, silent, count, device, word }): ErrorRow[] => {
    if (!silent) return [];
    const name = device === null ? '' : ` at ${nameAt(facts.devices, device.ifindex)}`;
    const key = silentKey(row, device);
    return [{ key, count, tracepoint: '(none)', reason: word, detail: `${row}${name}` }];
  });
}

/** By report: the same is asked of one several times. */
const KNOWN = new WeakMap<LiveReport, readonly ErrorRow[]>();

/** The most frequent first. */
export function errorRows(facts: LiveFacts): readonly ErrorRow[] {
  const known = KNOWN.get(facts.report);
  if (known !== undefined) return known;
  const { report, devices } = facts;
  const all = [...byTracepoint(report, devices), ...byDevice(report), ...byStack(report), ...bySilence(facts)];
  const sorted = all.sort((a, b) => b.count - a.count);
  KNOWN.set(report, sorted);
  return sorted;
}

/** How many of each error came between two totals; those that did not grow are left out. */
export function grownErrors(before: LiveFacts, after: LiveFacts): ReadonlyMap<string, number> {
  const old = new Map(errorRows(before).map(({ key, count }) => [key, count]));
  const grown = errorRows(after).map(({ key, count }) => [key, count - (old.get(key) ?? 0)] as const);
  return new Map(grown.filter(([, count]) => count > 0));
}

/** Keys of the errors that count a loss. */
export function errorsOfLoss({ row, device, errors }: Loss): readonly string[] {
  return errors ?? [silentKey(row, device)];
}

/** The loss that an error counts, the largest of several; null: none, it is only told of. */
export function lossOf(key: string, losses: readonly Loss[]): Loss | null {
  return losses.find((loss) => errorsOfLoss(loss).includes(key)) ?? null;
}
