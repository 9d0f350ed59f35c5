/** Opens an object file: ELF, BTF, maps, externs, functions, CO-RE, links; the result is inert and plain. */
import type { Result } from '../errors.ts';
import { insnCount, readInsn } from '../uapi/insn.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { type BtfData, parseBtf, parseBtfOnce } from './btf.ts';
import { type BtfExt, parseBtfExt } from './btf-ext.ts';
import { type CoreOutcome, relocateCore } from './core-relo.ts';
import { dataMap, dataSectionTypes, fixDataSections, isDataSection } from './data-maps.ts';
import { type ElfFile, isElf, malformed, opening, parseElf, parseElfSections } from './elf.ts';
import { collectExterns, type KernelConfig } from './externs.ts';
import { type Func, findFunctions, isCode } from './functions.ts';
import { kernelStructs, socketStructs } from './kernel-structs.ts';
import { textAt } from './le-bytes.ts';
import { isLegacySection, type LegacyMap, readLegacyMaps } from './legacy-maps.ts';
import { type LinkedProgram, Linker } from './link.ts';
import { type PlacedMap, readBtfMaps } from './map-defs.ts';
import { fillMapValues, fillTaggedSlots } from './map-values.ts';
import { readSectionName } from './sections.ts';
import type { ObjectFile, ObjectSpec, ProgramSpec, StructOpsSpec } from './spec.ts';
import { readStructOps, structOpsOf } from './struct-ops.ts';

/** Structs that NETFILTER programs get from the kernel. */
const OP_CALL = 0x85;
const NETFILTER_STRUCTS = ['nf_hook_state', 'sk_buff', 'net_device'];

/** How an object is opened; everything may be left out. */
export interface OpenOpts {
  /** Types that CO-RE relocations are resolved against: raw BTF, or an ELF file with a .BTF section. Default: the object's own. */
  readonly btf?: Uint8Array;
  /** What to call them in messages. */
  readonly btf_name?: string;
  /** What .kconfig answers. Default: Linux 6.18 with HZ 250. */
  readonly config?: KernelConfig;
}

/**
 * Opens an ELF object for BPF as libbpf's bpf_object__open does. Refuses what is malformed with one sentence that names
 * section and offset; what concerns a single program stands in its `error`, and its siblings can be used.
 */
export function openObject(file: ObjectFile, opts: OpenOpts = {}): Result<ObjectSpec> {
  return opening(() => open(file, opts));
}

function open(file: ObjectFile, opts: OpenOpts): ObjectSpec {
  const elf = parseElf(file.bytes);
  const warnings: string[] = [];
  const btf = readBtf(elf);
  const ext = btf === null ? null : readBtfExt(elf, btf);
  const target = opts.btf === undefined ? btf : targetBtf(opts.btf, opts.btf_name ?? 'the given types');
  const targetName = opts.btf === undefined ? "the object's own types" : (opts.btf_name ?? 'the given types');
  const functions = findFunctions(elf, btf, ext);
  const { externs, kconfig } = collectExterns(elf, btf, opts.config);
  const placed = readMaps(elf, btf);
  const sections = elf.sections.filter(isDataSection);
  const types = dataSectionTypes(btf);
  const data = new Map(sections.map((s) => [s.index, s.name]));
  fillMapValues(elf, functions, placed);
  fillTaggedSlots(functions, placed, warnings);
  const code = new Map(elf.sections.filter(isCode).map((s) => [s.index, s.data.slice()]));
  const core = { functions, code, warnings, target_name: targetName };
  const relocated: CoreOutcome =
    btf !== null && ext !== null && target !== null
      ? relocateCore({ ...core, btf, ext, target })
      : { failed: new Map(), poisoned: new Map() };
  const linker = new Linker({ elf, functions, externs, mapAt: finder(placed), data, code }, btf, ext, relocated);
  const struct_ops = readStructOps(elf, btf, functions);
  const programs = functions.programs.map((func) => program(func, linker.link(func), { warnings, struct_ops, target }));
  warnAboutData(elf, warnings);
  return {
    path: file.path,
    license: license(elf),
    btf,
    programs,
    maps: [
      ...placed.map((m) => m.spec),
      ...sections.map((s) => dataMap(s, btf, types)),
      ...(kconfig === null ? [] : [kconfig]),
    ],
    ...(struct_ops.length === 0 ? {} : { struct_ops }),
    warnings,
    core_target: targetName,
  };
}

function readBtf(elf: ElfFile): BtfData | null {
  const section = elf.sections.find((s) => s.name === '.BTF');
  if (section === undefined || section.data.length === 0) return null;
  const btf = parseBtf(section.data);
  fixDataSections(elf, btf);
  return btf;
}

function readBtfExt(elf: ElfFile, btf: BtfData): BtfExt | null {
  const section = elf.sections.find((s) => s.name === '.BTF.ext');
  return section === undefined || section.data.length === 0 ? null : parseBtfExt(section.data, btf);
}

function targetBtf(file: Uint8Array, name: string): BtfData {
  const section = `BTF of ${name}`;
  if (!isElf(file)) return parseBtfOnce(file, () => file, section);
  return parseBtfOnce(file, () => btfSection(file, name), section);
}

function btfSection(file: Uint8Array, name: string): Uint8Array {
  const section = parseElfSections(file).find((s) => s.name === '.BTF');
  return section?.data ?? malformed(`${name} is an ELF file without a .BTF section`, { section: '.BTF', offset: 0 });
}

function readMaps(elf: ElfFile, btf: BtfData | null): PlacedMap[] {
  const maps: (PlacedMap | LegacyMap)[] = [];
  for (const section of elf.sections) {
    if (section.data.length === 0) continue;
    if (isLegacySection(section)) maps.push(...readLegacyMaps(elf, section));
    else if (section.name === '.maps') {
      if (btf === null)
        malformed('section .maps needs BTF to be understood; compile with -g', {
          section: '.maps',
          offset: section.offset,
        });
      maps.push(...readBtfMaps(section, btf));
    }
  }
  return maps;
}

function finder(maps: readonly PlacedMap[]): (section: number, offset: number) => PlacedMap | undefined {
  const places = new Map(maps.map((m) => [`${m.section}:${m.offset}`, m]));
  return (section, offset) => places.get(`${section}:${offset}`);
}

function license(elf: ElfFile): string {
  const section = elf.sections.find((s) => s.name === 'license');
  return section === undefined ? '' : textAt(section.data, 0, Math.min(section.data.length, 128));
}

/** What all programs of an object share. */
interface Around {
  readonly warnings: string[];
  readonly struct_ops: readonly StructOpsSpec[];
  /** Types that CO-RE went by. */
  readonly target: BtfData | null;
}

function program(func: Func, linked: LinkedProgram, { warnings, struct_ops: tables, target }: Around): ProgramSpec {
  const section = func.section.name;
  const { type, attach_type, attach_target, prog_flags, autoload, guessed } = readSectionName(section);
  if (guessed) warnings.push(`${func.name}: libbpf does not know section ${section}; its type is a guess by its name`);
  const struct_ops = type === PROG_TYPE.STRUCT_OPS ? structOpsOf(func.name, attach_target, tables) : undefined;
  return {
    ...(struct_ops === undefined ? {} : { struct_ops }),
    ...kernelStructsOf(type, linked, target),
    name: func.name,
    section,
    type,
    attach_type,
    attach_target,
    prog_flags,
    autoload,
    ...linked,
    tags: func.tags,
  };
}

/** bpf_skc_to_tcp6_sock to bpf_skc_to_udp6_sock */
const CASTS = { first: 136, last: 140 };

/** The structs that a program gets from the kernel: by its type, or because it casts sockets to them. */
function kernelStructsOf(
  type: number,
  { insns }: LinkedProgram,
  target: BtfData | null,
): Pick<ProgramSpec, 'kernel_structs'> {
  if (type === PROG_TYPE.NETFILTER) return { kernel_structs: kernelStructs(target, NETFILTER_STRUCTS) };
  for (let i = 0; i < insnCount(insns); i++) {
    const { op, src, imm } = readInsn(insns, i);
    const casts = op === OP_CALL && src === 0 && imm >= CASTS.first && imm <= CASTS.last;
    if (casts) return { kernel_structs: socketStructs(target) };
  }
  return {};
}

/** Pointers in data stay 0, as with libbpf. */
function warnAboutData(elf: ElfFile, warnings: string[]): void {
  for (const section of elf.sections) {
    const count = isDataSection(section) ? (elf.relocs.get(section.index)?.length ?? 0) : 0;
    if (section.name.startsWith('.struct_ops')) warnings.push(`${section.name}: struct_ops maps are not supported`);
    if (count > 0) warnings.push(`${section.name} holds ${count} addresses, which no loader fills in`);
  }
}
