/** What a live run is asked for, what is asked of it while it goes on, and what it tells: plain data between two threads. */
import type {
  CapturedFrame,
  Fault,
  LinkSpec,
  LiveFaults,
  LiveFrames,
  LiveLook,
  LiveReport,
  MapDump,
  NetnsName,
  NetnsSpec,
  OutputRecord,
  Refusal,
  SocketUse,
} from '../../engine/index.ts';
import type { MapPreset } from '../backends/map-preset.ts';

/** A program of an object by its path. */
export interface ProgramAt {
  readonly object: string;
  readonly program: string;
}

export type PeerXdp = 'none' | 'pass' | 'drop' | 'tx' | ProgramAt;

/** A device of the run with everything that decides what becomes of a frame that is sent there. */
export interface LiveDeviceInfo {
  readonly netns: NetnsName;
  readonly ifindex: number;
  readonly name: string;
  readonly type: 'veth' | 'ifb' | 'lo' | 'dummy';
  readonly mtu: number;
  /** Veth: the other end. */
  readonly peer: { readonly netns: NetnsName; readonly ifindex: number; readonly name: string } | null;
  /** What runs natively on this device. */
  readonly xdp: PeerXdp;
  readonly gro: boolean;
  /** What runs at its tc ingress. */
  readonly tc: ProgramAt | null;
}

export interface LiveNetwork {
  readonly netns: NetnsSpec;
  readonly far: NetnsSpec;
  readonly links: readonly LinkSpec[];
  readonly devices: readonly LiveDeviceInfo[];
}

export interface LiveObject {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface LiveRequest extends LiveObject {
  readonly btf?: Uint8Array;
  readonly program: string;
  readonly network: LiveNetwork;
  /** Objects of programs at devices, by path. */
  readonly peers: readonly LiveObject[];
  readonly presets: readonly MapPreset[];
  readonly data_in: Uint8Array;
  /** Packets that frames are made of; absent: all of data_in. */
  readonly frames?: LiveFrames;
  readonly sockets?: readonly SocketUse[];
  readonly faults?: LiveFaults;
  readonly seed?: number;
  /** bpf_ktime_get_ns() at the first read. */
  readonly time_ns?: bigint;
  readonly ctx_in: Uint8Array | null;
  /** Infinity: until somebody stops it. */
  readonly repeat: number;
  readonly batch_size: number;
  /** Frames a second; Infinity: as fast as it goes. */
  readonly rate: number;
  readonly cpus: number;
  /** Keeps so many of the first frames that leave through each device or go up; 0: none. */
  readonly capture: number;
  /** Begins to run at once. */
  readonly running: boolean;
  /** All frames in one go (in the kernel: one call, so one page pool); commands wait. Absent: in slices. */
  readonly whole?: boolean;
}

/** Asked between two batches. */
export type LiveCommand =
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  | { readonly do: 'step' }
  | { readonly do: 'batch_size'; readonly size: number }
  | { readonly do: 'rate'; readonly rate: number }
  | { readonly do: 'link'; readonly netns: NetnsName; readonly ifindex: number; readonly up: boolean }
  /** The ring of a veth device takes nothing any more, or takes frames again. */
  | { readonly do: 'ring'; readonly netns: NetnsName; readonly ifindex: number; readonly full: boolean }
  /** The next frame finds no page. */
  | { readonly do: 'no-page' }
  | { readonly do: 'zero' }
  /** Keep frames from now on, or no longer. */
  | { readonly do: 'record'; readonly on: boolean }
  /** The next sample has the frames that were recorded; without a record those of the next batch. */
  | { readonly do: 'frames' }
  /** Pauses; the next sample has a frame that is lost as the error with this key says. */
  | { readonly do: 'look'; readonly key: string }
  | { readonly do: 'stop' };

/** A frame that was looked at. */
export interface LiveFound extends LiveLook {
  /** Of the error that was looked for. */
  readonly key: string;
  /** Frames run to find it. */
  readonly tried: number;
  /** It was lost that way; else the last frame that was tried. */
  readonly hit: boolean;
  readonly fault: Fault | null;
}

export interface LiveRecording {
  readonly on: boolean;
  /** Frames kept so far. */
  readonly frames: number;
}

/** Devices by the map that holds them, as far as redirects by that map can go there. */
export interface LiveDevmap {
  readonly id: number;
  readonly name: string;
  readonly ifindexes: readonly number[];
}

/** A batch that was run alone: exactly what it did. */
export interface LiveBatchAlone {
  /** Its number, from 1. */
  readonly number: number;
  readonly took_ms: number;
  /** Differences; what pool and devices are, as they were after it. */
  readonly report: LiveReport;
}

/** How the run stands at an edge between batches; counts are totals since the start or the last zero. */
export interface LiveSample {
  /** The clock of the thread, in milliseconds. */
  readonly at_ms: number;
  readonly running: boolean;
  readonly done: boolean;
  readonly batch_size: number;
  readonly rate: number;
  readonly report: LiveReport;
  /** How often counters were set to zero. */
  readonly zeroed: number;
  readonly devmaps: readonly LiveDevmap[];
  /** The last batch, when it was run alone; null while batches go on by themselves. */
  readonly alone: LiveBatchAlone | null;
  readonly recording: LiveRecording;
  /** Lines of trace_printk since the last sample. */
  readonly printk: readonly string[];
  /** Frames that were asked for; only in the sample that answers. */
  readonly frames?: readonly CapturedFrame[];
  /** The frame that was asked for; only in the sample that answers. Null: no frame follows, or this backend cannot look at one. */
  readonly found?: LiveFound | null;
  /** What to know about the backend's numbers; absent or '': nothing. */
  readonly note?: string;
}

export interface LiveEnd {
  readonly sample: LiveSample;
  /** Positive errno that ended the run, 0: none. */
  readonly errno: number;
  readonly fault: Fault | null;
  readonly maps: readonly MapDump[];
  readonly printk: readonly string[];
  readonly records: readonly OutputRecord[];
  readonly captured: readonly CapturedFrame[];
  /** Somebody stopped it. */
  readonly stopped: boolean;
  /** Calls it took, where each call begins with new pages; absent: one. */
  readonly calls?: number;
}

export type LiveReply =
  | { readonly is: 'refused'; readonly refusal: Refusal }
  | { readonly is: 'sample'; readonly sample: LiveSample }
  | { readonly is: 'end'; readonly end: LiveEnd }
  | { readonly is: 'broken'; readonly message: string; readonly stack: string };

export type LiveAsk =
  | { readonly ask: 'start'; readonly request: LiveRequest; readonly cancel: Int32Array; readonly sample_ms: number }
  | { readonly ask: 'command'; readonly command: LiveCommand };
