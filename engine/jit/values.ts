/**
 * What the translator knows about a register or stack slot at one point of a program: which memory a pointer points into and
 * how far, or between which bounds a number lies. What is stated here holds whatever the program does, since checks are
 * left out because of it.
 */
import type { RegionKind } from '../layout.ts';
import type { MapFacts } from './types.ts';

/** One above the largest u64: the upper bound of a number of which nothing is known. */
export const U64 = 2 ** 64;
/** Bounds up to here are exact in a JavaScript number. */
export const EXACT = 2 ** 53;
export const U32_MAX = 2 ** 32 - 1;
/** No two values share this id. */
export const NO_ID = -1;

/** A number from `min` to `max`, both included (max U64: no bound). */
export interface Scalar {
  readonly kind: 'scalar';
  readonly min: number;
  readonly max: number;
}

/**
 * base + var + off: base is data (`meta`: data_meta), var is a number from 0 to `span` that all values of the same id
 * share (id 0: var is 0). The bytes from base + var up to base + var + `range` are inside the packet. With span Infinity
 * the pointer may have gone anywhere.
 */
export interface PacketPtr {
  readonly kind: 'packet' | 'meta';
  readonly id: number;
  readonly off: number;
  readonly span: number;
  readonly range: number;
}

/** data_end. */
export interface PacketEnd {
  readonly kind: 'packet_end';
}

/** A packet pointer from before the packet moved. */
export interface StalePtr {
  readonly kind: 'stale';
}

/** From r10 + off to r10 + off + span. */
export interface StackPtr {
  readonly kind: 'stack';
  readonly off: number;
  readonly span: number;
}

/** From argument `arg` of the function + off to the same + span: a pointer into the frames of its callers. `arg` -1: of one of them. */
export interface OuterPtr {
  readonly kind: 'outer';
  readonly arg: number;
  readonly off: number;
  readonly span: number;
}

export interface CtxPtr {
  readonly kind: 'ctx';
  readonly off: number;
}

/** A block of memory that a pointer may move in: one element of a map, one record. */
export interface Block {
  readonly size: number;
  readonly region: RegionKind;
  readonly map: number;
  readonly writable: boolean;
}

/**
 * From the start of the block + off to the start + off + span; or, when nullable, 0 in place of the start (all values of
 * the same id together).
 */
export interface ObjectPtr {
  readonly kind: 'object';
  readonly block: Block;
  readonly off: number;
  readonly span: number;
  readonly nullable: boolean;
  readonly id: number;
  /** Where the block starts: its address; IN_LOCAL, in the register's base local; or UNKNOWN_BASE. */
  readonly base: number;
}
export const IN_LOCAL = 0;
export const UNKNOWN_BASE = -1;

/** A map's handle; 0 while the map is known by its shape only (inner maps). */
export interface MapPtr {
  readonly kind: 'map';
  readonly facts: MapFacts;
  readonly handle: number;
  readonly nullable: boolean;
  readonly id: number;
}

/** Address of a subprogram. */
export interface FuncPtr {
  readonly kind: 'func';
  readonly subprog: number;
}

export type Value =
  | Scalar
  | PacketPtr
  | PacketEnd
  | StalePtr
  | StackPtr
  | OuterPtr
  | CtxPtr
  | ObjectPtr
  | MapPtr
  | FuncPtr;

export const ANY: Scalar = { kind: 'scalar', min: 0, max: U64 };
export const ZERO: Scalar = { kind: 'scalar', min: 0, max: 0 };
export const STALE: StalePtr = { kind: 'stale' };
export const PACKET_END: PacketEnd = { kind: 'packet_end' };

export function scalar(min: number, max: number): Scalar {
  return max >= EXACT
    ? min > 0 && min < EXACT
      ? { kind: 'scalar', min, max: U64 }
      : ANY
    : { kind: 'scalar', min, max };
}

/** Value of a sign-extended immediate. */
export function constant(imm: number): Scalar {
  return imm >= 0 ? { kind: 'scalar', min: imm, max: imm } : ANY;
}

export function idOf(value: Value): number {
  return value.kind === 'packet' || value.kind === 'meta' || value.kind === 'object' || value.kind === 'map'
    ? value.id
    : NO_ID;
}

/** The same without its tie to other values. */
export function untied(value: Value): Value {
  const id = idOf(value);
  return id > 0 ? ({ ...value, id: NO_ID } as Value) : value;
}

/** Whether two values say the same. */
export function same(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return false;
  switch (a.kind) {
    case 'scalar':
      return a.min === (b as Scalar).min && a.max === (b as Scalar).max;
    case 'packet':
    case 'meta': {
      const p = b as PacketPtr;
      return a.id === p.id && a.off === p.off && a.span === p.span && a.range === p.range;
    }
    case 'stack':
      return a.off === (b as StackPtr).off && a.span === (b as StackPtr).span;
    case 'outer': {
      const o = b as OuterPtr;
      return a.arg === o.arg && a.off === o.off && a.span === o.span;
    }
    case 'ctx':
      return a.off === (b as CtxPtr).off;
    case 'object':
      return sameObject(a, b as ObjectPtr);
    case 'map':
      return sameMap(a, b as MapPtr) && a.nullable === (b as MapPtr).nullable && a.id === (b as MapPtr).id;
    case 'func':
      return a.subprog === (b as FuncPtr).subprog;
    default:
      return true;
  }
}

function sameObject(a: ObjectPtr, b: ObjectPtr): boolean {
  const place = a.off === b.off && a.span === b.span && a.base === b.base;
  return place && a.nullable === b.nullable && a.id === b.id && sameBlock(a.block, b.block);
}

export function sameBlock(a: Block, b: Block): boolean {
  return a.size === b.size && a.region === b.region && a.map === b.map && a.writable === b.writable;
}

export function sameMap(a: MapPtr, b: MapPtr): boolean {
  return a.handle === b.handle && a.facts === b.facts;
}
