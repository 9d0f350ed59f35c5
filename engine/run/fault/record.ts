/** What a program left in its private words when it stopped, read once. */

import { type FaultKind, PRIV, type RegionKind } from '../../layout.ts';
import type { LoadedProgram, World } from '../../load/types.ts';
import { type Insn, insnCount, readInsn } from '../../uapi/insn.ts';

export interface FaultRecord {
  readonly kind: FaultKind;
  readonly program: LoadedProgram;
  /** Slot of the instruction in the linked program. */
  readonly pc: number;
  readonly insn: Insn;
  /** Bytes wanted. */
  readonly size: number;
  readonly address: bigint;
  readonly region: RegionKind;
  readonly write: boolean;
  /** Descriptor address, 0 if none. */
  readonly map: number;
  /** r0..r10. */
  readonly registers: readonly bigint[];
}

const REGISTERS = 11;

/** `started` is the program the run began with: the one at fault unless another was reached by a tail call. */
export function readFault(world: World, started: LoadedProgram): FaultRecord {
  const { u32, dv } = world.mem;
  const word = (at: number): number => u32[at >> 2]!;
  const program = world.programs.byId(word(PRIV.FAULT_PROG)) ?? started;
  const pc = Math.min(word(PRIV.FAULT_PC), insnCount(program.insns) - 1);
  return {
    kind: word(PRIV.FAULT_KIND) as FaultKind,
    ...{ program, pc, insn: readInsn(program.insns, pc) },
    size: word(PRIV.FAULT_SIZE),
    address: dv.getBigUint64(PRIV.FAULT_ADDR, true),
    region: word(PRIV.FAULT_REGION) as RegionKind,
    write: word(PRIV.FAULT_WRITE) !== 0,
    map: word(PRIV.FAULT_MAP),
    registers: Array.from({ length: REGISTERS }, (_, i) => dv.getBigUint64(PRIV.FAULT_REGS + i * 8, true)),
  };
}
