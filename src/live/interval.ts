/** What came between two samples of a live run: counts as differences, states as the later one has them. */
import type { LiveReport } from '../../engine/index.ts';
import { tracepointMinus } from './targets.ts';
import type { LiveSample } from './types.ts';

export interface LiveInterval {
  readonly seconds: number;
  /** Differences; page pool's in_pool and in_flight, and what devices are, as they are now. */
  readonly report: LiveReport;
}

type Numbers = Readonly<Record<string, number>>;

function minus<T extends Numbers>(after: T, before: Numbers | undefined): T {
  const out: Record<string, number> = {};
  for (const [name, value] of Object.entries(after)) out[name] = value - (before?.[name] ?? 0);
  return out as T;
}

type Device = LiveReport['devices'][number];

function deviceMinus(after: Device, before: Device | undefined): Device {
  const { netns, ifindex, name, up, refuses, ...counts } = after;
  const { netns: _n, ifindex: _i, name: _m, up: _u, refuses: _r, ...old } = before ?? after;
  return { netns, ifindex, name, up, refuses, ...minus(counts, before === undefined ? undefined : old) };
}

/** A zero in between makes the interval one from the zero on. */
export function intervalOf(before: LiveSample, after: LiveSample): LiveInterval {
  const seconds = Math.max(1e-3, (after.at_ms - before.at_ms) / 1000);
  const now = after.report;
  if (before.zeroed !== after.zeroed) return { seconds, report: now };
  return { seconds, report: reportMinus(now, before.report) };
}

/** What came between two reports. */
export function reportMinus(now: LiveReport, then: LiveReport): LiveReport {
  const { in_pool, in_flight, ...pages } = now.page_pool;
  return {
    ...now,
    frames: now.frames - then.frames,
    batches: now.batches - then.batches,
    insns_executed: now.insns_executed - then.insns_executed,
    verdicts: minus(now.verdicts, then.verdicts),
    page_pool: { ...minus(pages, then.page_pool), in_pool, in_flight },
    tracepoints: now.tracepoints.flatMap((one) => {
      const old = then.tracepoints.find(({ name, code }) => name === one.name && code === one.code);
      return tracepointMinus(one, old) ?? [];
    }),
    ...(now.cpumap === undefined ? {} : { cpumap: minus(now.cpumap, then.cpumap) }),
    devices: now.devices.map((one) =>
      deviceMinus(
        one,
        then.devices.find(({ netns, ifindex }) => netns === one.netns && ifindex === one.ifindex),
      ),
    ),
    xsk: now.xsk.map((one) => {
      const old = then.xsk.find(({ map, key }) => map === one.map && key === one.key);
      return { ...one, received: one.received - (old?.received ?? 0) };
    }),
    stacks: {
      near: minus(now.stacks.near, then.stacks.near),
      far: minus(now.stacks.far, then.stacks.far),
    },
  };
}

/** Frames that are lost though nobody asked for it: refused redirects, what devices did not take, exceptions. */
export function errorsOf({ tracepoints, devices }: LiveReport): number {
  const events = tracepoints.reduce((sum, { name, count }) => (name === 'xdp_redirect_err' ? sum + count : sum), 0);
  return devices.reduce((sum, dev) => sum + (dev.netns === 'near' ? dev.xdp_xmit_drops : 0), events);
}

/** Frames that left through devices of the program's namespace. */
export function xmitOf({ devices }: LiveReport): number {
  return devices.reduce((sum, dev) => sum + (dev.netns === 'near' ? dev.xdp_xmit : 0), 0);
}
