/** A slow, plain interpreter of BPF instructions on BigInts, written from RFC 9669 alone: the judge of the translator's code. */

const MASK = (1n << 64n) - 1n;
const FRAME = 512;

export interface Memory {
  readonly base: number;
  readonly bytes: Uint8Array;
}

export interface Outcome {
  readonly r0: bigint;
  /** Slot of the instruction whose access went wrong; -1 when the program came to its end. */
  readonly fault: number;
  readonly insns: number;
  /** False when the limit of instructions was reached. */
  readonly ended: boolean;
  readonly regs: readonly bigint[];
}

interface Frame {
  regs: bigint[];
  pc: number;
  top: number;
}

class Stop extends Error {}

/** `stack` is the area below the first frame; frames start as zeros. */
export class Interpreter {
  private readonly view: DataView;
  private readonly count: number;
  private readonly areas: readonly Memory[];
  private readonly stack: Memory;
  private insns = 0;

  constructor(code: Uint8Array, stack: Memory, areas: readonly Memory[]) {
    this.view = new DataView(code.buffer, code.byteOffset, code.byteLength);
    this.count = code.length / 8;
    this.stack = stack;
    this.areas = [stack, ...areas];
  }

  run(r1: bigint, r2: bigint, limit: number): Outcome {
    const frames: Frame[] = [this.frame([0n, r1, r2], 0, this.stack.base + this.stack.bytes.length)];
    for (;;) {
      const frame = frames.at(-1)!;
      const { regs, pc } = frame;
      if (this.insns >= limit) return this.outcome(frame, -1, false);
      if (pc < 0 || pc >= this.count) throw new Error(`ran off the program at ${pc}`);
      this.insns++;
      const op = this.view.getUint8(pc * 8);
      if (op === 0x95) {
        frames.pop();
        const caller = frames.at(-1);
        if (caller === undefined) return this.outcome(frame, -1, true);
        caller.regs[0] = regs[0]!;
      } else if (op === 0x85) {
        frame.pc = pc + 1;
        frames.push(this.frame(regs.slice(0, 6), pc + 1 + this.view.getInt32(pc * 8 + 4, true), frame.top - FRAME));
      } else {
        try {
          this.execute(frame, op);
        } catch (error) {
          if (!(error instanceof Stop)) throw error;
          return this.outcome(frame, pc, true);
        }
      }
    }
  }

  private frame(args: readonly bigint[], pc: number, top: number): Frame {
    const regs = new Array<bigint>(11).fill(0n);
    for (let i = 1; i < args.length; i++) regs[i] = args[i]!;
    regs[10] = BigInt(top);
    const from = top - FRAME - this.stack.base;
    this.stack.bytes.fill(0, from, from + FRAME);
    return { regs, pc, top };
  }

  private outcome(frame: Frame, fault: number, ended: boolean): Outcome {
    return { r0: frame.regs[0]!, fault, insns: this.insns, ended, regs: frame.regs };
  }

  private execute(frame: Frame, op: number): void {
    const { regs, pc } = frame;
    const at = pc * 8;
    const dst = this.view.getUint8(at + 1) & 15;
    const src = this.view.getUint8(at + 1) >> 4;
    const off = this.view.getInt16(at + 2, true);
    const imm = BigInt(this.view.getInt32(at + 4, true));
    const size = [4, 2, 1, 8][(op & 0x18) >> 3]!;
    frame.pc = pc + 1;
    switch (op & 7) {
      case 0:
        regs[dst] = (BigInt(this.view.getUint32(at + 12, true)) << 32n) | BigInt.asUintN(32, imm);
        frame.pc = pc + 2;
        return;
      case 1: {
        const value = this.read(regs[src]! + BigInt(off), size);
        regs[dst] = (op & 0xe0) === 0x80 ? BigInt.asUintN(64, BigInt.asIntN(size * 8, value)) : value;
        return;
      }
      case 2:
        this.write(regs[dst]! + BigInt(off), size, imm);
        return;
      case 3:
        if ((op & 0xe0) === 0xc0) this.atomic(regs, dst, src, off, Number(imm), size);
        else this.write(regs[dst]! + BigInt(off), size, regs[src]!);
        return;
      case 4:
      case 7:
        regs[dst] = arithmetic(op, regs[dst]!, (op & 8) !== 0 ? regs[src]! : BigInt.asUintN(64, imm), off, Number(imm));
        return;
      default:
        if (op === 0x05) frame.pc += off;
        else if (op === 0x06) frame.pc += Number(imm);
        else if (condition(op, regs[dst]!, (op & 8) !== 0 ? regs[src]! : BigInt.asUintN(64, imm))) frame.pc += off;
    }
  }

  private area(address: bigint, size: number): [DataView, number] {
    const at = BigInt.asUintN(64, address);
    for (const { base, bytes } of this.areas) {
      if (at >= BigInt(base) && at + BigInt(size) <= BigInt(base + bytes.length)) {
        return [new DataView(bytes.buffer, bytes.byteOffset, bytes.length), Number(at) - base];
      }
    }
    throw new Stop();
  }

  private read(address: bigint, size: number): bigint {
    const [view, at] = this.area(address, size);
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 8n) | BigInt(view.getUint8(at + i));
    return value;
  }

  private write(address: bigint, size: number, value: bigint): void {
    const [view, at] = this.area(address, size);
    for (let i = 0; i < size; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 255n));
  }

  private atomic(regs: bigint[], dst: number, src: number, off: number, kind: number, size: number): void {
    const bits = size * 8;
    const address = regs[kind === 0x100 ? src : dst]! + BigInt(off);
    if (BigInt.asUintN(64, address) % BigInt(size) !== 0n) throw new Stop();
    if (kind === 0x110) {
      this.write(address, size, regs[src]!);
      return;
    }
    const old = this.read(address, size);
    if (kind === 0x100) {
      regs[dst] = old;
      return;
    }
    const operand = BigInt.asUintN(bits, regs[src]!);
    if (kind === 0xf1) {
      if (old === BigInt.asUintN(bits, regs[0]!)) this.write(address, size, operand);
      regs[0] = old;
      return;
    }
    const results: Record<number, bigint> = {
      0: old + operand,
      64: old | operand,
      80: old & operand,
      160: old ^ operand,
    };
    this.write(address, size, kind === 0xe1 ? operand : results[kind & ~1]!);
    if ((kind & 1) !== 0) regs[src] = old;
  }
}

function arithmetic(op: number, left: bigint, right: bigint, off: number, imm: number): bigint {
  const bits = (op & 7) === 7 ? 64 : 32;
  const a = BigInt.asUintN(bits, left);
  const b = BigInt.asUintN(bits, right);
  const sa = BigInt.asIntN(bits, a);
  const sb = BigInt.asIntN(bits, b);
  const shift = b & BigInt(bits - 1);
  const cut = (value: bigint) => BigInt.asUintN(bits, value);
  switch (op >> 4) {
    case 0:
      return cut(a + b);
    case 1:
      return cut(a - b);
    case 2:
      return cut(a * b);
    case 3:
      return b === 0n ? 0n : off === 1 ? cut(sa / sb) : a / b;
    case 4:
      return a | b;
    case 5:
      return a & b;
    case 6:
      return cut(a << shift);
    case 7:
      return a >> shift;
    case 8:
      return cut(-a);
    case 9:
      return b === 0n ? a : off === 1 ? cut(sa % sb) : a % b;
    case 10:
      return a ^ b;
    case 11:
      return off === 0 ? b : cut(BigInt.asIntN(off, b));
    case 12:
      return cut(sa >> shift);
    default:
      return byteOrder(op, left, imm);
  }
}

function byteOrder(op: number, value: bigint, bits: number): bigint {
  let rest = BigInt.asUintN(bits, value);
  if (op === 0xd4) return rest;
  let out = 0n;
  for (let i = 0; i < bits; i += 8) {
    out = (out << 8n) | (rest & 255n);
    rest >>= 8n;
  }
  return out;
}

function condition(op: number, left: bigint, right: bigint): boolean {
  const bits = (op & 7) === 5 ? 64 : 32;
  const a = BigInt.asUintN(bits, left & MASK);
  const b = BigInt.asUintN(bits, right & MASK);
  const sa = BigInt.asIntN(bits, a);
  const sb = BigInt.asIntN(bits, b);
  const answers: Record<number, boolean> = {
    ...{ 1: a === b, 2: a > b, 3: a >= b, 4: (a & b) !== 0n, 5: a !== b, 6: sa > sb, 7: sa >= sb },
    ...{ 10: a < b, 11: a <= b, 12: sa < sb, 13: sa <= sb },
  };
  return answers[op >> 4]!;
}
