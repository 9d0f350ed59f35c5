/** What a layer's row in the builder's table holds, and what its encoder is told of the layers around it. */
import type { LayerFields, LayerName } from './build-fields.ts';
import type { Given } from './build-values.ts';

/** Addresses that a transport checksum covers. */
export interface Ends {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
}

export interface Around {
  /** What follows; null: payload, or nothing. */
  readonly next: LayerName | null;
  /** Of the IP header around it, null when there is none. */
  readonly ends: Ends | null;
}

export interface LayerRow<P extends LayerName> {
  readonly fields: readonly (keyof LayerFields[P] & string)[];
  /** The header's bytes, given those of all that follows. Throws InputError naming the field. */
  readonly encode: (given: Given, body: Uint8Array, around: Around) => Uint8Array;
}

export function row<P extends LayerName>(
  fields: readonly (keyof LayerFields[P] & string)[],
  encode: LayerRow<P>['encode'],
): LayerRow<P> {
  return { fields, encode };
}

export function joined(...parts: readonly (Uint8Array | readonly number[])[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Bytes followed by zeros up to a multiple of `unit`. */
export function filledUp(bytes: Uint8Array | readonly number[], unit: number): Uint8Array {
  const out = new Uint8Array(Math.ceil(bytes.length / unit) * unit);
  out.set(bytes);
  return out;
}

export function setU16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >> 8;
  bytes[at + 1] = value & 0xff;
}
