/** Indices of what a program's module is made of: imports, its own small runtime, and one function for each subprogram. */
import type { HelperProto } from '../uapi/helper-protos.ts';

export interface ModuleParts {
  readonly refill: number;
  /** (address: i64, kind | region << 8 | write << 16, size, map: i32): writes PRIV.FAULT_*. */
  readonly fault: number;
  /** (address: i64, size, write: i32) => the address as i32, or 0 after having written PRIV.FAULT_*. */
  readonly find: number;
  /** (address, size: i32, value: i64) => 1, or 0 after having written PRIV.FAULT_*; null when the context has no rules for stores. */
  readonly ctxStore: number | null;
  /** (r0 to r9: i64, address above the frame, instruction: i32): called before every instruction; null in the fast form. */
  readonly trace: number | null;
  /** (program, instruction: i32): called where control arrives; null but in the counted form. */
  readonly reach: number | null;
  /** Type of BPF functions. */
  readonly funcType: number;
  /** Function of subprogram `k`. */
  func(k: number): number;
  /** Function of an imported helper. */
  helper(proto: HelperProto): number;
  /** Subprograms of the module. */
  readonly count: number;
}
