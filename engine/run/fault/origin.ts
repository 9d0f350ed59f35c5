/** Where a pointer came from, read backwards from the instruction that used it: enough to name the helper behind it. */

import { type Insn, readInsn } from '../../uapi/insn.ts';
import { CALLS } from '../../uapi/kfunc-protos.ts';
import { CLASS, CLASS_MASK, MODE, MODE_MASK } from '../../uapi/opcodes.ts';

const OP_CALL = 0x85;
const OP_MOV64_X = 0xbf;
/** How far back to look. */
const STEPS = 256;

/** A helper call that explains a pointer. */
export interface Origin {
  /** With the bpf_ prefix. */
  readonly helper: string;
  readonly insn: number;
}

function classOf(insn: Insn): number {
  return insn.op & CLASS_MASK;
}

/** Whether an instruction writes a register other than by a call. */
function writes(insn: Insn): boolean {
  const kind = classOf(insn);
  return kind === CLASS.ALU || kind === CLASS.ALU64 || kind === CLASS.LDX || kind === CLASS.LD;
}

/** The register that holds the address in a load, store or atomic instruction, -1 for other instructions. */
export function baseRegister(insn: Insn): number {
  const mode = insn.op & MODE_MASK;
  switch (classOf(insn)) {
    case CLASS.LDX:
      return mode === MODE.MEM || mode === MODE.MEMSX ? insn.src : -1;
    case CLASS.ST:
    case CLASS.STX:
      return insn.dst;
    default:
      return -1;
  }
}

/** The helper whose result a register holds, as far as the instructions before `pc` say it in a straight line. */
export function resultOf(insns: Uint8Array, pc: number, register: number): Origin | null {
  let wanted = register;
  for (let at = pc - 1; at >= 0 && at >= pc - STEPS; at--) {
    const insn = readInsn(insns, at);
    if (insn.op === OP_CALL) {
      if (wanted === 0) return insn.src === 0 ? originOf(insn.imm, at) : null;
      if (wanted <= 5) return null;
    } else if (writes(insn) && insn.dst === wanted) {
      if (insn.op === OP_MOV64_X) wanted = insn.src;
      else if (classOf(insn) !== CLASS.ALU64) return null;
    }
  }
  return null;
}

/** The last helper before `pc` that moves the packet. */
export function packetMover(insns: Uint8Array, pc: number): Origin | null {
  for (let at = pc - 1; at >= 0; at--) {
    const insn = readInsn(insns, at);
    if (insn.op !== OP_CALL || insn.src !== 0) continue;
    if (CALLS.get(insn.imm)?.changesPacket === true) return originOf(insn.imm, at);
  }
  return null;
}

function originOf(helper: number, insn: number): Origin | null {
  const proto = CALLS.get(helper);
  return proto === undefined ? null : { helper: `bpf_${proto.name}`, insn };
}

/** The helper that an instruction calls, with the bpf_ prefix; null when it calls none. */
export function calledHelper(insn: Insn): string | null {
  if (insn.op !== OP_CALL || insn.src !== 0) return null;
  const proto = CALLS.get(insn.imm);
  return proto === undefined ? null : `bpf_${proto.name}`;
}
