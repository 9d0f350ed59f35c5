/** Reading and writing struct bpf_insn in its 8-byte little-endian form, by slot index. */

export interface Insn {
  readonly op: number;
  readonly dst: number;
  readonly src: number;
  readonly off: number;
  readonly imm: number;
}

export const INSN_SIZE = 8;

export function insnCount(code: Uint8Array): number {
  return code.length >>> 3;
}

export function readInsn(code: Uint8Array, index: number): Insn {
  const at = index * INSN_SIZE;
  const regs = code[at + 1]!;
  return {
    op: code[at]!,
    dst: regs & 15,
    src: regs >> 4,
    off: ((code[at + 2]! | (code[at + 3]! << 8)) << 16) >> 16,
    imm: immAt(code, index),
  };
}

/** Signed 32-bit immediate of a slot. */
export function immAt(code: Uint8Array, index: number): number {
  const at = index * INSN_SIZE + 4;
  return code[at]! | (code[at + 1]! << 8) | (code[at + 2]! << 16) | (code[at + 3]! << 24);
}

export function writeInsn(code: Uint8Array, index: number, insn: Insn): void {
  const at = index * INSN_SIZE;
  code[at] = insn.op;
  code[at + 1] = insn.dst | (insn.src << 4);
  code[at + 2] = insn.off & 0xff;
  code[at + 3] = (insn.off >> 8) & 0xff;
  setImm(code, index, insn.imm);
}

export function setImm(code: Uint8Array, index: number, imm: number): void {
  const at = index * INSN_SIZE + 4;
  code[at] = imm & 0xff;
  code[at + 1] = (imm >> 8) & 0xff;
  code[at + 2] = (imm >> 16) & 0xff;
  code[at + 3] = (imm >>> 24) & 0xff;
}

export function setSrc(code: Uint8Array, index: number, src: number): void {
  const at = index * INSN_SIZE + 1;
  code[at] = (code[at]! & 15) | (src << 4);
}
