/** Shorthand for making instructions. */
import { ALU, ATOMIC, CLASS, JMP, LDDW, MODE, SIZE, SRC_X } from '../../../engine/uapi/opcodes.ts';
import type { Op } from './tree.ts';

export type Width = 1 | 2 | 4 | 8;
const SIZE_BITS: Readonly<Record<Width, number>> = { 1: SIZE.B, 2: SIZE.H, 4: SIZE.W, 8: SIZE.DW };
export const FP = 10;

export function op(code: number, dst: number, src: number, off: number, imm: number): Op {
  return { op: code, dst, src, off, imm };
}
export const movX = (dst: number, src: number): Op => op(CLASS.ALU64 | ALU.MOV | SRC_X, dst, src, 0, 0);
export const movX32 = (dst: number, src: number): Op => op(CLASS.ALU | ALU.MOV | SRC_X, dst, src, 0, 0);
export const movK = (dst: number, imm: number): Op => op(CLASS.ALU64 | ALU.MOV, dst, 0, 0, imm);
export const addX = (dst: number, src: number): Op => op(CLASS.ALU64 | ALU.ADD | SRC_X, dst, src, 0, 0);
export const addK = (dst: number, imm: number): Op => op(CLASS.ALU64 | ALU.ADD, dst, 0, 0, imm);
export const andK = (dst: number, imm: number): Op => op(CLASS.ALU64 | ALU.AND, dst, 0, 0, imm);
export const mulK = (dst: number, imm: number): Op => op(CLASS.ALU64 | ALU.MUL, dst, 0, 0, imm);
export const load = (width: Width, dst: number, base: number, off: number): Op =>
  op(CLASS.LDX | MODE.MEM | SIZE_BITS[width], dst, base, off, 0);
export const loadSigned = (width: 1 | 2 | 4, dst: number, base: number, off: number): Op =>
  op(CLASS.LDX | MODE.MEMSX | SIZE_BITS[width], dst, base, off, 0);
export const store = (width: Width, base: number, off: number, src: number): Op =>
  op(CLASS.STX | MODE.MEM | SIZE_BITS[width], base, src, off, 0);
export const storeK = (width: Width, base: number, off: number, imm: number): Op =>
  op(CLASS.ST | MODE.MEM | SIZE_BITS[width], base, 0, off, imm);
export const atomic = (width: Width, base: number, off: number, src: number, kind: number): Op =>
  kind === ATOMIC.LOAD_ACQ
    ? op(CLASS.STX | MODE.ATOMIC | SIZE_BITS[width], src, base, off, kind)
    : op(CLASS.STX | MODE.ATOMIC | SIZE_BITS[width], base, src, off, kind);
export const jump = (to: number): Op => ({ ...op(CLASS.JMP | JMP.JA, 0, 0, 0, 0), to });
export const jumpLong = (to: number): Op => ({ ...op(CLASS.JMP32 | JMP.JA, 0, 0, 0, 0), to });
export const mayGoto = (to: number): Op => ({ ...op(CLASS.JMP | JMP.JCOND, 0, 0, 0, 0), to });
export const jumpX = (kind: number, dst: number, src: number, to: number, wide = true): Op => ({
  ...op((wide ? CLASS.JMP : CLASS.JMP32) | kind | SRC_X, dst, src, 0, 0),
  to,
});
export const jumpK = (kind: number, dst: number, imm: number, to: number, wide = true): Op => ({
  ...op((wide ? CLASS.JMP : CLASS.JMP32) | kind, dst, 0, 0, imm),
  to,
});
export const callHelper = (id: number): Op => op(CLASS.JMP | JMP.CALL, 0, 0, 0, id);
export const callLocal = (to: number): Op => ({ ...op(CLASS.JMP | JMP.CALL, 0, 1, 0, 0), to });
export const exit = (): Op => op(CLASS.JMP | JMP.EXIT, 0, 0, 0, 0);
export const imm64 = (dst: number, low: number, high: number): Op => ({ ...op(LDDW, dst, 0, 0, low), high });
export const mapHandle = (dst: number, name: string): Op => ({
  ...op(LDDW, dst, 0, 0, 0),
  ...{ high: 0, map: { name, kind: 'map', at: 0 } },
});
export const mapValue = (dst: number, name: string, at: number): Op => ({
  ...op(LDDW, dst, 0, 0, 0),
  ...{ high: 0, map: { name, kind: 'map_value', at } },
});
