/** Where a conditional jump leads on one path (check_cond_jmp_op): one way, both ways, or nowhere that can be told from here. */
import type { Decoded } from '../jit/decode.ts';
import { CLASS, CLASS_MASK, JMP, OP_MASK, SRC_X } from '../uapi/opcodes.ts';
import { refined, seenBy, taken } from './compare.ts';
import type { PathState } from './path-state.ts';
import { isKnown } from './scalar.ts';
import { constant, type NumberValue, type PacketValue, type Value } from './value.ts';

/** The path where the jump is not taken, then the one where it is; null where there is none, or none that is sure. */
export type Ways = readonly [fall: PathState | null, jump: PathState | null];

const NOWHERE: Ways = [null, null];

/** The state given may become one of the two. */
export function branch(state: PathState, d: Decoded, i: number): Ways {
  const op = d.op[i]!;
  const code = op & OP_MASK;
  if (code === JMP.JCOND) return fork(state);
  const wide = (op & CLASS_MASK) === CLASS.JMP;
  const register = (op & SRC_X) !== 0;
  const left = state.regs[d.dst[i]!]!;
  const right = register ? state.regs[d.src[i]!]! : constant(BigInt(d.imm[i]!));
  if (left.kind === 'number' && right.kind === 'number') return numbers(state, d, i, left, right, wide);
  return wide ? pointers(state, d, i, left, right) : NOWHERE;
}

function fork(state: PathState): Ways {
  return [state, state.copy()];
}

function only(state: PathState, taken: boolean): Ways {
  return taken ? [null, state] : [state, null];
}

function numbers(state: PathState, d: Decoded, i: number, left: NumberValue, right: NumberValue, wide: boolean): Ways {
  const code = d.op[i]! & OP_MASK;
  const a = seenBy(code, wide, left.scalar);
  const b = seenBy(code, wide, right.scalar);
  const way = taken(code, wide, left.scalar, right.scalar);
  if (way !== undefined) return only(state, way);
  if (left.vague || right.vague) return NOWHERE;
  const [fall, jump] = [state, state.copy()];
  for (const [end, holds] of [
    [fall, false],
    [jump, true],
  ] as const) {
    const said = refined(code, a.scalar, b.scalar, holds);
    // What is told of the lower half of a number that has another is not kept here.
    end.settle(d.dst[i]!, a.whole && said !== null ? said[0] : left.scalar, !a.whole);
    if ((d.op[i]! & SRC_X) === 0 || isKnown(right.scalar)) continue;
    end.settle(d.src[i]!, b.whole && said !== null ? said[1] : right.scalar, !b.whole);
  }
  return [fall, jump];
}

function pointers(state: PathState, d: Decoded, i: number, left: Value, right: Value): Ways {
  const code = d.op[i]! & OP_MASK;
  const zero = (value: Value): boolean => value.kind === 'number' && isKnown(value.scalar) && value.scalar.umax === 0n;
  if (zero(right)) return withNull(state, d.dst[i]!, left, code);
  if (zero(left) && (code === JMP.JEQ || code === JMP.JNE)) return withNull(state, d.src[i]!, right, code);
  if (left.kind === 'packet' && right.kind === 'packet_end') return withEnd(state, left, code);
  if (left.kind === 'packet_end' && right.kind === 'packet') return withEnd(state, right, SWAPPED.get(code) ?? code);
  if (left.kind === 'number' || right.kind === 'number') return NOWHERE;
  return fork(state);
}

const SWAPPED: ReadonlyMap<number, number> = new Map([
  [JMP.JGT, JMP.JLT],
  [JMP.JGE, JMP.JLE],
  [JMP.JLT, JMP.JGT],
  [JMP.JLE, JMP.JGE],
]);

function withNull(state: PathState, reg: number, value: Value, code: number): Ways {
  if (code !== JMP.JEQ && code !== JMP.JNE) return NOWHERE;
  if (value.kind !== 'pointer' || value.null === 'never') return only(state, code === JMP.JNE);
  const [fall, jump] = [state, state.copy()];
  fall.settleNull(reg, code === JMP.JNE);
  jump.settleNull(reg, code === JMP.JEQ);
  return [fall, jump];
}

/** A place in the packet against data_end: what was found out before on this path holds. */
function withEnd(state: PathState, { id, off }: PacketValue, code: number): Ways {
  const beyondTaken = code === JMP.JGT || code === JMP.JGE;
  if (!beyondTaken && code !== JMP.JLT && code !== JMP.JLE) return fork(state);
  for (const before of state.compared) {
    if (before.id !== id) continue;
    if (before.inside && off <= before.off) return only(state, !beyondTaken);
    if (!before.inside && off >= before.off) return only(state, beyondTaken);
  }
  const [fall, jump] = [state, state.copy()];
  fall.compared = [...fall.compared, { id, off, inside: beyondTaken }];
  jump.compared = [...jump.compared, { id, off, inside: !beyondTaken }];
  return [fall, jump];
}
