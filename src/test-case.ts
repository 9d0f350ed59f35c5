/** The case object as users write it in *.case.ts files, and the plain, settled case that comes out of it. */
import type { MapPreset } from './backends/backend.ts';
import type { ListedLayer, PacketBuilder } from './packet/build.ts';

/**
 * Bytes: `hex:…` or bare hex digits (white space ignored), a Uint8Array, `{pcap: 'file', frame: 1}` (from 1), a packet
 * (`pkt.eth().ipv4().udp()`), or one as plain data: `{packet: ['eth', {ipv4: {ttl: 1}}, 'udp']}`.
 */
export type BytesSource =
  | string
  | Uint8Array
  | readonly number[]
  | { readonly pcap: string; readonly frame?: number }
  | { readonly file: string }
  | { readonly packet: readonly ListedLayer[] }
  | PacketBuilder;

/** Values by BTF field names; numbers, bigint, strings (decimal or 0x…), arrays, objects; `{hex: '…'}` for raw bytes. */
export type FieldValue = unknown;

export interface TestCase {
  readonly name: string;
  /** Path of the object, relative to the config file. */
  readonly object: string;
  readonly program: string;
  /** PROG_TYPE name, to override the section's. */
  readonly type?: string;
  readonly data_in?: BytesSource;
  /** Bytes, or fields by name of the type's context struct. */
  readonly ctx_in?: BytesSource | { readonly [field: string]: FieldValue };
  /** Map name → entries `[[key, value], …]` or, for arrays, `{index: value}`; data sections: `{variable: value}`. */
  readonly maps?: { readonly [map: string]: FieldValue };
  readonly env?: {
    readonly time_ns?: bigint | number;
    readonly seed?: number;
    readonly cpus?: number;
    readonly cpu?: number;
  };
  readonly repeat?: number;
  readonly flags?: number;
  readonly budget?: number;
  readonly skip?: boolean | string;
  readonly todo?: boolean;
  readonly only?: boolean;
  readonly expect: Expectation;
}

export interface Expectation {
  /** Number, or a name of the type's verdicts: XDP_DROP, TC_ACT_SHOT, … */
  readonly retval?: number | string;
  /** 0, a number or a name: ENOSPC. */
  readonly errno?: number | string;
  readonly data_out?: BytesSource;
  readonly data_size_out?: number;
  /** As `maps` above: the entries named must be there with these values; `null` = must be absent. */
  readonly maps?: { readonly [map: string]: FieldValue };
  /** Lines in order; a RegExp or a string that the whole line equals. */
  readonly printk?: readonly (string | RegExp)[];
  /** A word of the fault's kind, or part of its message; `false`: none (the default when anything else is expected). */
  readonly fault?: string | RegExp | false;
}

/** A case settled for running: paths resolved, bytes read, still plain data (RegExp included). */
export interface SettledCase {
  /** Stable across reruns: `file › object › program › name`. */
  readonly id: string;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly object: string;
  readonly program: string;
  readonly type: string | null;
  readonly data_in: Uint8Array | null;
  readonly ctx_in: Uint8Array | { readonly json: { readonly [field: string]: FieldValue } } | null;
  readonly presets: readonly MapPreset[];
  readonly env: NonNullable<TestCase['env']>;
  readonly repeat: number;
  readonly flags: number;
  readonly budget: number | null;
  readonly mode: 'run' | 'skip' | 'todo';
  readonly skip_reason: string;
  readonly only?: boolean;
  readonly expect: Expectation;
}
