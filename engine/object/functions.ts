/** Functions in the executable sections: which are programs, which subprograms, and what BTF says about each. */
import { type BtfData, KIND, kindOf, nameOf, referredType, setStatic, tagComponent, typeCount } from './btf.ts';
import type { BtfExt } from './btf-ext.ts';
import { type ElfFile, type ElfSection, type ElfSymbol, malformed, SHT, STB, STT, symbolsIn } from './elf.ts';

export interface Func {
  readonly name: string;
  readonly section: ElfSection;
  /** Bytes in the section. */
  readonly start: number;
  readonly size: number;
  /** Can be called from other objects: neither static nor hidden. */
  readonly global: boolean;
  readonly local: boolean;
  /** Id of the FUNC, 0 if unknown. */
  readonly type_id: number;
  readonly tags: readonly string[];
}

export interface Functions {
  readonly all: readonly Func[];
  /** Entry functions in file order. */
  readonly programs: readonly Func[];
  /** Function that starts at a byte of a section. */
  at(section: number, offset: number): Func | undefined;
}

const TEXT = '.text';

export function isCode(section: ElfSection): boolean {
  return section.executable && section.type === SHT.PROGBITS && section.size > 0;
}

/** `tail:MAP/SLOT`, the tag of a static function that stands in a program array. */
export const TAIL_TAG = /^tail:([^/]+)\/(.+)$/;

/** Finds all functions (bpf_object__add_programs, prog_is_subprog). */
export function findFunctions(elf: ElfFile, btf: BtfData | null, ext: BtfExt | null): Functions {
  const types = btf === null ? new Map<string, number>() : functionTypes(btf);
  const tags = btf === null ? new Map<number, string[]>() : functionTags(btf);
  const all: Func[] = [];
  for (const section of elf.sections) {
    if (!isCode(section)) continue;
    if (section.size % 8 !== 0) {
      malformed(`section ${section.name} has ${section.size} bytes of code, not a multiple of 8`, {
        section: section.name,
        offset: section.offset,
      });
    }
    const symbols = functionSymbols(elf, section);
    let end = { name: '', start: 0, size: 0 };
    for (const [i, symbol] of symbols.entries()) {
      const size = functionSize(section, symbol, symbols, i);
      end = refuseOverlap(section, end, { name: symbol.name, start: symbol.value, size });
      const type_id = ext?.funcs.get(section.name)?.get(symbol.value) ?? types.get(symbol.name) ?? 0;
      const known = btf !== null && kindOf(btf, type_id) === KIND.FUNC ? type_id : 0;
      const local = symbol.bind === STB.LOCAL;
      if (symbol.hidden && !local && known !== 0 && btf !== null) setStatic(btf, known);
      all.push({
        name: symbol.name,
        section,
        start: symbol.value,
        size,
        global: !local && !symbol.hidden,
        local,
        type_id: known,
        tags: tags.get(known) ?? [],
      });
    }
  }
  return index(all);
}

function index(all: readonly Func[]): Functions {
  const starts = new Map<string, Func>();
  for (const f of all) {
    const key = `${f.section.index}:${f.start}`;
    if (!starts.has(key) || !f.local) starts.set(key, f);
  }
  const isProgram = (f: Func) => {
    if (f.section.name === TEXT) return all.length === 1;
    return !f.local || f.tags.some((t) => TAIL_TAG.test(t));
  };
  return { all, programs: all.filter(isProgram), at: (section, offset) => starts.get(`${section}:${offset}`) };
}

/** FUNC symbols; very old compilers left the type out, so symbols without a type count where there are no others. */
function functionSymbols(elf: ElfFile, section: ElfSection): ElfSymbol[] {
  const here = symbolsIn(elf, section.index);
  const typed = here.filter((s) => s.type === STT.FUNC);
  const symbols = typed.length > 0 ? typed : here.filter((s) => s.type === STT.NOTYPE && s.bind !== STB.LOCAL);
  return symbols.sort((a, b) => a.value - b.value);
}

function functionSize(section: ElfSection, symbol: ElfSymbol, symbols: readonly ElfSymbol[], i: number): number {
  const where = { section: section.name, offset: symbol.value, program: symbol.name };
  let size = symbol.size;
  if (size === 0) {
    let next = i + 1;
    while (symbols[next]?.value === symbol.value) next++;
    size = (symbols[next]?.value ?? section.size) - symbol.value;
  }
  if (symbol.value % 8 !== 0 || size % 8 !== 0 || size <= 0) {
    malformed(
      `function ${symbol.name} of ${size} bytes at ${symbol.value} of ${section.name} does not consist of instructions`,
      where,
    );
  }
  if (symbol.value + size > section.size) {
    malformed(
      `function ${symbol.name} (${size} bytes at ${symbol.value}) reaches past the end of ${section.name} at ${section.size}`,
      where,
    );
  }
  return size;
}

interface Extent {
  readonly name: string;
  readonly start: number;
  readonly size: number;
}

/** Two names for one function are fine, parts of one in another are not. */
function refuseOverlap(section: ElfSection, before: Extent, here: Extent): Extent {
  const apart = here.start >= before.start + before.size;
  if (!apart && (here.start !== before.start || here.size !== before.size)) {
    malformed(`functions ${before.name} and ${here.name} overlap in ${section.name}`, {
      section: section.name,
      offset: here.start,
      program: here.name,
    });
  }
  return here;
}

function functionTypes(btf: BtfData): Map<string, number> {
  const types = new Map<string, number>();
  for (let id = 1; id < typeCount(btf); id++) {
    if (kindOf(btf, id) === KIND.FUNC) types.set(nameOf(btf, id), id);
  }
  return types;
}

/** Decl tags of functions themselves (not of their parameters). */
function functionTags(btf: BtfData): Map<number, string[]> {
  const tags = new Map<number, string[]>();
  for (let id = 1; id < typeCount(btf); id++) {
    if (kindOf(btf, id) !== KIND.DECL_TAG || tagComponent(btf, id) !== -1) continue;
    const target = referredType(btf, id);
    if (kindOf(btf, target) !== KIND.FUNC) continue;
    const list = tags.get(target) ?? [];
    list.push(nameOf(btf, id));
    tags.set(target, list);
  }
  return tags;
}
