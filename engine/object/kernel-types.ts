/** Types of a kernel by name, out of its raw BTF: what loading a program for one of its structs or functions names by id. */
import { findType, KIND, membersOf, parseBtfOnce } from './btf.ts';
import { opening } from './elf.ts';

const KINDS = { struct: KIND.STRUCT, func: KIND.FUNC, typedef: KIND.TYPEDEF } as const;

/** Id of a type, 0 if there is none, and the names of a struct's members in their order. */
export interface KernelType {
  readonly id: number;
  readonly members: readonly string[];
}

const NONE: KernelType = { id: 0, members: [] };

/** Looks a type up in raw BTF, as /sys/kernel/btf/vmlinux holds it; what is no BTF has no types. */
export function kernelType(btf: Uint8Array, kind: keyof typeof KINDS, name: string): KernelType {
  const parsed = opening(() => parseBtfOnce(btf, () => btf, 'kernel types'));
  if (!parsed.ok) return NONE;
  const id = findType(parsed.value, KINDS[kind], name);
  const members = id !== 0 && kind === 'struct' ? membersOf(parsed.value, id).map((member) => member.name) : [];
  return { id, members };
}
