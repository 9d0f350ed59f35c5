/** Cuts one subprogram into basic blocks: the reachable ones, in address order, with their edges. */
import { CLASS, CLASS_MASK, JMP, OP_MASK } from '../uapi/opcodes.ts';
import type { Decoded } from './decode.ts';

export interface Block {
  readonly start: number;
  /** One past the last slot. */
  readonly end: number;
  /** Last instruction when it jumps or exits, -1 when the block just runs into the next. */
  readonly last: number;
  /** Executed instructions (a ldimm64 is one). */
  readonly cost: number;
  /** Successors by number: where it falls through first, then where it jumps to. */
  readonly succs: readonly number[];
}

const EXIT = CLASS.JMP | JMP.EXIT;

function jumps(op: number): boolean {
  const cls = op & CLASS_MASK;
  return (cls === CLASS.JMP || cls === CLASS.JMP32) && (op & OP_MASK) !== JMP.CALL;
}

export function isGoto(op: number): boolean {
  return op === (CLASS.JMP | JMP.JA) || op === (CLASS.JMP32 | JMP.JA);
}

/** Blocks of the subprogram that starts at slot `from` and ends before `to`; block 0 is its entry. */
export function findBlocks(d: Decoded, from: number, to: number): Block[] {
  const leader = new Uint8Array(to - from + 1);
  leader[0] = 1;
  for (let i = from; i < to; i++) {
    if (d.skipped[i] === 1 || !jumps(d.op[i]!)) continue;
    leader[i + 1 - from] = 1;
    if (d.target[i]! >= 0) leader[d.target[i]! - from] = 1;
  }
  const ends = blockEnds(leader, to - from);
  const reached = reach(d, from, ends);
  const number = new Int32Array(to - from).fill(-1);
  let next = 0;
  for (let at = 0; at < to - from; at++) if (reached[at] === 1) number[at] = next++;
  const blocks: Block[] = [];
  for (let at = 0; at < to - from; at++) {
    if (reached[at] === 1) blocks.push(blockAt(d, from + at, from + ends[at]!, (slot) => number[slot - from]!));
  }
  return blocks;
}

/** For each leader, where its block ends. */
function blockEnds(leader: Uint8Array, size: number): Int32Array {
  const ends = new Int32Array(size);
  let end = size;
  for (let at = size - 1; at >= 0; at--) {
    ends[at] = end;
    if (leader[at] === 1) end = at;
  }
  return ends;
}

function reach(d: Decoded, from: number, ends: Int32Array): Uint8Array {
  const reached = new Uint8Array(ends.length);
  const todo = [0];
  reached[0] = 1;
  while (todo.length > 0) {
    for (const slot of successors(d, from + ends[todo.pop()!]!)) {
      if (reached[slot - from] === 1) continue;
      reached[slot - from] = 1;
      todo.push(slot - from);
    }
  }
  return reached;
}

/** First slots of what follows the block that ends at `end`. */
function successors(d: Decoded, end: number): number[] {
  const last = lastInsn(d, end);
  const op = d.op[last]!;
  if (op === EXIT) return [];
  if (!jumps(op)) return [end];
  return isGoto(op) ? [d.target[last]!] : [end, d.target[last]!];
}

function lastInsn(d: Decoded, end: number): number {
  return d.skipped[end - 1] === 1 ? end - 2 : end - 1;
}

function blockAt(d: Decoded, start: number, end: number, numberOf: (slot: number) => number): Block {
  let cost = 0;
  for (let i = start; i < end; i++) if (d.skipped[i] === 0) cost++;
  const last = lastInsn(d, end);
  const succs = successors(d, end).map(numberOf);
  return { start, end, cost, succs, last: jumps(d.op[last]!) ? last : -1 };
}
