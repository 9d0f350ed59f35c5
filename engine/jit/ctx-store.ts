/** The function that stores into the context through a pointer whose kind is not known: the rules of the fields, asked when run. */
import { FAULT, PRIV, REGION } from '../layout.ts';
import type { CtxField, CtxStruct } from '../uapi/contexts.ts';
import { WasmCode } from './wasm-code.ts';
import type { FuncType } from './wasm-module.ts';
import { T, W } from './wasm-ops.ts';

/** (address, size: i32, value: i64) => 1, or 0 after having written PRIV.FAULT_*. */
export const CTX_STORE_TYPE: FuncType = { params: [T.I32, T.I32, T.I64], results: [T.I32] };
export const CTX_STORE_LOCALS = [T.I32];
const ADDRESS = 0;
const SIZE = 1;
const VALUE = 2;
/** Offset in the context. */
const AT = 3;

/** Whether such a function is needed: contexts that are plain memory, or that nobody writes to, need none. */
export function hasStoreRules(struct: CtxStruct | null): struct is CtxStruct {
  return struct !== null && struct.open !== true && struct.fields.some((field) => field.write !== 'no');
}

export function ctxStoreCode(fault: number, struct: CtxStruct): WasmCode {
  const c = new WasmCode();
  c.get(ADDRESS).i32(0).mem(W.i32_load, PRIV.CTX_ADDR).op(W.i32_sub).set(AT);
  for (const field of struct.fields) {
    if (field.write === 'no') continue;
    allowed(c, field);
    c.open(W.if, T.VOID);
    storeField(c, field);
    c.i32(1).op(W.return, W.end);
  }
  c.get(ADDRESS).op(W.i64_extend_i32_u);
  c.i32(FAULT.BAD_CTX_ACCESS | (REGION.CTX << 8) | (1 << 16))
    .get(SIZE)
    .i32(0)
    .call(fault);
  return c.i32(0);
}

/** Whether the access is one that the field takes, as planAccess says for pointers it knows. */
function allowed(c: WasmCode, field: CtxField): void {
  const bytes = field.size * (field.count ?? 1);
  c.get(AT).i32(field.offset).op(W.i32_sub);
  if (field.widths === 'any') {
    c.i32(bytes)
      .op(W.i32_lt_u)
      .get(AT)
      .get(SIZE)
      .op(W.i32_add)
      .i32(field.offset + bytes)
      .op(W.i32_le_u, W.i32_and);
    c.get(AT).get(SIZE).i32(1).op(W.i32_sub, W.i32_and, W.i32_eqz, W.i32_and);
    return;
  }
  c.i32(bytes).op(W.i32_lt_u).get(SIZE).i32(field.size).op(W.i32_eq, W.i32_and);
  c.get(AT)
    .i32(field.offset)
    .op(W.i32_sub)
    .i32(field.size - 1)
    .op(W.i32_and, W.i32_eqz, W.i32_and);
}

function storeField(c: WasmCode, field: CtxField): void {
  const stores = { 1: W.i64_store8, 2: W.i64_store16, 4: W.i64_store32, 8: W.i64_store };
  if (field.write === 'queue') c.get(VALUE).i64(0xffff).op(W.i64_lt_u).open(W.if, T.VOID);
  for (const [size, op] of Object.entries(stores)) {
    if (field.widths !== 'any' && Number(size) !== field.size) continue;
    c.get(SIZE).i32(Number(size)).op(W.i32_eq).open(W.if, T.VOID).get(ADDRESS).get(VALUE);
    if (field.write === 'u16') c.i64(0xffff).op(W.i64_and);
    c.mem(op, 0).op(W.end);
  }
  if (field.write === 'queue') c.op(W.end);
}
