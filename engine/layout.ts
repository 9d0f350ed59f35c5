/**
 * Addresses in a world's linear memory that the JIT's code and the helpers share; everything below `CTX_BASE`
 * and every gap between areas belongs to no region, so no BPF program can read or write it.
 *
 *   0x000000  private words (this file)          0x100000  map descriptors, 64 bytes each
 *   0x020000  context, at most 64 KiB            0x200000  packet buffer of the run
 *   0x040000  stack, 64 KiB                      0x300000  kernel objects (sockets, flow keys, …)
 *   0x080000  region table, 32 bytes a row       0x400000  arena: map values, ring buffers, long-lived blocks
 */

export const WASM_PAGE = 65536;
/** Addresses below this are what a NULL pointer plus an offset reaches. */
export const NULL_GUARD = 65536;

/** Private words, all little-endian; u32 unless said. */
export const PRIV = {
  /** u64: a helper's 64-bit result, and r0 of the entry program when it returns. */
  R0: 0x1000,
  /** Nonzero (a FAULT kind) when a helper found a bad argument: the JIT's code leaves for its cold block after the call. */
  FAULT_KIND: 0x1008,
  /** Instruction index (8-byte slot) in the linked program of `FAULT_PROG`. Also stored before every helper call. */
  FAULT_PC: 0x100c,
  FAULT_PROG: 0x1010,
  /** Bytes the faulting access wanted. */
  FAULT_SIZE: 0x1014,
  /** u64: the faulting address as the program computed it. */
  FAULT_ADDR: 0x1018,
  /** REGION id the access was expected in, or REGION.NONE. */
  FAULT_REGION: 0x1020,
  /** 1 when the faulting access was a store. */
  FAULT_WRITE: 0x1024,
  /** Map descriptor address the pointer belonged to, 0 if none. */
  FAULT_MAP: 0x1028,
  /** u64 x 11: r0..r10 at the fault. */
  FAULT_REGS: 0x1040,

  /** Packet bounds: the truth, refreshed by whoever changes the packet; the context only shows copies. */
  PKT_META: 0x1100,
  PKT_DATA: 0x1104,
  PKT_END: 0x1108,
  CTX_ADDR: 0x110c,
  CTX_LEN: 0x1110,
  /** Lowest address of the stack area still free for deeper frames is STACK_BASE; frames grow down from STACK_TOP. */
  STACK_LOW: 0x1114,

  /** i32: what is left of the running budget slice, an instruction costing 1; goes below zero when spent. */
  BUDGET: 0x1120,
  /** Tail calls made in this run so far (MAX_TAIL_CALL_CNT is 33). */
  TAIL_CALLS: 0x1124,
  /** Virtual CPU the run is on. */
  CPU: 0x1128,
  /** Map lock holding state: descriptor-independent address of the held bpf_spin_lock, 0 if none. */
  SPIN_LOCK: 0x112c,
  /** Rows in the region table. */
  REGION_COUNT: 0x1130,
  /** Addresses of the skb's link and network headers, for LD_ABS with negative offsets (SKF_LL_OFF, SKF_NET_OFF); 0 if none. */
  SKB_MAC: 0x1134,
  SKB_NET: 0x1138,
  /** i32: what helpers cost beyond the instruction that called them, since the running slice was given. */
  CHARGED: 0x113c,
  /** Runs of the call that have not returned yet, the one under way included; counted down by `repeat`. */
  RUNS_LEFT: 0x1140,

  /** u64 x 11: r0..r10 before each instruction of a traced form. */
  TRACE_REGS: 0x1180,
} as const;

export const CTX_BASE = 0x020000;
export const CTX_MAX = 0x010000;
export const STACK_BASE = 0x040000;
export const STACK_SIZE = 0x010000;
export const STACK_TOP = STACK_BASE + STACK_SIZE;
/** Bytes of one BPF frame (MAX_BPF_STACK). */
export const FRAME_SIZE = 512;
/** Frames of one program, callbacks included (MAX_CALL_FRAMES). */
export const MAX_CALL_FRAMES = 8;
export const MAX_TAIL_CALL_CNT = 33;

/** Region table: rows sorted by `base`, never overlapping, for pointers whose kind is not known at compile time. */
export const REGION_TABLE = 0x080000;
export const REGION_ROW = 32;
export const REGION_ROWS_MAX = 16384;
/** Fields of a region row, u32 each. Element of address a: base + ((a - base) & ~(stride - 1)); stride 0 = one element. */
export const REGION_AT = {
  BASE: 0,
  /** Bytes of the whole region. */
  LEN: 4,
  /** Power of two, or 0. */
  STRIDE: 8,
  /** Bytes of one element a program may touch (= LEN when stride is 0). */
  ELEM: 12,
  /** 1 = a program may write. */
  WRITE: 16,
  /** A REGION kind. */
  KIND: 20,
  /** Map descriptor address, 0 if none. */
  MAP: 24,
} as const;

export const MAP_DESC_BASE = 0x100000;
export const MAP_DESC_SIZE = 64;
export const MAPS_MAX = 16384;
/** Fields of a map descriptor, u32 each. A map's handle (the value of a map pointer in a register) is its descriptor's address. */
export const MAP_AT = {
  TYPE: 0,
  KEY_SIZE: 4,
  VALUE_SIZE: 8,
  MAX_ENTRIES: 12,
  /** Array kinds: address of element 0 (of CPU 0). prog_array: i32 table indices, 0 = empty. map-in-map arrays: u32 inner handles. */
  VALUES: 16,
  /** Bytes from one element to the next. */
  STRIDE: 20,
  /** Percpu arrays: bytes from one CPU's array to the next CPU's. */
  CPU_STRIDE: 24,
  /** Address of a byte a chunk of CHUNK value bytes: set to 1 by inlined lookups and helpers, so that reset can undo. */
  DIRTY: 28,
  FLAGS: 32,
} as const;
/** log2 of the value bytes that one dirty flag stands for. */
export const CHUNK_SHIFT = 12;

export const PACKET_BASE = 0x200000;
export const PACKET_SIZE = 0x100000;
export const KOBJ_BASE = 0x300000;
/** What stands among the kernel objects, as addresses; rows of the two tables of sockets are 128 bytes apart. */
export const KOBJ = {
  /** struct bpf_sock behind `skb->sk`. */
  SKB_SOCK: KOBJ_BASE,
  /** struct bpf_flow_keys. */
  FLOW_KEYS: KOBJ_BASE + 0x100,
  /** struct bpf_dummy_ops_state. */
  DUMMY_STATE: KOBJ_BASE + 0x200,
  /** struct nf_hook_state, sk_buff and net_device of NETFILTER programs, each at most a page. */
  NF_STATE: KOBJ_BASE + 0x1000,
  NF_SKB: KOBJ_BASE + 0x2000,
  NF_DEV: KOBJ_BASE + 0x3000,
  /** The namespace's sockets as struct bpf_sock, and as struct bpf_tcp_sock. */
  SOCKS: KOBJ_BASE + 0x40000,
  TCP_SOCKS: KOBJ_BASE + 0x80000,
  /** The kernel's own structs of sockets, one a page, for as many as there are pages. */
  KERNEL_SOCKS: KOBJ_BASE + 0xc0000,
} as const;
/** Bytes from one socket to the next in each of the tables, and how many there can be. */
export const SOCK_STRIDE = 128;
export const SOCKS_MAX = 2048;
export const ARENA_BASE = 0x400000;

/** Kinds of region a pointer can be in; the numbers are what the JIT's code writes to PRIV.FAULT_REGION. */
export const REGION = {
  NONE: 0,
  PACKET: 1,
  PACKET_META: 2,
  STACK: 3,
  CTX: 4,
  MAP_VALUE: 5,
  RINGBUF: 6,
  SOCK: 7,
  /** Any other block lent to the program (conformance memory, struct_ops arguments, …). */
  MEM: 8,
} as const;
export type RegionKind = (typeof REGION)[keyof typeof REGION];

/** What can go wrong inside a run; the numbers are what lands in PRIV.FAULT_KIND. */
export const FAULT = {
  NONE: 0,
  /** Access outside the region the pointer belongs to, or in no region at all. */
  OUT_OF_BOUNDS: 1,
  NULL_POINTER: 2,
  /** Packet pointer kept across a helper that moves the packet. */
  STALE_PACKET: 3,
  READ_ONLY: 4,
  MISALIGNED_ATOMIC: 5,
  BUDGET: 6,
  CANCELLED: 7,
  CALL_DEPTH: 8,
  BAD_CALL_TARGET: 9,
  /** A helper got an argument that is not what it takes (no map, wrong pointer, huge size). */
  BAD_ARGUMENT: 10,
  /** bpf_spin_lock misuse: taken twice, not released, released without being held. */
  LOCK: 11,
  /** An unsupported helper was reached under --lenient. */
  UNSUPPORTED: 12,
  /** Context access outside its fields, or a store to a field that cannot be written. */
  BAD_CTX_ACCESS: 13,
} as const;
export type FaultKind = (typeof FAULT)[keyof typeof FAULT];

/** A function pointer in a register is this plus the function's table index; nothing can be mapped there. */
export const FUNC_PTR_BASE = 0x7f00_0000_0000n;
