/** Writes the value of a CO-RE relocation into its instruction: an immediate, an offset, the size of a load or store. */
import { immAt, readInsn, setImm } from '../uapi/insn.ts';
import { CLASS, CLASS_MASK, LDDW, SIZE, SIZE_MASK, SRC_X } from '../uapi/opcodes.ts';
import { type BtfData, intInfo, KIND, kindOf, skipModifiers } from './btf.ts';
import type { CoreValue } from './core-values.ts';
import { POISON_CORE, poisonInsn } from './poison.ts';

/** `local` is what the compiler assumed, `target` what holds; null: the target does not have it. */
export interface CorePatch {
  readonly local: CoreValue;
  readonly target: CoreValue | null;
  readonly localBtf: BtfData;
  readonly targetBtf: BtfData;
}

/** What became of it: 'ok', 'poisoned', or a sentence why the program cannot be used (bpf_core_patch_insn). */
export type PatchOutcome = 'ok' | 'poisoned' | { readonly error: string };

const BYTES: { readonly [size: number]: number } = { [SIZE.B]: 1, [SIZE.H]: 2, [SIZE.W]: 4, [SIZE.DW]: 8 };

export function patchInsn(code: Uint8Array, index: number, patch: CorePatch): PatchOutcome {
  const op = code[index * 8]!;
  switch (op & CLASS_MASK) {
    case CLASS.ALU:
    case CLASS.ALU64:
      return (op & SRC_X) === 0 ? patchImmediate(code, index, patch) : unexpected(op);
    case CLASS.LDX:
    case CLASS.ST:
    case CLASS.STX:
      return patchAccess(code, index, patch);
    case CLASS.LD:
      return patchWide(code, index, patch);
    default:
      return unexpected(op);
  }
}

function unexpected(op: number): PatchOutcome {
  return { error: `the instruction (opcode ${op}) has nothing to relocate` };
}

function poison(code: Uint8Array, index: number): PatchOutcome {
  poisonInsn(code, index, POISON_CORE);
  return 'poisoned';
}

function mismatch(found: bigint, expected: bigint): PatchOutcome {
  return {
    error: `the instruction holds ${BigInt.asIntN(64, found)}, but its type says ${BigInt.asIntN(64, expected)}`,
  };
}

function patchImmediate(code: Uint8Array, index: number, { local, target }: CorePatch): PatchOutcome {
  if (target === null) return poison(code, index);
  const found = BigInt.asUintN(64, BigInt(immAt(code, index)));
  if (local.exact && found !== local.value) return mismatch(found, local.value);
  setImm(code, index, Number(BigInt.asIntN(32, target.value)));
  return 'ok';
}

function patchAccess(code: Uint8Array, index: number, patch: CorePatch): PatchOutcome {
  const { local, target } = patch;
  if (target === null) return poison(code, index);
  const { op, off } = readInsn(code, index);
  const found = BigInt.asUintN(64, BigInt(off));
  if (local.exact && found !== local.value) return mismatch(found, local.value);
  if (target.value > 0x7fffn) return { error: `offset ${target.value} does not fit into the instruction` };
  const resized = local.size !== target.size;
  if (resized && !mayResize(patch)) return poison(code, index);
  if (resized) {
    if (BYTES[op & SIZE_MASK] !== local.size)
      return { error: `the instruction accesses ${BYTES[op & SIZE_MASK]} bytes, its type has ${local.size}` };
    const size = Object.values(SIZE).find((s) => BYTES[s] === target.size);
    if (size === undefined) return { error: `no instruction accesses ${target.size} bytes` };
    code[index * 8] = (op & ~SIZE_MASK) | size;
  }
  code[index * 8 + 2] = Number(target.value & 0xffn);
  code[index * 8 + 3] = Number(target.value >> 8n);
  return 'ok';
}

/** Another size keeps the value only between pointers and between unsigned integers, which are extended with zeros. */
function mayResize({ local, target, localBtf, targetBtf }: CorePatch): boolean {
  const mine = skipModifiers(localBtf, local.type_id);
  const theirs = skipModifiers(targetBtf, target!.type_id);
  const kind = kindOf(localBtf, mine);
  if (kind !== kindOf(targetBtf, theirs)) return false;
  if (kind === KIND.PTR) return true;
  return kind === KIND.INT && !plainSigned(localBtf, mine) && !plainSigned(targetBtf, theirs);
}

function plainSigned(btf: BtfData, id: number): boolean {
  const { signed, char, bool } = intInfo(btf, id);
  return signed && !char && !bool;
}

function patchWide(code: Uint8Array, index: number, { local, target }: CorePatch): PatchOutcome {
  const at = index * 8;
  const whole = code[at] === LDDW && at + 16 <= code.length && code[at + 8] === 0;
  if (!whole || code[at + 1]! >> 4 !== 0) return unexpected(code[at]!);
  if (target === null) return poison(code, index);
  const found = BigInt(immAt(code, index) >>> 0) | (BigInt(immAt(code, index + 1) >>> 0) << 32n);
  if (local.exact && found !== local.value) return mismatch(found, local.value);
  setImm(code, index, Number(BigInt.asIntN(32, target.value)));
  setImm(code, index + 1, Number(BigInt.asIntN(32, target.value >> 32n)));
  return 'ok';
}
