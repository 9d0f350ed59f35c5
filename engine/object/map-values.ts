/** Static slots of maps: `.values` initialisers of .maps, `tail:MAP/SLOT` tags, and sections named ID/SLOT. */
import { MAP_TYPE } from '../uapi/map-types.ts';
import { type ElfFile, type ElfReloc, type ElfSection, malformed } from './elf.ts';
import { type Functions, TAIL_TAG } from './functions.ts';
import { u32At } from './le-bytes.ts';
import type { LegacyMap } from './legacy-maps.ts';
import type { PlacedMap } from './map-defs.ts';

const POINTER_SIZE = 8;

/** Reads the relocations of .maps into the `values` of maps (bpf_object__collect_map_relos). */
export function fillMapValues(elf: ElfFile, functions: Functions, maps: readonly PlacedMap[]): void {
  for (const [index, relocs] of elf.relocs) {
    const section = elf.sections[index]!;
    if (section.name !== '.maps') continue;
    for (const reloc of relocs) fillOne(section, reloc, functions, maps);
  }
}

function fillOne(section: ElfSection, reloc: ElfReloc, functions: Functions, maps: readonly PlacedMap[]): void {
  const where = { section: section.name, offset: reloc.offset };
  const bad = (message: string): never => malformed(`${section.name}: ${message}`, where);
  const map = maps.find(
    (m) => m.section === section.index && reloc.offset >= m.offset && reloc.offset < m.offset + m.size,
  );
  if (map === undefined) malformed(`${section.name}: the address at ${reloc.offset} belongs to no map`, where);
  const at = reloc.offset - map.offset - map.values_at;
  if (map.values_at < 0 || at < 0 || at % POINTER_SIZE !== 0)
    bad(`map ${map.spec.name} holds an address that is no slot of values`);
  const { symbol } = reloc;
  const place = symbol.value + u32At(section.data, reloc.offset);
  const slot = at / POINTER_SIZE;
  if (map.spec.type === MAP_TYPE.PROG_ARRAY) {
    const func = functions.at(symbol.section, place);
    if (func === undefined || !functions.programs.includes(func))
      bad(`slot ${slot} of ${map.spec.name} is ${symbol.name}, which is no program`);
    map.spec.values.push({ index: slot, name: func!.name });
  } else {
    const inner = maps.find((m) => m.section === symbol.section && m.offset === place);
    if (inner === undefined) bad(`slot ${slot} of ${map.spec.name} is ${symbol.name}, which is no map`);
    map.spec.values.push({ index: slot, name: inner!.spec.name });
  }
}

/** Puts programs that say by tag or section name which slot they belong into there. */
export function fillTaggedSlots(functions: Functions, maps: readonly PlacedMap[], warnings: string[]): void {
  for (const func of functions.programs) {
    for (const tag of func.tags) {
      const match = TAIL_TAG.exec(tag);
      if (match === null) continue;
      const map = maps.find((m) => m.spec.name === match[1]);
      const slot = Number(match[2]);
      if (map === undefined) warnings.push(`${func.name}: its tag ${tag} names no map`);
      else if (!Number.isInteger(slot) || slot < 0) warnings.push(`${func.name}: its tag ${tag} names no slot`);
      else map.spec.values.push({ index: slot, name: func.name });
    }
    fillNumbered(func.section.name, func.name, maps);
  }
}

/** iproute2: a program in section `2/7` stands in slot 7 of the map whose id is 2. */
function fillNumbered(section: string, program: string, maps: readonly (PlacedMap | LegacyMap)[]): void {
  const match = /^(0x[0-9a-f]+|\d+)\/(0x[0-9a-f]+|\d+)$/i.exec(section);
  if (match === null) return;
  const id = Number(match[1]);
  const map = maps.find((m) => 'id' in m && m.id === id && m.spec.type === MAP_TYPE.PROG_ARRAY);
  map?.spec.values.push({ index: Number(match[2]), name: program });
}
