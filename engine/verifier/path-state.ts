/** Where one path through a program stands: its frames, each with registers and stack, as struct bpf_verifier_state. */
import { known } from './scalar.ts';
import { ANYTHING, constant, number, POINTER, VAGUE, type Value, valueCovers } from './value.ts';

export const FRAME_BYTES = 512;
const REGS = 11;
/** Bytes of a frame that hold no number known here: the verifier may know one, or surely knows none. */
const UNTOLD = -1;
const MISC = -2;

interface Slot {
  readonly size: number;
  readonly value: Value;
}

/** A function's frame on a path. */
export class PathFrame {
  readonly regs: Value[];
  /** Stored values by their offset from the frame's top. */
  readonly slots: Map<number, Slot>;
  /** What each byte holds, from the bottom up. */
  readonly bytes: Int16Array;
  /** Instruction after the call that made the frame; -1: when the function returns, the path ends. */
  readonly back: number;

  constructor(back: number, regs: Value[], slots = new Map<number, Slot>(), bytes?: Int16Array) {
    this.back = back;
    this.regs = regs;
    this.slots = slots;
    this.bytes = bytes ?? new Int16Array(FRAME_BYTES).fill(UNTOLD);
  }

  static entry(back: number, frame: number, args: readonly Value[]): PathFrame {
    const regs: Value[] = new Array(REGS).fill(VAGUE);
    args.forEach((arg, i) => {
      regs[i + 1] = arg;
    });
    regs[10] = { kind: 'frame', frame, off: 0 };
    return new PathFrame(back, regs);
  }

  copy(): PathFrame {
    return new PathFrame(this.back, this.regs.slice(), new Map(this.slots), this.bytes.slice());
  }

  store(off: number, size: number, value: Value): void {
    if (off < -FRAME_BYTES || off + size > 0) return;
    const exact = value.kind === 'number' && value.scalar.umin === value.scalar.umax ? value.scalar.umin : null;
    const plain = value.kind === 'number' && !value.vague;
    this.mark(off, size, plain ? MISC : UNTOLD);
    for (let i = 0; exact !== null && i < size; i++) {
      this.bytes[FRAME_BYTES + off + i] = Number((exact >> BigInt(8 * i)) & 0xffn);
    }
    if (exact === null) this.slots.set(off, { size, value });
  }

  /** A helper wrote there, or a store whose place in the frame is not known. */
  spoil(off: number, size: number): void {
    this.mark(Math.max(off, -FRAME_BYTES), size, MISC);
  }

  /** Anything may have been written anywhere in it. */
  forget(): void {
    this.slots.clear();
    this.bytes.fill(UNTOLD);
  }

  private mark(off: number, size: number, byte: number): void {
    const end = Math.min(off + size, 0);
    for (const [at, slot] of this.slots) if (at < end && at + slot.size > off) this.slots.delete(at);
    this.bytes.fill(byte, FRAME_BYTES + off, FRAME_BYTES + end);
  }

  load(off: number, size: number): Value {
    if (off < -FRAME_BYTES || off + size > 0) return VAGUE;
    const slot = this.slots.get(off);
    if (slot?.size === size) return slot.value;
    const bytes = this.bytes.subarray(FRAME_BYTES + off, FRAME_BYTES + off + size);
    if (bytes.includes(UNTOLD)) return VAGUE;
    if (bytes.includes(MISC)) return ANYTHING;
    return constant(bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n));
  }

  covers(other: PathFrame): boolean {
    if (this.back !== other.back) return false;
    if (!this.regs.every((value, i) => valueCovers(value, other.regs[i]!))) return false;
    for (const [at, slot] of this.slots) {
      const held = other.load(at, slot.size);
      if (!valueCovers(slot.value, held)) return false;
    }
    return this.bytes.every((byte, i) => byte < 0 || byte === other.bytes[i]);
  }
}

/** How a pointer into the packet compared with data_end before. */
interface Compared {
  readonly id: number;
  readonly off: number;
  readonly inside: boolean;
}

export class PathState {
  readonly frames: PathFrame[];
  insn: number;
  compared: readonly Compared[];

  constructor(frames: PathFrame[], insn: number, compared: readonly Compared[] = []) {
    this.frames = frames;
    this.insn = insn;
    this.compared = compared;
  }

  get top(): PathFrame {
    return this.frames.at(-1)!;
  }

  get regs(): Value[] {
    return this.top.regs;
  }

  copy(): PathState {
    return new PathState(
      this.frames.map((frame) => frame.copy()),
      this.insn,
      this.compared,
    );
  }

  covers(other: PathState): boolean {
    return (
      this.frames.length === other.frames.length && this.frames.every((frame, i) => frame.covers(other.frames[i]!))
    );
  }

  /** Puts another value wherever one of an id is held. */
  replace(matches: (held: Value) => boolean, by: (held: Value) => Value): void {
    for (const { regs, slots } of this.frames) {
      regs.forEach((held, i) => {
        if (matches(held)) regs[i] = by(held);
      });
      for (const [at, slot] of slots) if (matches(slot.value)) slots.set(at, { ...slot, value: by(slot.value) });
    }
  }

  /** The number of an id, or of a register alone, is this from now on. */
  settle(reg: number, scalar: ReturnType<typeof known>, vague: boolean): void {
    const held = this.regs[reg]!;
    if (held.kind !== 'number') return;
    const now: Value = { ...held, scalar, vague };
    if (held.id === 0) this.regs[reg] = now;
    else
      this.replace(
        (one) => one.kind === 'number' && one.id === held.id,
        () => now,
      );
  }

  /** The pointer in a register is NULL, or is not, and so are all of its id. */
  settleNull(reg: number, isNull: boolean): void {
    const held = this.regs[reg]!;
    if (held.kind !== 'pointer') return;
    const now: Value = isNull ? number(known(0n)) : { ...held, null: 'never' };
    if (held.id === 0) this.regs[reg] = now;
    else
      this.replace(
        (one) => one.kind === 'pointer' && one.id === held.id,
        () => now,
      );
  }

  /** The packet may have moved. */
  movePacket(): void {
    this.compared = [];
    this.replace(
      (held) => held.kind === 'packet' || held.kind === 'packet_end',
      () => POINTER,
    );
  }
}
