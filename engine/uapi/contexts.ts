/** Context structs of the program types: one row a field, from which the JIT makes checks and stores, and the runner fills and reads back. */

/** What a load of the field yields, beyond a plain number. */
export type CtxPointer = 'packet' | 'packet_end' | 'packet_meta' | 'sock' | 'flow_keys';

export interface CtxField {
  /** Name as in the uapi struct; arrays as `cb`, `remote_ip6` with `count`. */
  readonly name: string;
  readonly offset: number;
  /** Bytes of one element: 1, 2, 4 or 8. */
  readonly size: number;
  /** Elements, 1 if absent. */
  readonly count?: number;
  /** Loading it yields a pointer of this kind (a u32 field holds the 32-bit address). */
  readonly pointer?: CtxPointer;
  /** false: a program of this type must not load it. */
  readonly read: boolean;
  /** no: a store is refused. as-is: stored whole. u16: the kernel's field has 16 bits, upper bits are lost. */
  readonly write: 'no' | 'as-is' | 'u16';
}

export interface CtxStruct {
  /** C name: `__sk_buff`, `xdp_md`, … */
  readonly name: string;
  /** sizeof in the uapi header of 6.18. */
  readonly size: number;
  readonly fields: readonly CtxField[];
}
