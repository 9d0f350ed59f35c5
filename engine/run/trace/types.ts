/** What a traced run tells: its last instructions one by one, as plain data. */

/** How much of a run is kept. */
export interface TraceOpts {
  /** Instructions kept, the last ones; default TRACE_MAX. */
  readonly max?: number;
}

export const TRACE_MAX = 4096;

/** The end of a run, instruction by instruction, with the branches and calls that led there. */
export interface Trace {
  /** The last ones that were executed, oldest first. */
  readonly steps: readonly TraceStep[];
  /** r0 to r10 as the last one found them. */
  readonly registers: readonly TraceRegister[];
  /** Instructions executed, those before `steps` among them. */
  readonly total: number;
}

/** One executed instruction. */
export interface TraceStep {
  /** Path of the object that the program stands in. */
  readonly object: string;
  readonly program: string;
  /** Function it is in, '' for the program's entry. */
  readonly subprogram: string;
  readonly insn: number;
  /** Disassembly. */
  readonly text: string;
  /** '' and 0 where the object has no line for it. */
  readonly file: string;
  readonly line: number;
  /** Source text of the line. */
  readonly source: string;
  /** BPF frames above its own. */
  readonly depth: number;
  /** The register it wrote, with what was then in it. */
  readonly wrote: TraceRegister | null;
  readonly access: TraceAccess | null;
  readonly branch: TraceBranch | null;
  readonly call: TraceCall | null;
  /** The function returns, with this in r0. */
  readonly returns: bigint | null;
}

/** A register with its value. */
export interface TraceRegister {
  readonly register: number;
  readonly value: bigint;
  /** What it points to; null: a number, or nothing known. */
  readonly place: TracePlace | null;
}

/** Somewhere in memory that a program may reach. */
export interface TracePlace {
  readonly region: 'packet' | 'metadata' | 'stack' | 'context' | 'map' | 'map value' | 'memory';
  /** Bytes from data, from data_meta, from r10 (negative), from the context, from the element's start. */
  readonly offset: number;
  /** Packets: how far data has moved since the run began, so that offset + moved counts from where it was then; else 0. */
  readonly moved: number;
  /** Name of the map, of the field of the context; else ''. */
  readonly name: string;
  /** Map values: address of the element, by which the lookup that returned it is found; else 0. */
  readonly element: number;
  /** Values of arrays: the index; -1 elsewhere. */
  readonly index: number;
}

/** A load, store or atomic operation. */
export interface TraceAccess {
  readonly write: boolean;
  /** Bytes. */
  readonly size: number;
  readonly address: bigint;
  /** null: it leads to nothing that the program may touch. */
  readonly place: TracePlace | null;
  /** Loaded or stored; null where a load did not come to its end. */
  readonly value: bigint | null;
}

/** A conditional jump: what was compared, and which way it went. */
export interface TraceBranch {
  /** Registers compared, `r2`, and the immediate as a number; w registers for 32-bit comparisons. */
  readonly left: string;
  readonly right: string;
  readonly left_value: bigint;
  readonly right_value: bigint;
  /** What they point to, where they are pointers. */
  readonly left_place: TracePlace | null;
  readonly right_place: TracePlace | null;
  /** As in C: `!=`, `s<`, `&`. */
  readonly sign: string;
  readonly taken: boolean;
}

/** A call: of a helper, with bpf_ in front, or of a function of the program. */
export interface TraceCall {
  readonly name: string;
  readonly helper: boolean;
  readonly args: readonly TraceArg[];
  /** r0 afterwards; null where it did not come back, as tail calls that were made do not. */
  readonly result: bigint | null;
  /** The result is a signed number, an unsigned one, an address, or there is none. */
  readonly result_kind: 'signed' | 'unsigned' | 'address' | 'none';
  /** Lookups that found something: the value at that time; cut. */
  readonly found: Uint8Array | null;
  /** Lookups that found nothing: keys that were there, the first ones. */
  readonly keys: readonly Uint8Array[] | null;
  /** There were more keys. */
  readonly more_keys: boolean;
}

/** An argument of a helper, as the helper was given it. */
export interface TraceArg {
  /** ctx, map, map_key, map_value, mem, mem_w, size, u32, u64, func, ptr: how the helper takes it. */
  readonly kind: string;
  readonly value: bigint;
  readonly place: TracePlace | null;
  /** Memory it points to, as it was before the call; cut; null where it points to none. */
  readonly bytes: Uint8Array | null;
}
