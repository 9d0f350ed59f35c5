/** The two functions that every program's module brings along: one writes down a fault, one finds the region behind an address. */
import {
  CTX_BASE,
  CTX_MAX,
  FAULT,
  NULL_GUARD,
  PACKET_BASE,
  PACKET_SIZE,
  PRIV,
  REGION,
  REGION_AT,
  REGION_ROW,
  REGION_TABLE,
  STACK_BASE,
  STACK_TOP,
} from '../layout.ts';
import { WasmCode } from './wasm-code.ts';
import type { FuncType } from './wasm-module.ts';
import { T, W } from './wasm-ops.ts';

export const FAULT_TYPE: FuncType = { params: [T.I64, T.I32, T.I32, T.I32], results: [] };
export const FIND_TYPE: FuncType = { params: [T.I64, T.I32, T.I32], results: [T.I32] };
/** How far from a region an address may be to count as having missed that one. */
const NEAR = 4096;

/** Writes PRIV.FAULT_*; out of bounds below NULL_GUARD is what a NULL pointer reaches. */
export function faultCode(): WasmCode {
  const c = new WasmCode();
  const [address, packed, size, map] = [0, 1, 2, 3];
  c.i32(0).i32(FAULT.NULL_POINTER).get(packed).i32(0xff).op(W.i32_and);
  c.get(packed).i32(0xff).op(W.i32_and).i32(FAULT.OUT_OF_BOUNDS).op(W.i32_eq);
  c.get(address).i64(NULL_GUARD).op(W.i64_lt_u, W.i32_and, W.select).mem(W.i32_store, PRIV.FAULT_KIND);
  c.i32(0).get(size).mem(W.i32_store, PRIV.FAULT_SIZE);
  c.i32(0).get(address).mem(W.i64_store, PRIV.FAULT_ADDR);
  c.i32(0).get(packed).i32(8).op(W.i32_shr_u).i32(0xff).op(W.i32_and).mem(W.i32_store, PRIV.FAULT_REGION);
  c.i32(0).get(packed).i32(16).op(W.i32_shr_u).mem(W.i32_store, PRIV.FAULT_WRITE);
  return c.i32(0).get(map).mem(W.i32_store, PRIV.FAULT_MAP);
}

/** What `find` is asked for, beside loads. */
export const STORE = 1;
export const ATOMIC_STORE = 3;
/** What a context refuses: nothing (plain memory), atomic instructions, all stores. */
export const CTX_REFUSES = { NOTHING: 0, ATOMICS: ATOMIC_STORE & ~STORE, STORES: STORE } as const;
export const FIND_LOCALS = [T.I32, T.I64, T.I32, T.I32, T.I32, T.I32, T.I32];
const A = 0;
const SIZE = 1;
const WRITE = 2;
/** The address, one past the access, and the search's bounds. */
const P = 3;
const END = 4;
const LO = 5;
const HI = 6;
const MID = 7;
const ROW = 8;
const AT = 9;

/**
 * The same answer as helpers/check-mem.ts gives: stack, packet and context first, then the region table.
 * `write` is 0 for loads, STORE or ATOMIC_STORE. `ctxRefuses`: what a context does not take.
 */
export function findCode(fault: number, ctxRefuses: number): WasmCode {
  const c = new WasmCode();
  c.get(A).i64(32).op(W.i64_shr_u, W.i64_eqz).open(W.if, T.VOID);
  c.get(A).op(W.i32_wrap_i64).set(P);
  c.get(A).get(SIZE).op(W.i64_extend_i32_u, W.i64_add).set(END);
  insideStack(c);
  insidePacket(c);
  c.get(P).i32(NULL_GUARD).op(W.i32_ge_u).open(W.if, T.VOID);
  insideCtx(c, fault, ctxRefuses);
  search(c);
  insideRow(c, fault);
  c.op(W.end, W.end);
  missed(c, fault);
  return c.i32(0);
}

const fieldOf = (c: WasmCode, field: number): WasmCode => c.get(ROW).mem(W.i32_load, field);
const word = (c: WasmCode, address: number): WasmCode => c.i32(0).mem(W.i32_load, address);
const wordWide = (c: WasmCode, address: number): WasmCode => c.i32(0).mem(W.i64_load32_u, address);
/** Returns the address when the i32 on the stack is not 0. */
const found = (c: WasmCode): WasmCode => c.open(W.if, T.VOID).get(P).op(W.return, W.end);

function fail(c: WasmCode, fault: number, kind: number, region: () => void, map: () => void): void {
  c.get(A).i32(kind);
  region();
  c.i32(8).op(W.i32_shl, W.i32_or).get(WRITE).i32(STORE).op(W.i32_and).i32(16).op(W.i32_shl, W.i32_or).get(SIZE);
  map();
  c.call(fault).i32(0).op(W.return);
}

function insideStack(c: WasmCode): void {
  c.get(P).i32(STACK_BASE).op(W.i32_ge_u).get(END).i64(STACK_TOP).op(W.i64_le_u, W.i32_and);
  found(c);
}

/** Data, or metadata before it. */
function insidePacket(c: WasmCode): void {
  word(c.get(P), PRIV.PKT_DATA).op(W.i32_ge_u).open(W.if, T.VOID);
  found(wordWide(c.get(END), PRIV.PKT_END).op(W.i64_le_u)).op(W.else);
  word(c.get(P), PRIV.PKT_META).op(W.i32_ge_u);
  found(wordWide(c.get(END), PRIV.PKT_DATA).op(W.i64_le_u, W.i32_and)).op(W.end);
}

function insideCtx(c: WasmCode, fault: number, refuses: number): void {
  word(c.get(P), PRIV.CTX_ADDR).op(W.i32_ge_u);
  wordWide(wordWide(c.get(END), PRIV.CTX_ADDR), PRIV.CTX_LEN)
    .op(W.i64_add, W.i64_le_u, W.i32_and)
    .open(W.if, T.VOID);
  c.get(WRITE).i32(refuses).op(W.i32_and).open(W.if, T.VOID);
  fail(
    c,
    fault,
    FAULT.BAD_CTX_ACCESS,
    () => c.i32(REGION.CTX),
    () => c.i32(0),
  );
  c.op(W.end);
  c.get(P).op(W.return, W.end);
}

/** Binary search: LO becomes the number of rows that start at or below the address. */
function search(c: WasmCode): void {
  c.i32(0).set(LO);
  word(c, PRIV.REGION_COUNT).set(HI);
  c.open(W.block, T.VOID).open(W.loop, T.VOID);
  c.get(LO).get(HI).op(W.i32_ge_u).branch(W.br_if, 1);
  c.get(LO).get(HI).op(W.i32_add).i32(1).op(W.i32_shr_u).tee(MID);
  c.i32(REGION_ROW)
    .op(W.i32_mul)
    .mem(W.i32_load, REGION_TABLE + REGION_AT.BASE);
  c.get(P).op(W.i32_le_u).open(W.if, T.VOID).get(MID).i32(1).op(W.i32_add).set(LO);
  c.op(W.else).get(MID).set(HI).op(W.end).branch(W.br, 0).op(W.end, W.end);
  c.get(LO).i32(1).op(W.i32_sub).i32(REGION_ROW).op(W.i32_mul).i32(REGION_TABLE).op(W.i32_add).set(ROW);
}

/** The element's bounds and whether it may be written. */
function insideRow(c: WasmCode, fault: number): void {
  const kind = () => void fieldOf(c, REGION_AT.KIND);
  const map = () => void fieldOf(c, REGION_AT.MAP);
  c.get(LO).open(W.if, T.VOID);
  fieldOf(c.get(P), REGION_AT.BASE).op(W.i32_sub).tee(AT);
  fieldOf(c, REGION_AT.LEN).op(W.i32_lt_u).open(W.if, T.VOID);
  fieldOf(c, REGION_AT.STRIDE).open(W.if, T.VOID);
  fieldOf(c.get(AT), REGION_AT.STRIDE).i32(1).op(W.i32_sub, W.i32_and).set(AT).op(W.end);
  c.get(AT).op(W.i64_extend_i32_u).get(SIZE).op(W.i64_extend_i32_u, W.i64_add);
  fieldOf(c, REGION_AT.ELEM).op(W.i64_extend_i32_u, W.i64_gt_u).open(W.if, T.VOID);
  fail(c, fault, FAULT.OUT_OF_BOUNDS, kind, map);
  c.op(W.end);
  fieldOf(c, REGION_AT.WRITE).op(W.i32_eqz).get(WRITE).op(W.i32_and).open(W.if, T.VOID);
  fail(c, fault, FAULT.READ_ONLY, kind, map);
  c.op(W.end).get(P).op(W.return, W.end, W.end);
}

/** Names the area that the address missed: the one it is near to. ROW is 0 when there is none below. */
function missed(c: WasmCode, fault: number): void {
  const none = () => void c.i32(0);
  const near = (from: number, to: number, region: number) => {
    c.get(A)
      .i64(from)
      .op(W.i64_sub)
      .i64(to - from)
      .op(W.i64_lt_u)
      .open(W.if, T.VOID);
    fail(c, fault, FAULT.OUT_OF_BOUNDS, () => c.i32(region), none);
    c.op(W.end);
  };
  near(STACK_BASE - NEAR, STACK_TOP + NEAR, REGION.STACK);
  near(CTX_BASE, CTX_BASE + CTX_MAX, REGION.CTX);
  near(PACKET_BASE, PACKET_BASE + PACKET_SIZE, REGION.PACKET);
  c.get(LO).open(W.if, T.VOID).get(AT).op(W.i64_extend_i32_u);
  fieldOf(c, REGION_AT.LEN).op(W.i64_extend_i32_u).i64(NEAR).op(W.i64_add, W.i64_lt_u).open(W.if, T.VOID);
  fail(
    c,
    fault,
    FAULT.OUT_OF_BOUNDS,
    () => fieldOf(c, REGION_AT.KIND),
    () => fieldOf(c, REGION_AT.MAP),
  );
  c.op(W.end, W.end);
  fail(c, fault, FAULT.OUT_OF_BOUNDS, none, none);
}
