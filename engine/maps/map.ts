/** What every map family implements: the program's side works on addresses in linear memory, the user's side on bytes. */
import type { WorldMemory } from '../memory.ts';
import type { KeyScratch } from './key-scratch.ts';
import type { Timers } from './timers.ts';

/** A field of the value that the kernel owns (struct btf_record): copies leave it alone, user space reads zeros. */
export interface SpecialField {
  readonly kind: 'spin_lock' | 'timer' | 'other';
  readonly offset: number;
  readonly size: number;
}

/** Attributes of BPF_MAP_CREATE, with the sizes settled (no zeros left to fill in). */
export interface MapDef {
  readonly name: string;
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  readonly max_entries: number;
  readonly map_flags: number;
  readonly map_extra: bigint;
  /** Shape that inner maps must have, for the map-in-map kinds. */
  readonly inner: MapDef | null;
  /** Special fields of the value type by its BTF, ascending; absent = none. */
  readonly special?: readonly SpecialField[];
}

export interface MapHost {
  readonly mem: WorldMemory;
  readonly cpus: number;
  readonly timers: Timers;
  /** Keys of arrays on their way to callbacks. */
  readonly arrayKeys: KeyScratch;
  /** The map behind a handle (descriptor address); undefined when it is none. */
  byHandle(handle: number): BpfMap | undefined;
  /** The map user space knows by this id; undefined when there is none. */
  byId(id: number): BpfMap | undefined;
  /** Shared-table index of the program user space knows by this id, 0 when there is none, or none with this expected_attach_type. */
  programIndex(id: number, attach?: number): number;
  /** Whether a network device has this ifindex. */
  hasDevice(ifindex: number): boolean;
  /** Address of the socket with this cookie, 0 if there is none. */
  socket(cookie: number): number;
}

/** One live element as user space sees it; `key` is empty for kinds without keys. */
export interface MapContent {
  readonly key: Uint8Array;
  /** Percpu: every CPU's value, each rounded up to 8 bytes, in order. */
  readonly value: Uint8Array;
}

/**
 * What the program's side of a map returns for an operation that check_map_func_compatibility refuses for its kind:
 * no errno and no address, so that the helper can fault.
 */
export const NOT_ALLOWED = -0x7fff_ffff;

/**
 * A map, as programs and user space see it. Sizes are in bytes; what a syscall would answer with an errno is a negative errno.
 */
export interface BpfMap {
  /** 1, 2, …: what user space sees as the id (of an inner map, for instance). */
  readonly id: number;
  /** Address of its descriptor: the value of a map pointer in a register. */
  readonly handle: number;
  readonly def: MapDef;
  /** Programs may change it: no BPF_F_RDONLY_PROG. */
  readonly writable: boolean;

  // The program's side (kernel: struct bpf_map_ops). Arguments and results are addresses; errors are negative errno.
  /** map_lookup_elem: address of the value (this CPU's, for percpu kinds), the inner map's handle, or 0. */
  lookup(key: number): number;
  update(key: number, value: number, flags: number): number;
  delete(key: number): number;
  /** bpf_map_push_elem / pop / peek; -EOPNOTSUPP where the kind has none. */
  push(value: number, flags: number): number;
  pop(value: number): number;
  peek(value: number): number;
  /** map_lookup_percpu_elem. */
  lookupCpu(key: number, cpu: number): number;
  /** Live keys for bpf_for_each_map_elem, in this engine's fixed order: calls back with key and value addresses until it returns true. */
  walk(visit: (key: number, value: number) => boolean): number;

  // The user's side (bpf(2) BPF_MAP_*). A percpu value is every CPU's value, each rounded up to 8 bytes, in order.
  userLookup(key: Uint8Array): Uint8Array | null;
  /** 0 or a negative errno. */
  userUpdate(key: Uint8Array, value: Uint8Array, flags: number): number;
  userDelete(key: Uint8Array): number;
  /** In the order of BPF_MAP_GET_NEXT_KEY: every index of an array, live keys of the others, nothing for keyless kinds. */
  userKeys(): Iterable<Uint8Array>;
  /** What is worth showing: non-zero entries of arrays, all of hashes, queue elements in the order they would be popped. */
  entries(): Iterable<MapContent>;

  /** Back to the state snapshot() saw (or to empty, as created): costs what was touched, not what could be. */
  reset(): void;
  /** Makes the present content the one that reset() returns to (initial data, presets common to all cases). */
  snapshot(): void;
}
