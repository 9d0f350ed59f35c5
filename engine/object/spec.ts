/** What opening an object file yields: inert plain data (structuredClone takes it), as cilium/ebpf's CollectionSpec. */
import type { Refusal } from '../errors.ts';
import type { BtfData } from './btf.ts';

/** The bytes of an ELF object, and what to call it in messages. */
export interface ObjectFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** What stands in an object file, as bpf_object__open finds it: plain data that can be cloned and sent. */
export interface ObjectSpec {
  readonly path: string;
  /** Content of the license section, '' if there is none. */
  readonly license: string;
  /** Raw .BTF of the object, parsed; null when it was compiled without -g. */
  readonly btf: BtfData | null;
  readonly programs: readonly ProgramSpec[];
  readonly maps: readonly MapSpec[];
  /** Tables of kernel operations (`.struct_ops`), which programs fill in; absent: none. */
  readonly struct_ops?: readonly StructOpsSpec[];
  /** Sentences worth showing that stop nothing. */
  readonly warnings: readonly string[];
  /** Which types CO-RE relocations were resolved against, in words ("the object's own types", "vmlinux.btf"). */
  readonly core_target: string;
}

/** A program as it stands in the object: linked, relocated against BTF, its maps still by name. */
export interface ProgramSpec {
  /** Symbol name of the entry function. */
  readonly name: string;
  readonly section: string;
  /** PROG_TYPE number, 0 when the section name says nothing. */
  readonly type: number;
  /** expected_attach_type as libbpf derives it from the section name, 0 if none. */
  readonly attach_type: number;
  /** What follows the `/` of SEC("…/target"), or ''. */
  readonly attach_target: string;
  /** BPF_F_XDP_HAS_FRAGS, BPF_F_SLEEPABLE as libbpf sets them. */
  readonly prog_flags: number;
  /** false for SEC("?…"): loaded only when asked for by name. */
  readonly autoload: boolean;
  /**
   * Linked instructions (8 bytes each): the entry function first, then every subprogram it reaches, calls between
   * them resolved (src_reg BPF_PSEUDO_CALL, imm relative), function pointers as BPF_PSEUDO_FUNC with relative imm,
   * CO-RE and .kconfig applied. Map and data references stay open: see `relocs`.
   */
  readonly insns: Uint8Array;
  readonly subprogs: readonly SubprogSpec[];
  readonly relocs: readonly ProgReloc[];
  /** Instructions that CO-RE found no target for, ascending: each is a call of POISON_CORE (poison.ts), with why. */
  readonly poisoned?: readonly PoisonedInsn[];
  /** Sorted by insn. */
  readonly lines: readonly LineInfo[];
  /** Kernel structs that programs of the type get, as they lie in the types that CO-RE went by; absent: none. */
  readonly kernel_structs?: readonly KernelStruct[];
  /** The member of a kernel struct of operations that the program implements; absent: none. */
  readonly struct_ops?: StructOpsMember;
  /** BTF decl tags on the function: `comment:test_retval=0`, `tail:MAP/SLOT`, … */
  readonly tags: readonly string[];
  /**
   * Why this one program cannot be used (unresolved symbol, bad relocation); its siblings can. Stage 'unsupported' with
   * ESRCH says that only kernel symbols (`relocs` of kind extern and kfunc) are missing: a backend that has them may go on.
   */
  readonly error: Refusal | null;
}

/** A variable of a .struct_ops section. */
export interface StructOpsSpec {
  readonly name: string;
  /** Name of the kernel's struct: `bpf_dummy_ops`. */
  readonly type: string;
  readonly section: string;
  /** Members that a program of the object implements, in their order. */
  readonly members: readonly { readonly name: string; readonly program: string }[];
}

export interface StructOpsMember {
  readonly type: string;
  readonly member: string;
}

/** Members of one kernel struct by name, those of anonymous structs and unions among them; offsets and sizes in bytes. */
export interface KernelStruct {
  readonly name: string;
  readonly size: number;
  readonly members: readonly { readonly name: string; readonly offset: number; readonly size: number }[];
}

export interface SubprogSpec {
  readonly name: string;
  /** Index of its first instruction slot in the linked program. */
  readonly start: number;
  /** BTF type id of the FUNC, 0 if unknown. */
  readonly type_id: number;
  readonly global: boolean;
}

/**
 * An open reference of a ldimm64 (or call) to something that exists only when loaded. The ldimm64 of a map, map_value
 * or extern holds 0 with src_reg 0 (so a weak extern that stays open is NULL); a call of a weak kfunc is poisoned
 * (poison.ts), that of a strong one is as the compiler left it.
 */
export interface ProgReloc {
  readonly insn: number;
  /** map: becomes the map's handle. map_value: address of the map's only element plus `off`. extern: weak or ksym variable. kfunc: call by name. */
  readonly kind: 'map' | 'map_value' | 'extern' | 'kfunc';
  /** Map name, or the symbol's. */
  readonly name: string;
  readonly off: number;
  /** Unresolved weak externs are 0 and not an error. */
  readonly weak: boolean;
}

export interface PoisonedInsn {
  readonly insn: number;
  /** `struct thing.missing is not in vmlinux`. */
  readonly message: string;
}

/** The source line that an instruction came from (struct bpf_line_info); lines and columns count from 1. */
export interface LineInfo {
  readonly insn: number;
  readonly file: string;
  readonly line: number;
  readonly col: number;
  /** Source text of the line, '' if not recorded. */
  readonly text: string;
}

/** A map as the object declares it, sizes in bytes, before anything is made of it. */
export interface MapSpec {
  readonly name: string;
  /** MAP_TYPE number. */
  readonly type: number;
  readonly key_size: number;
  readonly value_size: number;
  /** 0 where the object leaves it open (perf arrays: number of CPUs). */
  readonly max_entries: number;
  readonly map_flags: number;
  readonly map_extra: bigint;
  readonly numa_node: number;
  /** LIBBPF_PIN_BY_NAME is 1. */
  readonly pinning: number;
  /** BTF type ids, 0 if unknown. For .data/.bss/.rodata/.kconfig the value type is the DATASEC. */
  readonly key_type_id: number;
  readonly value_type_id: number;
  /** Template of inner maps (map-in-map), null otherwise. */
  readonly inner: MapSpec | null;
  /** Static initial slots of `.values`: index → name of a map or program. */
  readonly values: readonly { readonly index: number; readonly name: string }[];
  /** Content of a data section map, null otherwise. */
  readonly data: Uint8Array | null;
  /** .maps, maps, maps/NAME, .rodata, .data.X, .bss, .kconfig, … */
  readonly section: string;
}
