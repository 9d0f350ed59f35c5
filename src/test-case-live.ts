/** Live cases as users write them (BPF_F_TEST_XDP_LIVE_FRAMES), and the plain, settled form: devices that frames go through, what is expected of them. */
import type { LiveFaults, LiveFrames, NetnsSpec, SocketUse } from '../engine/index.ts';
import type { LiveNetwork } from './live/types.ts';
import type { BytesSource, FieldValue } from './test-case-bytes.ts';

/** A device in the words of `bpfdeck live --dev`. */
export interface LiveDevice {
  readonly ifindex?: number;
  readonly type?: 'veth' | 'ifb' | 'lo' | 'dummy';
  /** Veth: name of the far end. */
  readonly peer?: string;
  /** What runs natively at the far end: none, pass, drop, tx, or a program by `OBJECT#PROGRAM`, from the config file. */
  readonly peer_xdp?: string;
  readonly up?: boolean;
  readonly peer_up?: boolean;
  /** Bytes. */
  readonly mtu?: number;
  /** GRO of the far end. */
  readonly gro?: boolean;
  readonly queues?: number;
  /** What runs at tc ingress, here and at the far end: `OBJECT#PROGRAM`. */
  readonly tc_ingress?: string;
  readonly peer_tc_ingress?: string;
}

/** The case's `repeat` frames (1 unless said) go through devices, as BPF_PROG_RUN sends live frames. */
export interface LiveSpec {
  /** Frames a batch, 1 to 256; default 64. */
  readonly batch_size?: number;
  /** By name, or as `veth0:peer_xdp=drop,mtu=9000`. */
  readonly devices?: { readonly [name: string]: LiveDevice } | readonly string[];
  /** Device that frames come in on; default the first, without any loopback. */
  readonly ingress?: string;
  /** The namespace of the far ends: addresses, routes, sockets. */
  readonly far?: NetnsSpec;
  /** Packets that frames are made of in turn, instead of data_in alone. */
  readonly frames?: readonly BytesSource[];
  /** `down=veth1@1000`, `up=…`, `full=…`, `drains=…`, `page=300`, `alloc=2`: as `bpfdeck live --fault`. */
  readonly faults?: readonly string[];
}

/** A number, or its bounds. */
export type CountExpectation = number | { readonly min?: number; readonly max?: number };
export type CountsExpectation = { readonly [name: string]: CountExpectation };

export interface TracepointExpectation {
  /** xdp_redirect, xdp_redirect_err, xdp_devmap_xmit, … */
  readonly name: string;
  /** `ENXIO`, or a number: events with this errno; 0: without one. Absent: whatever it was. */
  readonly errno?: number | string;
  /** Default: at least one. */
  readonly count?: CountExpectation;
}

/** A captured frame: all its bytes, or header fields by path; null: there was none. */
export type FrameExpectation = BytesSource | { readonly [field: string]: FieldValue } | null;

/** What live cases may expect beside errno, maps, printk, records and fault. */
export interface LiveExpectation {
  /** Frames by verdict: `{XDP_TX: 1000}`; `unknown` counts all others. */
  readonly verdicts?: CountsExpectation;
  /** Counters by device: `{veth0: {xdp_xmit: 1000, tx_packets: {min: 1}}}`. */
  readonly devices?: { readonly [name: string]: CountsExpectation };
  /** Counters of the stacks, `near` and `far`: `{near: {udp_delivered: 64}}`. */
  readonly stacks?: { readonly near?: CountsExpectation; readonly far?: CountsExpectation };
  readonly tracepoints?: readonly TracepointExpectation[];
  /** allocated, recycled, released, in_pool, in_flight. */
  readonly pool?: CountsExpectation;
  /** The first frames that left by a device, or went up into `stack` or `far_stack`, or reached an AF_XDP socket (`xsk`); by number: one of them, from 0. */
  readonly captured?: {
    readonly [where: string]: readonly FrameExpectation[] | { readonly [index: number]: FrameExpectation };
  };
}

/** Devices settled, objects as absolute paths. */
export interface SettledLive {
  readonly network: LiveNetwork;
  /** Objects of programs at devices. */
  readonly peers: readonly string[];
  readonly batch_size: number;
  /** ifindex, null: the context says it, or nobody. */
  readonly ingress: number | null;
  readonly frames?: LiveFrames;
  readonly sockets: readonly SocketUse[];
  readonly faults?: LiveFaults;
}

export type SettledFrame = Uint8Array | { readonly fields: { readonly [path: string]: FieldValue } } | null;

export interface SettledCaptured {
  /** As the case names it. */
  readonly where: string;
  readonly index: number;
  readonly frame: SettledFrame;
}

export interface SettledLiveExpectation {
  /** By name, with or without XDP_. */
  readonly verdicts?: CountsExpectation;
  readonly devices?: LiveExpectation['devices'];
  readonly stacks?: LiveExpectation['stacks'];
  readonly tracepoints?: readonly {
    readonly name: string;
    readonly errno: number | null;
    readonly count: CountExpectation;
  }[];
  readonly pool?: CountsExpectation;
  readonly captured?: readonly SettledCaptured[];
}
