/** What a statement may rely on while it is made: which registers hold numbers, and where each pointer lives. */

import { FP, load, movX } from './ops.ts';
import type { Random } from './random.ts';
import type { Item, Op } from './tree.ts';

/** `lent`: another function's scratch words. */
export type Role = 'ctx' | 'packet' | 'end' | 'value' | 'lent';
/** A register that holds the pointer throughout, or the stack slot it is reloaded from. */
export type Home = { readonly reg: number } | { readonly slot: number };

export interface Frame {
  readonly rng: Random;
  /** Registers that hold numbers between statements; r0 to r5 are always among them. */
  readonly scalars: readonly number[];
  readonly homes: ReadonlyMap<Role, Home>;
  /** Labels of local functions that may be called from here. */
  readonly callees: readonly number[];
  /** Whether the program may end in another one. */
  readonly tails: boolean;
  /** Where early returns go. */
  readonly exit: number;
  readonly kind: 'xdp' | 'tc' | 'socket';
  freshLabel(): number;
}

/** Scratch words on the stack: 8 of 8 bytes. All slots together leave room for three frames in the kernel's 512 bytes. */
export const SCRATCH = -112;
export const SCRATCH_BYTES = 64;
export const KEY_SLOT = -120;
export const VALUE_SLOT = -136;
export const SPILL_SLOT = -144;
/** Of the outermost loop; those of inner ones lie below it. */
export const COUNTER_SLOT = -40;
/** Bytes of packet that a checked pointer may be read at. */
export const PACKET_BYTES = 64;
export const VALUE_BYTES = 64;

/** A register with the pointer in it: its home, or `temp` loaded from the slot. */
export function fetch(frame: Frame, role: Role, temp: number): { readonly items: Item[]; readonly reg: number } {
  const home = frame.homes.get(role);
  if (home === undefined) throw new Error(`this function has no ${role}`);
  if ('reg' in home) return { items: [], reg: home.reg };
  return { items: [load(8, temp, FP, home.slot)], reg: temp };
}

/** The pointer in `reg`, whatever its home. */
export function fetchInto(frame: Frame, role: Role, reg: number): Op {
  const home = frame.homes.get(role);
  if (home === undefined) throw new Error(`this function has no ${role}`);
  return 'reg' in home ? movX(reg, home.reg) : load(8, reg, FP, home.slot);
}

/** Numbers again in registers that held pointers or were clobbered. */
export function renew(frame: Frame, registers: readonly number[]): Item[] {
  return registers.map((reg) => load(8, reg, FP, SCRATCH + 8 * frame.rng.below(8)));
}

/** `count` different registers of r1 to r5. */
export function temps(frame: Frame, count: number): number[] {
  return frame.rng.shuffled([1, 2, 3, 4, 5]).slice(0, count);
}
