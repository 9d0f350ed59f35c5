/** What BPF_PROG_RUN takes and gives here: the uapi attributes under their names, and what only a userspace engine can say. Plain data. */

import type { RunEnv } from '../env.ts';
import type { Where } from '../errors.ts';
import type { NetnsSpec } from '../net/netns-spec.ts';
import type { ProgramSpec } from '../object/spec.ts';
import type { Trace, TraceOpts } from './trace/types.ts';

export type { Decoded } from '../object/btf-decode.ts';
export type { KernelStruct } from '../object/spec.ts';
export type {
  Trace,
  TraceAccess,
  TraceArg,
  TraceBranch,
  TraceCall,
  TraceOpts,
  TracePlace,
  TraceRegister,
  TraceStep,
} from './trace/types.ts';

/**
 * The attributes of BPF_PROG_RUN (struct `test` of union bpf_attr) by their names, with the kernel's defaults: what is absent
 * is 0 or NULL there. Then what only userspace can say. Sizes are in bytes.
 */
export interface ProgRunOpts {
  readonly data_in?: Uint8Array;
  /** Room the caller has for data_out; absent = no data_out buffer given and no limit. */
  readonly data_size_out?: number;
  /** Whether a data_out buffer is given (absent: yes). */
  readonly data_out?: boolean;
  readonly ctx_in?: Uint8Array;
  /** Whether ctx_out is asked for, with room for this many bytes. */
  readonly ctx_size_out?: number;
  readonly repeat?: number;
  readonly flags?: number;
  readonly cpu?: number;
  readonly batch_size?: number;
  /** Memory of the caller's, by address: what pointers in ctx_in lead to (STRUCT_OPS: the state), and what bpf_probe_read_user and its kin read. */
  readonly user_memory?: readonly UserMemory[];

  /** The network namespace the call is made in; default: a fresh one, with loopback. */
  readonly netns?: NetnsSpec;
  readonly env?: Partial<RunEnv>;
  /** What the whole call may spend, repeats included, default DEFAULT_BUDGET: an instruction costs 1, helpers more (helperCost). */
  readonly budget?: number;
  /** What was executed becomes part of the result; the run is slower, and does the same. Not with live frames. */
  readonly trace?: TraceOpts;
  /** Is added to: what was executed, of every program that was reached. The run is slower, and does the same. Not with trace or live frames. */
  readonly coverage?: Coverage;
  /** A word in shared memory: nonzero stops the run (EINTR, as a pending signal does in the kernel). */
  readonly cancel?: Int32Array;
}

/** By slot of a program's instructions; insnCounts() makes counts of all instructions of them. */
export interface ArrivalCounts {
  /** How often control arrived: at starts of blocks, and behind calls. */
  readonly arrived: Float64Array;
  /** Of conditional jumps: how often they were taken. */
  readonly taken: Float64Array;
  /** How often it ended the run by a fault. */
  readonly faulted: Float64Array;
}

/** Counts by program, as it stands in its object; runs add to it. */
export type Coverage = Map<ProgramSpec, ArrivalCounts>;

/** Bytes of user space at an address; a pointer that leads to none of them is a bad one (EFAULT). */
export interface UserMemory {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** A key and its value, as their bytes lie in the map. */
export interface MapEntry {
  readonly key: Uint8Array;
  /** Percpu: every CPU's value, each rounded up to 8 bytes, in order. */
  readonly value: Uint8Array;
}

/** Content of one map after a run: non-zero entries of arrays, all of hashes, the elements of queues in order (empty keys). */
export interface MapDump {
  readonly name: string;
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly percpu: boolean;
  readonly key_type_id: number;
  readonly value_type_id: number;
  readonly entries: readonly MapEntry[];
  /** Kinds whose values are ids: the name of the program or map behind each entry, where known. */
  readonly refs?: readonly (string | null)[];
}

/** What a program sent to user space through ringbuf or perf_event_output. */
export interface OutputRecord {
  readonly map: string;
  readonly kind: 'ringbuf' | 'perf';
  readonly cpu: number;
  readonly data: Uint8Array;
}

/** Where a redirect helper would have sent the packet. */
export interface RedirectTarget {
  /** bpf_redirect, bpf_redirect_map, … */
  readonly helper: string;
  /** ifindex for redirect and devmaps, CPU for cpumaps, queue for xskmaps; null for a broadcast. */
  readonly target: number | null;
  readonly map: string | null;
  readonly key: number | null;
  readonly flags: number;
}

/** A copy of the packet that bpf_clone_redirect would have sent; nothing is sent here. */
export interface ClonedPacket {
  readonly ifindex: number;
  /** Towards the stack instead of out of the device. */
  readonly ingress: boolean;
  readonly data: Uint8Array;
}

/**
 * What a program did that no kernel would have let it do, with its place; the run ended there, and there is no verdict.
 */
export interface Fault extends Where {
  /** Lower-case word of a FAULT kind: `out of bounds`, `NULL pointer`, … */
  readonly kind: string;
  /** One sentence: what was accessed, how far outside of what. */
  readonly message: string;
  readonly program: string;
  /** Function the instruction is in, where it is not the program's entry. */
  readonly subprogram?: string;
  readonly insn: number;
  /** Disassembly of that instruction. */
  readonly text: string;
  /** Source text of the line, '' if unknown. */
  readonly source: string;
  /** r0..r10. */
  readonly registers: readonly bigint[];
}

/** What BPF_PROG_RUN wrote back (bpf_test_finish), and what else the run left behind. Sizes are in bytes. */
export interface ProgRunResult {
  /** Positive errno of the call, 0 when it succeeded. */
  readonly errno: number;
  /** Why errno is not 0: the rule that was broken, in one sentence; '' otherwise. */
  readonly reason: string;
  /** Unsigned 32-bit return of the (last) run; null when the kernel would not have written it. */
  readonly retval: number | null;
  /** Mean nanoseconds per run, measured. */
  readonly duration_ns: number;
  /** Bytes copied to data_out (the first data_size_out given, on ENOSPC). */
  readonly data_out: Uint8Array | null;
  /** True size; null when the kernel would not have written it. */
  readonly data_size_out: number | null;
  readonly ctx_out: Uint8Array | null;
  readonly ctx_size_out: number | null;
  /** SYSCALL: the context as left by the program. */
  readonly ctx_in_after: Uint8Array | null;
  /** The caller's memory as the call left it, where any was given and the type copies back to it. */
  readonly user_memory_after?: readonly UserMemory[];
  readonly insns_executed: number;
  readonly printk: readonly string[];
  readonly records: readonly OutputRecord[];
  readonly redirect: RedirectTarget | null;
  /** Absent: none. */
  readonly clones?: readonly ClonedPacket[];
  readonly fault: Fault | null;
  /** Where it was asked for, and something ran. */
  readonly trace?: Trace;
}

/** Spent by a call before an endless loop is assumed; about two seconds. */
export const DEFAULT_BUDGET = 1_000_000_000;
