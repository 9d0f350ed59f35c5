/** Random programs that always end: arithmetic, stack and memory, forward jumps anywhere, counted jumps back, calls, atomics. */
import * as asm from './assembler.ts';

export type Random = (below: number) => number;

/** r1 holds the address of this many bytes. */
export const AREA_BYTES = 64;
/** Callees get a pointer to the last bytes of their caller's frame in r5, and keep it here. */
const OUTER = 5;
const OUTER_SLOT = -80;
const OUTER_BYTES = 64;
/** r9 counts the jumps back, r8 keeps the area's address; the rest is free. */
const COUNTER = 9;
const AREA = 8;
const FREE = [0, 1, 2, 3, 4, 5, 6, 7];

export interface RandomProgram {
  readonly insns: Uint8Array;
  readonly subprogs: { name: string; start: number }[];
}

export function randomProgram(random: Random): RandomProgram {
  const count = 1 + random(3);
  const names = Array.from({ length: count }, (_, k) => `f${k}`);
  const lines: asm.Line[] = [];
  names.forEach((name, k) => {
    lines.push(asm.label(name), ...randomFunction(random, name, names.slice(k + 1)));
  });
  return asm.functions(lines, names);
}

function randomFunction(random: Random, name: string, callees: readonly string[]): asm.Line[] {
  const pieces = 3 + random(12);
  const lines: asm.Line[] = [asm.movX(AREA, 1), asm.mov(COUNTER, 2 + random(4))];
  const inner = name !== 'f0';
  if (inner) lines.push(asm.store(8, 10, OUTER_SLOT, OUTER));
  for (const reg of FREE) {
    if (reg !== 1 && random(3) > 0)
      lines.push(asm.imm64(reg, interesting(random), random(2) === 0 ? 0 : interesting(random)));
  }
  for (let piece = 0; piece < pieces; piece++) {
    lines.push(asm.label(`${name}_${piece}`));
    for (let n = 1 + random(5); n > 0; n--) lines.push(...randomInsn(random, callees, inner));
    lines.push(...randomJump(random, name, piece, pieces));
  }
  lines.push(asm.label(`${name}_${pieces}`), asm.exit());
  return lines;
}

function interesting(random: Random): number {
  const edges = [
    0, 1, -1, 2, 8, 31, 32, 63, 64, 255, 0x7fff, 0x8000, 0xffff, 0x7fffffff, -0x80000000, -2, -8, 0x12345678,
  ];
  return random(3) === 0 ? random(0x7fffffff) - 0x3fffffff : edges[random(edges.length)]!;
}

const free = (random: Random): number => FREE[random(FREE.length)]!;

function randomInsn(random: Random, callees: readonly string[], inner: boolean): asm.Line[] {
  switch (random(9)) {
    case 0:
    case 1:
    case 2:
      return [randomAlu(random)];
    case 3:
      return [randomEndian(random)];
    case 4:
      return [randomStack(random)];
    case 5:
      return [randomArea(random)];
    case 6:
      return randomAtomic(random);
    case 7:
      return throughPointer(random);
    default:
      if (callees.length > 0 && random(2) === 0) return randomCall(random, callees[random(callees.length)]!);
      if (inner && random(2) === 0) return throughCaller(random);
      return [asm.imm64(free(random), interesting(random), interesting(random))];
  }
}

/** Now and then with a pointer that is spilled before and used after, where the callee may have written over it. */
function randomCall(random: Random, callee: string): asm.Line[] {
  const args = [asm.movX(1, AREA), asm.movX(OUTER, 10), asm.alu('add', OUTER, -OUTER_BYTES)];
  if (random(2) === 0) return [...args, asm.call(callee)];
  const slot = -8 * (1 + random(8));
  // Where a pointer into the own frame is, no check would be made of it.
  const spilled = random(2) === 0 ? AREA : OUTER;
  const use = access(random, 4, 7, random(AREA_BYTES - 4));
  return [...args, asm.store(8, 10, slot, spilled), asm.call(callee), asm.load(8, 7, 10, slot), use];
}

/** An access of the caller's frame, at a constant or a bounded place. */
function throughCaller(random: Random): asm.Line[] {
  const size = sizeOf(random);
  const pointer = asm.load(8, 7, 10, OUTER_SLOT);
  if (random(3) > 0) return [pointer, access(random, size, 7, random(OUTER_BYTES - size + 1))];
  return [pointer, asm.alu('and', 6, 31), asm.aluX('add', 7, 6), access(random, size, 7, random(24))];
}

function randomAlu(random: Random): asm.Asm {
  const name = asm.ALU_NAMES[random(asm.ALU_NAMES.length)]!;
  const dst = free(random);
  const divides = name === 'div' || name === 'mod';
  const off = divides ? random(2) : 0;
  if (name === 'neg') return random(2) === 0 ? asm.alu('neg', dst, 0) : asm.alu32('neg', dst, 0);
  if (name === 'mov' && random(3) === 0) {
    const widths = [8, 16, 32];
    return random(2) === 0
      ? asm.aluX('mov', dst, free(random), widths[random(3)])
      : asm.alu32X('mov', dst, free(random), widths[random(2)]);
  }
  switch (random(4)) {
    case 0:
      return asm.alu(name, dst, interesting(random), off);
    case 1:
      return asm.aluX(name, dst, free(random), off);
    case 2:
      return asm.alu32(name, dst, interesting(random), off);
    default:
      return asm.alu32X(name, dst, free(random), off);
  }
}

function randomEndian(random: Random): asm.Asm {
  const kinds = ['le', 'be', 'bswap'] as const;
  return asm.endian(kinds[random(3)]!, free(random), [16, 32, 64][random(3)]!);
}

const sizeOf = (random: Random): number => [1, 2, 4, 8][random(4)]!;

function randomStack(random: Random): asm.Asm {
  const size = sizeOf(random);
  const off = random(2) === 0 ? -8 * (1 + random(8)) : -size - random(64);
  return access(random, size, 10, off);
}

/** Now and then past an end: a fault. */
function randomArea(random: Random): asm.Asm {
  const size = sizeOf(random);
  const off = random(40) === 0 ? AREA_BYTES - random(3) : random(AREA_BYTES - size + 1);
  return access(random, size, AREA, off);
}

function access(random: Random, size: number, base: number, off: number): asm.Asm {
  switch (random(4)) {
    case 0:
      return asm.store(size, base, off, free(random));
    case 1:
      return asm.storeImm(size, base, off, interesting(random));
    case 2:
      return size < 8 ? asm.loadSigned(size, free(random), base, off) : asm.load(size, free(random), base, off);
    default:
      return asm.load(size, free(random), base, off);
  }
}

function randomAtomic(random: Random): asm.Line[] {
  const kinds = [0, 1, 0x40, 0x41, 0x50, 0x51, 0xa0, 0xa1, 0xe1, 0xf1];
  const size = random(2) === 0 ? 4 : 8;
  const base = random(2) === 0 ? 10 : AREA;
  const off = base === 10 ? -8 * (1 + random(6)) : 8 * random(6) + (random(30) === 0 ? 2 : 0);
  if (random(5) > 0) return [asm.atomic(size, kinds[random(kinds.length)]!, base, off, free(random))];
  const any = sizeOf(random);
  return [
    random(2) === 0
      ? asm.atomic(any, 0x110, base, off, free(random))
      : { op: 0xc3 | { 1: 0x10, 2: 8, 4: 0, 8: 0x18 }[any]!, dst: free(random), src: base, off, imm: 0x100 },
  ];
}

/** A pointer with a bounded variable offset, a spilled pointer, or a comparison that bounds an index. */
function throughPointer(random: Random): asm.Line[] {
  const pointer = free(random);
  let index = free(random);
  if (index === pointer) index = (pointer + 1) % FREE.length;
  const base = random(2) === 0 ? 10 : AREA;
  const size = sizeOf(random);
  const bounded = [asm.alu('and', index, 31), asm.movX(pointer, base), asm.aluX('add', pointer, index)];
  if (random(3) === 0) {
    const slot = -8 * (1 + random(8));
    return [
      ...bounded,
      asm.store(8, 10, slot, pointer),
      asm.load(8, pointer, 10, slot),
      access(random, size, pointer, base === 10 ? -64 : 0),
    ];
  }
  return [...bounded, access(random, size, pointer, base === 10 ? -48 : 8 + random(8))];
}

function randomJump(random: Random, name: string, piece: number, pieces: number): asm.Line[] {
  const forward = `${name}_${piece + 1 + random(pieces - piece)}`;
  const back = `${name}_${random(piece + 1)}`;
  const condition = asm.JMP_NAMES[random(asm.JMP_NAMES.length)]!;
  switch (random(7)) {
    case 0:
      return [asm.jmp(condition, free(random), interesting(random), forward)];
    case 1:
      return [asm.jmpX(condition, free(random), free(random), forward)];
    case 2:
      return [asm.jmp32(condition, free(random), interesting(random), forward)];
    case 3:
      return [asm.jmp32X(condition, free(random), free(random), forward)];
    case 4:
      return random(3) === 0 ? [random(2) === 0 ? asm.ja(forward) : asm.gotol(forward)] : [];
    case 5:
      return [asm.alu('sub', COUNTER, 1), asm.jmp('jsgt', COUNTER, 0, back)];
    default:
      return [];
  }
}
