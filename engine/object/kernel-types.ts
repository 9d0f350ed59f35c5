/** Types, functions and variables of a kernel by name, out of its raw BTF: what loading a program names by id. */
import { type BtfData, findType, KIND, kindOf, membersOf, parseBtfOnce, referredType, skipModifiers } from './btf.ts';
import { typeSize } from './btf-types.ts';
import { essentialName, typesCompatible } from './core-compat.ts';
import { opening } from './elf.ts';

const KINDS = { struct: KIND.STRUCT, func: KIND.FUNC, typedef: KIND.TYPEDEF } as const;

/** Id of a type, 0 if there is none, and the names of a struct's members in their order. */
export interface KernelType {
  readonly id: number;
  /** In bytes; 0 where the type has none. */
  readonly size: number;
  readonly members: readonly string[];
}

const NONE: KernelType = { id: 0, size: 0, members: [] };

/** Looks a type up in raw BTF, as /sys/kernel/btf/vmlinux holds it; what is no BTF has no types. */
export function kernelType(btf: Uint8Array, kind: keyof typeof KINDS, name: string): KernelType {
  const parsed = opening(() => parseBtfOnce(btf, () => btf, 'kernel types'));
  if (!parsed.ok) return NONE;
  const id = findType(parsed.value, KINDS[kind], name);
  if (id === 0 || kind !== 'struct') return { ...NONE, id };
  const members = membersOf(parsed.value, id).map((member) => member.name);
  return { id, size: typeSize(parsed.value, id), members };
}

/** What a kernel has under the name of an object's extern. */
export type KernelSymbol =
  /** A function or a variable, by its id. */
  | { readonly found: 'typed'; readonly id: number }
  /** There is one of the name, and the object declares it as something else. */
  | { readonly found: 'other'; readonly id: number }
  /** The object says no type (`extern const void NAME`), so that only an address will do. */
  | { readonly found: 'untyped' }
  | { readonly found: 'nothing' };

/**
 * bpf_object__resolve_ksym_func_btf_id and _var_btf_id: the function or variable that an extern of `own` means, its name
 * without ___flavour. `btf` is a kernel's raw BTF, or that of a module behind the kernel's.
 */
export function kernelSymbol(own: BtfData, name: string, btf: Uint8Array): KernelSymbol {
  const parsed = opening(() => parseBtfOnce(btf, () => btf, 'kernel types'));
  if (!parsed.ok) return { found: 'nothing' };
  const wanted = essentialName(name);
  const func = findType(own, KIND.FUNC, name);
  const kind = func === 0 ? KIND.VAR : KIND.FUNC;
  const declared = func === 0 ? findType(own, KIND.VAR, name) : func;
  if (declared === 0) return { found: 'nothing' };
  const local = skipModifiers(own, referredType(own, declared));
  if (func === 0 && kindOf(own, local) === KIND.VOID) return { found: 'untyped' };
  const id = findType(parsed.value, kind, wanted);
  if (id === 0) return { found: 'nothing' };
  const fits = typesCompatible(own, local, parsed.value, skipModifiers(parsed.value, referredType(parsed.value, id)));
  return { found: fits ? 'typed' : 'other', id };
}
