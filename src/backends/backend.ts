/** The interface every backend stands behind (embedded engine, real kernel): plain data across, so a Worker or a child process fits. */
import type { KernelConfig, MapDump, ObjectSpec, ProgRunOpts, ProgRunResult, Refusal } from '../../engine/index.ts';
import type { ProgramLines } from '../coverage/program-lines.ts';
import type { LiveEnd, LiveRequest } from '../live/types.ts';
import type { MapPreset } from './map-preset.ts';

export type { MapPreset } from './map-preset.ts';

/** One difference; bytes are hex, what one side does not have is null. */
export interface Mismatch {
  /** errno, retval, data_out, …, `maps.NAME[KEY]`, `printk[0]`, `records[0]`; refusal when only one side would run it. */
  readonly field: string;
  readonly engine: unknown;
  readonly kernel: unknown;
}

/** By map: whether each value asked for may be in it. */
export type BloomAnswers = { readonly [map: string]: readonly boolean[] };

/** One BPF_PROG_RUN. */
export interface RunStep {
  readonly program: string;
  /** PROG_TYPE name that overrides the section's, if any. */
  readonly type?: string;
  readonly presets: readonly MapPreset[];
  /** Fields of the context by name: becomes opts.ctx_in, with what is left out filled sensibly (data_end = packet length). */
  readonly ctx?: { readonly [field: string]: unknown };
  readonly opts: Omit<ProgRunOpts, 'cancel' | 'coverage'>;
  /** Values to look for in Bloom filters afterwards, as cases expect them; maps of other kinds are passed over. */
  readonly asks?: { readonly [map: string]: unknown };
}

export interface RunRequest extends RunStep {
  /** As given to open(): which object. */
  readonly object: string;
  /** Further objects, as given to open(), loaded into the same world: maps pinned by name are shared. */
  readonly with?: readonly string[];
  readonly lenient?: boolean;
  /** What is executed adds to coverage(). */
  readonly counted?: boolean;
  /** Further runs on the same maps, one after the other; their presets are applied just before each. */
  readonly more?: readonly RunStep[];
}

export interface RunReply {
  readonly result: ProgRunResult | null;
  /** Set when the program could not be loaded or a preset does not fit. */
  readonly refusal: Refusal | null;
  /** Kernel: the verifier's whole log, when it refused the program. */
  readonly log?: string;
  /** What this backend cannot see here, so that nobody takes its absence for an answer. */
  readonly unseen?: readonly ('printk' | 'redirect')[];
  /** Every map of the object after the run; those of further objects as `b.o#map`, shared ones once. */
  readonly maps: readonly MapDump[];
  /** Same, before the run but after the presets (to show what changed). */
  readonly maps_before: readonly MapDump[];
  /** Where a judge answered otherwise, in all steps (`step 2: retval`); absent: nobody judged. */
  readonly mismatches?: readonly Mismatch[];
  /** Answers to `asks`. */
  readonly blooms?: BloomAnswers;
  /** Replies to `more`, in order; the one that is refused or stopped is the last. */
  readonly more?: readonly RunReply[];
}

/** A live run to its end. */
export interface LiveCaseRequest extends Omit<LiveRequest, 'bytes' | 'btf' | 'peers' | 'whole'> {
  /** Further objects, as given to open(). */
  readonly peers: readonly string[];
}

export interface LiveCaseReply {
  /** Null when it was refused. */
  readonly end: LiveEnd | null;
  readonly refusal: Refusal | null;
  /** Counters of the page pool that this backend cannot see. */
  readonly unseen?: readonly string[];
  /** Where a judge counted otherwise; absent: nobody judged. */
  readonly mismatches?: readonly Mismatch[];
}

export interface OpenReply {
  readonly spec: ObjectSpec | null;
  readonly refusal: Refusal | null;
}

export interface Backend {
  readonly name: 'engine' | 'kernel';
  /** Opens (or reopens, with new bytes) an object under its path: `btf` for CO-RE, `config` for .kconfig. */
  open(path: string, bytes: Uint8Array, btf?: Uint8Array, config?: KernelConfig): Promise<OpenReply>;
  /** Fresh maps for every call. */
  run(request: RunRequest): Promise<RunReply>;
  /** What counted runs have executed, of every program of the objects that are open; absent: it cannot see that. */
  coverage?(): Promise<readonly ProgramLines[]>;
  /** Live frames through devices, with fresh maps; absent: this backend has none. */
  live?(request: LiveCaseRequest): Promise<LiveCaseReply>;
  /** Stops the run under way: it ends with EINTR. */
  cancel(): void;
  close(): Promise<void>;
}
