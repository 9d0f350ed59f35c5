/** Names for what an instruction does, finer than its opcode byte, and the list of all that random programs must contain. */
import {
  ALU,
  ATOMIC,
  CLASS,
  CLASS_MASK,
  JMP,
  MODE,
  MODE_MASK,
  OP_MASK,
  SIZE,
  SIZE_MASK,
  SRC_X,
} from '../../../engine/uapi/opcodes.ts';
import type { Op } from './tree.ts';

type Names = Readonly<Record<number, string>>;
const invert = (table: Readonly<Record<string, number>>): Names =>
  Object.fromEntries(Object.entries(table).map(([name, value]) => [value, name.toLowerCase()]));
const ALU_NAMES = invert(ALU);
const JMP_NAMES = invert(JMP);
const SIZE_NAMES = invert(SIZE);
const ATOMIC_NAMES: Names = {
  ...invert({ ADD: ATOMIC.ADD, OR: ATOMIC.OR, AND: ATOMIC.AND, XOR: ATOMIC.XOR, XCHG: ATOMIC.XCHG }),
  ...invert({ CMPXCHG: ATOMIC.CMPXCHG, LOAD_ACQ: ATOMIC.LOAD_ACQ, STORE_REL: ATOMIC.STORE_REL }),
  ...invert({ FETCH_ADD: 1, FETCH_OR: ATOMIC.OR | 1, FETCH_AND: ATOMIC.AND | 1, FETCH_XOR: ATOMIC.XOR | 1 }),
};

function aluName(op: number, off: number, imm: number): string {
  const wide = (op & CLASS_MASK) === CLASS.ALU64;
  const kind = op & OP_MASK;
  const source = (op & SRC_X) !== 0 ? 'x' : 'k';
  if (kind === ALU.END) return `${wide ? 'bswap' : source === 'x' ? 'be' : 'le'}${imm}`;
  const name = `${wide ? 'alu64' : 'alu32'} ${ALU_NAMES[kind]}`;
  if (kind === ALU.NEG) return name;
  if (kind === ALU.MOV && off !== 0) return `${name}sx${off}`;
  const signed = (kind === ALU.DIV || kind === ALU.MOD) && off === 1 ? ' signed' : '';
  return `${name}${signed} ${source}`;
}

function jumpName(op: number, src: number): string {
  const wide = (op & CLASS_MASK) === CLASS.JMP;
  const kind = op & OP_MASK;
  if (kind === JMP.CALL) return src === 1 ? 'call local' : 'call helper';
  if (kind === JMP.EXIT || kind === JMP.JCOND) return kind === JMP.EXIT ? 'exit' : 'may_goto';
  if (kind === JMP.JA) return wide ? 'ja' : 'gotol';
  return `${wide ? 'jmp64' : 'jmp32'} ${JMP_NAMES[kind]} ${(op & SRC_X) !== 0 ? 'x' : 'k'}`;
}

function memoryName(op: number, imm: number): string {
  const kind = op & CLASS_MASK;
  const mode = op & MODE_MASK;
  const size = SIZE_NAMES[op & SIZE_MASK];
  if (mode === MODE.IMM) return 'ldimm64';
  if (mode === MODE.ABS || mode === MODE.IND) return `${mode === MODE.ABS ? 'ld_abs' : 'ld_ind'} ${size}`;
  if (mode === MODE.ATOMIC) return `atomic ${ATOMIC_NAMES[imm]} ${size}`;
  const name = kind === CLASS.ST ? 'st' : kind === CLASS.STX ? 'stx' : mode === MODE.MEMSX ? 'ldxs' : 'ldx';
  return `${name} ${size}`;
}

export function opcodeName({ op, src, off, imm }: Op): string {
  const kind = op & CLASS_MASK;
  if (kind === CLASS.ALU || kind === CLASS.ALU64) return aluName(op, off, imm);
  return kind === CLASS.JMP || kind === CLASS.JMP32 ? jumpName(op, src) : memoryName(op, imm);
}

const cross = (...parts: readonly (readonly string[])[]): string[] =>
  parts.reduce<string[]>((all, part) => all.flatMap((a) => part.map((b) => (a === '' ? b : `${a} ${b}`))), ['']);

const BINARY = [
  'add',
  'sub',
  'mul',
  'div',
  'or',
  'and',
  'lsh',
  'rsh',
  'mod',
  'xor',
  'mov',
  'arsh',
  'div signed',
  'mod signed',
];
const COMPARISONS = ['jeq', 'jgt', 'jge', 'jset', 'jne', 'jsgt', 'jsge', 'jlt', 'jle', 'jslt', 'jsle'];
const RMW = ['add', 'or', 'and', 'xor', 'fetch_add', 'fetch_or', 'fetch_and', 'fetch_xor', 'xchg', 'cmpxchg'];

/** All instructions of RFC 9669 that the verifier lets such programs have (callx it does not). */
export const EVERY_OPCODE: readonly string[] = [
  ...cross(['alu64', 'alu32'], BINARY, ['x', 'k']),
  ...['alu64 neg', 'alu32 neg', 'alu64 movsx8', 'alu64 movsx16', 'alu64 movsx32', 'alu32 movsx8', 'alu32 movsx16'],
  ...['le16', 'le32', 'le64', 'be16', 'be32', 'be64', 'bswap16', 'bswap32', 'bswap64'],
  ...cross(['jmp64', 'jmp32'], COMPARISONS, ['x', 'k']),
  ...['ja', 'gotol', 'may_goto', 'exit', 'call local', 'call helper', 'ldimm64'],
  ...cross(['ldx', 'st', 'stx'], ['b', 'h', 'w', 'dw']),
  ...cross(['ldxs'], ['b', 'h', 'w']),
  ...cross(['ld_abs', 'ld_ind'], ['b', 'h', 'w']),
  ...cross(['atomic'], RMW, ['w', 'dw']),
  ...cross(['atomic'], ['load_acq', 'store_rel'], ['b', 'h', 'w', 'dw']),
];
