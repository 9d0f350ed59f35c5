/** The case object as users write it in *.case.ts files, and the plain, settled case that comes out of it. */
import type { NetnsSpec, UserMemory } from '../engine/index.ts';
import type { MapPreset } from './backends/backend.ts';
import type { BytesSource, FieldValue } from './test-case-bytes.ts';
import type { LiveExpectation, LiveSpec, SettledLive, SettledLiveExpectation } from './test-case-live.ts';

export type { BytesSource, FieldValue } from './test-case-bytes.ts';

export interface CaseEnv {
  /** Text in files of data, beyond 2^53. */
  readonly time_ns?: bigint | number | `${bigint}`;
  readonly seed?: number;
  readonly cpus?: number;
  readonly cpu?: number;
}

/** What one run is given and must give: a case of one step, or one of a case's steps. */
interface RunFields {
  readonly data_in?: BytesSource;
  /** Bytes, or fields by name of the type's context struct. */
  readonly ctx_in?: BytesSource | { readonly [field: string]: FieldValue };
  /** Map name → entries `[[key, value], …]` or `{key: value}`, null for one that is to go; data sections: `{variable: value}`. */
  readonly maps?: { readonly [map: string]: FieldValue };
  readonly env?: CaseEnv;
  /** The network namespace of the run: devices, routes, neighbours, sockets; by default a fresh one. */
  readonly netns?: NetnsSpec;
  /** Memory that pointers in ctx_in lead to (STRUCT_OPS), by address: `{'0x1000': '34120000'}`. */
  readonly memory?: { readonly [address: string]: BytesSource };
  readonly repeat?: number;
  readonly flags?: number;
  /** The cpu attribute of BPF_PROG_RUN. */
  readonly cpu?: number;
  readonly expect?: Expectation;
}

/** One run of several on the same maps. What it leaves out is as the case says; `maps` are filled just before it. */
export interface CaseStep extends RunFields {
  /** For messages: `SYN`, `the reply`. */
  readonly name?: string;
  /** Another program of the object. */
  readonly program?: string;
  readonly type?: string;
}

export interface TestCase extends RunFields {
  readonly name: string;
  /** Path of the object, relative to the config file. */
  readonly object: string;
  readonly program: string;
  /** PROG_TYPE name, to override the section's. */
  readonly type?: string;
  readonly budget?: number;
  /**
   * Further objects in the same world: maps pinned by name are shared, `b.o#prog` names a program of theirs, and their
   * freplace programs stand in for functions of the program.
   */
  readonly with?: readonly string[];
  /** Live frames (BPF_F_TEST_XDP_LIVE_FRAMES): `repeat` of them go through devices; `{}` is enough. */
  readonly live?: LiveSpec;
  /** Runs one after the other on the same maps, each with its own expectations; those of the case hold for every step. */
  readonly steps?: readonly CaseStep[];
  readonly skip?: boolean | string;
  readonly todo?: boolean;
  readonly only?: boolean;
}

/** Where a redirect helper sends the packet: a number is the ifindex; only what is named is compared. */
export interface RedirectExpectation {
  /** bpf_redirect, bpf_redirect_map, … */
  readonly helper?: string;
  readonly ifindex?: number;
  /** cpumaps. */
  readonly cpu?: number;
  /** xskmaps. */
  readonly queue?: number;
  readonly map?: string;
  readonly key?: number;
  readonly flags?: number;
  /** To every device of the map. */
  readonly broadcast?: boolean;
}

/** A record sent through a ring buffer or perf: bytes, its text, or a BTF type with the fields that matter. */
export type RecordExpectation =
  | string
  | Uint8Array
  | RegExp
  | {
      readonly map?: string;
      /** Type of the object's BTF: `struct event`. */
      readonly type?: string;
      readonly value?: FieldValue;
      readonly hex?: string;
      /** The record as text, ended by NUL. */
      readonly text?: string | RegExp;
      readonly cpu?: number;
    };

export interface Expectation extends LiveExpectation {
  /** Number, or a name of the type's verdicts: XDP_DROP, TC_ACT_SHOT, … */
  readonly retval?: number | string;
  /** 0, a number or a name: ENOSPC. */
  readonly errno?: number | string;
  /** The whole packet, or header fields: `{'ipv4.ttl': 63, 'ipv4[2].saddr': '10.0.0.1', vlan: null}` (null: not there). */
  readonly data_out?: BytesSource | { readonly [field: string]: FieldValue };
  readonly data_size_out?: number;
  /** The context's fields that matter, or its bytes. */
  readonly ctx_out?: BytesSource | { readonly [field: string]: FieldValue };
  /** `false`: no redirect helper was called. */
  readonly redirect?: number | RedirectExpectation | false;
  /**
   * As `maps` above: the entries named must be there with these values; `null` = must be absent. Per-CPU values: a list
   * (CPU 0 first; CPUs left out are not compared), `{cpu: 1, value: …}`, or `{sum: …}` over all CPUs.
   */
  readonly maps?: { readonly [map: string]: FieldValue };
  /** Lines in order; a RegExp or a string that the whole line equals. */
  readonly printk?: readonly (string | RegExp)[];
  /** Records in order, of each map that is named; no others. */
  readonly records?: readonly RecordExpectation[];
  /** A word of the fault's kind, or part of its message; `false`: none (the default when anything else is expected). */
  readonly fault?: string | RegExp | false;
}

/** Header fields expected of data_out, as plain data. */
export interface PacketFields {
  readonly fields: { readonly [path: string]: FieldValue };
}

/** An expectation with names turned to numbers and bytes read. */
export type SettledExpectation = Omit<Expectation, 'data_out' | 'ctx_out' | 'redirect' | keyof LiveExpectation> & {
  readonly live?: SettledLiveExpectation;
  readonly data_out?: Uint8Array | PacketFields;
  /** data_out was built of layers. */
  readonly built?: boolean;
  readonly ctx_out?: Uint8Array | { readonly json: { readonly [field: string]: FieldValue } };
  readonly redirect?: RedirectExpectation | false;
};

/** One run of a settled case. */
export interface SettledStep {
  readonly program: string;
  readonly type: string | null;
  readonly data_in: Uint8Array | null;
  readonly ctx_in: Uint8Array | { readonly json: { readonly [field: string]: FieldValue } } | null;
  readonly presets: readonly MapPreset[];
  readonly env: CaseEnv;
  readonly netns?: NetnsSpec;
  readonly memory?: readonly UserMemory[];
  readonly repeat: number;
  readonly flags: number;
  readonly cpu?: number;
  readonly expect: SettledExpectation;
  /** '' when the user gave none. */
  readonly step_name?: string;
}

/** A case settled for running: paths resolved, bytes read, still plain data (RegExp included). Its own fields are the first step. */
export interface SettledCase extends SettledStep {
  /** Stable across reruns: `file › object › program › name`. */
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly object: string;
  /** Further objects of its world, absolute. */
  readonly with?: readonly string[];
  readonly budget: number | null;
  readonly mode: 'run' | 'skip' | 'todo';
  readonly skip_reason: string;
  readonly only?: boolean;
  /** The case is about one frame of a capture of which every frame is run: `NAME: FILE`. */
  readonly capture?: string;
  readonly live?: SettledLive;
  /** All steps, the first among them; absent: the case is one step. */
  readonly steps?: readonly SettledStep[];
}
