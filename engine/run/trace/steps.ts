/** From the ring of a traced run to steps that can be read: what each instruction wrote, reached, compared and called. */
import { FRAME_SIZE, STACK_TOP } from '../../layout.ts';
import { lineAt, subprogAt } from '../../load/lines.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import { disasmAt } from '../../uapi/disasm.ts';
import { type Insn, readInsn } from '../../uapi/insn.ts';
import {
  ATOMIC,
  CLASS,
  CLASS_MASK,
  JMP,
  MODE,
  MODE_MASK,
  OP_MASK,
  PSEUDO_CALL,
  SIZE_MASK,
  SRC_X,
} from '../../uapi/opcodes.ts';
import { baseRegister } from '../fault/origin.ts';
import { callOf } from './calls.ts';
import { type At, functionAt, placeAt } from './places.ts';
import type { TraceRecord } from './record.ts';
import type { TraceAccess, TraceBranch, TraceRegister, TraceStep } from './types.ts';

const EXIT = CLASS.JMP | JMP.EXIT;
const CALL = CLASS.JMP | JMP.CALL;
const REGISTERS = 11;
/** By size bits / 8. */
const SIZES = [4, 2, 1, 8] as const;
/** By operation / 16. */
const SIGNS = ['', '==', '>', '>=', '&', '!=', 's>', 's>=', '', '', '<', '<=', 's<', 's<='] as const;

/** All steps of a run that began with `started`, oldest first. */
export function stepsOf(world: World, record: TraceRecord, started: LoadedProgram): TraceStep[] {
  const steps: TraceStep[] = [];
  const next = new Map<number, number>();
  for (let i = record.length - 1; i >= 0; i--) {
    const program = world.programs.byId(record.program(i)) ?? started;
    const frame = record.frame(i);
    const pc = record.insn(i);
    const insn = readInsn(program.insns, pc);
    if (insn.op === EXIT) for (const deeper of next.keys()) if (deeper <= frame) next.delete(deeper);
    const at: At = { world, record, program, i, pc, insn, next: next.get(frame) ?? -1 };
    steps.push(stepOf(at));
    next.set(frame, i);
  }
  return steps.reverse();
}

function stepOf(at: At): TraceStep {
  const { program, pc, insn, record, i } = at;
  const { spec } = program;
  const line = lineAt(spec, pc);
  const subprogram = subprogAt(spec, pc);
  return {
    ...{ object: at.world.programs.objectOf(program.id), program: spec.name },
    subprogram: subprogram === undefined || subprogram.start === 0 ? '' : subprogram.name,
    ...{ insn: pc, text: disasmAt(program.insns, pc, (index) => symbolAt(program, index)) },
    ...{ file: line?.file ?? '', line: line?.line ?? 0, source: line?.text ?? '' },
    depth: Math.max(0, (STACK_TOP - record.frame(i)) / FRAME_SIZE),
    wrote: wroteOf(at),
    access: accessOf(at),
    branch: branchOf(at),
    call: insn.op === CALL || insn.op === (CALL | SRC_X) ? callOf(at) : null,
    returns: insn.op === EXIT ? record.register(i, 0) : null,
  };
}

/** Name of the map, variable's section or function that an instruction refers to. */
function symbolAt({ spec, insns }: LoadedProgram, index: number): string | undefined {
  const insn = readInsn(insns, index);
  if (insn.op === CALL && insn.src === PSEUDO_CALL) return functionAt(spec.subprogs, index + 1 + insn.imm);
  return spec.relocs.find((reloc) => reloc.insn === index)?.name;
}

/** The register that an instruction writes, -1 if none. */
function writtenRegister(insn: Insn): number {
  switch (insn.op & CLASS_MASK) {
    case CLASS.ALU:
    case CLASS.ALU64:
    case CLASS.LDX:
      return insn.dst;
    case CLASS.LD:
      return (insn.op & MODE_MASK) === MODE.IMM ? insn.dst : 0;
    case CLASS.STX:
      return (insn.op & MODE_MASK) === MODE.ATOMIC ? fetchedInto(insn) : -1;
    default:
      return (insn.op & ~SRC_X) === CALL ? 0 : -1;
  }
}

function fetchedInto(insn: Insn): number {
  if (insn.imm === ATOMIC.CMPXCHG) return 0;
  if (insn.imm === ATOMIC.LOAD_ACQ) return insn.dst;
  return insn.imm !== ATOMIC.STORE_REL && (insn.imm & ATOMIC.FETCH) !== 0 ? insn.src : -1;
}

/** r0 to r10 as the last instruction found them. */
export function lastRegisters(world: World, record: TraceRecord, started: LoadedProgram): TraceRegister[] {
  const i = record.length - 1;
  if (i < 0) return [];
  const program = world.programs.byId(record.program(i)) ?? started;
  const pc = record.insn(i);
  const at: At = { world, record, program, i, pc, insn: readInsn(program.insns, pc), next: -1 };
  return Array.from({ length: REGISTERS }, (_, register) => {
    const value = record.register(i, register);
    return { register, value, place: placeAt(at, value) };
  });
}

function wroteOf(at: At): TraceRegister | null {
  const register = writtenRegister(at.insn);
  if (register < 0 || at.next < 0) return null;
  const value = at.record.register(at.next, register);
  return { register, value, place: placeAt(at, value, at.next) };
}

function accessOf(at: At): TraceAccess | null {
  const { insn, record, i } = at;
  const base = baseRegister(insn);
  if (base < 0) return null;
  const cls = insn.op & CLASS_MASK;
  const acquire = cls === CLASS.STX && (insn.op & MODE_MASK) === MODE.ATOMIC && insn.imm === ATOMIC.LOAD_ACQ;
  const size = SIZES[(insn.op & SIZE_MASK) >> 3]!;
  const address = BigInt.asUintN(64, record.register(i, acquire ? insn.src : base) + BigInt(insn.off));
  const write = cls !== CLASS.LDX && !acquire;
  return { write, size, address, place: placeAt(at, address), value: movedValue(at, write, size) };
}

function movedValue({ insn, record, i, next }: At, write: boolean, size: number): bigint | null {
  if (!write) return next < 0 ? null : record.register(next, insn.dst);
  const stored = (insn.op & CLASS_MASK) === CLASS.ST ? BigInt(insn.imm) : record.register(i, insn.src);
  return BigInt.asUintN(size * 8, stored);
}

function branchOf(at: At): TraceBranch | null {
  const { insn, record, i, pc } = at;
  const cls = insn.op & CLASS_MASK;
  const sign = SIGNS[(insn.op & OP_MASK) >> 4] ?? '';
  if ((cls !== CLASS.JMP && cls !== CLASS.JMP32) || sign === '' || i + 1 >= record.length) return null;
  const narrow = cls === CLASS.JMP32;
  const [letter, bits] = narrow ? ['w', 32] : ['r', 64];
  const shown = (value: bigint) => (sign.startsWith('s') ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value));
  const byRegister = (insn.op & SRC_X) !== 0;
  const left = record.register(i, insn.dst);
  const right = byRegister ? record.register(i, insn.src) : BigInt(insn.imm);
  return {
    ...{ left: `${letter}${insn.dst}`, right: byRegister ? `${letter}${insn.src}` : `${insn.imm}`, sign },
    ...{ left_value: shown(left), left_place: narrow ? null : placeAt(at, left) },
    ...{ right_value: shown(right), right_place: narrow || !byRegister ? null : placeAt(at, right) },
    taken: record.insn(i + 1) !== pc + 1,
  };
}
