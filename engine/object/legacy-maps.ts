/** Map definitions without BTF: struct bpf_map_def in `maps` and `maps/NAME`, with the extra fields of those who extended it. */
import { MAP_FLAG } from '../uapi/map-types.ts';
import { type ElfFile, type ElfSection, type ElfSymbol, malformed, STT, symbolsIn } from './elf.ts';
import { u32At } from './le-bytes.ts';
import { emptyMap, type PlacedMap } from './map-defs.ts';
import type { MapSpec } from './spec.ts';

/** type, key_size, value_size, max_entries; map_flags may be left out. */
const LEAST = 16;

/** Bytes of a definition → who writes it and what follows map_flags. */
const LAYOUT = {
  /** Kernel samples: inner_map_idx, numa_node. */
  SAMPLES: 28,
  /** iproute2's struct bpf_elf_map: id, pinning, inner_id, inner_idx. */
  IPROUTE2: 36,
} as const;

export interface LegacyMap extends PlacedMap {
  /** iproute2's id, which program sections named ID/SLOT refer to; 0 for others. */
  readonly id: number;
}

export function isLegacySection(section: ElfSection): boolean {
  return section.name === 'maps' || section.name.startsWith('maps/');
}

/** Reads every definition of a section: one a symbol, or a single one where there are no symbols. */
export function readLegacyMaps(elf: ElfFile, section: ElfSection): LegacyMap[] {
  const symbols = symbolsIn(elf, section.index)
    .filter((s) => s.type !== STT.SECTION && s.type !== STT.FUNC)
    .sort((a, b) => a.value - b.value);
  if (symbols.length === 0) {
    const name = section.name.startsWith('maps/') ? section.name.slice(5) : section.name;
    return [readOne(section, name, 0, section.size)];
  }
  const maps = symbols.map((symbol, i) => {
    const end = symbols[i + 1]?.value ?? section.size;
    return readOne(section, symbol.name, symbol.value, extent(section, symbol, end));
  });
  return maps.map((map, i) => withInner(map, maps, i, section));
}

function extent(section: ElfSection, symbol: ElfSymbol, end: number): number {
  const size = symbol.size > 0 ? symbol.size : end - symbol.value;
  if (symbol.value + size > section.data.length) {
    malformed(`map ${symbol.name} reaches past the end of ${section.name}`, {
      section: section.name,
      offset: symbol.value,
    });
  }
  return size;
}

function readOne(section: ElfSection, name: string, offset: number, size: number): LegacyMap {
  if (size < LEAST || offset + LEAST > section.data.length) {
    malformed(`map ${name} in ${section.name} has ${size} bytes, fewer than the 16 of a definition`, {
      section: section.name,
      offset,
    });
  }
  const word = (i: number) => (i * 4 + 4 <= size ? u32At(section.data, offset + i * 4) : 0);
  const spec = emptyMap(name, section.name);
  [spec.type, spec.key_size, spec.value_size, spec.max_entries, spec.map_flags] = [
    word(0),
    word(1),
    word(2),
    word(3),
    word(4),
  ];
  if (size === LAYOUT.SAMPLES && (spec.map_flags & MAP_FLAG.NUMA_NODE) !== 0) spec.numa_node = word(6);
  const iproute2 = size === LAYOUT.IPROUTE2;
  if (iproute2 && word(6) !== 0) spec.pinning = 1;
  return {
    spec: { ...spec, values: [] },
    section: section.index,
    offset,
    size,
    values_at: -1,
    id: iproute2 ? word(5) : 0,
  };
}

/** Template of a map of maps: the definition that inner_map_idx (samples) or inner_id (iproute2) names. */
function withInner(map: LegacyMap, all: readonly LegacyMap[], index: number, section: ElfSection): LegacyMap {
  const { type } = map.spec;
  if (type !== 12 && type !== 13) return map;
  const word = (i: number) => u32At(section.data, map.offset + i * 4);
  let inner: MapSpec | undefined;
  if (map.size === LAYOUT.SAMPLES) inner = all[word(5)]?.spec;
  if (map.size === LAYOUT.IPROUTE2) inner = all.find((m, i) => i !== index && m.id !== 0 && m.id === word(7))?.spec;
  return inner === undefined
    ? map
    : { ...map, spec: { ...map.spec, inner: { ...inner, name: `${map.spec.name}.inner` } } };
}
