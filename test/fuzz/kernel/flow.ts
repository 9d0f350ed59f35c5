/** Statements that decide: branches with every comparison, early leaving, bounded loops, may_goto. */
import { JMP } from '../../../engine/uapi/opcodes.ts';
import { COUNTER_SLOT, type Frame } from './frame.ts';
import { addK, andK, FP, jump, jumpK, jumpLong, jumpX, load, mayGoto, movK, movX, store, storeK } from './ops.ts';
import type { Item, Node, Op } from './tree.ts';

const COMPARISONS = [
  ...[JMP.JEQ, JMP.JGT, JMP.JGE, JMP.JSET, JMP.JNE, JMP.JSGT, JMP.JSGE, JMP.JLT, JMP.JLE, JMP.JSLT, JMP.JSLE],
];
export const LOOP_DEPTH_MAX = 2;

/** Makes the nodes inside of a block; `leave`: label behind it, `loops`: how deep in loops they stand. */
export type Inside = (frame: Frame, leave: number, loops: number) => Node[];

function comparison(frame: Frame, to: number): { readonly prepare: Item[]; readonly jump: Op } {
  const { rng } = frame;
  const kind = rng.pick(COMPARISONS);
  const wide = rng.chance(50);
  const reg = rng.pick(frame.scalars);
  if (rng.chance(50)) return { prepare: [], jump: jumpX(kind, reg, rng.pick(frame.scalars), to, wide) };
  // A small number now and then, so that equality is not always false.
  const prepare = rng.chance(30) ? [andK(reg, rng.pick([1, 3, 7]))] : [];
  const imm = prepare.length > 0 ? rng.below(8) : rng.imm();
  return { prepare, jump: jumpK(kind, reg, imm, to, wide) };
}

function jumpAway(frame: Frame, to: number): Op {
  return frame.rng.chance(50) ? jump(to) : jumpLong(to);
}

export function branch(frame: Frame, inside: Inside, loops: number): Node {
  const otherwise = frame.freshLabel();
  const behind = frame.freshLabel();
  const { prepare, jump: decide } = comparison(frame, otherwise);
  const body = inside(frame, behind, loops);
  if (frame.rng.chance(50)) {
    return { head: [...prepare, decide], body, middle: [{ label: otherwise }], other: [], tail: [{ label: behind }] };
  }
  const middle = [jumpAway(frame, behind), { label: otherwise }];
  return { head: [...prepare, decide], body, middle, other: inside(frame, behind, loops), tail: [{ label: behind }] };
}

/** Leaves the block it stands in, or does not. */
export function leave(frame: Frame, to: number): Node {
  const { prepare, jump: decide } = comparison(frame, to);
  return { head: [...prepare, decide], body: [], middle: [], other: [], tail: [] };
}

/** Counts in a stack slot, or in a register that the body then leaves alone; the test stands at the end. */
export function loop(frame: Frame, inside: Inside, loops: number): Node {
  const { rng } = frame;
  const top = frame.freshLabel();
  const next = frame.freshLabel();
  const behind = frame.freshLabel();
  const turns = rng.between(2, loops > 0 ? 3 : 5);
  const spare = frame.scalars.filter((reg) => reg >= 6);
  // Only where there is one frame: the verifier of Linux 6.18 crashes on some may_goto loops with several.
  const alone = frame.homes.has('ctx') && frame.callees.length === 0;
  const maybe = alone && rng.chance(40) ? [mayGoto(behind)] : [];
  if (spare.length > 0 && rng.chance(60)) {
    const counter = rng.pick(spare);
    const body = inside({ ...frame, scalars: frame.scalars.filter((reg) => reg !== counter) }, next, loops + 1);
    const tail: Item[] = [{ label: next }, addK(counter, 1), jumpK(JMP.JLT, counter, turns, top), { label: behind }];
    return { head: [movK(counter, 0), { label: top }, ...maybe], body, middle: [], other: [], tail };
  }
  const slot = COUNTER_SLOT - 8 * loops;
  const body = inside(frame, next, loops + 1);
  const step: Item[] = [{ label: next }, load(8, 0, FP, slot), addK(0, 1), store(8, FP, slot, 0)];
  const tail: Item[] = [...step, jumpK(JMP.JNE, 0, turns, top), { label: behind }];
  return { head: [storeK(8, FP, slot, 0), { label: top }, ...maybe], body, middle: [], other: [], tail };
}

/** Enters a block in its middle from before it: two paths that meet where neither began. */
export function crossing(frame: Frame, inside: Inside, loops: number): Node {
  const second = frame.freshLabel();
  const behind = frame.freshLabel();
  const { prepare, jump: decide } = comparison(frame, second);
  const again = comparison(frame, behind);
  return {
    head: [...prepare, decide],
    body: inside(frame, behind, loops),
    middle: [...again.prepare, again.jump, { label: second }],
    other: inside(frame, behind, loops),
    tail: [{ label: behind }, movX(0, frame.rng.pick(frame.scalars))],
  };
}

/** A loop that is also entered in its middle, which makes it irreducible. */
export function sideLoop(frame: Frame, inside: Inside, loops: number): Node {
  const top = frame.freshLabel();
  const side = frame.freshLabel();
  const behind = frame.freshLabel();
  const slot = COUNTER_SLOT - 8 * loops;
  const { prepare, jump: decide } = comparison(frame, side);
  const step: Item[] = [load(8, 0, FP, slot), addK(0, 1), store(8, FP, slot, 0)];
  return {
    head: [...prepare, storeK(8, FP, slot, 0), decide, { label: top }],
    body: inside(frame, behind, loops + 1),
    middle: [{ label: side }],
    other: inside(frame, behind, loops + 1),
    tail: [...step, jumpK(JMP.JNE, 0, frame.rng.between(2, 3), top), { label: behind }],
  };
}
