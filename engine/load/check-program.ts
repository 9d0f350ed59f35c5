/** What the loader can say about a program without verifying it: whether its type and license may call the helpers it calls, and whether they exist here. */
import { ok, type Refusal, type Result, refuse } from '../errors.ts';
import { POISON_CORE } from '../object/poison.ts';
import type { ProgramSpec } from '../object/spec.ts';
import { ERRNO } from '../uapi/errno.ts';
import { isGplOnly, mayCall } from '../uapi/helper-access.ts';
import { helperName, isHelper } from '../uapi/helper-names.ts';
import { HELPERS } from '../uapi/helper-protos.ts';
import { insnCount, readInsn } from '../uapi/insn.ts';
import { KFUNCS, mayCallKfunc } from '../uapi/kfunc-protos.ts';
import { progTypeName } from '../uapi/prog-types.ts';
import { placedSentence, whereOf } from './lines.ts';

const OP_CALL = 0x85;
const OP_LD_IMM64 = 0x18;

/** license_is_gpl_compatible (include/linux/license.h) */
const GPL_COMPATIBLE: ReadonlySet<string> = new Set([
  ...['GPL', 'GPL v2', 'GPL and additional rights'],
  ...['Dual BSD/GPL', 'Dual MIT/GPL', 'Dual MPL/GPL'],
]);

/** A helper as a program calls it, first call first. */
export interface HelperUse {
  readonly id: number;
  /** Instruction of the first call. */
  readonly insn: number;
}

/** The helpers a program calls, by number, in the order of their first calls. */
export function helpersUsed(spec: ProgramSpec): HelperUse[] {
  const uses = new Map<number, HelperUse>();
  const kfuncs = new Set(spec.relocs.filter((reloc) => reloc.kind === 'kfunc').map((reloc) => reloc.insn));
  for (let insn = 0; insn < insnCount(spec.insns); insn++) {
    const { op, src, imm } = readInsn(spec.insns, insn);
    if (op === OP_LD_IMM64) insn++;
    else if (op === OP_CALL && src === 0 && !uses.has(imm) && !kfuncs.has(insn) && imm !== POISON_CORE)
      uses.set(imm, { id: imm, insn });
  }
  return [...uses.values()];
}

/** Helpers that stay callable only to fault: by number, the sentence to say. */
export type Unsupported = ReadonlyMap<number, string>;

/**
 * Checks every helper call as check_helper_call does first: known (EINVAL), allowed for the type (EINVAL), license (EINVAL);
 * then whether the engine has it (stage `unsupported`, or under `lenient` a fault when it is called).
 */
export function checkHelpers(spec: ProgramSpec, type: number, license: string, lenient: boolean): Result<Unsupported> {
  const unsupported = new Map<number, string>();
  for (const use of helpersUsed(spec)) {
    const refused = callRefusal(use.id, type, license);
    if (refused !== null)
      return refuse('load', ERRNO.EINVAL, placedSentence(spec, use.insn, refused), whereOf(spec, use.insn));
    if (HELPERS.has(use.id)) continue;
    const message = `${helperName(use.id)} is not supported`;
    if (!lenient) return refuse('unsupported', 0, placedSentence(spec, use.insn, message), whereOf(spec, use.insn));
    unsupported.set(use.id, message);
  }
  return ok(unsupported);
}

/** Why the kernel's verifier refuses a call of a helper by programs of a type, in its words; null when it does not. */
export function callRefusal(id: number, type: number, license: string): string | null {
  if (!isHelper(id)) return `invalid func unknown#${id}`;
  if (!mayCall(type, id)) {
    return `program of this type (${progTypeName(type)}) cannot use helper ${helperName(id)}#${id}`;
  }
  if (isGplOnly(id) && !GPL_COMPATIBLE.has(license)) {
    const has = license === '' ? 'the object has no license' : `the license is "${license}"`;
    return `cannot call GPL-restricted function ${helperName(id)} from non-GPL compatible program: ${has}`;
  }
  return null;
}

/** bpf_dev_bound_kfunc_id: what only a device's driver can answer, so that programs which call it are bound to a device. */
const DEV_BOUND_KFUNCS: ReadonlySet<string> = new Set([
  ...['bpf_xdp_metadata_rx_timestamp', 'bpf_xdp_metadata_rx_hash', 'bpf_xdp_metadata_rx_vlan_tag'],
]);

/**
 * Kernel functions that the engine has are for some types only (EACCES); others, and variables, are not there: refuses the program unless the reference is weak; null when nothing stands in the way.
 * Metadata of a device is refused as the kernel refuses programs bound to none (bpf_dev_bound_kfunc_check, EINVAL).
 */
export function checkExterns(spec: ProgramSpec, type = spec.type): Refusal | null {
  const forbidden = spec.relocs.find((one) => KFUNCS.has(one.name) && !mayCallKfunc(type, one.name));
  if (forbidden?.kind === 'kfunc') {
    const placed = placedSentence(spec, forbidden.insn, `calling kernel function ${forbidden.name} is not allowed`);
    return { stage: 'load', errno: ERRNO.EACCES, message: placed, where: whereOf(spec, forbidden.insn) };
  }
  const missed = spec.relocs.filter((one) => (one.kind === 'kfunc' || one.kind === 'extern') && !KFUNCS.has(one.name));
  const strong = missed.filter((one) => !one.weak);
  const bound = strong.find((one) => DEV_BOUND_KFUNCS.has(one.name));
  if (bound !== undefined) {
    const message = `${bound.name}: metadata kfuncs require device-bound program`;
    const placed = placedSentence(spec, bound.insn, message);
    return { stage: 'load', errno: ERRNO.EINVAL, message: placed, where: whereOf(spec, bound.insn) };
  }
  const [missing] = strong;
  if (missing === undefined) return null;
  const what = missing.kind === 'kfunc' ? 'kernel function' : 'kernel variable';
  const message = `program ${spec.name}: ${what} ${missing.name} is not supported`;
  return { stage: 'unsupported', errno: 0, message, where: whereOf(spec, missing.insn) };
}
