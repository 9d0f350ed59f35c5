/** What one instruction does to what is known: loads and stores of pointers, calls, and the arithmetic of alu-values.ts. */
import { FRAME_SIZE, REGION } from '../layout.ts';
import type { ArgKind, HelperProto } from '../uapi/helper-protos.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import {
  ATOMIC,
  CLASS,
  CLASS_MASK,
  JMP,
  LDDW,
  MODE,
  MODE_MASK,
  OP_MASK,
  PSEUDO,
  PSEUDO_CALL,
  SIZE_MASK,
  SRC_X,
} from '../uapi/opcodes.ts';
import { type Access, type AccessRules, planAccess } from './access.ts';
import { stepAlu } from './alu-values.ts';
import { proveNonNull, proveRange } from './branch-values.ts';
import { isSuspect } from './ctx-suspects.ts';
import { calleeOf, type Decoded } from './decode.ts';
import type { FrameWrites } from './frame-writes.ts';
import { insnId, type State } from './state.ts';
import type { MapFacts } from './types.ts';
import {
  ANY,
  type Block,
  constant,
  IN_LOCAL,
  idOf,
  NO_ID,
  PACKET_END,
  STALE,
  scalar,
  U32_MAX,
  UNKNOWN_BASE,
  type Value,
} from './values.ts';

/** What the steps need to know of the program around the function. */
export interface Surroundings {
  readonly d: Decoded;
  readonly rules: AccessRules;
  map(handle: number): MapFacts | undefined;
  helper(id: number): HelperProto | undefined;
  /** Whether a subprogram may move the packet, itself or through what it calls. */
  movesPacket(subprog: number): boolean;
  /** Whether any function whose address is taken may. */
  readonly callbacksMovePacket: boolean;
  /** Whether the address of any function is taken. */
  readonly hasCallbacks: boolean;
  /** Where steps note what the function at hand compares with packet bounds. */
  limits: PacketLimits;
  /** Where steps note what the function at hand writes to its callers' frames. */
  frameWrites: FrameWrites;
  /** The same of another function, as far as it is known. */
  writesOf: (subprog: number) => FrameWrites;
  /** Accesses of the context that the verifier may refuse: not allowed, of its bounds, or not at all through this pointer. */
  readonly suspects: Set<number>;
  /** Bytes of the context that any of the program's accesses needs (max_ctx_offset in the kernel). */
  ctxEnd: number;
  /** Code was written that asks the region table; unset until then. */
  searches?: boolean;
}

/** Sizes of the accesses that are compared with the bounds of the packet's data or metadata. */
export interface PacketLimits {
  readonly packet: Set<number>;
  readonly meta: Set<number>;
}

const SIZES = [4, 2, 1, 8] as const;

/** Bytes of a load or store by its opcode. */
export function sizeOf(op: number): number {
  return SIZES[(op & SIZE_MASK) >> 3]!;
}

export function step(state: State, around: Surroundings, i: number): void {
  const { d } = around;
  const op = d.op[i]!;
  switch (op & CLASS_MASK) {
    case CLASS.ALU:
    case CLASS.ALU64:
      stepAlu(state, d, i);
      break;
    case CLASS.LD:
      if (op === LDDW) state.define(d.dst[i]!, insnId(i), wideConstant(around, i));
      else state.regs[0] = scalar(0, U32_MAX);
      break;
    case CLASS.LDX:
      stepLoad(state, around, i, (op & MODE_MASK) === MODE.MEMSX);
      break;
    case CLASS.ST:
      stepStore(state, around, i, constant(d.imm[i]!));
      break;
    case CLASS.STX:
      if ((op & MODE_MASK) === MODE.ATOMIC) stepAtomic(state, around, i);
      else stepStore(state, around, i, state.regs[d.src[i]!]!);
      break;
    default:
      if ((op & OP_MASK) === JMP.CALL) stepCall(state, around, i);
  }
}

function wideConstant(around: Surroundings, i: number): Value {
  const { d } = around;
  const imm = d.imm[i]! >>> 0;
  const facts = around.map(imm);
  switch (d.src[i]) {
    case PSEUDO.MAP_FD:
      return facts === undefined ? ANY : { kind: 'map', facts, handle: imm, nullable: false, id: NO_ID };
    case PSEUDO.MAP_VALUE: {
      if (facts === undefined) return ANY;
      const place = { off: d.hi[i]! >>> 0, span: 0, nullable: false, id: NO_ID, base: facts.values };
      return { kind: 'object', block: valueBlock(facts), ...place };
    }
    case PSEUDO.FUNC:
      return { kind: 'func', subprog: calleeOf(d, i) };
    default:
      return d.hi[i]! >= 0 && d.hi[i]! < 2 ** 20 ? scalar(d.hi[i]! * 2 ** 32 + imm, d.hi[i]! * 2 ** 32 + imm) : ANY;
  }
}

/** One element of a map. */
export function valueBlock(facts: MapFacts): Block {
  return { size: facts.value_size, region: REGION.MAP_VALUE, map: facts.handle, writable: !facts.read_only };
}

function stepLoad(state: State, around: Surroundings, i: number, signed: boolean): void {
  const { d } = around;
  const size = sizeOf(d.op[i]!);
  const pointer = state.regs[d.src[i]!]!;
  const access = planAccess(pointer, d.off[i]!, size, false, around.rules);
  const number = signed || size === 8 ? ANY : scalar(0, 2 ** (8 * size) - 1);
  let value: Value = number;
  if (access.how === 'ctx' && !signed) value = ctxValue(access) ?? number;
  if (access.how === 'direct' && pointer.kind === 'stack' && pointer.span === 0 && size === 8) {
    const off = pointer.off + d.off[i]!;
    if ((off & 7) === 0) value = filled(state.slot(off));
  }
  noteLimit(around, access, size);
  noteContext(around, i, pointer, access, signed);
  learn(state, d.src[i]!, access, d.off[i]!, size);
  state.define(d.dst[i]!, insnId(i), value);
}

/** A pointer that comes back from a slot: where its block starts is known again when it stands at a constant distance. */
function filled(value: Value): Value {
  if (value.kind !== 'object' || value.base > 0) return value;
  return { ...value, base: value.span === 0 ? IN_LOCAL : UNKNOWN_BASE };
}

function ctxValue(access: Access): Value | null {
  if (access.how !== 'ctx') return null;
  switch (access.field.pointer) {
    case 'packet':
      return { kind: 'packet', id: 0, off: 0, span: 0, range: 0 };
    case 'packet_meta':
      return { kind: 'meta', id: 0, off: 0, span: 0, range: 0 };
    case 'packet_end':
      return PACKET_END;
    default:
      return null;
  }
}

/** An access that went well proves something for the next one. */
function learn(state: State, reg: number, access: Access, off: number, size: number): void {
  const pointer = state.regs[reg]!;
  if (access.how === 'packet' && (pointer.kind === 'packet' || pointer.kind === 'meta')) {
    if (pointer.off + off >= 0) proveRange(state, reg, pointer.off + off + size);
  } else if ((access.how === 'null' || access.how === 'block') && access.object.nullable) {
    proveNonNull(state, reg);
  }
}

function stepStore(state: State, around: Surroundings, i: number, value: Value): void {
  const { d } = around;
  const size = sizeOf(d.op[i]!);
  const pointer = state.regs[d.dst[i]!]!;
  const access = planAccess(pointer, d.off[i]!, size, true, around.rules);
  noteLimit(around, access, size);
  noteContext(around, i, pointer, access, false);
  stored(state, around, d.dst[i]!, d.off[i]!, size, value, access);
}

function noteContext(around: Surroundings, i: number, pointer: Value, access: Access, odd: boolean): void {
  const { d, rules, hasCallbacks, suspects } = around;
  const write = (d.op[i]! & CLASS_MASK) !== CLASS.LDX;
  const use = { off: d.off[i]!, size: sizeOf(d.op[i]!), write, odd };
  if (isSuspect(pointer, access, use, rules, hasCallbacks)) suspects.add(i);
}

function noteLimit(around: Surroundings, access: Access, size: number): void {
  if (access.how === 'packet') around.limits[access.meta ? 'meta' : 'packet'].add(size);
  else if (access.how === 'ctx') around.ctxEnd = Math.max(around.ctxEnd, access.end);
}

function stored(
  state: State,
  around: Surroundings,
  reg: number,
  off: number,
  size: number,
  value: Value,
  access: Access,
): void {
  const pointer = state.regs[reg]!;
  if (access.how === 'find') {
    state.spoilAll();
    around.frameWrites.noteAnywhere();
  }
  if (pointer.kind === 'outer')
    around.frameWrites.note(pointer.arg, pointer.off + off, pointer.off + pointer.span + off + size);
  if (pointer.kind === 'stack' && access.how !== 'fault') {
    if (pointer.span === 0) state.store(pointer.off + off, size, value);
    else if (pointer.span === Infinity) state.spoilAll();
    else state.spoil(pointer.off + off, pointer.span + size);
  }
  learn(state, reg, access, off, size);
}

function stepAtomic(state: State, around: Surroundings, i: number): void {
  const { d } = around;
  const kind = d.imm[i]!;
  if (kind === ATOMIC.LOAD_ACQ) {
    noteContext(around, i, state.regs[d.src[i]!]!, { how: 'find' }, true);
    stepLoad(state, around, i, false);
    return;
  }
  const size = sizeOf(d.op[i]!);
  const pointer = state.regs[d.dst[i]!]!;
  const access = planAccess(pointer, d.off[i]!, size, true, around.rules);
  noteLimit(around, access, size);
  noteContext(around, i, pointer, access, true);
  stored(state, around, d.dst[i]!, d.off[i]!, size, kind === ATOMIC.STORE_REL ? state.regs[d.src[i]!]! : ANY, access);
  if (kind === ATOMIC.STORE_REL || (kind & ATOMIC.FETCH) === 0) return;
  state.define(kind === ATOMIC.CMPXCHG ? 0 : d.src[i]!, insnId(i), size === 8 ? ANY : scalar(0, U32_MAX));
}

function stepCall(state: State, around: Surroundings, i: number): void {
  const { d } = around;
  if ((d.op[i]! & SRC_X) !== 0) {
    writeAnywhere(state, around);
    called(state, i, around.callbacksMovePacket);
    return;
  }
  if (d.src[i] === PSEUDO_CALL) {
    const callee = calleeOf(d, i);
    callerWrites(state, around, callee, (arg) => state.regs[arg + 1]!);
    called(state, i, around.movesPacket(callee));
    return;
  }
  const proto = around.helper(d.imm[i]!);
  if (proto === undefined) {
    // It faults when it is reached.
    called(state, i, true);
    return;
  }
  const result = helperResult(state, proto, i);
  helperWrites(state, proto, around);
  state.define(0, insnId(i), result);
}

/** A BPF function ran. */
function called(state: State, i: number, movesPacket: boolean): void {
  if (movesPacket) goStale(state);
  state.define(0, insnId(i), ANY);
}

function writeAnywhere(state: State, around: Surroundings): void {
  state.spoilAll();
  around.frameWrites.noteAnywhere();
}

/** What a function writes to frames, this one or those above; `passed` is what it got as an argument. */
function callerWrites(state: State, around: Surroundings, callee: number, passed: (arg: number) => Value): void {
  const writes = around.writesOf(callee);
  if (writes.anywhere) writeAnywhere(state, around);
  writes.args.forEach((stretch, arg) => {
    if (stretch !== null) writeBehind(state, around, passed(arg), stretch.from, stretch.to);
  });
}

/** Bytes behind a pointer are written, from `from` up to `to`; pointers into packets and maps do not reach a frame. */
function writeBehind(state: State, around: Surroundings, pointer: Value, from: number, to: number): void {
  if (pointer.kind === 'packet' || pointer.kind === 'object') return;
  if (pointer.kind === 'outer')
    around.frameWrites.note(pointer.arg, pointer.off + from, pointer.off + pointer.span + to);
  else if (pointer.kind === 'stack' && pointer.span + to - from <= FRAME_SIZE) {
    state.spoil(pointer.off + from, pointer.span + to - from);
  } else writeAnywhere(state, around);
}

function goStale(state: State): void {
  state.change((held) => (held.kind === 'packet' || held.kind === 'meta' || held.kind === 'packet_end' ? STALE : held));
}

/** Helpers whose pointer arguments are not written to; what a callback writes through its context is the callback's. */
const READS_ONLY: ReadonlySet<string> = new Set([
  ...['spin_lock', 'spin_unlock', 'ringbuf_submit', 'ringbuf_discard', 'strncmp', 'loop', 'for_each_map_elem'],
  ...['sk_storage_get', 'sk_storage_delete', 'sk_cgroup_id', 'sk_ancestor_cgroup_id'],
  ...['timer_init', 'timer_set_callback', 'timer_start', 'timer_cancel'],
]);
/** Argument of the callback that r3 of the helper becomes. */
const CALLBACK_CONTEXT: ReadonlyMap<string, number> = new Map([
  ['loop', 1],
  ['for_each_map_elem', 3],
]);

function helperWrites(state: State, proto: HelperProto, around: Surroundings): void {
  if (proto.name === 'tail_call') around.frameWrites.noteAnywhere();
  proto.args.forEach((kind, arg) => {
    const size = kind === 'mem_w' && proto.args[arg + 1] === 'size' ? state.regs[arg + 2]! : ANY;
    const bytes = size.kind === 'scalar' ? size.max : Infinity;
    if (writesThrough(proto, kind)) writeBehind(state, around, state.regs[arg + 1]!, 0, bytes);
    else if (kind === 'func' && proto.later !== true) callbackWrites(state, around, proto, state.regs[arg + 1]!);
  });
  if (proto.name === 'ringbuf_submit' || proto.name === 'ringbuf_discard') forget(state, 1);
  const calls = proto.args.includes('func') && proto.later !== true;
  // A tail call that comes back here was none: nothing moved. One that was made comes back to this function's caller.
  const moves = proto.changesPacket === true && proto.name !== 'tail_call';
  if (moves || (calls && around.callbacksMovePacket)) goStale(state);
}

function writesThrough(proto: HelperProto, kind: ArgKind): boolean {
  if (kind === 'mem_w') return true;
  if (kind === 'ptr') return !READS_ONLY.has(proto.name);
  return kind === 'map_value' && proto.name !== 'map_update_elem' && proto.name !== 'map_push_elem';
}

/** A callback gets the context that the helper got, behind what the helper itself hands out. */
function callbackWrites(state: State, around: Surroundings, proto: HelperProto, func: Value): void {
  const place = CALLBACK_CONTEXT.get(proto.name);
  if (func.kind !== 'func' || func.subprog === 0 || place === undefined) writeAnywhere(state, around);
  else callerWrites(state, around, func.subprog, (arg) => (arg === place ? state.regs[3]! : ANY));
}

/** The block behind a pointer is given back: its pointers are plain numbers from now on. */
function forget(state: State, reg: number): void {
  const id = idOf(state.regs[reg]!);
  state.regs[reg] = ANY;
  if (id !== NO_ID) state.change((held) => (held.kind === 'object' && held.id === id ? ANY : held));
}

/** MAP_OR_VALUE kinds: what bpf_map_lookup_elem finds in these is a map. */
function holdsMaps(facts: MapFacts): boolean {
  return facts.type === MAP_TYPE.ARRAY_OF_MAPS || facts.type === MAP_TYPE.HASH_OF_MAPS;
}

/** Whether a lookup in the map yields the address of a value. */
export function holdsValues(facts: MapFacts): boolean {
  const { type } = facts;
  return (
    !holdsMaps(facts) &&
    type !== MAP_TYPE.PROG_ARRAY &&
    type !== MAP_TYPE.XSKMAP &&
    type !== MAP_TYPE.SOCKMAP &&
    type !== MAP_TYPE.SOCKHASH
  );
}

function helperResult(state: State, proto: HelperProto, i: number): Value {
  const id = insnId(i);
  const map = state.regs[1]!;
  const facts = map.kind === 'map' ? map.facts : undefined;
  switch (proto.ret) {
    case 'map_or_value':
      if (facts === undefined) return ANY;
      if (!holdsMaps(facts)) return holdsValues(facts) ? found(valueBlock(facts), id) : ANY;
      return facts.inner === null ? ANY : { kind: 'map', facts: facts.inner, handle: 0, nullable: true, id };
    case 'map_value':
      return facts === undefined ? ANY : found(valueBlock(facts), id);
    case 'mem': {
      const size = proto.memSizeArg === undefined ? ANY : state.regs[proto.memSizeArg + 1]!;
      if (size.kind !== 'scalar' || size.min !== size.max) return ANY;
      return proto.name === 'ringbuf_reserve'
        ? found({ size: size.min, region: REGION.RINGBUF, map: facts?.handle ?? 0, writable: true }, id)
        : ANY;
    }
    case 'u32':
      return scalar(0, U32_MAX);
    case 'void':
      return scalar(0, 0);
    default:
      return ANY;
  }
}

function found(block: Block, id: number): Value {
  return { kind: 'object', block, off: 0, span: 0, nullable: true, id, base: IN_LOCAL };
}
