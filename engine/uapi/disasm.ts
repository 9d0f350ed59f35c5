/** Instructions as text, in the style of the kernel's verifier log and of `bpftool prog dump` (kernel/bpf/disasm.c). */
import { helperName } from './helper-names.ts';
import { type Insn, immAt, insnCount, readInsn } from './insn.ts';
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
  SIZE_MASK,
  SRC_X,
} from './opcodes.ts';

/** By operation / 16. */
const ALU_SIGNS = '+= -= *= /= |= &= <<= >>= neg %= ^= = s>>= endian'.split(' ');
const JMP_SIGNS = 'goto == > >= & != s> s>= call exit < <= s< s<= may_goto'.split(' ');
/** By size bits / 8. */
const WIDTHS = [32, 16, 8, 64] as const;
const ATOMIC_WORDS: ReadonlyMap<number, string> = new Map([
  [ATOMIC.ADD, 'add'],
  [ATOMIC.OR, 'or'],
  [ATOMIC.AND, 'and'],
  [ATOMIC.XOR, 'xor'],
]);

/** What the loader knows of an instruction that refers to something outside: name of a map, function or variable. */
export type SymbolAt = (index: number) => string | undefined;

/** The instruction in slot `index`, without its number: `r0 = *(u32 *)(r1 +4)`, `if r1 > 0x5 goto pc+3`. */
export function disasmAt(code: Uint8Array, index: number, symbolAt?: SymbolAt): string {
  if (index < 0 || index >= insnCount(code)) return '';
  const insn = readInsn(code, index);
  const symbol = symbolAt?.(index);
  switch (insn.op & CLASS_MASK) {
    case CLASS.ALU:
    case CLASS.ALU64:
      return aluText(insn);
    case CLASS.LD:
      return insn.op === LDDW && index + 1 < insnCount(code)
        ? wideText(insn, immAt(code, index + 1), symbol)
        : packetText(insn);
    case CLASS.JMP:
    case CLASS.JMP32:
      return jumpText(insn, symbol);
    default:
      return memoryText(insn);
  }
}

/** Every instruction with its slot; the second slot of a ldimm64 belongs to the first. */
export function disassemble(code: Uint8Array, symbolAt?: SymbolAt): { readonly insn: number; readonly text: string }[] {
  const lines: { insn: number; text: string }[] = [];
  for (let insn = 0; insn < insnCount(code); insn++) {
    lines.push({ insn, text: disasmAt(code, insn, symbolAt) });
    if (code[insn * 8] === LDDW) insn++;
  }
  return lines;
}

function unknownText(insn: Insn): string {
  return `unknown opcode 0x${insn.op.toString(16).padStart(2, '0')}`;
}

/** +4, -8, +0 */
function signed(value: number): string {
  return value < 0 ? `${value}` : `+${value}`;
}

function aluText(insn: Insn): string {
  const wide = (insn.op & CLASS_MASK) === CLASS.ALU64;
  const letter = wide ? 'r' : 'w';
  const operation = insn.op & OP_MASK;
  const dst = `${letter}${insn.dst}`;
  if (operation > ALU.END) return unknownText(insn);
  if (operation === ALU.NEG) return `${dst} = -${dst}`;
  if (operation === ALU.END) {
    const word = wide ? 'bswap' : (insn.op & SRC_X) !== 0 ? 'be' : 'le';
    return `r${insn.dst} = ${word}${insn.imm} r${insn.dst}`;
  }
  const right = (insn.op & SRC_X) !== 0 ? `${letter}${insn.src}` : `${insn.imm}`;
  if (operation === ALU.MOV && (insn.op & SRC_X) !== 0 && insn.off !== 0) return `${dst} = (s${insn.off})${right}`;
  const sign = (operation === ALU.DIV || operation === ALU.MOD) && insn.off === 1 ? 's' : '';
  return `${dst} ${sign}${ALU_SIGNS[operation >> 4]} ${right}`;
}

function wideText(insn: Insn, hi: number, symbol: string | undefined): string {
  const dst = `r${insn.dst} = `;
  const number = ((BigInt(hi >>> 0) << 32n) | BigInt(insn.imm >>> 0)).toString(16);
  switch (insn.src) {
    case PSEUDO.MAP_FD:
    case PSEUDO.MAP_IDX:
      return `${dst}map[${symbol ?? `0x${(insn.imm >>> 0).toString(16)}`}]`;
    case PSEUDO.MAP_VALUE:
    case PSEUDO.MAP_IDX_VALUE:
      return `${dst}map[${symbol ?? `0x${(insn.imm >>> 0).toString(16)}`}][0]+${hi >>> 0}`;
    case PSEUDO.FUNC:
      return `${dst}subprog[${symbol ?? signed(insn.imm)}]`;
    default:
      return dst + (symbol ?? `0x${number}`);
  }
}

function packetText(insn: Insn): string {
  const mode = insn.op & MODE_MASK;
  const width = WIDTHS[(insn.op & SIZE_MASK) >> 3];
  if (mode === MODE.ABS) return `r0 = *(u${width} *)skb[${insn.imm}]`;
  return mode === MODE.IND ? `r0 = *(u${width} *)skb[r${insn.src} + ${insn.imm}]` : unknownText(insn);
}

function memoryText(insn: Insn): string {
  const mode = insn.op & MODE_MASK;
  const width = WIDTHS[(insn.op & SIZE_MASK) >> 3]!;
  const at = (reg: number, sign = 'u') => `*(${sign}${width} *)(r${reg} ${signed(insn.off)})`;
  switch (insn.op & CLASS_MASK) {
    case CLASS.LDX:
      if (mode === MODE.MEM) return `r${insn.dst} = ${at(insn.src)}`;
      return mode === MODE.MEMSX ? `r${insn.dst} = ${at(insn.src, 's')}` : unknownText(insn);
    case CLASS.ST:
      return mode === MODE.MEM ? `${at(insn.dst)} = ${insn.imm}` : unknownText(insn);
    default:
      if (mode === MODE.MEM) return `${at(insn.dst)} = r${insn.src}`;
      return mode === MODE.ATOMIC ? atomicText(insn, width) : unknownText(insn);
  }
}

function atomicText(insn: Insn, width: number): string {
  const place = (reg: number) => `(u${width} *)(r${reg} ${signed(insn.off)})`;
  const src = `r${insn.src}`;
  const name = width === 64 ? 'atomic64' : 'atomic';
  switch (insn.imm) {
    case ATOMIC.LOAD_ACQ:
      return `r${insn.dst} = load_acquire(${place(insn.src)})`;
    case ATOMIC.STORE_REL:
      return `store_release(${place(insn.dst)}, ${src})`;
    case ATOMIC.XCHG:
      return `${src} = ${name}_xchg(${place(insn.dst)}, ${src})`;
    case ATOMIC.CMPXCHG:
      return `r0 = ${name}_cmpxchg(${place(insn.dst)}, r0, ${src})`;
    default:
  }
  const kind = insn.imm & ~ATOMIC.FETCH;
  const word = ATOMIC_WORDS.get(kind);
  if (word === undefined) return unknownText(insn);
  if ((insn.imm & ATOMIC.FETCH) !== 0) return `${src} = ${name}_fetch_${word}(${place(insn.dst)}, ${src})`;
  return `lock *${place(insn.dst)} ${ALU_SIGNS[kind >> 4]} ${src}`;
}

function jumpText(insn: Insn, symbol: string | undefined): string {
  const narrow = (insn.op & CLASS_MASK) === CLASS.JMP32;
  const operation = insn.op & OP_MASK;
  const register = (insn.op & SRC_X) !== 0;
  const to = `pc${signed(insn.off)}`;
  switch (operation) {
    case JMP.CALL:
      return narrow ? unknownText(insn) : callText(insn, register, symbol);
    case JMP.EXIT:
      return narrow ? unknownText(insn) : 'exit';
    case JMP.JA:
      return narrow ? `gotol pc${signed(insn.imm)}` : `goto ${to}`;
    case JMP.JCOND:
      return narrow ? unknownText(insn) : `may_goto ${to}`;
    default:
  }
  if (operation > JMP.JCOND) return unknownText(insn);
  const letter = narrow ? 'w' : 'r';
  const right = register ? `${letter}${insn.src}` : `0x${(insn.imm >>> 0).toString(16)}`;
  return `if ${letter}${insn.dst} ${JMP_SIGNS[operation >> 4]} ${right} goto ${to}`;
}

function callText(insn: Insn, register: boolean, symbol: string | undefined): string {
  if (register) return `callx r${insn.dst}`;
  if (insn.src === PSEUDO_CALL) return symbol === undefined ? `call pc${signed(insn.imm)}` : `call ${symbol}`;
  if (insn.src === PSEUDO_KFUNC_CALL) return `call ${symbol ?? 'kernel-function'}`;
  return `call ${symbol ?? helperName(insn.imm)}#${insn.imm}`;
}
