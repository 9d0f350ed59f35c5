/** Loads and stores on one path (check_mem_access): the context by its fields, the stack by what was stored, frozen data by its bytes. */
import type { CtxStruct } from '../uapi/contexts.ts';
import { ctxField } from '../uapi/ctx-access.ts';
import type { PathState } from './path-state.ts';
import { ofBytes } from './scalar.ts';
import { ANYTHING, constant, number, POINTER, VAGUE, type Value } from './value.ts';

/** What a path needs to know of the memory that programs see. */
export interface PathMemory {
  readonly ctx: CtxStruct;
  /** Bytes of a data section that nobody writes any more (.rodata), null for all other maps. */
  frozen(handle: number): Uint8Array | null;
}

export function load(
  state: PathState,
  memory: PathMemory,
  pointer: Value,
  off: number,
  size: number,
  signed: boolean,
  fresh: () => number,
): Value {
  const extend = (value: Value): Value => (signed ? signExtend(value, size) : value);
  switch (pointer.kind) {
    case 'ctx':
      return signed ? signExtend(ANYTHING, size) : ctxValue(memory.ctx, pointer.off + off, size, fresh);
    case 'frame': {
      if (Number.isNaN(pointer.off)) return VAGUE;
      const held = state.frames[pointer.frame]?.load(pointer.off + off, size) ?? VAGUE;
      return extend(held.kind === 'number' && held === ANYTHING ? number(ofBytes(size)) : held);
    }
    case 'data':
      return extend(frozenValue(memory.frozen(pointer.handle), pointer.off + off, size));
    case 'number':
      return VAGUE;
    default:
      return extend(number(ofBytes(size)));
  }
}

function signExtend(value: Value, size: number): Value {
  if (value.kind !== 'number') return value;
  const { umin, umax } = value.scalar;
  if (umin === umax) return constant(BigInt.asIntN(8 * size, umin));
  return value.vague || size === 8 ? value : VAGUE;
}

function frozenValue(bytes: Uint8Array | null, off: number, size: number): Value {
  if (bytes === null || !(off >= 0) || off + size > bytes.length) return number(ofBytes(size));
  let value = 0n;
  for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[off + i]!);
  return constant(value);
}

function ctxValue(struct: CtxStruct, off: number, size: number, fresh: () => number): Value {
  switch (ctxField(struct, off, size, false)?.pointer) {
    case 'packet':
      return { kind: 'packet', id: 0, off: 0 };
    case 'packet_meta':
      return { kind: 'packet', id: fresh(), off: 0 };
    case 'packet_end':
      return { kind: 'packet_end' };
    case 'sock':
      return { kind: 'pointer', id: fresh(), null: 'maybe' };
    case 'flow_keys':
      return POINTER;
    case 'kernel':
      return VAGUE;
    default:
      return number(ofBytes(size));
  }
}

export function store(state: PathState, pointer: Value, off: number, size: number, value: Value): void {
  if (pointer.kind !== 'frame') return;
  const frame = state.frames[pointer.frame];
  if (Number.isNaN(pointer.off)) frame?.spoil(-Infinity, Infinity);
  else frame?.store(pointer.off + off, size, cut(value, size));
}

/** The lower bytes of a number; of a pointer only all of it is worth anything. */
function cut(value: Value, size: number): Value {
  if (size === 8) return value;
  if (value.kind !== 'number') return ANYTHING;
  const most = 2n ** BigInt(8 * size);
  const { umin, umax } = value.scalar;
  if (umax < most) return value;
  if (umin === umax) return constant(umin % most);
  return value.vague ? VAGUE : number(ofBytes(size));
}
