/** Closes a program's open references: maps and global data get their handles, weak references to nothing become 0. */
import { invariant } from '../errors.ts';
import { POISON_CORE } from '../object/poison.ts';
import type { ProgramSpec } from '../object/spec.ts';
import { insnCount, readInsn, setImm, setSrc } from '../uapi/insn.ts';
import { KFUNCS } from '../uapi/kfunc-protos.ts';

const OP_CALL = 0x85;
const PSEUDO_MAP_FD = 1;
const PSEUDO_MAP_VALUE = 2;
/** Calls of kernel functions and accesses of fields that are not there carry this plus a number as helper number, as libbpf poisons them. */
const POISON_KFUNC = 2002000000;

export interface Patched {
  readonly insns: Uint8Array;
  /** Handles of the maps that the program names. */
  readonly handles: ReadonlySet<number>;
  /** Poisoned calls: the number they carry, and what to say when one is reached. */
  readonly poisoned: ReadonlyMap<number, string>;
}

/**
 * bpf_object__relocate's data half, on a copy. `handleOf` gives the handle of a map by name: a reference to a map
 * that the object does not have is a bug of whoever opened it.
 */
export function patchProgram(spec: ProgramSpec, handleOf: (map: string) => number | undefined): Patched {
  const insns = spec.insns.slice();
  const handles = new Set<number>();
  const poisoned = new Map<number, string>();
  spec.relocs.forEach((reloc, number) => {
    const { insn } = reloc;
    if (reloc.kind === 'map' || reloc.kind === 'map_value') {
      const handle = handleOf(reloc.name);
      invariant(
        handle !== undefined,
        `program ${spec.name} refers to map ${reloc.name}, which the object does not have`,
      );
      handles.add(handle);
      setSrc(insns, insn, reloc.kind === 'map' ? PSEUDO_MAP_FD : PSEUDO_MAP_VALUE);
      setImm(insns, insn, handle);
      setImm(insns, insn + 1, reloc.kind === 'map' ? 0 : reloc.off);
    } else if (readInsn(insns, insn).op === OP_CALL) {
      setSrc(insns, insn, 0);
      const known = KFUNCS.get(reloc.name);
      if (known !== undefined) {
        setImm(insns, insn, known.id);
        return;
      }
      setImm(insns, insn, POISON_KFUNC + number);
      poisoned.set(POISON_KFUNC + number, `kernel function ${reloc.name} is not supported`);
    } else {
      // Whoever asks whether a kernel function is there (bpf_ksym_exists) compares its address with 0.
      setSrc(insns, insn, 0);
      setImm(insns, insn, KFUNCS.has(reloc.name) ? 1 : 0);
      setImm(insns, insn + 1, 0);
    }
  });
  (spec.poisoned ?? []).forEach(({ insn, message }, i) => {
    const number = POISON_KFUNC + spec.relocs.length + i;
    setImm(insns, insn, number);
    // What was a 64-bit load is two such calls.
    const next = insn + 1 < insnCount(insns) ? readInsn(insns, insn + 1) : null;
    if (next?.op === OP_CALL && next.imm === POISON_CORE) setImm(insns, insn + 1, number);
    poisoned.set(number, message);
  });
  return { insns, handles, poisoned };
}
