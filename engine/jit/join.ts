/** What holds when control may come from either of two places: the join of values, with widening so that loops settle. */
import {
  ANY,
  IN_LOCAL,
  NO_ID,
  type ObjectPtr,
  type OuterPtr,
  type PacketPtr,
  type StackPtr,
  sameBlock,
  sameMap,
  scalar,
  U32_MAX,
  U64,
  UNKNOWN_BASE,
  type Value,
} from './values.ts';

/** Spans are let grow to here before all is given up: the distance checks inside a loop keep a pointer below that. */
const WIDE_SPAN = 2 ** 24;

/**
 * `id` is the name of a value that is new at the join (negative: none may be given). `widen`: bounds that moved go to
 * their end at once.
 */
export function joinValues(a: Value, b: Value, id: number, widen: boolean): Value {
  if (a === b) return a;
  if (a.kind !== b.kind) return joinKinds(a, b);
  switch (a.kind) {
    case 'scalar': {
      const other = b as typeof a;
      const max = Math.max(a.max, other.max);
      const min = Math.min(a.min, other.min);
      if (!widen) return scalar(min, max);
      return scalar(min < a.min ? 0 : min, max > a.max ? (max <= U32_MAX ? U32_MAX : U64) : max);
    }
    case 'packet':
    case 'meta':
      return joinPackets(a, b as PacketPtr, id, widen);
    case 'stack':
      return joinStack(a, b as StackPtr, widen);
    case 'outer':
      return joinOuter(a, b as OuterPtr, widen);
    case 'object':
      return joinObjects(a, b as ObjectPtr, widen);
    case 'ctx':
      return a.off === (b as typeof a).off ? a : ANY;
    case 'map': {
      const other = b as typeof a;
      if (!sameMap(a, other)) return ANY;
      return { ...a, nullable: a.nullable || other.nullable, id: a.id === other.id ? a.id : NO_ID };
    }
    case 'func':
      return a.subprog === (b as typeof a).subprog ? a : ANY;
    default:
      return a;
  }
}

/** A pointer that is NULL on the other path is a nullable one; a packet pointer that went stale on one path counts as stale no more. */
function joinKinds(a: Value, b: Value): Value {
  if (b.kind === 'scalar' && b.max === 0) return nullable(a);
  if (a.kind === 'scalar' && a.max === 0) return nullable(b);
  if (a.kind === 'stale' && b.kind === 'packet') return loose(b);
  if (b.kind === 'stale' && a.kind === 'packet') return loose(a);
  return ANY;
}

function nullable(value: Value): Value {
  if (value.kind !== 'object' || value.off !== 0 || value.span !== 0) return ANY;
  // The base local would hold nothing on the path where the value is 0.
  return { ...value, nullable: true, id: NO_ID, base: value.base === IN_LOCAL ? UNKNOWN_BASE : value.base };
}

function loose(value: PacketPtr): PacketPtr {
  return { ...value, id: NO_ID, span: Infinity, range: 0 };
}

function joinPackets(a: PacketPtr, b: PacketPtr, id: number, widen: boolean): PacketPtr {
  if (a.id === b.id && a.id !== NO_ID && a.off === b.off) {
    const range = Math.min(a.range, b.range);
    const span = Math.max(a.span, b.span);
    if (range === a.range && span === a.span) return a;
    return { ...a, span: widen ? widenedSpan(a.span, span) : span, range: widen && range < a.range ? 0 : range };
  }
  if (a.off < 0 || b.off < 0) return { ...loose(a), off: 0 };
  const span = Math.max(a.span + a.off, b.span + b.off);
  const range = Math.max(0, Math.min(a.range - a.off, b.range - b.off));
  const settled = a.off === 0 && a.id === id;
  return {
    kind: a.kind,
    ...{ id, off: 0 },
    span: widen && settled ? widenedSpan(a.span, span) : span,
    range: widen && settled && range < a.range ? 0 : range,
  };
}

function widenedSpan(before: number, now: number): number {
  if (now <= before) return before;
  return now <= WIDE_SPAN ? WIDE_SPAN : Infinity;
}

function joinStack(a: StackPtr, b: StackPtr, widen: boolean): Value {
  const place = joinPlaces(a, b, widen);
  return place === null ? ANY : { kind: 'stack', ...place };
}

function joinOuter(a: OuterPtr, b: OuterPtr, widen: boolean): OuterPtr {
  const place = a.arg === b.arg ? joinPlaces(a, b, widen) : null;
  return place === null ? { kind: 'outer', arg: -1, off: 0, span: Infinity } : { ...a, ...place };
}

/** The smallest stretch that holds both; null when it has no lower end. */
function joinPlaces(
  a: { off: number; span: number },
  b: { off: number; span: number },
  widen: boolean,
): { off: number; span: number } | null {
  const off = Math.min(a.off, b.off);
  const end = Math.max(a.off + a.span, b.off + b.span);
  if (widen && off < a.off) return null;
  return { off, span: widen && end > a.off + a.span ? Infinity : end - off };
}

function joinObjects(a: ObjectPtr, b: ObjectPtr, widen: boolean): Value {
  if (!sameBlock(a.block, b.block)) return ANY;
  const place = joinPlaces(a, b, widen) ?? { off: 0, span: Infinity };
  const base = a.base === b.base ? a.base : UNKNOWN_BASE;
  return { ...a, ...place, base, nullable: a.nullable || b.nullable, id: a.id === b.id ? a.id : NO_ID };
}
