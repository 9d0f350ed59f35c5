/** Reads a linked program into arrays, and refuses what no kernel loads: unknown opcodes, stray jumps, a written frame pointer. */
import { ok, type Refusal, type Result, refuse } from '../errors.ts';
import { ERRNO } from '../uapi/errno.ts';
import { INSN_SIZE, immAt, insnCount, readInsn } from '../uapi/insn.ts';
import {
  ALU,
  ATOMIC,
  CLASS,
  CLASS_MASK,
  JMP,
  LDDW,
  MODE,
  MODE_MASK,
  OP_MASK,
  PSEUDO,
  PSEUDO_CALL,
  PSEUDO_KFUNC_CALL,
  SIZE,
  SIZE_MASK,
  SRC_X,
} from '../uapi/opcodes.ts';

export const MAX_INSNS = 1_000_000;
const FRAME_POINTER = 10;

/** Instructions by slot; the second slot of a ldimm64 is `skipped`. */
export interface Decoded {
  readonly count: number;
  readonly op: Uint8Array;
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  readonly off: Int16Array;
  readonly imm: Int32Array;
  /** Upper half of ldimm64. */
  readonly hi: Int32Array;
  readonly skipped: Uint8Array;
  /** Where a jump goes, -1 for everything that does not jump. */
  readonly target: Int32Array;
  /** Subprogram of each slot. */
  readonly subprog: Uint16Array;
  /** First slot of each subprogram, and one past the last. */
  readonly starts: readonly number[];
}

type Complaint = string | { readonly unsupported: string } | null;

/** EINVAL with the instruction, as the kernel's first passes over a program answer. */
export function decodeProgram(
  code: Uint8Array,
  subprogs: readonly { readonly start: number }[],
  program: string,
): Result<Decoded> {
  const count = insnCount(code);
  if (count === 0 || count > MAX_INSNS || code.length % INSN_SIZE !== 0) {
    return refuse('load', count > MAX_INSNS ? ERRNO.E2BIG : ERRNO.EINVAL, `a program of ${code.length} bytes`, {
      program,
    });
  }
  const d: Decoded = {
    ...{ count, op: new Uint8Array(count), dst: new Uint8Array(count), src: new Uint8Array(count) },
    ...{ off: new Int16Array(count), imm: new Int32Array(count), hi: new Int32Array(count) },
    ...{ skipped: new Uint8Array(count), target: new Int32Array(count).fill(-1), subprog: new Uint16Array(count) },
    starts: [...subprogs.map((s) => s.start), count],
  };
  const bad = startsComplaint(d) ?? readAll(d, code) ?? jumpsComplaint(d);
  return bad === null ? ok(d) : { ok: false, error: located(bad, program) };
}

interface Located {
  readonly insn: number;
  readonly complaint: Exclude<Complaint, null>;
}

function located(bad: Located, program: string): Refusal {
  const where = { program, insn: bad.insn };
  return typeof bad.complaint === 'string'
    ? { stage: 'load', errno: ERRNO.EINVAL, message: bad.complaint, where }
    : { stage: 'unsupported', errno: 0, message: bad.complaint.unsupported, where };
}

function startsComplaint(d: Decoded): Located | null {
  let before = -1;
  for (const start of d.starts) {
    if (!Number.isInteger(start) || start <= before)
      return { insn: 0, complaint: 'subprograms are not in ascending order' };
    before = start;
  }
  if (d.starts[0] !== 0) return { insn: 0, complaint: 'the entry does not start at instruction 0' };
  for (let k = 0; k + 1 < d.starts.length; k++) d.subprog.fill(k, d.starts[k], d.starts[k + 1]);
  return null;
}

function readAll(d: Decoded, code: Uint8Array): Located | null {
  for (let i = 0; i < d.count; i++) {
    const insn = readInsn(code, i);
    d.op[i] = insn.op;
    d.dst[i] = insn.dst;
    d.src[i] = insn.src;
    d.off[i] = insn.off;
    d.imm[i] = insn.imm;
    const complaint = complaintOf(d, i);
    if (complaint !== null) return { insn: i, complaint };
    if (insn.op !== LDDW) continue;
    if (i + 1 >= d.count || code[(i + 1) * INSN_SIZE] !== 0 || d.subprog[i] !== d.subprog[i + 1]) {
      return { insn: i, complaint: 'invalid bpf_ld_imm64 insn' };
    }
    d.hi[i] = immAt(code, i + 1);
    d.skipped[i + 1] = 1;
    i++;
  }
  return null;
}

function complaintOf(d: Decoded, i: number): Complaint {
  const op = d.op[i]!;
  if (d.dst[i]! > FRAME_POINTER || d.src[i]! > FRAME_POINTER) return `R${Math.max(d.dst[i]!, d.src[i]!)} is invalid`;
  switch (op & CLASS_MASK) {
    case CLASS.ALU:
    case CLASS.ALU64:
      return aluComplaint(d, i, op);
    case CLASS.JMP:
    case CLASS.JMP32:
      return jumpComplaint(d, i, op);
    case CLASS.LD:
      return ldComplaint(d, i, op);
    default:
      return memoryComplaint(d, i, op);
  }
}

const unknown = (op: number): string => `unknown opcode ${op.toString(16).padStart(2, '0')}`;

function aluComplaint(d: Decoded, i: number, op: number): Complaint {
  const operation = op & OP_MASK;
  const wide = (op & CLASS_MASK) === CLASS.ALU64;
  const off = d.off[i]!;
  if (operation > ALU.END) return unknown(op);
  if (d.dst[i] === FRAME_POINTER) return 'frame pointer is read only';
  if (operation === ALU.END) {
    if (wide && (op & SRC_X) !== 0) return unknown(op);
    return [16, 32, 64].includes(d.imm[i]!) && off === 0 ? null : 'BPF_END uses reserved fields';
  }
  if (operation === ALU.NEG) return (op & SRC_X) === 0 && off === 0 ? null : 'BPF_NEG uses reserved fields';
  if (operation === ALU.MOV && (op & SRC_X) !== 0) return movComplaint(d, i, wide);
  const signed = operation === ALU.DIV || operation === ALU.MOD;
  const fits = off === 0 || (signed && off === 1);
  const reserved = (op & SRC_X) === 0 ? d.src[i] !== 0 : d.imm[i] !== 0;
  return fits && !reserved ? null : 'BPF_ALU uses reserved fields';
}

function movComplaint(d: Decoded, i: number, wide: boolean): Complaint {
  const off = d.off[i]!;
  if (wide && off === 1) return { unsupported: 'address space casts (arenas) are not supported' };
  const fits = off === 0 || off === 8 || off === 16 || (wide && off === 32);
  return fits && d.imm[i] === 0 ? null : 'BPF_MOV uses reserved fields';
}

function jumpComplaint(d: Decoded, i: number, op: number): Complaint {
  const operation = op & OP_MASK;
  const narrow = (op & CLASS_MASK) === CLASS.JMP32;
  const register = (op & SRC_X) !== 0;
  switch (operation) {
    case JMP.JA:
      return register ? unknown(op) : null;
    case JMP.CALL:
      return narrow ? unknown(op) : callComplaint(d, i, register);
    case JMP.EXIT:
      return narrow || register ? unknown(op) : null;
    case JMP.JCOND:
      return narrow || register || d.src[i] !== 0 ? unknown(op) : null;
    case 0xf0:
      return unknown(op);
    default:
      return (register ? d.imm[i] : d.src[i]) === 0 ? null : 'BPF_JMP uses reserved fields';
  }
}

function callComplaint(d: Decoded, i: number, register: boolean): Complaint {
  if (register || d.src[i] === 0 || d.src[i] === PSEUDO_CALL) return null;
  return d.src[i] === PSEUDO_KFUNC_CALL
    ? { unsupported: 'calls of kernel functions are not supported' }
    : 'BPF_CALL uses reserved fields';
}

function ldComplaint(d: Decoded, i: number, op: number): Complaint {
  const mode = op & MODE_MASK;
  if (mode === MODE.ABS || mode === MODE.IND) return (op & SIZE_MASK) === SIZE.DW ? unknown(op) : null;
  if (op !== LDDW) return unknown(op);
  if (d.dst[i] === FRAME_POINTER) return 'frame pointer is read only';
  const src = d.src[i]!;
  if (src > PSEUDO.FUNC) return 'unresolved bpf_ld_imm64 insn';
  return src === PSEUDO.BTF_ID ? { unsupported: 'addresses of kernel variables are not supported' } : null;
}

function memoryComplaint(d: Decoded, i: number, op: number): Complaint {
  const mode = op & MODE_MASK;
  const dw = (op & SIZE_MASK) === SIZE.DW;
  switch (op & CLASS_MASK) {
    case CLASS.LDX:
      if (mode !== MODE.MEM && !(mode === MODE.MEMSX && !dw)) return unknown(op);
      return d.dst[i] === FRAME_POINTER ? 'frame pointer is read only' : null;
    case CLASS.ST:
      return mode === MODE.MEM ? null : unknown(op);
    default:
      if (mode === MODE.MEM) return null;
      return mode === MODE.ATOMIC ? atomicComplaint(d, i, op) : unknown(op);
  }
}

const WORD_ATOMICS: ReadonlySet<number> = new Set<number>([
  ...[ATOMIC.ADD, ATOMIC.OR, ATOMIC.AND, ATOMIC.XOR].flatMap((kind) => [kind, kind | ATOMIC.FETCH]),
  ...[ATOMIC.XCHG, ATOMIC.CMPXCHG],
]);

function atomicComplaint(d: Decoded, i: number, op: number): Complaint {
  const kind = d.imm[i]!;
  const size = op & SIZE_MASK;
  if (kind === ATOMIC.LOAD_ACQ) return d.dst[i] === FRAME_POINTER ? 'frame pointer is read only' : null;
  if (kind === ATOMIC.STORE_REL) return null;
  if (!WORD_ATOMICS.has(kind) || (size !== SIZE.W && size !== SIZE.DW)) {
    return `BPF_ATOMIC uses invalid atomic opcode ${(kind >>> 0).toString(16)}`;
  }
  const loads = (kind & ATOMIC.FETCH) !== 0 && kind !== ATOMIC.CMPXCHG;
  return loads && d.src[i] === FRAME_POINTER ? 'frame pointer is read only' : null;
}

/** check_subprogs: jumps stay inside their subprogram and off the second half of ldimm64; nobody runs off the end. */
function jumpsComplaint(d: Decoded): Located | null {
  for (let i = 0; i < d.count; i++) {
    if (d.skipped[i] === 1) continue;
    const complaint = targetComplaint(d, i);
    if (complaint !== null) return { insn: i, complaint };
  }
  for (let k = 1; k < d.starts.length; k++) {
    const last = d.starts[k]! - 1;
    const op = d.op[last]!;
    const ends = d.skipped[last] === 0 && (op === 0x95 || op === 0x05 || op === 0x06);
    if (!ends) return { insn: last, complaint: 'last insn is not an exit or jmp' };
  }
  return null;
}

function targetComplaint(d: Decoded, i: number): Complaint {
  const op = d.op[i]!;
  const cls = op & CLASS_MASK;
  if (cls !== CLASS.JMP && cls !== CLASS.JMP32) return null;
  const operation = op & OP_MASK;
  if (operation === JMP.EXIT) return null;
  if (operation === JMP.CALL) return callTargetComplaint(d, i);
  const distance = op === (CLASS.JMP32 | JMP.JA) ? d.imm[i]! : d.off[i]!;
  const to = i + 1 + distance;
  if (to < 0 || to >= d.count || d.subprog[to] !== d.subprog[i]) return `jump out of range from insn ${i} to ${to}`;
  if (d.skipped[to] === 1) return `jump from insn ${i} into the middle of ldimm64 insn ${to - 1}`;
  d.target[i] = to;
  return null;
}

function callTargetComplaint(d: Decoded, i: number): Complaint {
  if (d.src[i] !== PSEUDO_CALL || (d.op[i]! & SRC_X) !== 0) return null;
  const k = calleeOf(d, i);
  if (k < 0) return `call to invalid destination ${i + 1 + d.imm[i]!}`;
  return k === 0 ? 'call of the entry program' : null;
}

/** Subprogram that a call with BPF_PSEUDO_CALL, or a ldimm64 with BPF_PSEUDO_FUNC, at slot `i` names; -1 if none starts there. */
export function calleeOf(d: Decoded, i: number): number {
  const to = i + 1 + d.imm[i]!;
  return to >= 0 && to < d.count && d.starts[d.subprog[to]!] === to ? d.subprog[to]! : -1;
}
