/** What is known at one point of a function: eleven registers, the 8-byte slots of its frame, and which bytes of the frame were stored. */
import { FRAME_SIZE } from '../layout.ts';
import { joinValues } from './join.ts';
import { ANY, idOf, same, untied, type Value } from './values.ts';

const SLOTS = FRAME_SIZE / 8;
const REGS = 11;
const PHI_BASE = 2_000_000;
const PHI_STEP = 128;

/** Names the pointer in argument `arg` of a function. */
export const argId = (arg: number): number => 900_000_000 + arg;
/** Names what an instruction yields. */
export const insnId = (insn: number): number => insn + 1;

export class State {
  readonly regs: Value[];
  /** By (offset + 512) / 8; undefined: any number. */
  readonly slots: (Value | undefined)[];
  /** A bit for each byte of a slot that was surely stored. */
  readonly stored: Uint8Array;

  constructor(regs: Value[], slots: (Value | undefined)[], stored: Uint8Array) {
    this.regs = regs;
    this.slots = slots;
    this.stored = stored;
  }

  /** A function's first: r0 and r6 to r9 are 0 or unknown, which is the same here. */
  static entry(args: readonly Value[]): State {
    const regs: Value[] = new Array(REGS).fill(ANY);
    args.forEach((arg, i) => {
      regs[i + 1] = arg;
    });
    regs[10] = { kind: 'stack', off: 0, span: 0 };
    return new State(regs, new Array(SLOTS).fill(undefined), new Uint8Array(SLOTS));
  }

  copy(): State {
    return new State(this.regs.slice(), this.slots.slice(), this.stored.slice());
  }

  /** Puts a value named `id` into a register: whatever bore that name before is another value from now on. */
  define(reg: number, id: number, value: Value): void {
    this.change((held) => (idOf(held) === id ? untied(held) : held));
    this.regs[reg] = value;
  }

  /** Replaces what registers and slots hold. */
  change(replace: (held: Value) => Value): void {
    for (let i = 0; i < this.regs.length; i++) this.regs[i] = replace(this.regs[i]!);
    for (let i = 0; i < SLOTS; i++) {
      const held = this.slots[i];
      if (held !== undefined) this.slots[i] = replace(held);
    }
  }

  /** What an aligned 8-byte slot at a constant offset from r10 holds. */
  slot(off: number): Value {
    return this.slots[(off + FRAME_SIZE) >> 3] ?? ANY;
  }

  /** A store of `size` bytes at a constant offset, which lies inside the frame. */
  store(off: number, size: number, value: Value): void {
    const from = off + FRAME_SIZE;
    for (let slot = from >> 3; slot << 3 < from + size; slot++) this.slots[slot] = undefined;
    if (size === 8 && (from & 7) === 0) this.slots[from >> 3] = value;
    for (let at = from; at < from + size; at++) this.stored[at >> 3]! |= 1 << (at & 7);
  }

  /** Bytes from `off` on may hold anything now. */
  spoil(off: number, size: number): void {
    const from = Math.max(0, off + FRAME_SIZE);
    const end = Math.min(FRAME_SIZE, off + FRAME_SIZE + size);
    for (let slot = from >> 3; slot << 3 < end; slot++) this.slots[slot] = undefined;
  }

  spoilAll(): void {
    this.slots.fill(undefined);
  }

  /** Whether all of the bytes were surely stored. */
  isStored(off: number, size: number): boolean {
    const from = off + FRAME_SIZE;
    if (from < 0 || from + size > FRAME_SIZE) return false;
    for (let at = from; at < from + size; at++) if ((this.stored[at >> 3]! & (1 << (at & 7))) === 0) return false;
    return true;
  }

  /** Joins what is known on an edge into block `block`; true when something changed. */
  join(from: State, block: number, widen: boolean): boolean {
    let changed = false;
    const first = PHI_BASE + block * PHI_STEP;
    // A value that this block named on an earlier round is not the one that it names now.
    const foreign = (value: Value): Value =>
      idOf(value) >= first && idOf(value) < first + PHI_STEP ? untied(value) : value;
    for (let i = 0; i < REGS; i++) {
      const joined = joinValues(this.regs[i]!, foreign(from.regs[i]!), first + i, widen);
      changed ||= !same(joined, this.regs[i]!);
      this.regs[i] = joined;
    }
    for (let i = 0; i < SLOTS; i++) {
      const held = this.slots[i];
      if (held === undefined) continue;
      const other = from.slots[i];
      const joined = other === undefined ? undefined : joinValues(held, foreign(other), first + REGS + i, widen);
      changed ||= joined === undefined || !same(joined, held);
      this.slots[i] = joined;
    }
    for (let i = 0; i < SLOTS; i++) {
      const both = this.stored[i]! & from.stored[i]!;
      changed ||= both !== this.stored[i];
      this.stored[i] = both;
    }
    return changed;
  }
}
