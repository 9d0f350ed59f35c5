/** Makes the fault record that results carry: what the program's private words say, as a sentence with its source line. */
import type { Refusal } from '../../errors.ts';
import { FAULT, type FaultKind, PRIV } from '../../layout.ts';
import { lineAt, subprogAt, whereOf } from '../../load/lines.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import { disasmAt } from '../../uapi/disasm.ts';
import type { Fault } from '../types.ts';
import { readFault } from './record.ts';
import { faultSentence, kindWord } from './sentences.ts';

/** The fault that the private words describe; `executed` is how many instructions the call had run. */
export function faultOf(world: World, started: LoadedProgram, executed: number): Fault {
  const record = readFault(world, started);
  return at(record.program, record.pc, record.registers, record.kind, faultSentence(world, record, executed));
}

/** A fault of one kind with its own sentence, at the instruction last noted: JavaScript found out, not the program's checks. */
export function faultWith(world: World, started: LoadedProgram, kind: FaultKind, message: string): Fault {
  const record = readFault(world, started);
  return at(record.program, record.pc, record.registers, kind, message);
}

/** A tail call reached a program that cannot run. */
export function refusedFault(world: World, started: LoadedProgram, refusal: Refusal): Fault {
  const fault = faultWith(
    world,
    started,
    FAULT.UNSUPPORTED,
    `a tail call reached a program that cannot run: ${refusal.message}`,
  );
  return refusal.stage === 'unsupported' ? fault : { ...fault, kind: kindWord(FAULT.BAD_CALL_TARGET) };
}

/** A program returned and kept what it must not keep; the kernel's verifier refuses such programs. */
export function leakFault(world: World, started: LoadedProgram, leak: string): Fault {
  const last = world.mem.u32[PRIV.FAULT_PC >> 2]!;
  return at(started, last, [], FAULT.LOCK, `${leak}: the kernel's verifier refuses such a program`);
}

function at(program: LoadedProgram, pc: number, registers: readonly bigint[], kind: FaultKind, message: string): Fault {
  const { spec } = program;
  const subprog = subprogAt(spec, pc)?.name ?? spec.name;
  return {
    ...whereOf(spec, pc),
    ...{ kind: kindWord(kind), message, program: spec.name, insn: pc },
    ...(subprog === spec.name ? {} : { subprogram: subprog }),
    ...{
      text: disasmAt(program.insns, pc, (insn) => symbolAt(program, insn)),
      source: lineAt(spec, pc)?.text ?? '',
      registers,
    },
  };
}

/** Name of what an instruction refers to outside of the program. */
function symbolAt(program: LoadedProgram, insn: number): string | undefined {
  return program.spec.relocs.find((reloc) => reloc.insn === insn)?.name;
}
