/** What a register or stack slot holds on one path through a program, as far as it matters for where the path leads. */
import { covers, known, type Scalar, UNKNOWN } from './scalar.ts';

/**
 * `id`: all values of the same id are the same number; 0: none other is. `vague`: the verifier may know more of it, so that a
 * branch on it proves nothing.
 */
export interface NumberValue {
  readonly kind: 'number';
  readonly scalar: Scalar;
  readonly id: number;
  readonly vague: boolean;
}

/** r1 of the program, moved by `off`. */
export interface CtxValue {
  readonly kind: 'ctx';
  readonly off: number;
}

/** The top of a frame + off; NaN: somewhere in it. */
export interface FrameValue {
  readonly kind: 'frame';
  readonly frame: number;
  readonly off: number;
}

/** A map. */
export interface MapValue {
  readonly kind: 'map';
  readonly handle: number;
}

/** The only element of a map + off; NaN: somewhere in it. */
export interface DataValue {
  readonly kind: 'data';
  readonly handle: number;
  readonly off: number;
}

/** Address of a subprogram. */
export interface FuncValue {
  readonly kind: 'func';
  readonly subprog: number;
}

/** The packet (`id` 0: data; else what one instruction made of it) + off. */
export interface PacketValue {
  readonly kind: 'packet';
  readonly id: number;
  readonly off: number;
}

/** data_end. */
export interface PacketEndValue {
  readonly kind: 'packet_end';
}

/** Any other address; all of one id are NULL together. */
export interface PointerValue {
  readonly kind: 'pointer';
  readonly id: number;
  readonly null: 'never' | 'maybe';
}

export type Value =
  | NumberValue
  | CtxValue
  | FrameValue
  | MapValue
  | DataValue
  | FuncValue
  | PacketValue
  | PacketEndValue
  | PointerValue;

export const VAGUE: NumberValue = { kind: 'number', scalar: UNKNOWN, id: 0, vague: true };
export const ANYTHING: NumberValue = { kind: 'number', scalar: UNKNOWN, id: 0, vague: false };
export const POINTER: PointerValue = { kind: 'pointer', id: 0, null: 'never' };

export function number(scalar: Scalar): NumberValue {
  return { kind: 'number', scalar, id: 0, vague: false };
}

export const constant = (value: bigint): NumberValue => number(known(value));

/** Whether what can follow from `b` can follow from `a` too, or from too little to tell: a path with `b` leads nowhere new. */
export function valueCovers(a: Value, b: Value): boolean {
  if (a === b) return true;
  if (a.kind !== b.kind) return a.kind === 'number' && a.vague;
  switch (a.kind) {
    case 'number':
      return a.vague || covers(a.scalar, (b as NumberValue).scalar);
    case 'ctx':
      return a.off === (b as CtxValue).off;
    case 'frame':
      return a.frame === (b as FrameValue).frame && Object.is(a.off, (b as FrameValue).off);
    case 'data':
      return a.handle === (b as DataValue).handle && Object.is(a.off, (b as DataValue).off);
    case 'map':
      return a.handle === (b as MapValue).handle;
    case 'func':
      return a.subprog === (b as FuncValue).subprog;
    case 'pointer':
      return a.null === (b as PointerValue).null;
    default:
      return true;
  }
}
