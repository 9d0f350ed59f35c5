/** The ELF64 container: header, sections, symbols and relocations, every bound checked before it is used. */
import { type Refusal, type Result, refuse, type Where } from '../errors.ts';
import { textAt, u16At, u32At, u64At } from './le-bytes.ts';

export const SHT = { NULL: 0, PROGBITS: 1, SYMTAB: 2, STRTAB: 3, RELA: 4, NOBITS: 8, REL: 9 } as const;
const SHF_EXECINSTR = 4;
export const SHN = { UNDEF: 0, LORESERVE: 0xff00, ABS: 0xfff1, COMMON: 0xfff2, XINDEX: 0xffff } as const;
export const STT = { NOTYPE: 0, OBJECT: 1, FUNC: 2, SECTION: 3 } as const;
export const STB = { LOCAL: 0, GLOBAL: 1, WEAK: 2 } as const;

const EHDR_SIZE = 64;
const SHDR_SIZE = 64;
const SYM_SIZE = 24;
const REL_SIZE = 16;
const EM_NONE = 0;
const EM_BPF = 247;
const ET_REL = 1;
/** Longer names are cut. */
const NAME_MAX = 4096;

export interface ElfSection {
  readonly index: number;
  readonly name: string;
  readonly type: number;
  readonly executable: boolean;
  /** Where its content starts in the file. */
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly entsize: number;
  /** Content as a view of the file; empty for NOBITS. */
  readonly data: Uint8Array;
}

export interface ElfSymbol {
  readonly index: number;
  readonly name: string;
  readonly value: number;
  readonly size: number;
  readonly type: number;
  readonly bind: number;
  /** STV_INTERNAL or STV_HIDDEN: not seen from other objects. */
  readonly hidden: boolean;
  /** Section index, or an SHN value. */
  readonly section: number;
}

export interface ElfReloc {
  /** Byte offset in the section it applies to. */
  readonly offset: number;
  readonly type: number;
  readonly symbol: ElfSymbol;
}

export interface ElfFile {
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  /** Symbols by the index of their section. */
  readonly bySection: ReadonlyMap<number, readonly ElfSymbol[]>;
  /** Relocations of a section by its index, in file order. */
  readonly relocs: ReadonlyMap<number, readonly ElfReloc[]>;
}

/** Thrown inside this room only, for what is wrong deep in a table; `openObject` turns it into a Result. */
export class Malformed {
  readonly error: Refusal;
  constructor(error: Refusal) {
    this.error = error;
  }
}

/** Ends the opening of an object with one sentence. */
export function malformed(message: string, where: Where, errno = 22): never {
  throw new Malformed(refuse('open', errno, message, where).error);
}

/** Runs a step that may end in `malformed`. */
export function opening<T>(step: () => T): Result<T> {
  try {
    return { ok: true, value: step() };
  } catch (e) {
    if (e instanceof Malformed) return { ok: false, error: e.error };
    throw e;
  }
}

/** Parses an ELF64 little-endian relocatable file for BPF; ends in `malformed` for anything else. */
export function parseElf(bytes: Uint8Array): ElfFile {
  const table = sectionTable(bytes);
  const sections = readSections(bytes, table.offset, table.count, table.names);
  const symtab = sections.find((s) => s.type === SHT.SYMTAB);
  const symbols = symtab === undefined ? [] : readSymbols(sections, symtab);
  return { sections, symbols, bySection: groupBySection(symbols), relocs: readRelocs(sections, symbols, symtab) };
}

/** Parses any ELF64 little-endian file only to find its sections (a vmlinux with .BTF, say). */
export function parseElfSections(bytes: Uint8Array): readonly ElfSection[] {
  const table = sectionTable(bytes, true);
  return readSections(bytes, table.offset, table.count, table.names);
}

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

function sectionTable(bytes: Uint8Array, anyMachine = false): { offset: number; count: number; names: number } {
  const header = (message: string, offset: number) => malformed(message, { section: 'ELF header', offset }, 8);
  if (bytes.length === 0) header('the file is empty', 0);
  if (!isElf(bytes)) header('not an ELF file: it does not start with 7f 45 4c 46', 0);
  if (bytes.length < EHDR_SIZE) header(`ELF header is cut: the file has ${bytes.length} of 64 bytes`, bytes.length);
  if (bytes[4] !== 2) header('not a 64-bit ELF file (EI_CLASS)', 4);
  if (bytes[5] !== 1) header('not a little-endian ELF file (EI_DATA); big-endian BPF objects are not supported', 5);
  if (bytes[6] !== 1) header(`ELF version ${bytes[6]} is unknown (EI_VERSION)`, 6);
  const machine = u16At(bytes, 18);
  if (!anyMachine && u16At(bytes, 16) !== ET_REL) {
    header(`not a relocatable object (e_type ${u16At(bytes, 16)}); give the .o that the compiler wrote`, 16);
  }
  if (!anyMachine && machine !== EM_BPF && machine !== EM_NONE) {
    header(`not a BPF object: e_machine is ${machine}, BPF is 247; compile with -target bpf`, 18);
  }
  const offset = u64At(bytes, 40);
  if (offset === 0) header('ELF file without a section table (e_shoff is 0)', 40);
  if (u16At(bytes, 58) !== SHDR_SIZE) header(`section headers of ${u16At(bytes, 58)} bytes, not 64 (e_shentsize)`, 58);
  if (offset + SHDR_SIZE > bytes.length) header(`section table at ${offset} lies past the end of the file`, 40);
  const count = u16At(bytes, 60) || u64At(bytes, offset + 32);
  if (count === 0 || offset + count * SHDR_SIZE > bytes.length) {
    header(`section table of ${count} entries at ${offset} does not fit into the file's ${bytes.length} bytes`, 60);
  }
  const shstrndx = u16At(bytes, 62);
  const names = shstrndx === SHN.XINDEX ? u32At(bytes, offset + 40) : shstrndx;
  if (names >= count) header(`section names are in section ${names}, but there are ${count} (e_shstrndx)`, 62);
  return { offset, count, names };
}

function nameText(bytes: Uint8Array, at: number, end: number): string {
  return textAt(bytes, at, Math.min(end, at + NAME_MAX));
}

function readSections(bytes: Uint8Array, table: number, count: number, names: number): ElfSection[] {
  const bounds = (i: number) => ({
    offset: u64At(bytes, table + i * 64 + 24),
    size: u64At(bytes, table + i * 64 + 32),
  });
  const strings = bounds(names);
  if (strings.offset + strings.size > bytes.length) {
    malformed('section names lie past the end of the file', { section: '.shstrtab', offset: strings.offset });
  }
  const sections: ElfSection[] = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * SHDR_SIZE;
    const { offset, size } = bounds(i);
    const type = u32At(bytes, at + 4);
    const nameAt = u32At(bytes, at);
    if (nameAt !== 0 && nameAt >= strings.size) {
      malformed(`section ${i} has its name at ${nameAt}, past the end of the names`, { section: `#${i}`, offset: at });
    }
    const name = nameText(bytes, strings.offset + nameAt, strings.offset + strings.size);
    const filed = type !== SHT.NOBITS && type !== SHT.NULL;
    if (filed && offset + size > bytes.length) {
      const label = name || `#${i}`;
      malformed(
        `section ${label} (${size} bytes at ${offset}) reaches past the end of the file, which has ${bytes.length} bytes`,
        { section: label, offset },
      );
    }
    sections.push({
      index: i,
      name,
      type,
      executable: (u32At(bytes, at + 8) & SHF_EXECINSTR) !== 0,
      offset,
      size: type === SHT.NULL ? 0 : size,
      link: u32At(bytes, at + 40),
      info: u32At(bytes, at + 44),
      entsize: u64At(bytes, at + 56),
      data: filed ? bytes.subarray(offset, offset + size) : bytes.subarray(0, 0),
    });
  }
  return sections;
}

function readSymbols(sections: readonly ElfSection[], symtab: ElfSection): ElfSymbol[] {
  const strings = sections[symtab.link];
  const where = { section: symtab.name, offset: symtab.offset };
  if (symtab.size % SYM_SIZE !== 0)
    malformed(`symbol table ${symtab.name} has ${symtab.size} bytes, not a multiple of 24`, where);
  if (strings === undefined || strings.type !== SHT.STRTAB)
    malformed(`symbol table ${symtab.name} has no string table`, where);
  const data = symtab.data;
  const symbols: ElfSymbol[] = [];
  for (let at = 0; at < data.length; at += SYM_SIZE) {
    const index = at / SYM_SIZE;
    const nameAt = u32At(data, at);
    const section = u16At(data, at + 6);
    if (nameAt !== 0 && nameAt >= strings.data.length) {
      malformed(`symbol ${index} has its name past the end of ${strings.name}`, {
        section: symtab.name,
        offset: symtab.offset + at,
      });
    }
    if (section < SHN.LORESERVE && section >= sections.length) {
      malformed(`symbol ${index} is in section ${section}, but there are ${sections.length}`, {
        section: symtab.name,
        offset: symtab.offset + at + 6,
      });
    }
    const type = data[at + 4]! & 15;
    symbols.push({
      index,
      name:
        type === STT.SECTION ? (sections[section]?.name ?? '') : nameText(strings.data, nameAt, strings.data.length),
      value: u64At(data, at + 8),
      size: u64At(data, at + 16),
      type,
      bind: data[at + 4]! >> 4,
      hidden: (data[at + 5]! & 3) === 1 || (data[at + 5]! & 3) === 2,
      section,
    });
  }
  return symbols;
}

function groupBySection(symbols: readonly ElfSymbol[]): Map<number, ElfSymbol[]> {
  const groups = new Map<number, ElfSymbol[]>();
  for (const symbol of symbols) {
    const group = groups.get(symbol.section);
    if (group === undefined) groups.set(symbol.section, [symbol]);
    else group.push(symbol);
  }
  return groups;
}

/** Symbols with a name in a section. */
export function symbolsIn(elf: ElfFile, section: number): ElfSymbol[] {
  return (elf.bySection.get(section) ?? []).filter((s) => s.name !== '');
}

/** Relocations of sections other than debug information, whose values nobody here reads. */
function readRelocs(sections: readonly ElfSection[], symbols: readonly ElfSymbol[], symtab: ElfSection | undefined) {
  const relocs = new Map<number, ElfReloc[]>();
  for (const section of sections) {
    if (section.type !== SHT.REL && section.type !== SHT.RELA) continue;
    const where = { section: section.name, offset: section.offset };
    const target = sections[section.info];
    if (target === undefined || section.info === 0) {
      malformed(`relocations ${section.name} apply to section ${section.info}, which is not there`, where);
    }
    if (/^\.(debug|BTF|eh_frame|llvm)/.test(target.name)) continue;
    if (section.type === SHT.RELA)
      malformed(`${section.name} has relocations with addends (RELA), which BPF objects do not use`, where);
    if (section.link !== symtab?.index) malformed(`relocations ${section.name} name no symbol table`, where);
    if (section.size % REL_SIZE !== 0)
      malformed(`${section.name} has ${section.size} bytes, not a multiple of 16`, where);
    const list = relocs.get(target.index) ?? [];
    readRelocTable(section, target, symbols, list);
    relocs.set(target.index, list);
  }
  return relocs;
}

function readRelocTable(
  section: ElfSection,
  target: ElfSection,
  symbols: readonly ElfSymbol[],
  into: ElfReloc[],
): void {
  const data = section.data;
  for (let at = 0; at < data.length; at += REL_SIZE) {
    const offset = u64At(data, at);
    const symbol = symbols[u32At(data, at + 12)];
    const where = { section: section.name, offset: section.offset + at };
    if (symbol === undefined)
      malformed(
        `relocation ${at / REL_SIZE} of ${target.name} names symbol ${u32At(data, at + 12)}, which is not there`,
        where,
      );
    if (offset + 8 > target.data.length) {
      malformed(
        `relocation ${at / REL_SIZE} is at ${offset} of ${target.name}, which has ${target.data.length} bytes`,
        where,
      );
    }
    into.push({ offset, type: u32At(data, at + 8), symbol });
  }
}
