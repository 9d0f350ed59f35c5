/** Programs as trees: what a reducer may cut out is a node, and flattening resolves labels into offsets. */
import { CLASS, JMP, LDDW } from '../../../engine/uapi/opcodes.ts';

/** One instruction, not yet placed. */
export interface Op {
  readonly op: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
  /** Label a jump, may_goto or local call goes to, or whose address a ldimm64 takes. */
  readonly to?: number;
  /** Second half of a ldimm64. */
  readonly high?: number;
  /** Map a ldimm64 stands for: its handle, or the address of its value plus `at`. */
  readonly map?: { readonly name: string; readonly kind: 'map' | 'map_value'; readonly at: number };
}
export type Item = Op | { readonly label: number };

/** Straight code, or code around one or two lists of nodes; each is whole in itself, so that any may go. */
export interface Node {
  readonly head: readonly Item[];
  readonly body: readonly Node[];
  readonly middle: readonly Item[];
  readonly other: readonly Node[];
  readonly tail: readonly Item[];
}

export interface Func {
  /** Label of its first instruction. */
  readonly label: number;
  readonly prologue: readonly Item[];
  readonly body: readonly Node[];
  readonly epilogue: readonly Item[];
}

/** The entry function first. */
export type Tree = readonly Func[];

export function straight(items: readonly Item[]): Node {
  return { head: items, body: [], middle: [], other: [], tail: [] };
}

function flattenNode(node: Node, out: Item[]): void {
  out.push(...node.head);
  for (const child of node.body) flattenNode(child, out);
  out.push(...node.middle);
  for (const child of node.other) flattenNode(child, out);
  out.push(...node.tail);
}

function slots(op: Op): number {
  return op.high === undefined ? 1 : 2;
}

/** A flat program: instructions, references to maps by slot, starts of functions. */
export interface Flat {
  readonly insns: Uint8Array;
  readonly ops: readonly Op[];
  readonly refs: readonly {
    readonly insn: number;
    readonly name: string;
    readonly kind: 'map' | 'map_value';
    readonly off: number;
  }[];
  readonly starts: readonly number[];
}

const GOTOL = CLASS.JMP32 | JMP.JA;
const CALL = CLASS.JMP | JMP.CALL;

function flattenFunc(func: Func): Item[] {
  const items: Item[] = [{ label: func.label }, ...func.prologue];
  for (const node of func.body) flattenNode(node, items);
  items.push(...func.epilogue);
  return items;
}

/** The functions that are reached: the verifier refuses code that is not. */
function reached(tree: Tree): Func[] {
  const wanted = new Set(tree.slice(0, 1).map((func) => func.label));
  // Functions call only later ones, so that one pass sees all.
  return tree.filter((func) => {
    if (!wanted.has(func.label)) return false;
    for (const item of flattenFunc(func)) if ('to' in item && item.to !== undefined) wanted.add(item.to);
    return true;
  });
}

export function flatten(whole: Tree): Flat {
  const tree = reached(whole);
  const items = tree.flatMap(flattenFunc);
  const places = new Map<number, number>();
  const ops: Op[] = [];
  let length = 0;
  for (const item of items) {
    if ('label' in item) places.set(item.label, length);
    else {
      ops.push(item);
      length += slots(item);
    }
  }
  return encode(ops, places, length, tree);
}

function encode(ops: readonly Op[], places: ReadonlyMap<number, number>, length: number, tree: Tree): Flat {
  const insns = new Uint8Array(length * 8);
  const view = new DataView(insns.buffer);
  const refs: { insn: number; name: string; kind: 'map' | 'map_value'; off: number }[] = [];
  let at = 0;
  for (const op of ops) {
    const distance = op.to === undefined ? 0 : (places.get(op.to) ?? Number.NaN) - at - 1;
    if (Number.isNaN(distance)) throw new Error(`label ${op.to} is nowhere`);
    const inImm = op.to !== undefined && (op.op === GOTOL || op.op === CALL || op.op === LDDW);
    view.setUint8(at * 8, op.op);
    view.setUint8(at * 8 + 1, op.dst | (op.src << 4));
    view.setInt16(at * 8 + 2, op.to === undefined || inImm ? op.off : distance, true);
    view.setInt32(at * 8 + 4, inImm ? distance : op.imm, true);
    if (op.high !== undefined) view.setInt32(at * 8 + 12, op.high, true);
    if (op.map !== undefined) refs.push({ insn: at, name: op.map.name, kind: op.map.kind, off: op.map.at });
    at += slots(op);
  }
  return { insns, ops, refs, starts: tree.map((func) => places.get(func.label) ?? 0) };
}

export function nodeCount(tree: Tree): number {
  const count = (nodes: readonly Node[]): number =>
    nodes.reduce((sum, node) => sum + 1 + count(node.body) + count(node.other), 0);
  return tree.reduce((sum, func) => sum + count(func.body), 0);
}

/** The tree without nodes `from` to `to` (exclusive), counted depth first. */
export function without(tree: Tree, from: number, to: number): Tree {
  let index = 0;
  const keep = (nodes: readonly Node[]): Node[] =>
    nodes.flatMap((node) => {
      const mine = index++;
      const body = keep(node.body);
      const other = keep(node.other);
      return mine >= from && mine < to ? [] : [{ ...node, body, other }];
    });
  return tree.map((func) => ({ ...func, body: keep(func.body) }));
}
