/** The numbers of a live run in the kernel, as the engine reports its own: from statistics of devices, tracepoints, and runs by verdict. */
import type { LiveReport, NetnsName } from '../../../engine/index.ts';
import type { LiveDeviceInfo } from '../../live/types.ts';
import { statNames, statsOf } from './ethtool.ts';
import type { KernelLiveNet } from './live-net.ts';
import type { LiveWatch, WatchedKind } from './live-watch.ts';

type DeviceReport = LiveReport['devices'][number];
type Stack = LiveReport['stacks']['near'];

/** Counters of veth by what ethtool calls them, behind the number of the queue. */
const VETH: readonly (readonly [
  RegExp,
  'xdp_packets' | 'xdp_drops' | 'xdp_redirect' | 'xdp_tx' | 'xdp_tx_err' | 'xdp_xmit' | 'xdp_xmit_err',
])[] = [
  [/^rx_queue_\d+_xdp_packets$/, 'xdp_packets'],
  [/^rx_queue_\d+_xdp_drops$/, 'xdp_drops'],
  [/^rx_queue_\d+_xdp_redirect$/, 'xdp_redirect'],
  [/^rx_queue_\d+_xdp_tx$/, 'xdp_tx'],
  [/^rx_queue_\d+_xdp_tx_errors$/, 'xdp_tx_err'],
  [/^tx_queue_\d+_xdp_xmit$/, 'xdp_xmit'],
  [/^tx_queue_\d+_xdp_xmit_errors$/, 'xdp_xmit_err'],
];

/** Reasons for drops, in the order of their codes. */
const REASONS = [
  ...(['OTHERHOST', 'UNHANDLED_PROTO', 'PKT_TOO_SMALL', 'IP_INHDR', 'IP_CSUM', 'IP_INADDRERRORS'] as const),
  ...(['IP_INVALID_SOURCE', 'UDP_CSUM', 'NO_SOCKET', 'SOCKET_RCVBUFF', 'TC_INGRESS', 'QDISC_DROP'] as const),
  'NOT_SPECIFIED' as const,
];

/** Everything that is read from the kernel at one moment: counts since the devices were made. */
export interface KernelCounts {
  readonly kinds: readonly WatchedKind[];
  readonly verdicts: readonly number[];
  readonly devices: readonly DeviceReport[];
}

function sum(kinds: readonly WatchedKind[], of: (kind: WatchedKind) => number): number {
  return kinds.reduce((total, kind) => total + of(kind), 0);
}

export class KernelLiveCounters {
  private readonly net: KernelLiveNet;
  private readonly watch: LiveWatch;
  private readonly devices: readonly LiveDeviceInfo[];
  private readonly names: ReadonlyMap<LiveDeviceInfo, readonly string[]>;
  /** Whether each device is up, and what it answers to frames, by namespace and ifindex. */
  private readonly stateOf: (device: LiveDeviceInfo) => Pick<DeviceReport, 'up' | 'refuses'>;

  constructor(
    net: KernelLiveNet,
    watch: LiveWatch,
    devices: readonly LiveDeviceInfo[],
    stateOf: (device: LiveDeviceInfo) => Pick<DeviceReport, 'up' | 'refuses'>,
  ) {
    this.net = net;
    this.watch = watch;
    this.devices = devices;
    this.stateOf = stateOf;
    this.names = new Map(
      devices.map((dev) => [dev, dev.type === 'veth' ? statNames(net.of(dev.netns), dev.name) : []]),
    );
  }

  read(): KernelCounts {
    const kinds = this.watch.kinds();
    const stats = { near: this.net.near.stats(), far: this.net.far.stats() };
    return {
      kinds,
      verdicts: this.watch.verdicts(),
      devices: this.devices.map((dev) => this.device(dev, kinds, stats[dev.netns].get(dev.ifindex))),
    };
  }

  private device(
    dev: LiveDeviceInfo,
    kinds: readonly WatchedKind[],
    stats: Partial<DeviceReport> | undefined,
  ): DeviceReport {
    const { netns, ifindex, name, xdp } = dev;
    const own = this.driverCounters(dev);
    const mine = (point: string) =>
      kinds.filter((one) => one.name === point && one.netns === netns && one.about === ifindex);
    const redirect_err = sum(
      kinds.filter(
        ({ name: point, netns: where, last }) =>
          point === 'xdp_redirect_err' && where === netns && last.ifindex === ifindex,
      ),
      ({ count }) => count,
    );
    const left = own.xdp_packets - own.xdp_drops - own.xdp_tx - own.xdp_redirect;
    const zeros = { rx_packets: 0, rx_bytes: 0, rx_dropped: 0, tx_packets: 0, tx_bytes: 0, tx_dropped: 0 };
    return {
      ...{ netns, ifindex, name, ...this.stateOf(dev), ...zeros, ...stats, ...own },
      xdp_xmit_drops: sum(mine('xdp_devmap_xmit'), ({ sums }) => sums[1]),
      xdp_redirect_err: xdp === 'none' ? 0 : redirect_err,
      xdp_pass: xdp === 'none' ? 0 : Math.max(0, left),
    };
  }

  private driverCounters(dev: LiveDeviceInfo): Record<(typeof VETH)[number][1], number> {
    const names = this.names.get(dev)!;
    const values = names.length === 0 ? [] : statsOf(this.net.of(dev.netns), dev.name, names.length);
    const counters = {
      xdp_packets: 0,
      xdp_drops: 0,
      xdp_redirect: 0,
      xdp_tx: 0,
      xdp_tx_err: 0,
      xdp_xmit: 0,
      xdp_xmit_err: 0,
    };
    for (const [i, name] of names.entries()) {
      const known = VETH.find(([pattern]) => pattern.test(name));
      if (known) counters[known[1]] += values[i]!;
    }
    return counters;
  }
}

/** A row a tracepoint and code, with the same by what it was about. */
function tracepoints(kinds: readonly WatchedKind[]): LiveReport['tracepoints'] {
  const rows = Map.groupBy(
    kinds.filter(({ count }) => count > 0),
    ({ name, code }) => `${name} ${code}`,
  );
  return [...rows.values()].map((targets) => {
    const { name, code, last } = targets.at(-1)!;
    const each = targets.map((one) => ({ count: one.count, last: one.last, others: false }));
    return { name, code, count: sum(targets, ({ count }) => count), last, targets: each };
  });
}

/** What the tracepoints tell of a stack; which protocol took a packet they do not. */
function stackOf(kinds: readonly WatchedKind[], netns: NetnsName, delivered: number): Stack {
  const own = kinds.filter((one) => one.netns === netns);
  const received = own.filter(({ name }) => name === 'netif_receive_skb');
  const freed = (code: number) =>
    sum(
      own.filter((one) => one.name === 'kfree_skb' && one.code === code),
      ({ count }) => count,
    );
  const reasons = Object.fromEntries(REASONS.map((name, code) => [name, freed(code)]));
  return {
    ...{ received: sum(received, ({ count }) => count), received_bytes: sum(received, ({ sums }) => sums[0]) },
    ...{ udp_delivered: delivered, tcp: 0, icmp: 0, arp: 0, other_protocols: 0, forwarded: 0 },
    ...(reasons as Record<(typeof REASONS)[number], number>),
  };
}

/** Frames by verdict, told from the tracepoints where nothing counts what the program returns: drops and aborts look alike. */
function guessed(kinds: readonly WatchedKind[], frames: number, ingress: number): number[] {
  const of = (name: string) => kinds.filter((one) => one.name === name && one.netns === 'near');
  const redirects = sum([...of('xdp_redirect'), ...of('xdp_redirect_err')], ({ count }) => count);
  const pass = sum(
    of('netif_receive_skb').filter(({ about }) => about === ingress),
    ({ count }) => count,
  );
  return [0, Math.max(0, frames - redirects - pass), pass, 0, redirects, 0];
}

export interface RunTotals {
  readonly frames: number;
  readonly batches: number;
  readonly ns_per_frame: number;
  readonly delivered: Readonly<Record<NetnsName, number>>;
  /** Verdicts are counted; otherwise the ingress device helps to tell them. */
  readonly counted: boolean;
  readonly ingress: number;
}

/** As liveReport() of the engine. */
export function kernelReport(counts: KernelCounts, totals: RunTotals): LiveReport {
  const { kinds } = counts;
  const { frames, batches, ns_per_frame, delivered } = totals;
  const [aborted = 0, drop = 0, pass = 0, tx = 0, redirect = 0, unknown = 0] = totals.counted
    ? counts.verdicts
    : guessed(kinds, frames, totals.ingress);
  const pages = (name: string) =>
    sum(
      kinds.filter((one) => one.name === name),
      ({ count }) => count,
    );
  const [allocated, released] = [pages('page_pool_state_hold'), pages('page_pool_state_release')];
  return {
    ...{ frames, batches, ns_per_frame, insns_executed: 0, verdicts: { aborted, drop, pass, tx, redirect, unknown } },
    // The pool of a call is gone when the call is over.
    page_pool: {
      allocated,
      recycled: Math.max(0, frames - allocated),
      released,
      in_pool: 0,
      in_flight: allocated - released,
    },
    tracepoints: tracepoints(kinds),
    devices: counts.devices,
    stacks: { near: stackOf(kinds, 'near', delivered.near), far: stackOf(kinds, 'far', delivered.far) },
    xsk: [],
  };
}
