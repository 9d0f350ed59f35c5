/** Builds instructions by name, one function a form, with labels for jumps: programs for tests without a compiler. */

/** One instruction; `to` is a label in place of an offset (jumps) or an immediate (calls, gotol, function pointers). */
export interface Asm {
  readonly op: number;
  readonly dst?: number;
  readonly src?: number;
  readonly off?: number;
  readonly imm?: number;
  /** Upper half, for ldimm64. */
  readonly hi?: number;
  readonly to?: string;
}

export type Line = Asm | { readonly label: string };

const ALU_OPS = {
  add: 0,
  sub: 1,
  mul: 2,
  div: 3,
  or: 4,
  and: 5,
  lsh: 6,
  rsh: 7,
  neg: 8,
  mod: 9,
  xor: 10,
  mov: 11,
  arsh: 12,
};
const JMP_OPS = { jeq: 1, jgt: 2, jge: 3, jset: 4, jne: 5, jsgt: 6, jsge: 7, jlt: 10, jle: 11, jslt: 12, jsle: 13 };
const SIZES: Readonly<Record<number, number>> = { 1: 0x10, 2: 0x08, 4: 0x00, 8: 0x18 };
export type AluName = keyof typeof ALU_OPS;
export type JmpName = keyof typeof JMP_OPS;
export const ALU_NAMES = Object.keys(ALU_OPS) as AluName[];
export const JMP_NAMES = Object.keys(JMP_OPS) as JmpName[];

export const label = (name: string): Line => ({ label: name });
/** dst op= immediate, 64 bits; `off` 1 makes div and mod signed. */
export const alu = (name: AluName, dst: number, imm: number, off = 0): Asm => ({
  op: (ALU_OPS[name] << 4) | 7,
  dst,
  imm,
  off,
});
export const aluX = (name: AluName, dst: number, src: number, off = 0): Asm => ({
  op: (ALU_OPS[name] << 4) | 0xf,
  dst,
  src,
  off,
});
export const alu32 = (name: AluName, dst: number, imm: number, off = 0): Asm => ({
  op: (ALU_OPS[name] << 4) | 4,
  dst,
  imm,
  off,
});
export const alu32X = (name: AluName, dst: number, src: number, off = 0): Asm => ({
  op: (ALU_OPS[name] << 4) | 0xc,
  dst,
  src,
  off,
});
export const mov = (dst: number, imm: number): Asm => alu('mov', dst, imm);
export const movX = (dst: number, src: number): Asm => aluX('mov', dst, src);
/** le, be or bswap of 16, 32 or 64 bits. */
export const endian = (kind: 'le' | 'be' | 'bswap', dst: number, bits: number): Asm => ({
  op: kind === 'bswap' ? 0xd7 : kind === 'be' ? 0xdc : 0xd4,
  dst,
  imm: bits,
});
export const imm64 = (dst: number, lo: number, hi: number): Asm => ({ op: 0x18, dst, imm: lo, hi });
export const mapFd = (dst: number, handle: number): Asm => ({ op: 0x18, dst, src: 1, imm: handle, hi: 0 });
export const mapValue = (dst: number, handle: number, off: number): Asm => ({
  op: 0x18,
  dst,
  src: 2,
  imm: handle,
  hi: off,
});
export const funcPtr = (dst: number, to: string): Asm => ({ op: 0x18, dst, src: 4, hi: 0, to });
export const load = (size: number, dst: number, src: number, off: number): Asm => ({
  op: 0x61 | SIZES[size]!,
  dst,
  src,
  off,
});
export const loadSigned = (size: number, dst: number, src: number, off: number): Asm => ({
  op: 0x81 | SIZES[size]!,
  dst,
  src,
  off,
});
export const store = (size: number, dst: number, off: number, src: number): Asm => ({
  op: 0x63 | SIZES[size]!,
  dst,
  src,
  off,
});
export const storeImm = (size: number, dst: number, off: number, imm: number): Asm => ({
  op: 0x62 | SIZES[size]!,
  dst,
  off,
  imm,
});
/** `kind` is the immediate of the atomic instruction. */
export const atomic = (size: number, kind: number, dst: number, off: number, src: number): Asm => ({
  ...{ op: 0xc3 | SIZES[size]!, dst, src, off, imm: kind },
});
export const ja = (to: string): Asm => ({ op: 0x05, to });
export const gotol = (to: string): Asm => ({ op: 0x06, to });
export const mayGoto = (to: string): Asm => ({ op: 0xe5, to });
export const jmp = (name: JmpName, dst: number, imm: number, to: string): Asm => ({
  op: (JMP_OPS[name] << 4) | 5,
  dst,
  imm,
  to,
});
export const jmpX = (name: JmpName, dst: number, src: number, to: string): Asm => ({
  op: (JMP_OPS[name] << 4) | 0xd,
  dst,
  src,
  to,
});
export const jmp32 = (name: JmpName, dst: number, imm: number, to: string): Asm => ({
  op: (JMP_OPS[name] << 4) | 6,
  dst,
  imm,
  to,
});
export const jmp32X = (name: JmpName, dst: number, src: number, to: string): Asm => ({
  op: (JMP_OPS[name] << 4) | 0xe,
  dst,
  src,
  to,
});
export const helper = (id: number): Asm => ({ op: 0x85, imm: id });
export const call = (to: string): Asm => ({ op: 0x85, src: 1, to });
export const callX = (dst: number): Asm => ({ op: 0x8d, dst });
export const exit = (): Asm => ({ op: 0x95 });
export const ldAbs = (size: number, off: number): Asm => ({ op: 0x20 | SIZES[size]!, imm: off });
export const ldInd = (size: number, src: number, off: number): Asm => ({ op: 0x40 | SIZES[size]!, src, imm: off });

export interface Assembled {
  readonly insns: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
}

/** Lays lines out and fills labels in. */
export function assemble(lines: readonly Line[]): Assembled {
  const labels = new Map<string, number>();
  let slots = 0;
  for (const line of lines) {
    if ('label' in line) labels.set(line.label, slots);
    else slots += line.op === 0x18 ? 2 : 1;
  }
  const insns = new Uint8Array(slots * 8);
  const view = new DataView(insns.buffer);
  let at = 0;
  for (const line of lines) {
    if ('label' in line) continue;
    const far = line.to === undefined ? 0 : labels.get(line.to)! - at - 1;
    const inImm = line.op === 0x85 || line.op === 0x06 || line.op === 0x18;
    view.setUint8(at * 8, line.op);
    view.setUint8(at * 8 + 1, (line.dst ?? 0) | ((line.src ?? 0) << 4));
    view.setInt16(at * 8 + 2, line.to !== undefined && !inImm ? far : (line.off ?? 0), true);
    view.setInt32(at * 8 + 4, line.to !== undefined && inImm ? far : (line.imm ?? 0), true);
    if (line.op === 0x18) view.setInt32(at * 8 + 12, line.hi ?? 0, true);
    at += line.op === 0x18 ? 2 : 1;
  }
  return { insns, labels };
}

/** Assembles functions that start at the given labels, the entry first. */
export function functions(
  lines: readonly Line[],
  starts: readonly string[],
): { insns: Uint8Array; subprogs: { name: string; start: number }[] } {
  const { insns, labels } = assemble(lines);
  return { insns, subprogs: starts.map((name) => ({ name, start: labels.get(name)! })) };
}
