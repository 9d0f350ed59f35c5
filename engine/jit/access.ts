/** Decides how one load or store is checked, from what is known about its address: not at all, by one compare, or by asking the region table. */
import { FAULT, type FaultKind, FRAME_SIZE, REGION, type RegionKind } from '../layout.ts';
import type { CtxField, CtxStruct } from '../uapi/contexts.ts';
import { ctxField } from '../uapi/ctx-access.ts';
import { type Block, type ObjectPtr, type PacketPtr, UNKNOWN_BASE, type Value } from './values.ts';

export type Access =
  /** Proven to be inside. */
  | { readonly how: 'direct' }
  /** Inside its block unless the pointer is NULL. */
  | { readonly how: 'null' | 'block'; readonly object: ObjectPtr }
  | { readonly how: 'packet'; readonly meta: boolean }
  /** Inside this function's own frame. */
  | { readonly how: 'frame' }
  /** `end`: bytes of the context that the access needs. */
  | { readonly how: 'ctx'; readonly field: CtxField; readonly end: number }
  /** Inside the frames of the function's callers. */
  | { readonly how: 'outer' }
  /** Anywhere the region table allows. */
  | { readonly how: 'find' }
  | { readonly how: 'fault'; readonly fault: FaultKind; readonly region: RegionKind; readonly map: number };

export interface AccessRules {
  readonly ctx: CtxStruct | null;
  readonly packetReadOnly: boolean;
}

const DIRECT: Access = { how: 'direct' };
const FIND: Access = { how: 'find' };

/** `off` is the instruction's. */
export function planAccess(value: Value, off: number, size: number, write: boolean, rules: AccessRules): Access {
  switch (value.kind) {
    case 'stack':
      return planFrame(value.off + off, value.span, size);
    case 'outer':
      return { how: 'outer' };
    case 'ctx':
      return planCtx(rules.ctx, value.off + off, size, write);
    case 'packet':
    case 'meta':
      if (write && rules.packetReadOnly) return fault(FAULT.READ_ONLY, REGION.PACKET);
      return planPacket(value, value.off + off, size);
    case 'object':
      return planObject(value, value.off + off, size, write);
    case 'stale':
      return fault(FAULT.STALE_PACKET, REGION.PACKET);
    default:
      return FIND;
  }
}

function fault(kind: FaultKind, region: RegionKind, block?: Block): Access {
  return { how: 'fault', fault: kind, region, map: block?.map ?? 0 };
}

function planFrame(from: number, span: number, size: number): Access {
  if (from >= -FRAME_SIZE && from + span + size <= 0) return DIRECT;
  return span === 0 ? fault(FAULT.OUT_OF_BOUNDS, REGION.STACK) : { how: 'frame' };
}

function planPacket(value: PacketPtr, from: number, size: number): Access {
  if (from >= 0 && from + size <= value.range) return DIRECT;
  return { how: 'packet', meta: value.kind === 'meta' };
}

function planObject(value: ObjectPtr, from: number, size: number, write: boolean): Access {
  const { block } = value;
  if (write && !block.writable) return fault(FAULT.READ_ONLY, block.region, block);
  const inside = from >= 0 && from + value.span + size <= block.size;
  if (inside) return value.nullable ? { how: 'null', object: value } : DIRECT;
  return value.base === UNKNOWN_BASE ? FIND : { how: 'block', object: value };
}

function planCtx(struct: CtxStruct | null, from: number, size: number, write: boolean): Access {
  const field = struct === null ? undefined : ctxField(struct, from, size, write);
  return field === undefined ? fault(FAULT.BAD_CTX_ACCESS, REGION.CTX) : { how: 'ctx', field, end: from + size };
}
