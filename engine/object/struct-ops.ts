/** Variables of .struct_ops sections: which program implements which member of a kernel struct of operations. */
import {
  type BtfData,
  findType,
  KIND,
  kindOf,
  membersOf,
  nameOf,
  referredType,
  secVars,
  skipModifiers,
} from './btf.ts';
import { type ElfFile, type ElfReloc, malformed } from './elf.ts';
import type { Func, Functions } from './functions.ts';
import { u32At } from './le-bytes.ts';
import type { StructOpsMember, StructOpsSpec } from './spec.ts';

const SECTION = /^\??\.struct_ops(\.link)?$/;

/** Reads every variable of every .struct_ops section (init_struct_ops_maps, bpf_object__collect_st_ops_relos). */
export function readStructOps(elf: ElfFile, btf: BtfData | null, functions: Functions): StructOpsSpec[] {
  const all: StructOpsSpec[] = [];
  for (const section of elf.sections) {
    if (!SECTION.test(section.name) || section.data.length === 0) continue;
    const where = { section: section.name, offset: section.offset };
    const datasec = btf === null ? 0 : findType(btf, KIND.DATASEC, section.name);
    if (btf === null || datasec === 0)
      malformed(`section ${section.name} needs BTF to be understood; compile with -g`, where);
    const relocs = elf.relocs.get(section.index) ?? [];
    for (const variable of secVars(btf, datasec)) {
      const struct = skipModifiers(btf, referredType(btf, variable.type_id));
      const name = nameOf(btf, variable.type_id);
      if (kindOf(btf, struct) !== KIND.STRUCT) malformed(`${section.name}: ${name || '?'} is no struct`, where);
      const inside = relocs.filter((r) => r.offset >= variable.offset && r.offset < variable.offset + variable.size);
      const programs = new Map(inside.map((r) => [r.offset - variable.offset, programAt(r, section.data, functions)]));
      const members = membersOf(btf, struct).flatMap((member) => {
        const program = member.bit_offset % 8 === 0 ? programs.get(member.bit_offset / 8) : undefined;
        return program === undefined ? [] : [{ name: member.name, program: program.name }];
      });
      all.push({ name, type: nameOf(btf, struct), section: section.name, members });
    }
  }
  return all;
}

/** The program behind an address in the section; what else stands there is no member. */
function programAt(reloc: ElfReloc, data: Uint8Array, functions: Functions): Func | undefined {
  const { symbol } = reloc;
  const func = functions.at(symbol.section, symbol.value + u32At(data, reloc.offset));
  return func !== undefined && functions.programs.includes(func) ? func : undefined;
}

/** What a program implements: as a variable says, else by its section, `struct_ops/MEMBER`, where the object has one kind of table. */
export function structOpsOf(
  program: string,
  target: string,
  tables: readonly StructOpsSpec[],
): StructOpsMember | undefined {
  for (const { type, members } of tables) {
    const found = members.find((member) => member.program === program);
    if (found !== undefined) return { type, member: found.name };
  }
  const types = new Set(tables.map((table) => table.type));
  const [only] = types;
  return target !== '' && types.size === 1 ? { type: only!, member: target } : undefined;
}
