/** A program with one of its functions replaced by another program (freplace): put together again, calls and pointers led to the newcomer. */
import { immAt, insnCount, readInsn, setImm } from '../uapi/insn.ts';
import { CLASS, JMP, LDDW, PSEUDO, PSEUDO_CALL } from '../uapi/opcodes.ts';
import type { ProgramSpec } from './spec.ts';

const CALL = CLASS.JMP | JMP.CALL;

/**
 * What bpf_arch_text_poke at the function's entry comes to: whoever calls `func` of `target`, or has its address, gets the
 * extension. The function itself stays, and nobody reaches it. `mapName`: what maps of the extension are called beside the
 * target's.
 */
export function withExtension(
  target: ProgramSpec,
  func: string,
  extension: ProgramSpec,
  mapName: (name: string) => string,
): ProgramSpec {
  const replaced = target.subprogs.find(({ name }) => name === func);
  if (replaced === undefined) return target;
  const at = insnCount(target.insns);
  const insns = new Uint8Array(target.insns.length + extension.insns.length);
  insns.set(target.insns);
  insns.set(extension.insns, target.insns.length);
  lead(insns, at, replaced.start);
  const behind = <T extends { readonly insn: number }>(items: readonly T[]): T[] =>
    items.map((one) => ({ ...one, insn: one.insn + at }));
  const relocs = behind(extension.relocs).map((one) =>
    one.kind === 'map' || one.kind === 'map_value' ? { ...one, name: mapName(one.name) } : one,
  );
  return {
    ...target,
    insns,
    subprogs: [...target.subprogs, ...extension.subprogs.map((one) => ({ ...one, start: one.start + at }))],
    relocs: [...target.relocs, ...relocs],
    poisoned: [...(target.poisoned ?? []), ...behind(extension.poisoned ?? [])],
    lines: [...target.lines, ...behind(extension.lines)],
    error: target.error ?? extension.error,
  };
}

/** Leads calls of, and pointers to, the function at `from` to the end of the target's instructions. */
function lead(insns: Uint8Array, end: number, from: number): void {
  for (let insn = 0; insn < end; insn++) {
    const { op, src } = readInsn(insns, insn);
    const refers = (op === CALL && src === PSEUDO_CALL) || (op === LDDW && src === PSEUDO.FUNC);
    if (refers && insn + 1 + immAt(insns, insn) === from) setImm(insns, insn, end - insn - 1);
    if (op === LDDW) insn++;
  }
}
