/** Checks that memory a helper is asked to read or write belongs to the program; what check_helper_mem_access proves in the kernel. */

import type { FaultKind, RegionKind } from '../layout.ts';
import {
  CTX_BASE,
  CTX_MAX,
  FAULT,
  NULL_GUARD,
  PACKET_BASE,
  PACKET_SIZE,
  PRIV,
  REGION,
  STACK_BASE,
  STACK_TOP,
} from '../layout.ts';
import type { Region } from '../memory.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import type { RunCtx } from './run-ctx.ts';

const PKT_META = PRIV.PKT_META >> 2;
const PKT_DATA = PRIV.PKT_DATA >> 2;
const PKT_END = PRIV.PKT_END >> 2;
const CTX_ADDR = PRIV.CTX_ADDR >> 2;
const CTX_LEN = PRIV.CTX_LEN >> 2;
const FAULT_MAP = PRIV.FAULT_MAP >> 2;

/**
 * Whether the program may read `size` bytes (a u32) at `address`; false after having recorded the fault.
 * Nothing is read when size is 0, so any pointer will do then.
 */
export function checkRead(rc: RunCtx, address: number, size: number): boolean {
  const from = address >>> 0;
  const end = from + (size >>> 0);
  if (from === end || (from >= STACK_BASE && end <= STACK_TOP)) return true;
  return insidePacket(rc, from, end) || insideElsewhere(rc, from, end, false);
}

/** Whether the program may write `size` bytes (a u32) at `address`; false after having recorded the fault. */
export function checkWrite(rc: RunCtx, address: number, size: number): boolean {
  const from = address >>> 0;
  const end = from + (size >>> 0);
  if (from === end || (from >= STACK_BASE && end <= STACK_TOP)) return true;
  return insidePacket(rc, from, end) || insideElsewhere(rc, from, end, true);
}

/** Data, or metadata before it; no pointer may cross from one to the other. */
function insidePacket(rc: RunCtx, from: number, end: number): boolean {
  const u32 = rc.mem.u32;
  const data = u32[PKT_DATA]!;
  if (from >= data) return end <= u32[PKT_END]!;
  return from >= u32[PKT_META]! && end <= data;
}

function insideElsewhere(rc: RunCtx, from: number, end: number, write: boolean): boolean {
  const u32 = rc.mem.u32;
  const ctx = u32[CTX_ADDR]!;
  if (from >= ctx && end <= ctx + u32[CTX_LEN]! && from >= NULL_GUARD) {
    return !write || rc.progType === PROG_TYPE.SYSCALL || bad(rc, FAULT.BAD_CTX_ACCESS, from, end, true, REGION.CTX, 0);
  }
  const region = rc.mem.regionAtOrBelow(from);
  if (region === undefined || from >= region.base + region.len) return outside(rc, from, end, write, region);
  const at = region.stride === 0 ? from - region.base : (from - region.base) & (region.stride - 1);
  if (at + (end - from) > region.elem) {
    return bad(rc, FAULT.OUT_OF_BOUNDS, from, end, write, region.kind, region.map);
  }
  return !write || region.write || bad(rc, FAULT.READ_ONLY, from, end, true, region.kind, region.map);
}

/** Names the area that the address missed: the one it starts in or the registered one less than a page below. */
function outside(rc: RunCtx, from: number, end: number, write: boolean, below: Region | undefined): boolean {
  if (from < NULL_GUARD) return bad(rc, FAULT.NULL_POINTER, from, end, write, REGION.NONE, 0);
  let kind: RegionKind = REGION.NONE;
  let map = 0;
  if (from >= STACK_BASE - 4096 && from < STACK_TOP + 4096) kind = REGION.STACK;
  else if (from >= CTX_BASE && from < CTX_BASE + CTX_MAX) kind = REGION.CTX;
  else if (from >= PACKET_BASE && from < PACKET_BASE + PACKET_SIZE) kind = REGION.PACKET;
  else if (below !== undefined && from < below.base + below.len + 4096) {
    kind = below.kind;
    map = below.map;
  }
  return bad(rc, FAULT.OUT_OF_BOUNDS, from, end, write, kind, map);
}

function bad(
  rc: RunCtx,
  fault: FaultKind,
  from: number,
  end: number,
  write: boolean,
  region: RegionKind,
  map: number,
): false {
  rc.fault(fault, from, end - from, write, region);
  rc.mem.u32[FAULT_MAP] = map;
  return false;
}
