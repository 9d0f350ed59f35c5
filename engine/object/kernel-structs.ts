/** Where members of kernel structs lie, by the types that CO-RE relocations were resolved against. */
import { type BtfData, findType, isComposite, KIND, membersOf, skipModifiers } from './btf.ts';
import { typeSize } from './btf-types.ts';
import type { KernelStruct } from './spec.ts';

const DEPTH_MAX = 8;

/** The structs among `names` that the types have; bit fields are left out. */
export function kernelStructs(btf: BtfData | null, names: readonly string[]): KernelStruct[] {
  if (btf === null) return [];
  return names.flatMap((name) => {
    const id = findType(btf, KIND.STRUCT, name);
    return id === 0 ? [] : [{ name, size: typeSize(btf, id), members: membersAt(btf, id, 0, 0) }];
  });
}

/** Members from `base` on; what anonymous structs and unions hold counts as the struct's own. */
function membersAt(btf: BtfData, id: number, base: number, depth: number): KernelStruct['members'] {
  if (depth > DEPTH_MAX) return [];
  return membersOf(btf, id).flatMap((member) => {
    const type = skipModifiers(btf, member.type_id);
    const offset = base + member.bit_offset / 8;
    if (member.name === '' && isComposite(btf, type)) return [...membersAt(btf, type, offset, depth + 1)];
    const size = typeSize(btf, member.type_id);
    const whole = Number.isInteger(offset) && member.bit_size === 0 && size > 0;
    return whole && member.name !== '' ? [{ name: member.name, offset, size }] : [];
  });
}
