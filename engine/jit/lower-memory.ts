/** Loads and stores: the check that the access plan asks for, then the WebAssembly instruction. */
import { FAULT, FRAME_SIZE, NULL_GUARD, PRIV, REGION, STACK_TOP } from '../layout.ts';
import type { CtxField } from '../uapi/contexts.ts';
import { CLASS, CLASS_MASK, MODE, MODE_MASK } from '../uapi/opcodes.ts';
import { type Access, planAccess } from './access.ts';
import { type FaultSite, FRAME_TOP, type FunctionWriter } from './function-writer.ts';
import { charge, FIND_COST } from './helper-cost.ts';
import { ATOMIC_STORE, STORE } from './runtime-code.ts';
import type { State } from './state.ts';
import { sizeOf } from './step.ts';
import { IN_LOCAL, type ObjectPtr, type Value } from './values.ts';
import { W } from './wasm-ops.ts';

const LOADS: Readonly<Record<number, readonly [number, number]>> = {
  1: [W.i64_load8_u, W.i64_load8_s],
  2: [W.i64_load16_u, W.i64_load16_s],
  4: [W.i64_load32_u, W.i64_load32_s],
  8: [W.i64_load, W.i64_load],
};
const STORES: Readonly<Record<number, number>> = {
  1: W.i64_store8,
  2: W.i64_store16,
  4: W.i64_store32,
  8: W.i64_store,
};

export const loadOp = (size: number, signed = false): number => LOADS[size]![signed ? 1 : 0]!;
export const storeOp = (size: number): number => STORES[size]!;

/** One access: at reg + off, `size` bytes, at slot `insn`. */
export interface Place {
  readonly insn: number;
  readonly reg: number;
  readonly off: number;
  readonly size: number;
  readonly write: boolean;
  /** Reads and writes in one. */
  readonly atomic?: boolean;
}

export function lowerLoad(fn: FunctionWriter, state: State, i: number): void {
  const { d, code } = fn;
  const op = d.op[i]!;
  const size = sizeOf(op);
  const place: Place = { insn: i, reg: d.src[i]!, off: d.off[i]!, size, write: false };
  const access = planAccess(state.regs[place.reg]!, place.off, size, false, fn.around.rules);
  const word = access.how === 'ctx' ? boundOf(access.field) : 0;
  if (word !== 0) code.i32(0).mem(W.i64_load32_u, word);
  else {
    const offset = lowerAddress(fn, state, place, access);
    code.mem(loadOp(size, (op & MODE_MASK) === MODE.MEMSX), offset);
  }
  code.set(fn.reg(d.dst[i]!));
}

/** Where the block starts that a register points into at a constant distance, if that is kept in a local. */
export function lowerBaseOf(fn: FunctionWriter, reg: number, value: Value): void {
  if (value.kind !== 'object' || value.base !== IN_LOCAL || value.span !== 0) return;
  fn.code.get(fn.reg(reg));
  if (value.off !== 0) fn.code.i64(value.off).op(W.i64_sub);
  fn.code.set(fn.base(reg));
}

/** Packet bounds come from private memory: the context only shows copies. */
function boundOf(field: CtxField): number {
  if (field.pointer === 'packet') return PRIV.PKT_DATA;
  if (field.pointer === 'packet_end') return PRIV.PKT_END;
  return field.pointer === 'packet_meta' ? PRIV.PKT_META : 0;
}

export function lowerStore(fn: FunctionWriter, state: State, i: number): void {
  const { d, code } = fn;
  const op = d.op[i]!;
  const size = sizeOf(op);
  const place: Place = { insn: i, reg: d.dst[i]!, off: d.off[i]!, size, write: true };
  const access = planAccess(state.regs[place.reg]!, place.off, size, true, fn.around.rules);
  const value = () => ((op & CLASS_MASK) === CLASS.ST ? code.i64(d.imm[i]!) : code.get(fn.reg(d.src[i]!)));
  if (access.how === 'ctx' && access.field.write === 'queue') {
    lowerQueueStore(fn, state, place, access, value, (op & CLASS_MASK) === CLASS.ST);
    return;
  }
  const offset = lowerAddress(fn, state, place, access);
  if (access.how === 'find' && fn.parts.ctxStore !== null) {
    lowerFoundStore(fn, place, value, fn.parts.ctxStore);
    return;
  }
  value();
  if (access.how === 'ctx' && access.field.write === 'u16') code.i64(0xffff).op(W.i64_and);
  code.mem(storeOp(size), offset);
}

/** A store whose address, on the stack and in the local `found`, may turn out to be in the context. */
function lowerFoundStore(fn: FunctionWriter, place: Place, value: () => void, ctxStore: number): void {
  const { code } = fn;
  const found = fn.narrow('found');
  fn.loadWord(PRIV.CTX_ADDR);
  code.op(W.i32_sub);
  fn.loadWord(PRIV.CTX_LEN);
  code.op(W.i32_lt_u);
  fn.open(W.if);
  code.get(found).i32(place.size);
  value();
  code.call(ctxStore).op(W.i32_eqz);
  fn.open(W.if);
  fn.leave(place.insn);
  fn.close();
  fn.else();
  code.get(found);
  value();
  code.mem(storeOp(place.size), 0);
  fn.close();
}

/** bpf_convert_ctx_access for queue_mapping: 0xffff and above is not stored; an immediate counts as a u32 there. */
function lowerQueueStore(
  fn: FunctionWriter,
  state: State,
  place: Place,
  access: Access,
  value: () => void,
  immediate: boolean,
): void {
  const { code } = fn;
  value();
  if (immediate) code.op(W.i32_wrap_i64, W.i64_extend_i32_u);
  code.i64(0xffff).op(W.i64_lt_u);
  fn.open(W.if);
  const offset = lowerAddress(fn, state, place, access);
  value();
  code.mem(storeOp(place.size), offset);
  fn.close();
}

/** Checks an access and leaves its i32 address on the stack, without the static offset that is returned. */
export function lowerAddress(fn: FunctionWriter, state: State, place: Place, access: Access): number {
  const pointer = state.regs[place.reg]!;
  switch (access.how) {
    case 'find':
      return lowerFind(fn, place);
    case 'fault':
      fn.fault(place.insn, { ...siteOf(fn, place), kind: access.fault, region: access.region, map: access.map });
      fn.code.i32(0);
      return 0;
    case 'null':
      checkNull(fn, place, access.object);
      break;
    case 'block':
      if (access.object.nullable) checkNull(fn, place, access.object);
      checkBlock(fn, place, access.object);
      break;
    case 'packet':
      checkPacket(fn, place, access.meta);
      break;
    case 'frame':
      checkFrame(fn, place);
      break;
    case 'outer':
      checkOuter(fn, place);
      break;
    default:
  }
  return lowerKnown(fn, place, pointer);
}

/** reg + off as an i64. */
function target(fn: FunctionWriter, place: Place): void {
  fn.code.get(fn.reg(place.reg));
  if (place.off !== 0) fn.code.i64(place.off).op(W.i64_add);
}

function siteOf(fn: FunctionWriter, place: Place): Omit<FaultSite, 'kind'> {
  return { size: place.size, write: place.write, address: () => target(fn, place) };
}

/** An address that is inside already: constants are folded. */
function lowerKnown(fn: FunctionWriter, place: Place, pointer: Value): number {
  const { code } = fn;
  if (pointer.kind === 'stack' && pointer.span === 0) {
    code
      .get(FRAME_TOP)
      .i32(pointer.off + place.off)
      .op(W.i32_add);
    return 0;
  }
  if (pointer.kind === 'object' && pointer.base > 0 && pointer.span === 0 && !pointer.nullable) {
    code.i32(pointer.base + pointer.off + place.off);
    return 0;
  }
  code.get(fn.reg(place.reg)).op(W.i32_wrap_i64);
  if (place.off >= 0) return place.off;
  code.i32(place.off).op(W.i32_add);
  return 0;
}

function lowerFind(fn: FunctionWriter, place: Place): number {
  const { code } = fn;
  fn.around.searches = true;
  charge(fn, () => void code.i32(FIND_COST));
  target(fn, place);
  code
    .i32(place.size)
    .i32(place.atomic === true ? ATOMIC_STORE : place.write ? STORE : 0)
    .call(fn.parts.find)
    .tee(fn.narrow('found'))
    .op(W.i32_eqz);
  fn.open(W.if);
  fn.leave(place.insn);
  fn.close();
  code.get(fn.narrow('found'));
  return 0;
}

function checkNull(fn: FunctionWriter, place: Place, object: ObjectPtr): void {
  fn.code.get(fn.reg(place.reg)).i64(NULL_GUARD).op(W.i64_lt_u);
  const site = { ...siteOf(fn, place), region: object.block.region, map: object.block.map };
  fn.faultIf(place.insn, { ...site, kind: FAULT.NULL_POINTER });
}

function checkBlock(fn: FunctionWriter, place: Place, object: ObjectPtr): void {
  const { code } = fn;
  target(fn, place);
  if (object.base > 0) code.i64Number(object.base);
  else code.get(fn.base(place.reg));
  code
    .op(W.i64_sub)
    .i64Number(Math.max(0, object.block.size + 1 - place.size))
    .op(W.i64_ge_u);
  const site = { ...siteOf(fn, place), region: object.block.region, map: object.block.map };
  fn.faultIf(place.insn, { ...site, kind: FAULT.OUT_OF_BOUNDS });
}

function checkPacket(fn: FunctionWriter, place: Place, meta: boolean): void {
  target(fn, place);
  fn.code.get(fn.wide(meta ? 'meta' : 'data')).op(W.i64_sub);
  fn.code.get(limitLocal(fn, meta, place.size)).op(W.i64_ge_u);
  const region = meta ? REGION.PACKET_META : REGION.PACKET;
  fn.faultIf(place.insn, { ...siteOf(fn, place), kind: FAULT.OUT_OF_BOUNDS, region });
}

function checkFrame(fn: FunctionWriter, place: Place): void {
  target(fn, place);
  fn.code
    .get(fn.reg(10))
    .op(W.i64_sub)
    .i64(FRAME_SIZE)
    .op(W.i64_add)
    .i64(FRAME_SIZE + 1 - place.size)
    .op(W.i64_ge_u);
  fn.faultIf(place.insn, { ...siteOf(fn, place), kind: FAULT.OUT_OF_BOUNDS, region: REGION.STACK });
}

/** Callers' frames are those above this function's own. */
function checkOuter(fn: FunctionWriter, place: Place): void {
  const { code } = fn;
  target(fn, place);
  code.get(fn.wide('above')).op(W.i64_sub);
  code
    .i64(STACK_TOP + 1 - place.size)
    .get(fn.wide('above'))
    .op(W.i64_sub, W.i64_ge_u);
  fn.faultIf(place.insn, { ...siteOf(fn, place), kind: FAULT.OUT_OF_BOUNDS, region: REGION.STACK });
}

/** Number of offsets at which `size` bytes fit. */
function limitLocal(fn: FunctionWriter, meta: boolean, size: number): number {
  return fn.wide(`${meta ? 'meta' : 'data'}Limit${size}`);
}

/** Takes packet bounds over into locals: at the start, and after whatever may have moved the packet. */
export function lowerBounds(fn: FunctionWriter): void {
  boundsOf(fn, false, fn.limits.packet, PRIV.PKT_DATA, PRIV.PKT_END);
  boundsOf(fn, true, fn.limits.meta, PRIV.PKT_META, PRIV.PKT_DATA);
}

function boundsOf(fn: FunctionWriter, meta: boolean, sizes: ReadonlySet<number>, from: number, to: number): void {
  if (sizes.size === 0) return;
  const { code } = fn;
  const base = fn.wide(meta ? 'meta' : 'data');
  const spare = fn.wide('spare');
  code.i32(0).mem(W.i64_load32_u, from).set(base);
  for (const size of sizes) {
    code
      .i32(0)
      .mem(W.i64_load32_u, to)
      .get(base)
      .op(W.i64_sub)
      .i64(size - 1)
      .op(W.i64_sub)
      .tee(spare);
    code
      .i64(0)
      .get(spare)
      .i64(0)
      .op(W.i64_gt_s, W.select)
      .set(limitLocal(fn, meta, size));
  }
}
