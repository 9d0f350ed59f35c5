/** What an object asks of a kernel: the helpers of each program, and the oldest kernel that has all it uses. */
import type { ObjectSpec, ProgramSpec } from '../object/spec.ts';
import { helperName } from '../uapi/helper-names.ts';
import { HELPERS } from '../uapi/helper-protos.ts';
import { type Insn, insnCount, readInsn } from '../uapi/insn.ts';
import { helperSince, mapTypeSince, newest, progTypeSince, SINCE } from '../uapi/kernel-versions.ts';
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
} from '../uapi/opcodes.ts';
import { callRefusal, helpersUsed } from './check-program.ts';

const XDP_HAS_FRAGS = 1 << 5;

/** A helper that a program calls: whether the engine has it, and whether the kernel would let this program call it. */
export interface HelperNeed {
  /** With the bpf_ prefix. */
  readonly name: string;
  /** Whether the engine has it. */
  readonly supported: boolean;
  /** Why a program of this type and license may not call it; null when it may. */
  readonly refused: string | null;
  /** First kernel with it, null when not known. */
  readonly since: string | null;
}

/** What a program asks of a kernel: the oldest version that has it all, and its helpers. */
export interface ProgramNeeds {
  /** Oldest kernel with everything the program uses, as `5.17`; null when nothing is known to be needed. */
  readonly kernel: string | null;
  /** In the order of their first calls. */
  readonly helpers: readonly HelperNeed[];
}

/** What one program of an object needs; `type` where the section's is overridden. */
export function programNeeds(spec: ObjectSpec, program: ProgramSpec, type = program.type): ProgramNeeds {
  const helpers = helpersUsed(program).map(({ id }) => ({
    name: helperName(id),
    supported: HELPERS.has(id),
    refused: type === 0 ? null : callRefusal(id, type, spec.license),
    since: helperSince(id),
  }));
  const names = new Set(program.relocs.map((reloc) => reloc.name));
  const maps = spec.maps.filter((map) => names.has(map.name)).map((map) => mapTypeSince(map.type));
  const data = program.relocs.some((reloc) => reloc.kind === 'map_value') ? SINCE.GLOBAL_DATA : null;
  const frags = (program.prog_flags & XDP_HAS_FRAGS) === 0 ? null : SINCE.XDP_FRAGS;
  const versions = [
    progTypeSince(type),
    frags,
    data,
    ...maps,
    ...helpers.map((one) => one.since),
    ...insnVersions(program),
  ];
  return { kernel: newest(versions), helpers };
}

/** Oldest kernel that loads the object as libbpf does: every map, and every program that is loaded by default. */
export function objectNeeds(spec: ObjectSpec): string | null {
  const programs = spec.programs.filter((program) => program.autoload);
  return newest([
    ...spec.maps.map((map) => mapTypeSince(map.type)),
    ...programs.map((program) => programNeeds(spec, program).kernel),
  ]);
}

function insnVersions(program: ProgramSpec): Set<string> {
  const versions = new Set<string>();
  for (let at = 0; at < insnCount(program.insns); at++) {
    const insn = readInsn(program.insns, at);
    const since = insnSince(insn);
    if (since !== null) versions.add(since);
    if (insn.op === LDDW) at++;
  }
  return versions;
}

/** First kernel with an instruction, null where the first BPF had it. */
function insnSince(insn: Insn): string | null {
  const operation = insn.op & OP_MASK;
  switch (insn.op & CLASS_MASK) {
    case CLASS.LD:
      return insn.op === LDDW && insn.src === PSEUDO.FUNC ? SINCE.FUNCTION_POINTERS : null;
    case CLASS.LDX:
      return (insn.op & MODE_MASK) === MODE.MEMSX ? SINCE.CPU_V4 : null;
    case CLASS.STX:
      return (insn.op & MODE_MASK) === MODE.ATOMIC ? atomicSince(insn.imm) : null;
    case CLASS.ALU:
    case CLASS.ALU64:
      return newAlu(insn, operation) ? SINCE.CPU_V4 : null;
    case CLASS.JMP:
      if (operation === JMP.JCOND) return SINCE.MAY_GOTO;
      return operation === JMP.CALL && insn.src === PSEUDO_CALL ? SINCE.FUNCTION_CALLS : null;
    case CLASS.JMP32:
      return operation === JMP.JA ? SINCE.CPU_V4 : SINCE.JMP32;
    default:
      return null;
  }
}

/** movsx, sdiv and smod have an offset; bswap is END in the 64-bit class. */
function newAlu(insn: Insn, operation: number): boolean {
  if (operation === ALU.END) return (insn.op & CLASS_MASK) === CLASS.ALU64;
  return insn.off !== 0 && (operation === ALU.MOV || operation === ALU.DIV || operation === ALU.MOD);
}

function atomicSince(imm: number): string | null {
  if (imm === ATOMIC.LOAD_ACQ || imm === ATOMIC.STORE_REL) return SINCE.LOAD_ACQUIRE;
  return imm === ATOMIC.ADD ? null : SINCE.FETCH_ATOMICS;
}
