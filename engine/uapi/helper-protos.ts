/**
 * One row a helper: number, name, arguments and result as the JIT passes them, and which program types may call it.
 * The kernel's struct bpf_func_proto rows, read from net/core/filter.c and kernel/bpf/helpers.c.
 *
 * Each argument reaches the JavaScript helper as ONE i32, except `u64`, which arrives as two (lo, hi).
 * Before the call the JIT's code faults when the upper half of a pointer argument is not zero; whether the memory
 * behind it may be touched is checked by the helper (helpers/check-mem.ts).
 */

export type ArgKind =
  /** The program's context pointer. */
  | 'ctx'
  /** Map handle (descriptor address). */
  | 'map'
  /** Pointer to memory as long as the map's key / value. */
  | 'map_key'
  | 'map_value'
  /** Pointer to memory that the helper reads / writes; the next argument is its size. NULL allowed where size may be 0. */
  | 'mem'
  | 'mem_w'
  /** Bytes of the memory before it. */
  | 'size'
  | 'u32'
  | 'u64'
  /** Function pointer of a callback: arrives as the function's table index. */
  | 'func'
  /** Any other pointer (callback context, socket, reserved record, spin lock): passed unchecked, the helper decides. */
  | 'ptr';

export type RetKind =
  /** int or long that fits: sign-extended to 64 bits. */
  | 'i32'
  /** Zero-extended. */
  | 'u32'
  /** 64 bits in PRIV.R0; the import's own result is ignored. */
  | 'u64'
  /** Address or 0; what is behind it: */
  | 'map_value'
  | 'map_or_value'
  | 'mem'
  | 'sock'
  /** r0 is 0 afterwards. */
  | 'void';

export interface HelperProto {
  readonly id: number;
  /** Without the bpf_ prefix, as in enum bpf_func_id. */
  readonly name: string;
  readonly args: readonly ArgKind[];
  readonly ret: RetKind;
  /** Moves or resizes the packet (bpf_helper_changes_pkt_data): packet pointers held before are stale. */
  readonly changesPacket?: true;
  /** Only programs with a GPL-compatible license may call it. */
  readonly gplOnly?: true;
  /** For ret 'mem': index of the argument that holds the size of the memory returned. */
  readonly memSizeArg?: number;
  /** Emitted by the JIT itself instead of an import: tail_call, loop. */
  readonly inline?: true;
}
