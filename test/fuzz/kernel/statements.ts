/** Which statements a random function may consist of, how often each is made, and how they nest. */
import { compute, constant } from './arithmetic.ts';
import {
  adjustPacket,
  callFunction,
  changeBuffer,
  checksum,
  copyBytes,
  lookup,
  measure,
  oldLoad,
  packetLength,
  tailCall,
  update,
} from './calls.ts';
import { branch, crossing, type Inside, LOOP_DEPTH_MAX, leave, loop, sideLoop } from './flow.ts';
import type { Frame, Role } from './frame.ts';
import {
  atomicAccess,
  contextAccess,
  lentAccess,
  packetAccess,
  packetAtNumber,
  spilled,
  stackAccess,
  stackAtNumber,
  valueAccess,
  valueAtNumber,
} from './memory.ts';
import type { Node } from './tree.ts';

type Choice = readonly [weight: number, make: (frame: Frame) => Node, needs?: (frame: Frame) => boolean];

const has =
  (role: Role) =>
  (frame: Frame): boolean =>
    frame.homes.has(role);
const xdp = (frame: Frame): boolean => frame.kind === 'xdp' && frame.homes.has('ctx');
const tc = (frame: Frame): boolean => frame.kind === 'tc' && frame.homes.has('ctx');

const STATEMENTS: readonly Choice[] = [
  [34, compute],
  [4, constant],
  [10, stackAccess],
  [3, stackAtNumber],
  [8, packetAccess, has('packet')],
  [5, packetAtNumber, has('packet')],
  [7, valueAccess],
  [5, valueAtNumber],
  [7, lentAccess, has('lent')],
  [3, spilled],
  [13, atomicAccess],
  [3, contextAccess, has('ctx')],
  [3, lookup],
  [3, update],
  [1, checksum, (frame) => frame.kind !== 'socket'],
  [2, copyBytes, has('ctx')],
  [1, measure, has('packet')],
  [1, adjustPacket, xdp],
  [1, packetLength, xdp],
  [2, changeBuffer, tc],
  [4, callFunction, (frame) => frame.callees.length > 0],
  [3, tailCall, (frame) => frame.tails],
  [6, oldLoad, readsOldWay],
];

/** LD_ABS wants the context in r6; the verifier refuses it in programs with local functions. */
function readsOldWay({ kind, callees, homes }: Frame): boolean {
  const home = homes.get('ctx');
  if (kind === 'xdp' || callees.length > 0) return false;
  return home !== undefined && 'reg' in home && home.reg === 6;
}

function statement(frame: Frame): Node {
  const usable = STATEMENTS.filter(([, , needs]) => needs === undefined || needs(frame));
  let at = frame.rng.below(usable.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of usable) {
    if (at < weight) return make(frame);
    at -= weight;
  }
  return compute(frame);
}

/** Nodes one level down: fewer and simpler the deeper they stand, so that the verifier's paths stay few. */
function insideAt(depth: number): Inside {
  return (frame, behind, loops) => nodes(frame, frame.rng.between(1, loops > 0 ? 3 : 4), depth + 1, behind, loops);
}

/** `count` nodes at a depth of blocks and loops; `behind`: the label that leaving the block goes to. */
export function nodes(frame: Frame, count: number, depth: number, behind: number, loops: number): Node[] {
  return Array.from({ length: count }, () => {
    // Paths multiply in loops: there most statements decide nothing.
    const kind = frame.rng.below(loops > 0 ? 300 : 100);
    const deep = depth >= 3;
    if (!deep && kind < 13) return branch(frame, insideAt(depth), loops);
    if (!deep && kind < 17) return crossing(frame, insideAt(depth), loops);
    if (!deep && kind < 22 && loops < LOOP_DEPTH_MAX) return loop(frame, insideAt(depth + 1), loops);
    if (!deep && kind < 24 && loops < LOOP_DEPTH_MAX) return sideLoop(frame, insideAt(depth + 1), loops);
    if (depth > 0 && kind < 28) return leave(frame, behind);
    return statement(frame);
  });
}
