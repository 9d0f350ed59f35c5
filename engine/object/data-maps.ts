/** .rodata, .data, .bss and their custom kin as array maps of one element, as libbpf makes them. */
import { MAP_FLAG, MAP_TYPE } from '../uapi/map-types.ts';
import { type BtfData, KIND, kindOf, LINKAGE, linkageOf, nameOf, secVars, setStatic, typeCount } from './btf.ts';
import { type ElfFile, type ElfSection, type ElfSymbol, malformed, SHN, SHT, STB, STT } from './elf.ts';
import { setU32 } from './le-bytes.ts';
import type { MapSpec } from './spec.ts';

/** A .bss of more is refused: the kernel's limit for a value is INT_MAX, but nobody means that. */
const BSS_MAX = 256 << 20;

const DATA_SECTION = /^\.(rodata|data|bss)($|\.)/;

/** Whether a section becomes a map of its own content. */
export function isDataSection(section: ElfSection): boolean {
  if (section.size === 0 || !DATA_SECTION.test(section.name)) return false;
  return section.type === SHT.NOBITS ? !section.name.startsWith('.rodata') : section.type === SHT.PROGBITS;
}

/** The map of a data section (bpf_object__init_internal_map). */
export function dataMap(section: ElfSection, btf: BtfData | null, types: ReadonlyMap<string, number>): MapSpec {
  if (section.size > BSS_MAX) {
    malformed(`section ${section.name} wants ${section.size} bytes, more than ${BSS_MAX}`, {
      section: section.name,
      offset: section.offset,
    });
  }
  const value_type_id = types.get(section.name) ?? 0;
  const readOnly = section.name.startsWith('.rodata') ? MAP_FLAG.RDONLY_PROG : 0;
  return {
    name: section.name,
    type: MAP_TYPE.ARRAY,
    key_size: 4,
    value_size: section.size,
    max_entries: 1,
    map_flags: readOnly | (btf !== null && isMmapable(btf, value_type_id) ? MAP_FLAG.MMAPABLE : 0),
    map_extra: 0n,
    numa_node: 0,
    pinning: 0,
    key_type_id: 0,
    value_type_id,
    inner: null,
    values: [],
    data: section.type === SHT.NOBITS ? new Uint8Array(section.size) : section.data.slice(),
    section: section.name,
  };
}

/** Ids of the DATASECs by name. */
export function dataSectionTypes(btf: BtfData | null): Map<string, number> {
  const types = new Map<string, number>();
  for (let id = 1; btf !== null && id < typeCount(btf); id++) {
    if (kindOf(btf, id) === KIND.DATASEC) types.set(nameOf(btf, id), id);
  }
  return types;
}

/** map_is_mmapable: at least one variable is not static. */
function isMmapable(btf: BtfData, id: number): boolean {
  return secVars(btf, id).some(
    (v) => kindOf(btf, v.type_id) === KIND.VAR && linkageOf(btf, v.type_id) !== LINKAGE.STATIC,
  );
}

/**
 * Fills in what the compiler leaves open in BTF: sizes of data sections and offsets of their global variables;
 * hidden variables become static (btf_fixup_datasec).
 */
export function fixDataSections(elf: ElfFile, btf: BtfData): void {
  const globals = new Map<string, ElfSymbol>();
  for (const s of elf.symbols) {
    const defined = s.section !== SHN.UNDEF && s.section < SHN.LORESERVE && s.bind !== STB.LOCAL;
    if (defined && s.type !== STT.SECTION && s.type !== STT.FUNC) globals.set(s.name, s);
  }
  const sections = new Map(elf.sections.map((s) => [s.name, s]));
  for (const [name, id] of dataSectionTypes(btf)) {
    const at = btf.types[id]! + 8;
    const section = sections.get(name);
    if (section === undefined) continue;
    const open = btf.raw[at] === 0 && btf.raw[at + 1] === 0 && btf.raw[at + 2] === 0 && btf.raw[at + 3] === 0;
    if (open) setU32(btf.raw, at, Math.min(section.size, 0xffff_ffff));
    for (const v of secVars(btf, id)) {
      if (kindOf(btf, v.type_id) !== KIND.VAR || linkageOf(btf, v.type_id) !== LINKAGE.GLOBAL) continue;
      const symbol = globals.get(nameOf(btf, v.type_id));
      if (symbol === undefined) continue;
      // Also where the size was filled in: linkers left offsets of variables that came from another file at 0.
      if (symbol.section === section.index) setU32(btf.raw, v.at + 4, symbol.value);
      if (symbol.hidden) setStatic(btf, v.type_id);
    }
    sortVars(btf, id);
  }
}

/** Variables in the order of their offsets, which the kernel asks for. */
function sortVars(btf: BtfData, id: number): void {
  const vars = secVars(btf, id).sort((a, b) => a.offset - b.offset);
  const base = btf.types[id]! + 12;
  for (const [i, v] of vars.entries()) {
    setU32(btf.raw, base + i * 12, v.type_id);
    setU32(btf.raw, base + i * 12 + 4, v.offset);
    setU32(btf.raw, base + i * 12 + 8, v.size);
  }
}
