/** Writes WebAssembly as nested expressions: what an expression leaves on the stack, statements of them, and functions with locals. */
import { WasmCode } from '../../jit/wasm-code.ts';
import { T, W } from '../../jit/wasm-ops.ts';

/** Code that leaves one value on the stack, or (a statement) none. */
export type Code = (c: WasmCode) => void;

const OP = { f64_load: 0x2b, f64_store: 0x39, f64_const: 0x44, f64_add: 0xa0, f64_convert_i32_u: 0xb8 };

const binary =
  (op: number) =>
  (a: Code, b: Code): Code =>
  (c) => {
    a(c);
    b(c);
    c.op(op);
  };

export const add = binary(W.i32_add);
export const sub = binary(W.i32_sub);
export const and = binary(W.i32_and);
export const or = binary(W.i32_or);
export const shl = binary(W.i32_shl);
export const shr = binary(W.i32_shr_u);
export const eq = binary(W.i32_eq);
export const ne = binary(W.i32_ne);
export const xor = binary(W.i32_xor);
export const times = binary(W.i32_mul);
export const rest = binary(W.i32_rem_u);
export const below = binary(W.i32_lt_u);
export const above = binary(W.i32_gt_u);
export const atLeast = binary(W.i32_ge_u);
export const negative = (a: Code): Code => binary(W.i32_lt_s)(a, k(0));

export const k =
  (value: number): Code =>
  (c) =>
    void c.i32(value | 0);

export const not =
  (a: Code): Code =>
  (c) => {
    a(c);
    c.op(W.i32_eqz);
  };

/** `a` if `condition` is not 0, else `b`; both are evaluated. */
export const choose =
  (condition: Code, a: Code, b: Code): Code =>
  (c) => {
    a(c);
    b(c);
    condition(c);
    c.op(W.select);
  };

/** JavaScriptCore leaves out the check of an access when its offset is below so many bytes (wasmFastMemoryRedzonePages). */
const UNCHECKED = 1 << 23;

/** Puts an address on the stack; returns the offset that is left for the instruction itself. */
function place(c: WasmCode, address: Code, offset: number): number {
  address(c);
  if (offset < UNCHECKED) return offset;
  c.i32(offset | 0).op(W.i32_add);
  return 0;
}

/** The u32 at an address. */
export const load =
  (address: Code, offset = 0): Code =>
  (c) => {
    c.mem(W.i32_load, place(c, address, offset));
  };

export const store =
  (address: Code, offset: number, value: Code): Code =>
  (c) => {
    const rest = place(c, address, offset);
    value(c);
    c.mem(W.i32_store, rest);
  };

export const storeByte =
  (address: Code, value: Code): Code =>
  (c) => {
    address(c);
    value(c);
    c.mem(W.i32_store8, 0);
  };

/** The u32 at a fixed address, and storing there. */
export const word = (address: number): Code => load(k(0), address);
export const setWord = (address: number, value: Code): Code => store(k(0), address, value);

/** Two u32 as one u64: one store where there would be two. */
export const pair =
  (low: Code, high: Code): Code =>
  (c) => {
    low(c);
    c.op(W.i64_extend_i32_u);
    high(c);
    c.op(W.i64_extend_i32_u).i64(32).op(W.i64_shl, W.i64_or);
  };

export const wide =
  (low: number, high: number): Code =>
  (c) =>
    void c.i64Pair(low, high);

export const addWide = binary(W.i64_add);
export const eqWide = binary(W.i64_eq);

export const storeWide =
  (address: Code, offset: number, value: Code): Code =>
  (c) => {
    const rest = place(c, address, offset);
    value(c);
    c.mem(W.i64_store, rest);
  };

export const loadWide =
  (address: Code, offset = 0): Code =>
  (c) => {
    c.mem(W.i64_load, place(c, address, offset));
  };

export const setWide = (address: number, value: Code): Code => storeWide(k(0), address, value);

/** Adds a u32 to the f64 at an address. */
export const count =
  (address: Code, offset: number, by: Code): Code =>
  (c) => {
    const rest = place(c, address, offset);
    c.mem(OP.f64_load, place(c, address, offset));
    by(c);
    c.op(OP.f64_convert_i32_u, OP.f64_add).mem(OP.f64_store, rest);
  };

export const block =
  (...statements: readonly Code[]): Code =>
  (c) => {
    for (const statement of statements) statement(c);
  };

export const when =
  (condition: Code, then: Code, otherwise?: Code): Code =>
  (c) => {
    condition(c);
    c.open(W.if, T.VOID);
    then(c);
    if (otherwise !== undefined) {
      c.op(W.else);
      otherwise(c);
    }
    c.op(W.end);
  };

/** Repeats the body for as long as the condition holds. */
export const loop =
  (condition: Code, body: Code): Code =>
  (c) => {
    c.open(W.block, T.VOID).open(W.loop, T.VOID);
    condition(c);
    c.op(W.i32_eqz).branch(W.br_if, 1);
    body(c);
    c.branch(W.br, 0).op(W.end, W.end);
  };

export const give =
  (value?: Code): Code =>
  (c) => {
    value?.(c);
    c.op(W.return);
  };

export const call =
  (func: number, ...args: readonly Code[]): Code =>
  (c) => {
    for (const arg of args) arg(c);
    c.call(func);
  };

/** A local i32 (or, for pairs, i64). */
export interface Local {
  readonly get: Code;
  set(value: Code): Code;
  /** Adds to it. */
  plus(value: Code): Code;
}

/** The locals of one function: its parameters come first. */
export class Locals {
  readonly types: number[] = [];
  private next: number;

  constructor(params: number) {
    this.next = params;
  }

  param(index: number): Local {
    return local(index);
  }

  i32(): Local {
    this.types.push(T.I32);
    return local(this.next++);
  }

  /** `count` of them. */
  i32s(count: number): Local[] {
    return Array.from({ length: count }, () => this.i32());
  }

  /** An i32 for each name. */
  named<N extends string>(...names: readonly N[]): Readonly<Record<N, Local>> {
    return Object.fromEntries(names.map((name) => [name, this.i32()])) as Record<N, Local>;
  }

  i64(): Local {
    this.types.push(T.I64);
    return local(this.next++);
  }
}

function local(index: number): Local {
  const get: Code = (c) => void c.get(index);
  const set = (value: Code): Code => {
    return (c) => {
      value(c);
      c.set(index);
    };
  };
  return { get, set, plus: (value) => set(add(get, value)) };
}

export function codeOf(code: Code): WasmCode {
  const c = new WasmCode();
  code(c);
  return c;
}
