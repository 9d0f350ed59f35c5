/** The tracepoints and counters of a live run that tell of errors, a row each. */
import type { LiveReport } from '../../engine/index.ts';
import { errnoText } from '../format/errnos.ts';
import { retvalText } from '../format/verdicts.ts';
import type { LiveDeviceInfo } from './live-types.ts';

export interface ErrorRow {
  readonly key: string;
  readonly count: number;
  readonly tracepoint: string;
  readonly reason: string;
  readonly detail: string;
}

const XDP_TYPE = 6;
/** Counters of a stack that are reasons for a drop are written in capitals. */
const REASON = /^[A-Z_]+$/;

function nameAt(devices: readonly LiveDeviceInfo[], ifindex: number | undefined): string {
  if (ifindex === 0) return 'no target';
  return devices.find((one) => one.netns === 'near' && one.ifindex === ifindex)?.name ?? `ifindex ${ifindex}`;
}

function byTracepoint(report: LiveReport, devices: readonly LiveDeviceInfo[]): ErrorRow[] {
  return report.tracepoints.flatMap(({ name, code, count, last }): ErrorRow[] => {
    const key = `${name} ${code}`;
    const row = { key, count, tracepoint: name };
    if (name === 'xdp_redirect_err')
      return [{ ...row, reason: errnoText(-code), detail: `→ ${nameAt(devices, last.to_ifindex)}` }];
    if (name === 'xdp_exception')
      return [{ ...row, reason: retvalText(XDP_TYPE, code), detail: nameAt(devices, last.ifindex) }];
    if (name === 'xdp_devmap_xmit' && code !== 0)
      return [{ ...row, reason: errnoText(-code), detail: `→ ${nameAt(devices, last.to_ifindex)}, calls` }];
    return [];
  });
}

function byDevice(report: LiveReport): ErrorRow[] {
  return report.devices.flatMap(({ netns, ifindex, name, xdp_xmit_drops }): ErrorRow[] => {
    if (xdp_xmit_drops === 0) return [];
    const key = `drops ${netns} ${ifindex}`;
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
      return [{ key: `${netns} ${reason}`, count, tracepoint: 'kfree_skb', reason, detail }];
    }),
  );
}

/** The most frequent first. */
export function errorRows(report: LiveReport, devices: readonly LiveDeviceInfo[]): ErrorRow[] {
  const all = [...byTracepoint(report, devices), ...byDevice(report), ...byStack(report)];
  return all.sort((a, b) => b.count - a.count);
}
