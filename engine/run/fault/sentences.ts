/** One sentence a fault, in the words of whoever wrote the program: what was accessed, and how far outside of what. */

import { FAULT, type FaultKind, NULL_GUARD } from '../../layout.ts';
import { lineAt } from '../../load/lines.ts';
import type { World } from '../../load/types.ts';
import { mapTypeName } from '../../maps/create.ts';
import { badAccess } from './access.ts';
import { baseRegister, calledHelper, type Origin, packetMover, resultOf } from './origin.ts';
import type { FaultRecord } from './record.ts';
import { accessText, bytesText, hexText } from './text.ts';

/** Lower-case words of the fault kinds, as results show them. */
const WORDS: Readonly<Record<number, string>> = {
  [FAULT.OUT_OF_BOUNDS]: 'out of bounds',
  [FAULT.NULL_POINTER]: 'NULL pointer',
  [FAULT.STALE_PACKET]: 'stale packet pointer',
  [FAULT.READ_ONLY]: 'read-only memory',
  [FAULT.MISALIGNED_ATOMIC]: 'misaligned atomic',
  [FAULT.BUDGET]: 'endless loop',
  [FAULT.CALL_DEPTH]: 'call depth',
  [FAULT.BAD_CALL_TARGET]: 'bad call target',
  [FAULT.BAD_ARGUMENT]: 'bad argument',
  [FAULT.LOCK]: 'lock',
  [FAULT.UNSUPPORTED]: 'unsupported',
  [FAULT.BAD_CTX_ACCESS]: 'context access',
};

export function kindWord(kind: FaultKind): string {
  return WORDS[kind] ?? `fault ${kind}`;
}

function placeText(fault: FaultRecord, insn: number): string {
  const line = lineAt(fault.program.spec, insn);
  return line === undefined ? `instruction ${insn}` : `line ${line.line}`;
}

function originText(fault: FaultRecord, origin: Origin): string {
  return `${origin.helper} (${placeText(fault, origin.insn)})`;
}

/** The sentence for a fault; `executed` is how many instructions the call had run. */
export function faultSentence(world: World, fault: FaultRecord, executed: number): string {
  switch (fault.kind) {
    case FAULT.NULL_POINTER:
      return nullPointer(fault);
    case FAULT.STALE_PACKET:
      return stalePacket(fault);
    case FAULT.MISALIGNED_ATOMIC:
      return `atomic operation on ${bytesText(fault.size)} at ${hexText(fault.address)}, which is not a multiple of ${fault.size}`;
    case FAULT.BUDGET:
      return `stopped after ${executed} instructions, still running at ${placeText(fault, fault.pc)}`;
    case FAULT.CALL_DEPTH:
      return 'calls go deeper than the 8 frames that a program may use';
    case FAULT.BAD_CALL_TARGET:
      return `calls ${hexText(fault.address)}, which is no function of the program`;
    case FAULT.BAD_ARGUMENT:
      return badArgument(world, fault);
    case FAULT.LOCK:
      return lockMisuse(fault);
    case FAULT.UNSUPPORTED:
      return fault.program.unsupportedText(fault.insn.imm) ?? 'reached what is not supported';
    default:
      return badAccess(world, fault);
  }
}

function nullPointer(fault: FaultRecord): string {
  const register = baseRegister(fault.insn);
  const origin = register < 0 ? null : resultOf(fault.program.insns, fault.pc, register);
  const access = `${accessText(fault)} at ${hexText(fault.address)}`;
  if (origin !== null) return `${access}: the result of ${originText(fault, origin)} was used without a NULL check`;
  return fault.address < BigInt(NULL_GUARD) ? `${access}: no memory is there` : access;
}

function stalePacket(fault: FaultRecord): string {
  const mover = packetMover(fault.program.insns, fault.pc);
  const since = mover === null ? 'the packet was moved' : `${originText(fault, mover)} moved the packet`;
  return `${accessText(fault)} through a packet pointer from before ${since}: load data and data_end again`;
}

function badArgument(world: World, fault: FaultRecord): string {
  const helper = calledHelper(fault.insn) ?? 'a helper';
  const map = fault.map === 0 ? undefined : world.maps.byHandle(fault.map);
  if (map !== undefined) {
    const why = map.writable ? `does not work on it (${mapTypeName(map.def.type)})` : 'must not change it (read-only)';
    return `${helper} got map ${map.def.name}, and ${why}`;
  }
  if (fault.map !== 0) return `${helper} got ${hexText(fault.map)} where it takes a map`;
  return `${helper} got ${hexText(fault.address)}, which is not what it takes`;
}

function lockMisuse(fault: FaultRecord): string {
  return calledHelper(fault.insn) === 'bpf_spin_unlock'
    ? 'bpf_spin_unlock of a lock that is not held'
    : 'bpf_spin_lock while a lock is held already';
}
