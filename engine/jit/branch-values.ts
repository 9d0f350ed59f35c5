/** What a conditional jump proves on each of its two edges: distances to data_end, pointers that are not NULL, bounds of numbers. */
import { PACKET_SIZE } from '../layout.ts';
import { CLASS, CLASS_MASK, JMP, OP_MASK, SRC_X } from '../uapi/opcodes.ts';
import type { Decoded } from './decode.ts';
import type { State } from './state.ts';
import {
  constant,
  EXACT,
  idOf,
  NO_ID,
  type PacketPtr,
  type Scalar,
  scalar,
  U32_MAX,
  type Value,
  ZERO,
} from './values.ts';

type Relation = '==' | '!=' | '<' | '<=' | '>' | '>=';

const RELATIONS: ReadonlyMap<number, Relation> = new Map([
  [JMP.JEQ, '=='],
  [JMP.JNE, '!='],
  [JMP.JLT, '<'],
  [JMP.JLE, '<='],
  [JMP.JGT, '>'],
  [JMP.JGE, '>='],
]);
const SIGNED: ReadonlyMap<number, Relation> = new Map([
  [JMP.JSLT, '<'],
  [JMP.JSLE, '<='],
  [JMP.JSGT, '>'],
  [JMP.JSGE, '>='],
]);
const NOT: Readonly<Record<Relation, Relation>> = {
  ...{ '==': '!=', '!=': '==' },
  ...{ '<': '>=', '>=': '<' },
  ...{ '>': '<=', '<=': '>' },
};
const SWAPPED: Readonly<Record<Relation, Relation>> = {
  ...{ '==': '==', '!=': '!=' },
  ...{ '<': '>', '>': '<' },
  ...{ '<=': '>=', '>=': '<=' },
};

/** Changes `state` to what holds when the jump at `i` is taken, or is not. */
export function stepBranch(state: State, d: Decoded, i: number, taken: boolean): void {
  const op = d.op[i]!;
  const narrow = (op & CLASS_MASK) === CLASS.JMP32;
  const dst = d.dst[i]!;
  const register = (op & SRC_X) !== 0;
  const left = state.regs[dst]!;
  const right = register ? state.regs[d.src[i]!]! : narrow ? constant32(d.imm[i]!) : constant(d.imm[i]!);
  const said = relationOf(op & OP_MASK, left, right, narrow ? 2 ** 31 : EXACT);
  if (said === undefined) return;
  const relation = taken ? said : NOT[said];
  if (!narrow) {
    refineDistance(state, dst, right, relation);
    refineNull(state, dst, right, relation);
    if (register) {
      refineDistance(state, d.src[i]!, left, SWAPPED[relation]);
      refineNull(state, d.src[i]!, left, relation);
    }
  }
  refineNumber(state, dst, left, right, relation, narrow);
  if (register) refineNumber(state, d.src[i]!, right, left, SWAPPED[relation], narrow);
}

function constant32(imm: number): Scalar {
  return { kind: 'scalar', min: imm >>> 0, max: imm >>> 0 };
}

/** Signed comparisons of numbers without the sign bit are unsigned ones. */
function relationOf(operation: number, left: Value, right: Value, sign: number): Relation | undefined {
  const relation = RELATIONS.get(operation);
  if (relation !== undefined) return relation;
  const plain = left.kind === 'scalar' && right.kind === 'scalar' && left.max < sign && right.max < sign;
  return plain ? SIGNED.get(operation) : undefined;
}

/** pointer <= data_end (or data_meta pointer <= data): everything before the pointer can be accessed. */
function refineDistance(state: State, reg: number, limit: Value, relation: Relation): void {
  const pointer = state.regs[reg]!;
  if (pointer.kind !== 'packet' && pointer.kind !== 'meta') return;
  const isLimit =
    pointer.kind === 'packet'
      ? limit.kind === 'packet_end'
      : limit.kind === 'packet' && limit.id === 0 && limit.off === 0;
  if (!isLimit || (relation !== '<' && relation !== '<=' && relation !== '==')) return;
  proveRange(state, reg, pointer.off + (relation === '<' ? 1 : 0));
}

/** The bytes up to `range` behind the base of a packet pointer are inside the packet: true of all pointers of its id. */
export function proveRange(state: State, reg: number, range: number): void {
  const pointer = state.regs[reg] as PacketPtr;
  if (range <= 0 || pointer.off < 0 || pointer.span === Infinity) return;
  const prove = (held: PacketPtr): PacketPtr => ({
    ...held,
    span: Math.min(held.span, PACKET_SIZE),
    range: Math.max(held.range, range),
  });
  if (pointer.id === NO_ID) state.regs[reg] = prove(pointer);
  else state.change((held) => (held.kind === pointer.kind && held.id === pointer.id ? prove(held) : held));
}

function refineNull(state: State, reg: number, other: Value, relation: Relation): void {
  const pointer = state.regs[reg]!;
  if ((pointer.kind !== 'object' && pointer.kind !== 'map') || !pointer.nullable) return;
  if (other.kind !== 'scalar' || other.max !== 0 || !atStart(pointer)) return;
  if (relation === '!=' || relation === '>') proveNonNull(state, reg);
  else if (relation === '==' || relation === '<=') replaceAll(state, reg, (held) => (atStart(held) ? ZERO : held));
}

/** NULL + 8 is not 0. */
function atStart(value: Value): boolean {
  return value.kind !== 'object' || (value.off === 0 && value.span === 0);
}

/** The pointer in a register is not NULL, and so is every other one of its id. */
export function proveNonNull(state: State, reg: number): void {
  replaceAll(state, reg, (held) => ({ ...held, nullable: false }) as Value);
}

function replaceAll(state: State, reg: number, replace: (held: Value) => Value): void {
  const pointer = state.regs[reg]!;
  const id = idOf(pointer);
  if (id === NO_ID) state.regs[reg] = replace(pointer);
  else state.change((held) => (held.kind === pointer.kind && idOf(held) === id ? replace(held) : held));
}

function refineNumber(state: State, reg: number, left: Value, right: Value, relation: Relation, narrow: boolean): void {
  if (left.kind !== 'scalar' || right.kind !== 'scalar') return;
  // The lower half says nothing about a number that has an upper one.
  if (narrow && (left.max > U32_MAX || right.max > U32_MAX)) return;
  const refined = refine(left, right, relation);
  if (refined.max >= refined.min) state.regs[reg] = refined;
}

function refine(left: Scalar, right: Scalar, relation: Relation): Scalar {
  const { min, max } = left;
  switch (relation) {
    case '==':
      return scalar(Math.max(min, right.min), Math.min(max, right.max));
    case '<':
      return right.max < EXACT ? scalar(min, Math.min(max, right.max - 1)) : left;
    case '<=':
      return scalar(min, Math.min(max, right.max));
    case '>':
      return right.min < EXACT ? scalar(Math.max(min, right.min + 1), max) : left;
    case '>=':
      return scalar(Math.max(min, right.min), max);
    default:
      return right.max === 0 && min === 0 && max > 0 ? scalar(1, max) : left;
  }
}
