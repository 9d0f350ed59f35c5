/** Calls that stand where libbpf found nothing to put: harmless until reached, then an unknown helper. */

import { writeInsn } from '../uapi/insn.ts';
import { CLASS, JMP, LDDW } from '../uapi/opcodes.ts';

/** Helper number of an instruction whose CO-RE relocation found no target ("bad relo"). */
export const POISON_CORE = 0xbad2310;
/** Helper number of a call to a weak kernel function that is not there. */
export const POISON_KFUNC = 2002000000;

/** Puts a call that cannot succeed in place of an instruction (both slots of a ldimm64). */
export function poisonInsn(code: Uint8Array, index: number, helper: number): void {
  const wide = code[index * 8] === LDDW && (index + 2) * 8 <= code.length;
  const call = { op: CLASS.JMP | JMP.CALL, dst: 0, src: 0, off: 0, imm: helper };
  writeInsn(code, index, call);
  if (wide) writeInsn(code, index + 1, call);
}
