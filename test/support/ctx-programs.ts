/** Random programs that compute, store, compare and branch forwards, and here and there load a field of the context that tc forbids. */
import * as asm from './assembler.ts';
import type { Random } from './random-program.ts';

const CONSTANTS = [0, 1, 2, 7, 8, 16, 31, 63, 100, 127, 128, 255, 256, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff];
const NEGATIVE = [-1, -2, -8, -128, -0x80000000];
const REGS = [0, 2, 3, 4, 5, 7, 8, 9];
const SIZES = [1, 2, 4, 8];
const ALU: readonly asm.AluName[] = ['add', 'sub', 'mul', 'div', 'or', 'and', 'mod', 'xor'];
const SHIFTS: readonly asm.AluName[] = ['lsh', 'rsh', 'arsh'];
/** Offset of `family`. */
const FORBIDDEN = 88;
const CB = 48;

/** A tc program; r6 is its context. */
export function ctxProgram(random: Random): Uint8Array {
  const lines: asm.Line[] = [asm.movX(6, 1), ...REGS.map((reg) => anyNumber(random, reg))];
  const count = 8 + random(20);
  for (let i = 0; i < count; i++) lines.push(asm.label(`at${i}`), oneOf(random, i, count));
  lines.push(asm.label(`at${count}`), asm.mov(0, 0), asm.exit());
  return asm.assemble(lines).insns;
}

function pick<T>(random: Random, list: readonly T[]): T {
  return list[random(list.length)]!;
}

function constant(random: Random): number {
  return pick(random, random(4) === 0 ? NEGATIVE : CONSTANTS);
}

function anyNumber(random: Random, reg: number): asm.Line {
  const size = pick(random, SIZES);
  if (random(3) === 0) return asm.mov(reg, constant(random));
  return asm.load(size, reg, 6, CB + size * random(16 / size));
}

function onStack(random: Random, size: number): number {
  return -24 + size * random(24 / size);
}

function oneOf(random: Random, at: number, count: number): asm.Line {
  const [dst, src, size] = [pick(random, REGS), pick(random, REGS), pick(random, SIZES)];
  switch (random(12)) {
    case 0:
    case 1:
      return byConstant(random, dst);
    case 2:
      return (random(2) === 0 ? asm.aluX : asm.alu32X)(pick(random, ALU.slice(0, 6)), dst, src);
    case 3:
      return random(2) === 0 ? asm.movX(dst, src) : asm.alu32X('mov', dst, src);
    case 4:
      return anyNumber(random, dst);
    case 5:
      return asm.store(size, 10, onStack(random, size), src);
    case 6:
      return asm.load(size, dst, 10, onStack(random, size));
    case 7:
      return pick(random, [asm.endian('be', dst, 32), asm.endian('bswap', dst, 16), asm.alu('neg', dst, 0)]);
    case 8:
      return asm.aluX('mov', dst, src, pick(random, [8, 16]));
    case 9:
      return asm.load(4, 1, 6, FORBIDDEN);
    default:
      return comparison(random, dst, src, `at${Math.min(count, at + 2 + random(6))}`);
  }
}

function byConstant(random: Random, dst: number): asm.Line {
  const wide = random(2) === 0;
  const make = wide ? asm.alu : asm.alu32;
  if (random(3) === 0) return make(pick(random, SHIFTS), dst, random(wide ? 64 : 32));
  const name = pick(random, ALU);
  const value = constant(random);
  return make(name, dst, (name === 'div' || name === 'mod') && value === 0 ? 3 : value);
}

function comparison(random: Random, dst: number, src: number, to: string): asm.Line {
  const name = pick(random, asm.JMP_NAMES);
  if (random(3) === 0) return (random(2) === 0 ? asm.jmpX : asm.jmp32X)(name, dst, src, to);
  return (random(2) === 0 ? asm.jmp : asm.jmp32)(name, dst, constant(random), to);
}
