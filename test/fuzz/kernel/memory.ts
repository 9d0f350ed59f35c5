/** Statements that read and write: stack, packet, map value and context, at fixed and computed offsets, and atomics. */
import { ATOMIC, JMP } from '../../../engine/uapi/opcodes.ts';
import {
  type Frame,
  fetch,
  fetchInto,
  PACKET_BYTES,
  renew,
  SCRATCH,
  SCRATCH_BYTES,
  SPILL_SLOT,
  temps,
  VALUE_BYTES,
} from './frame.ts';
import {
  addK,
  addX,
  andK,
  atomic,
  FP,
  jumpX,
  load,
  loadSigned,
  movX,
  movX32,
  store,
  storeK,
  type Width,
} from './ops.ts';
import { type Item, type Node, type Op, straight } from './tree.ts';

const WIDTHS: readonly Width[] = [1, 2, 4, 8];
const ALIGNED = true;

/** One access in `bytes` bytes of room at `base + from`; `pointers`: registers that hold no number just now. */
function access(
  frame: Frame,
  base: number,
  from: number,
  bytes: number,
  aligned: boolean,
  pointers: readonly number[] = [],
): Item {
  const { rng } = frame;
  const signed = rng.chance(25);
  const width = rng.pick(WIDTHS.filter((w) => w <= Math.min(bytes, signed ? 4 : 8)));
  const last = bytes - width;
  const off = from + (aligned ? width * rng.below(Math.floor(last / width) + 1) : rng.below(last + 1));
  const into = rng.pick(frame.scalars.filter((reg) => !pointers.includes(reg)));
  if (signed) return loadSigned(width as 1 | 2 | 4, into, base, off);
  const kind = rng.below(10);
  if (kind < 5) return load(width, into, base, off);
  return kind < 8
    ? store(width, base, off, numberOtherThan(frame, [base, ...pointers]))
    : storeK(width, base, off, rng.imm());
}

function numberOtherThan(frame: Frame, taken: readonly number[]): number {
  return frame.rng.pick(frame.scalars.filter((reg) => !taken.includes(reg)));
}

export function stackAccess(frame: Frame): Node {
  return straight(
    Array.from({ length: frame.rng.between(1, 3) }, () => access(frame, FP, SCRATCH, SCRATCH_BYTES, ALIGNED)),
  );
}

/** Through the pointer at home, at an offset the verifier knows. */
function fixed(frame: Frame, role: 'packet' | 'value', bytes: number): Node {
  const [temp = 1] = temps(frame, 1);
  const { items, reg } = fetch(frame, role, temp);
  const one = access(frame, reg, 0, bytes, role === 'value' && frame.rng.chance(70));
  return straight([...items, one, ...(reg === temp ? renew(frame, [temp]) : [])]);
}
export const packetAccess = (frame: Frame): Node => fixed(frame, 'packet', PACKET_BYTES);
/** The caller's scratch words, which lie on its stack. */
export function lentAccess(frame: Frame): Node {
  const [temp = 1] = temps(frame, 1);
  const { items, reg } = fetch(frame, 'lent', temp);
  const one = access(frame, reg, 0, SCRATCH_BYTES, ALIGNED);
  return straight([...items, one, ...(reg === temp ? renew(frame, [temp]) : [])]);
}

/** A scratch word that a number chooses. */
export function stackAtNumber(frame: Frame): Node {
  const { rng } = frame;
  const [base = 1, index = 2] = temps(frame, 2);
  const items: Item[] = [movX(index, rng.pick(frame.scalars)), andK(index, 0x38), movX(base, FP), addX(base, index)];
  items.push(access(frame, base, SCRATCH, 8, ALIGNED, [base, index]));
  return straight([...items, ...renew(frame, [base, index])]);
}
export const valueAccess = (frame: Frame): Node => fixed(frame, 'value', VALUE_BYTES);

/** base += number & mask, then an access: the verifier knows the number's range. */
export function valueAtNumber(frame: Frame): Node {
  const { rng } = frame;
  const [base = 1, index = 2] = temps(frame, 2);
  const mask = rng.pick([7, 15, 31]);
  const backwards = rng.chance(30);
  const items: Item[] = [movX(index, rng.pick(frame.scalars)), andK(index, mask)];
  if (rng.chance(30)) items.push(movX(base, index), fetchInto(frame, 'value', index), addX(base, index));
  else items.push(fetchInto(frame, 'value', base), addX(base, index));
  if (backwards) items.push(addK(base, 16));
  const room = VALUE_BYTES - mask - (backwards ? 16 : 0);
  items.push(access(frame, base, backwards ? -16 : 0, room, !ALIGNED, [base, index]));
  return straight([...items, ...renew(frame, [base, index])]);
}

/** A packet pointer moved by a number, compared with the end, then used. */
export function packetAtNumber(frame: Frame): Node {
  const { rng } = frame;
  const [at = 1, beyond = 2, end = 3] = temps(frame, 3);
  const skip = frame.freshLabel();
  const bytes = rng.pick([1, 2, 4, 8, 14, 20]);
  const edge = fetch(frame, 'end', end);
  const items: Item[] = [movX(beyond, rng.pick(frame.scalars)), andK(beyond, rng.pick([15, 63, 127, 1023]))];
  items.push(fetchInto(frame, 'packet', at), addX(at, beyond), movX(beyond, at), addK(beyond, bytes), ...edge.items);
  items.push(rng.chance(50) ? jumpX(JMP.JGT, beyond, edge.reg, skip) : jumpX(JMP.JLT, edge.reg, beyond, skip));
  items.push(access(frame, at, 0, bytes, !ALIGNED, [at, beyond, end]));
  return straight([...items, { label: skip }, ...renew(frame, [at, beyond, ...(edge.reg === end ? [end] : [])])]);
}

/** A pointer put on the stack and taken back. */
export function spilled(frame: Frame): Node {
  const { rng } = frame;
  const role = frame.homes.has('packet') && rng.chance(50) ? 'packet' : 'value';
  const [from = 1, back = 2] = temps(frame, 2);
  const items: Item[] = [fetchInto(frame, role, from), store(8, FP, SPILL_SLOT, from), load(8, back, FP, SPILL_SLOT)];
  items.push(access(frame, back, 0, role === 'packet' ? PACKET_BYTES : VALUE_BYTES, !ALIGNED, [from, back]));
  return straight([...items, ...renew(frame, [from, back])]);
}

const PLAIN_ATOMICS = [ATOMIC.ADD, ATOMIC.OR, ATOMIC.AND, ATOMIC.XOR];
const ATOMICS = [
  ...PLAIN_ATOMICS,
  ...PLAIN_ATOMICS.map((kind) => kind | ATOMIC.FETCH),
  ...[ATOMIC.XCHG, ATOMIC.CMPXCHG, ATOMIC.CMPXCHG],
];

/**
 * An atomic in the map value, or on the stack, where it must be aligned. On the stack none that fetches: the verifier of
 * Linux 6.18 takes what it fetches there for known on all paths, and removes code that is not dead.
 */
export function atomicAccess(frame: Frame): Node {
  const { rng } = frame;
  const [temp = 1] = temps(frame, 1);
  const onStack = rng.chance(30);
  const { items, reg } = onStack ? { items: [], reg: FP } : fetch(frame, 'value', temp);
  const ordered = rng.chance(30);
  const width = ordered ? rng.pick(WIDTHS) : rng.pick([4, 8] as const);
  const off = (onStack ? SCRATCH : 0) + width * rng.below(SCRATCH_BYTES / width);
  const src = numberOtherThan(frame, [reg]);
  const kind = rng.pick(ordered ? [ATOMIC.LOAD_ACQ, ATOMIC.STORE_REL] : onStack ? PLAIN_ATOMICS : ATOMICS);
  const after = reg === temp ? renew(frame, [temp]) : [];
  const one = atomic(width, reg, off, src, kind);
  return straight([...items, ...(kind === ATOMIC.CMPXCHG ? compared(frame, one, width) : [one]), ...after]);
}

/**
 * Half of the comparisons find what they compare with. Of a sign-extended r0 the upper half must not matter; it is cleared
 * then, since Linux 6.18 does not always do that when it has found what it looked for.
 */
function compared(frame: Frame, one: Op, width: Width): Item[] {
  const { rng } = frame;
  if (rng.chance(50)) return [one];
  if (width === 8 || rng.chance(50)) return [load(width, 0, one.dst, one.off), one];
  return [loadSigned(4, 0, one.dst, one.off), one, movX32(0, 0)];
}

/** Fields of the context: [offset, bytes, writable]. */
const FIELDS = {
  xdp: [
    [12, 4, false],
    [16, 4, false],
  ],
  tc: [
    ...[
      [0, 4, false],
      [4, 4, false],
      [8, 4, true],
      [16, 4, false],
      [20, 4, false],
      [32, 4, true],
      [40, 4, false],
    ],
    ...[
      [48, 4, true],
      [52, 4, true],
      [56, 4, true],
      [60, 4, true],
      [64, 4, true],
      [44, 4, true],
    ],
  ],
  socket: [
    [0, 4, false],
    [4, 4, false],
    [16, 4, false],
    [48, 4, true],
    [52, 4, true],
    [60, 4, true],
  ],
} as const satisfies Record<string, readonly (readonly [number, number, boolean])[]>;

export function contextAccess(frame: Frame): Node {
  const { rng } = frame;
  const [temp = 1] = temps(frame, 1);
  const { items, reg } = fetch(frame, 'ctx', temp);
  const fields: readonly (readonly [number, number, boolean])[] = FIELDS[frame.kind];
  const [off, , writable] = rng.pick(fields);
  const one = writable && rng.chance(50) ? store(4, reg, off, numberOtherThan(frame, [reg])) : load(4, 0, reg, off);
  return straight([...items, one, ...(reg === temp ? renew(frame, [temp]) : [])]);
}
