/** What the JIT takes and gives: linked and patched instructions in, a WebAssembly module with the names it imports out. */
import type { CtxStruct } from '../uapi/contexts.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';

/** What the translator may know about a map at compile time. Addresses are those of this world. */
export interface MapFacts {
  readonly handle: number;
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  /** Array kinds, as in the descriptor; 0 where lookups go through the helper. */
  readonly values: number;
  readonly stride: number;
  readonly cpu_stride: number;
  readonly dirty: number;
  /** A program may not write the values (BPF_F_RDONLY_PROG). */
  readonly read_only: boolean;
  /** Array-of-maps/hash-of-maps: facts all inner maps share (addresses 0). */
  readonly inner: MapFacts | null;
}

export interface JitInput {
  /** World-unique number of the program, written to PRIV.FAULT_PROG. */
  readonly prog_id: number;
  readonly name: string;
  /**
   * Linked program; every ldimm64 is resolved: BPF_PSEUDO_MAP_FD carries the map's handle in imm, BPF_PSEUDO_MAP_VALUE
   * the handle in imm and the offset in the next slot's imm (as in the uapi), BPF_PSEUDO_FUNC the relative instruction offset.
   */
  readonly insns: Uint8Array;
  /** Ascending; [0] starts at 0 and is the entry. */
  readonly subprogs: readonly { readonly name: string; readonly start: number }[];
  /** null: the program takes no context of a known struct (conformance: r1 = memory, r2 = length). */
  readonly ctx: CtxStruct | null;
  /** The program has packet data that LD_ABS/LD_IND may read, and skb-like LD_ABS semantics. */
  readonly ld_abs: boolean;
  map(handle: number): MapFacts | undefined;
  /** Helper numbers the type may not call or the engine does not have, with the sentence to say; reached only when lenient. */
  readonly unsupported: ReadonlyMap<number, string>;
  /** Rows of the helpers there are; absent: those of uapi/helper-protos.ts. */
  readonly helpers?: ReadonlyMap<number, HelperProto>;
  /** Programs of the type may not store into the packet (may_access_direct_pkt_data); absent: they may. */
  readonly packet_read_only?: boolean;
  /** The form that calls `rt.step` before every instruction; absent: the fast one. */
  readonly traced?: boolean;
  /** The form that calls `rt.reach` where control arrives, to be counted. */
  readonly counted?: boolean;
  /** First index of the shared table this module's functions may use for callbacks and function pointers (one each subprogram). */
  readonly table_base: number;
}

/**
 * Module shape.
 * Imports: `m.memory`, `m.table`; `h.<helper name>` for each of `helpers`; `rt.refill: () => i32`
 * (called when PRIV.BUDGET ran out: refills it and returns 0, or returns a FAULT kind to stop with);
 * `rt.step: (program, instruction, address above the frame: i32) => void`, in traced forms alone, finds r0..r10 as they are before the
 * instruction in PRIV.TRACE_REGS;
 * `rt.reach: (program, instruction: i32) => void`, in counted forms alone, at the start of every block and behind every call;
 * `rt.translate: (table index: i32) => i32` belongs to the stubs, not to programs.
 * Exports: `run: (r1: i32, r2: i32) => i32` (r0's low half; PRIV.R0 has all of it; the frame starts at STACK_TOP), `repeat` of the
 * same type (runs over and over until PRIV.RUNS_LEFT is 0 or PRIV.BUDGET is spent, each from TAIL_CALLS 0; the last r0), and
 * `f<K>` for each subprogram K, of type (r1 r2 r3 r4 r5: i64, frame_top: i32) => i64, which the loader puts in the table.
 * A trap is always preceded by PRIV.FAULT_*.
 */
export interface CompiledProgram {
  readonly wasm: Uint8Array;
  readonly helpers: readonly string[];
  /** Subprograms whose address is taken (callbacks, callx): the loader puts `f<K>` at table_base + K for all K. */
  readonly functions: number;
  /** Bytes of the context that the program's own accesses need (max_ctx_offset in the kernel). */
  readonly ctx_end: number;
  /** Instructions whose access of the context the verifier may refuse. */
  readonly ctx_suspects: ReadonlySet<number>;
}
