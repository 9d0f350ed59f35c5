/** Scenarios of live frame mode as data, for whoever runs them: what to send, where to, what is attached, and what came of it. */

/** The devices of every scenario, by name: three veth pairs and more, all in one namespace, so that the kernel's can live in one process. */
export const IFINDEX = {
  lo: 1,
  a0: 41001,
  a1: 41101,
  b0: 41002,
  b1: 41102,
  /** The far end of c0 is down. */
  c0: 41003,
  c1: 41103,
  /** d0 itself is down. */
  d0: 41004,
  d1: 41104,
  /** No ndo_xdp_xmit. */
  ifbx: 41010,
  /** The far end of g0 has GRO and no program, that of n0 neither. */
  g0: 41005,
  g1: 41105,
  n0: 41006,
  n1: 41106,
} as const;
export type DeviceName = keyof typeof IFINDEX;

/** Veth pairs whose far end runs the program `peer`. */
export const PEERS: readonly (readonly [DeviceName, DeviceName])[] = [
  ['a0', 'a1'],
  ['b0', 'b1'],
  ['c0', 'c1'],
  ['d0', 'd1'],
];
/** Veth pairs without a program. */
export const BARE: readonly (readonly [DeviceName, DeviceName])[] = [
  ['g0', 'g1'],
  ['n0', 'n1'],
];
export const DOWN: readonly DeviceName[] = ['c1', 'd0'];
export const GRO: readonly DeviceName[] = ['g1'];

export const MODE = { VERDICT: 0, IFINDEX: 1, DEVMAP: 2, DEVMAP_HASH: 3, CPUMAP: 4, XSKMAP: 5 } as const;
export const XDP = { ABORTED: 0, DROP: 1, PASS: 2, TX: 3, REDIRECT: 4 } as const;

/** Variables of the fixture program `scripted`, and of those behind it. */
export interface Globals {
  readonly mode?: number;
  readonly verdicts?: readonly number[];
  readonly target?: number;
  readonly flags?: number;
  readonly head?: number;
  readonly tail?: number;
  readonly meta?: number;
  readonly peer_verdict?: number;
  readonly egress_verdict?: number;
  readonly cpu_verdict?: number;
}

/** Variables of the fixture program at tc ingress. */
export interface TcGlobals {
  readonly tc_mode?: number;
  readonly tc_verdict?: number;
  readonly tc_target?: number;
  readonly tc_flags?: number;
}
export const TC_MODE = { VERDICT: 0, REDIRECT: 1, REDIRECT_PEER: 2, CLONE: 3, GROW: 4 } as const;
export const TC_ACT = { NEXT: 0xffff_ffff, OK: 0, SHOT: 2, STOLEN: 4, REDIRECT: 7, TRAP: 8 } as const;

export interface Scenario {
  readonly name: string;
  /** The program that tc (tcx) runs at the ingress of a device, default a0, with these variables. */
  readonly tc?: { readonly dev?: DeviceName; readonly globals: TcGlobals };
  readonly globals: Globals;
  readonly repeat: number;
  /** Default 64. */
  readonly batch_size?: number;
  /** A queue runs full: what it takes depends on when it is emptied, so that only what was asked of it is compared. */
  readonly overflows?: true;
  /** Bytes of the packet, default 64. */
  readonly size?: number;
  /** Ethernet type, default 0x88b5, which nobody handles. */
  readonly protocol?: number;
  /** Device the frames come in on; null: no context is given. Default a0. */
  readonly ingress?: DeviceName | null;
  /** Bytes of metadata at the start of the packet. */
  readonly ctx_data?: number;
  readonly devices?: readonly DevEntry[];
  readonly device_hash?: readonly DevEntry[];
  /** CPU, queue size, with or without the program `on_cpu`. */
  readonly cpus?: readonly { readonly cpu: number; readonly qsize: number; readonly program?: boolean }[];
}

export interface DevEntry {
  readonly key: number;
  readonly dev: DeviceName;
  /** The program `egress` runs on what leaves. */
  readonly egress?: boolean;
}

/** What one run of `scripted` saw. */
export interface Seen {
  /** Pages by order of first sight. */
  readonly page: number;
  readonly value: number;
  readonly offset: number;
  readonly length: number;
  readonly meta: number;
  readonly ingress: number;
  readonly rc: number;
}

export interface Visit {
  readonly count: number;
  readonly bytes: number;
  readonly ingress: number;
  readonly egress: number;
  readonly queue: number;
  readonly meta: number;
  readonly value: number;
}

/** Everything that must be equal on engine and kernel. */
export interface Outcome {
  readonly errno: number;
  /** `name` or `name/code` with how often; and of fields that add up, their sums: `xdp_devmap_xmit.sent`. */
  readonly events: Readonly<Record<string, number>>;
  /** The events in their order, `name/code field=value …`, where they come from one CPU; at most EVENTS_MAX. */
  readonly order: readonly string[];
  readonly seen: readonly Seen[];
  /** At the far end, behind the devmap, behind the cpumap. */
  readonly visits: readonly Visit[];
  /** What the program at tc ingress saw; null without one. */
  readonly came: Readonly<Record<string, number>> | null;
  /** Frames and bytes by device: `a0.tx_packets`; what is 0 is left out. */
  readonly devices: Readonly<Record<string, number>>;
}

export const EVENTS_MAX = 2000;
export const SEEN_MAX = 1024;

/** Destination of all zeros: nobody's address. */
export function packetOf(scenario: Scenario): Uint8Array {
  const packet = new Uint8Array(scenario.size ?? 64);
  const protocol = scenario.protocol ?? 0x88b5;
  packet.set([2, 0, 0, 0, 0, 9, 2, 0, 0, 0, 0, 1, protocol >> 8, protocol & 0xff].slice(0, packet.length));
  return packet;
}

/** struct xdp_md; null when the scenario gives none. */
export function ctxOf(scenario: Scenario): Uint8Array | null {
  const ingress = scenario.ingress === undefined ? 'a0' : scenario.ingress;
  if (ingress === null) return null;
  const ctx = new Uint8Array(24);
  const md = new DataView(ctx.buffer);
  md.setUint32(0, scenario.ctx_data ?? 0, true);
  md.setUint32(4, scenario.size ?? 64, true);
  md.setUint32(12, IFINDEX[ingress], true);
  return ctx;
}

/** Counters of devices that both sides have. */
export const DEVICE_COUNTERS = [
  'rx_packets',
  'rx_bytes',
  'rx_dropped',
  'tx_packets',
  'tx_bytes',
  'tx_dropped',
] as const;

/** Rows of struct seen, as the map has them, with pages numbered by first sight. */
export function seenIn(rows: readonly DataView[]): Seen[] {
  const pages = new Map<bigint, number>();
  return rows.map((row) => {
    const address = row.getBigUint64(0, true);
    if (!pages.has(address)) pages.set(address, pages.size);
    const word = (at: number): number => row.getUint32(at, true);
    return {
      ...{ page: pages.get(address)!, value: word(8), offset: word(12), length: word(16), meta: word(20) },
      ...{ ingress: word(24), rc: row.getInt32(28, true) },
    };
  });
}

/** struct visit. */
export function visitAt(view: DataView, at: number): Visit {
  const word = (field: number): number => view.getUint32(at + 16 + field * 4, true);
  return {
    ...{ count: Number(view.getBigUint64(at, true)), bytes: Number(view.getBigUint64(at + 8, true)) },
    ...{ ingress: word(0), egress: word(1), queue: word(2), meta: word(3), value: word(4) },
  };
}
export const VISIT_BYTES = 40;

/** struct came, without its two sums. */
const CAME = [
  ...([
    'ifindex',
    'ingress',
    'type',
    'protocol',
    'vlan',
    'queue',
    'meta',
    'value',
    'mark',
    'linear',
    'wire_len',
  ] as const),
  ...(['first', 'rc'] as const),
];

export function cameAt(view: DataView, at: number): Record<string, number> {
  const sums = { count: Number(view.getBigUint64(at, true)), bytes: Number(view.getBigUint64(at + 8, true)) };
  return { ...sums, ...Object.fromEntries(CAME.map((name, i) => [name, view.getInt32(at + 16 + i * 4, true)])) };
}
