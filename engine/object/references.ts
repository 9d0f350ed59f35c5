/** What the instructions of one function refer to: other functions, maps, data, externs. Worked out once, used by every program that reaches it. */
import { type Refusal, refuse, type Stage } from '../errors.ts';
import { ERRNO } from '../uapi/errno.ts';
import { immAt, readInsn } from '../uapi/insn.ts';
import { KFUNCS } from '../uapi/kfunc-protos.ts';
import { CLASS, JMP, LDDW, PSEUDO, PSEUDO_CALL } from '../uapi/opcodes.ts';
import { lowerBound } from './btf-ext.ts';
import type { ElfFile, ElfReloc } from './elf.ts';
import { SHN, STT } from './elf.ts';
import { type Extern, KCONFIG } from './externs.ts';
import type { Func, Functions } from './functions.ts';
import { setU32 } from './le-bytes.ts';
import type { PlacedMap } from './map-defs.ts';
import { POISON_KFUNC, poisonInsn } from './poison.ts';
import type { ProgReloc } from './spec.ts';

const CALL = CLASS.JMP | JMP.CALL;

/** A call of, or a pointer to, another function; `insn` counts from the start of the function it stands in. */
export interface FuncRef {
  readonly insn: number;
  readonly target: Func;
}

export interface References {
  readonly funcs: readonly FuncRef[];
  readonly relocs: readonly ProgReloc[];
  /** The first thing that cannot be resolved. */
  readonly error: Refusal | null;
}

/** Everything that references are resolved against. */
export interface Symbols {
  readonly elf: ElfFile;
  readonly functions: Functions;
  readonly externs: ReadonlyMap<number, Extern>;
  /** Map that is defined at a byte of a section. */
  mapAt(section: number, offset: number): PlacedMap | undefined;
  /** Names of data section maps by section index. */
  readonly data: ReadonlyMap<number, string>;
  /** Code of the executable sections, a copy that is patched. */
  readonly code: ReadonlyMap<number, Uint8Array>;
}

interface Scan {
  readonly symbols: Symbols;
  readonly func: Func;
  readonly code: Uint8Array;
  readonly funcs: FuncRef[];
  readonly relocs: ProgReloc[];
  error: Refusal | null;
}

/** Resolves every reference of a function and patches what needs no loader (externs that are not there) in its code. */
export function readReferences(symbols: Symbols, func: Func): References {
  const code = symbols.code.get(func.section.index)!.subarray(func.start, func.start + func.size);
  const scan: Scan = { symbols, func, code, funcs: [], relocs: [], error: null };
  const relocs = symbols.elf.relocs.get(func.section.index) ?? [];
  let next = relocs.length === 0 ? 0 : lowerBound(relocs.length, (i) => relocs[i]!.offset, func.start);
  for (let insn = 0; insn < code.length / 8; insn++) {
    const at = func.start + insn * 8;
    while (next < relocs.length && relocs[next]!.offset < at) next++;
    const reloc = relocs[next]?.offset === at ? relocs[next] : undefined;
    const wide = code[insn * 8] === LDDW;
    if (wide && insn * 8 + 16 > code.length) {
      fail(scan, insn, 'the last instruction is half of a 64-bit load');
      break;
    }
    if (code[insn * 8] === CALL) readCall(scan, insn, reloc);
    else if (wide) readLoad(scan, insn, reloc);
    else if (reloc !== undefined)
      fail(scan, insn, `there is a relocation on an instruction that takes none (opcode ${code[insn * 8]})`);
    if (wide) insn++;
  }
  return { funcs: scan.funcs, relocs: scan.relocs, error: scan.error };
}

function fail(scan: Scan, insn: number, message: string, stage: Stage = 'open', errno: number = ERRNO.EINVAL): void {
  const { section, name, start } = scan.func;
  const where = { section: section.name, offset: start + insn * 8, program: name };
  scan.error = worse(scan.error, refuse(stage, errno, `${name}: ${message}`, where).error);
}

/** Of two things wrong with a program the one to tell: a kernel symbol, which only this engine lacks, is so only where nothing else is. */
export function worse(a: Refusal | null, b: Refusal | null): Refusal | null {
  if (a === null || b === null) return a ?? b;
  return weight(b) > weight(a) ? b : a;
}

function weight({ stage, errno }: Refusal): number {
  if (stage !== 'unsupported') return 2;
  return errno === ERRNO.ESRCH ? 0 : 1;
}

/** A call between functions, or of a kernel function. */
function readCall(scan: Scan, insn: number, reloc: ElfReloc | undefined): void {
  const { func, symbols, code } = scan;
  const { src, imm } = readInsn(code, insn);
  if (reloc === undefined) {
    if (src === PSEUDO_CALL) addFunc(scan, insn, func.section.index, func.start + (insn + imm + 1) * 8);
    return;
  }
  const { symbol } = reloc;
  if (symbol.section === SHN.UNDEF) {
    callExtern(scan, insn, symbols.externs.get(symbol.index), symbol.name);
  } else if (symbols.code.has(symbol.section)) {
    addFunc(scan, insn, symbol.section, symbol.value + (imm + 1) * 8);
  } else {
    fail(scan, insn, `calls ${symbol.name || 'a symbol without a name'}, which is in no section with code`);
  }
}

function callExtern(scan: Scan, insn: number, ext: Extern | undefined, name: string): void {
  if (ext === undefined || (ext.missing !== '' && ext.kind !== 'function')) {
    fail(scan, insn, `calls ${name}, which is not defined anywhere`, 'open', 2);
    return;
  }
  scan.relocs.push({ insn, kind: 'kfunc', name, off: 0, weak: ext.weak });
  if (ext.weak) poisonInsn(scan.code, insn, POISON_KFUNC);
  else if (!KFUNCS.has(name)) fail(scan, insn, ext.missing, 'unsupported', ERRNO.ESRCH);
}

/** A 64-bit load of an address: map, data, function, extern. */
function readLoad(scan: Scan, insn: number, reloc: ElfReloc | undefined): void {
  if (reloc === undefined) {
    if (readInsn(scan.code, insn).src === PSEUDO.FUNC) fail(scan, insn, 'a function pointer has no relocation');
    return;
  }
  const { symbols } = scan;
  const { symbol } = reloc;
  const addend = immAt(scan.code, insn);
  const section = symbols.elf.sections[symbol.section];
  if (symbol.section === SHN.UNDEF) {
    loadExtern(scan, insn, symbols.externs.get(symbol.index), symbol.name);
  } else if (section === undefined) {
    fail(scan, insn, `refers to ${symbol.name || 'a symbol without a name'}, which is in no section`);
  } else if (symbols.code.has(symbol.section)) {
    addFunc(scan, insn, symbol.section, symbol.value + addend);
  } else if (symbols.data.has(symbol.section)) {
    const off = symbol.value + addend;
    const name = symbols.data.get(symbol.section)!;
    // array_map_direct_value_addr refuses this too.
    if (off < 0 || off >= section.size) fail(scan, insn, `refers to byte ${off} of ${name}, which has ${section.size}`);
    scan.relocs.push({ insn, kind: 'map_value', name, off, weak: false });
    clearLoad(scan.code, insn);
  } else {
    loadMap(scan, insn, symbol.section, symbol.value + (symbol.type === STT.SECTION ? addend : 0), symbol.name);
  }
}

function loadMap(scan: Scan, insn: number, section: number, offset: number, symbol: string): void {
  const map = scan.symbols.mapAt(section, offset);
  if (map === undefined) {
    const holder = scan.symbols.elf.sections[section]!.name;
    if (holder.startsWith('.addr_space.'))
      fail(scan, insn, `variables in arenas (${symbol}) are not supported`, 'unsupported', 0);
    fail(scan, insn, `refers to ${symbol} in section ${holder || `#${section}`}, which is neither a map nor data`);
    return;
  }
  scan.relocs.push({ insn, kind: 'map', name: map.spec.name, off: 0, weak: false });
  clearLoad(scan.code, insn);
}

function loadExtern(scan: Scan, insn: number, ext: Extern | undefined, name: string): void {
  clearLoad(scan.code, insn);
  if (ext === undefined) {
    fail(scan, insn, `refers to ${name}, which is not defined anywhere`, 'open', 2);
    return;
  }
  if (ext.kind === 'kconfig')
    scan.relocs.push({ insn, kind: 'map_value', name: KCONFIG, off: ext.offset, weak: false });
  else scan.relocs.push({ insn, kind: 'extern', name, off: 0, weak: ext.weak });
  if (ext.missing !== '' && !KFUNCS.has(name))
    fail(scan, insn, ext.missing, ext.kind === 'kconfig' ? 'open' : 'unsupported', ERRNO.ESRCH);
}

/** The open form of a reference: a plain load of 0 that the loader fills in. */
function clearLoad(code: Uint8Array, insn: number): void {
  code[insn * 8 + 1] = code[insn * 8 + 1]! & 15;
  setU32(code, insn * 8 + 4, 0);
  setU32(code, insn * 8 + 12, 0);
}

function addFunc(scan: Scan, insn: number, section: number, offset: number): void {
  const target = scan.symbols.functions.at(section, offset);
  if (target !== undefined) scan.funcs.push({ insn, target });
  else {
    const name = scan.symbols.elf.sections[section]?.name ?? '';
    fail(scan, insn, `calls byte ${offset} of ${name}, where no function starts`);
  }
}
