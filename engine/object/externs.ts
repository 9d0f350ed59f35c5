/** Symbols that the object leaves to the loader: .kconfig values, kernel variables and functions (.ksyms), weak ones nobody has. */
import { MAP_FLAG, MAP_TYPE } from '../uapi/map-types.ts';
import {
  type BtfData,
  intInfo,
  KIND,
  kindOf,
  LINKAGE,
  linkageOf,
  nameOf,
  referredType,
  secVars,
  skipModifiers,
  typeCount,
} from './btf.ts';
import { typeAlign, typeSize } from './btf-types.ts';
import { type ElfFile, type ElfSymbol, malformed, SHN, STB } from './elf.ts';
import { setU32, setUint } from './le-bytes.ts';
import type { MapSpec } from './spec.ts';

export const KCONFIG = '.kconfig';

const KCONFIG_MAX = 1 << 20;

export interface Extern {
  readonly name: string;
  readonly kind: 'kconfig' | 'variable' | 'function';
  readonly weak: boolean;
  /** Offset in .kconfig. */
  readonly offset: number;
  /** Why a program that uses it cannot be loaded, '' when it can. */
  readonly missing: string;
}

/**
 * What a kernel answers to .kconfig: options as its configuration file has them (`CONFIG_HZ` → `250`, `CONFIG_NET` → `y`),
 * without those that are not set, and LINUX_KERNEL_VERSION in decimals.
 */
export type KernelConfig = Readonly<Record<string, string>>;

/** The kernel that .kconfig answers for by itself: 6.18.0 with HZ 250. */
const VALUES: KernelConfig = {
  LINUX_KERNEL_VERSION: String((6 << 16) | (18 << 8)),
  LINUX_HAS_BPF_COOKIE: '1',
  LINUX_HAS_SYSCALL_WRAPPER: '1',
  CONFIG_HZ: '250',
};

/** Options that are `=y` in any kernel that runs BPF programs. */
const YES: ReadonlySet<string> = new Set([
  ...['CONFIG_BPF', 'CONFIG_BPF_SYSCALL', 'CONFIG_BPF_JIT', 'CONFIG_NET', 'CONFIG_INET', 'CONFIG_64BIT', 'CONFIG_SMP'],
]);

/** Externs by symbol index, and the .kconfig map when there is something in it (bpf_object__collect_externs). */
export function collectExterns(
  elf: ElfFile,
  btf: BtfData | null,
  config?: KernelConfig,
): { externs: Map<number, Extern>; kconfig: MapSpec | null } {
  const externs = new Map<number, Extern>();
  const undefinedSymbols = elf.symbols.filter((s) => s.section === SHN.UNDEF && s.bind !== STB.LOCAL && s.name !== '');
  if (undefinedSymbols.length === 0) return { externs, kconfig: null };
  const declared = btf === null ? new Map<string, Declared>() : declaredExterns(btf);
  const configured: { symbol: ElfSymbol; type_id: number }[] = [];
  for (const symbol of undefinedSymbols) {
    const weak = symbol.bind === STB.WEAK;
    const found = declared.get(symbol.name);
    if (found?.section === KCONFIG) {
      configured.push({ symbol, type_id: found.type_id });
      continue;
    }
    const kind = found?.kind ?? 'variable';
    externs.set(symbol.index, {
      name: symbol.name,
      kind,
      weak,
      offset: 0,
      missing: weak ? '' : missingText(symbol.name, found),
    });
  }
  return { externs, kconfig: btf === null ? null : layOutKconfig(btf, configured, externs, config) };
}

function missingText(name: string, found: Declared | undefined): string {
  if (found === undefined) return `${name} is declared but not defined, and BTF does not say what it is`;
  return found.kind === 'function'
    ? `kernel function ${name} (kfunc) is not supported`
    : `kernel variable ${name} (ksym) is not supported`;
}

interface Declared {
  readonly kind: 'variable' | 'function';
  readonly type_id: number;
  readonly section: string;
}

function declaredExterns(btf: BtfData): Map<string, Declared> {
  const found = new Map<string, Declared>();
  for (let id = 1; id < typeCount(btf); id++) {
    if (kindOf(btf, id) !== KIND.DATASEC) continue;
    const section = nameOf(btf, id);
    for (const { type_id } of secVars(btf, id)) {
      const kind = kindOf(btf, type_id) === KIND.FUNC ? 'function' : 'variable';
      if (linkageOf(btf, type_id) === LINKAGE.EXTERN) found.set(nameOf(btf, type_id), { kind, type_id, section });
    }
  }
  return found;
}

/** Values by falling alignment, then size, then name, as libbpf lays them out; the DATASEC in BTF gets the same offsets. */
function layOutKconfig(
  btf: BtfData,
  configured: readonly { symbol: ElfSymbol; type_id: number }[],
  externs: Map<number, Extern>,
  config: KernelConfig | undefined,
): MapSpec | null {
  if (configured.length === 0) return null;
  const values = configured
    .map((c) => ({
      ...c,
      size: Math.max(0, typeSize(btf, c.type_id)),
      align: typeAlign(btf, referredType(btf, c.type_id)) || 1,
    }))
    .sort((a, b) => b.align - a.align || b.size - a.size || (a.symbol.name < b.symbol.name ? -1 : 1));
  let end = 0;
  const offsets = new Map<number, number>();
  const writes: { at: number; size: number; value: bigint }[] = [];
  for (const { symbol, type_id, size, align } of values) {
    const at = Math.ceil(end / align) * align;
    end = at + size;
    offsets.set(type_id, at);
    const weak = symbol.bind === STB.WEAK;
    const value = kconfigValue(btf, stated(symbol.name, config), referredType(btf, type_id), size);
    if (value !== null) writes.push({ at, size, value });
    const missing =
      value !== null || weak ? '' : `${symbol.name} (.kconfig) is not set in the kernel this engine stands for`;
    externs.set(symbol.index, { name: symbol.name, kind: 'kconfig', weak, offset: at, missing });
  }
  if (end > KCONFIG_MAX) malformed(`${KCONFIG} would have ${end} bytes`, { section: KCONFIG, offset: 0 });
  const data = new Uint8Array(end);
  for (const { at, size, value } of writes) setUint(data, at, size, value);
  return kconfigMap(fixSection(btf, offsets, data.length), data);
}

/** What is stated of a name; a configuration that has options at all has all of them. */
function stated(name: string, config: KernelConfig | undefined): string | undefined {
  if (config?.[name] !== undefined) return config[name];
  if (config?.CONFIG_BPF !== undefined && name.startsWith('CONFIG_')) return undefined;
  return YES.has(name) ? 'y' : VALUES[name];
}

/** enum libbpf_tristate */
const TRISTATE: Readonly<Record<string, bigint>> = { n: 0n, y: 1n, m: 2n };

/** set_kcfg_value_tri and _num: the value as a number; null when nothing is stated, or it does not fit the type. */
function kconfigValue(btf: BtfData, text: string | undefined, type: number, size: number): bigint | null {
  if (text === undefined) return null;
  const id = skipModifiers(btf, type);
  const kind = kindOf(btf, id);
  const int = kind === KIND.INT ? intInfo(btf, id) : null;
  if (size > 8 || (int === null && kind !== KIND.ENUM && kind !== KIND.ENUM64)) return null;
  const tristate = TRISTATE[text];
  // A letter is itself for a char.
  if (tristate !== undefined && int !== null && !int.bool && size === 1) return BigInt(text.charCodeAt(0));
  const value = tristate ?? (/^-?(0x[0-9a-fA-F]+|\d+)$/.test(text) ? numberOf(text) : null);
  return value === null || (int?.bool === true && value > 1n) ? null : value;
}

function numberOf(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

function fixSection(btf: BtfData, offsets: ReadonlyMap<number, number>, size: number): number {
  for (let id = 1; id < typeCount(btf); id++) {
    if (kindOf(btf, id) !== KIND.DATASEC || nameOf(btf, id) !== KCONFIG) continue;
    setU32(btf.raw, btf.types[id]! + 8, size);
    for (const v of secVars(btf, id)) setU32(btf.raw, v.at + 4, offsets.get(v.type_id) ?? 0);
    return id;
  }
  return 0;
}

function kconfigMap(value_type_id: number, data: Uint8Array): MapSpec {
  return {
    name: KCONFIG,
    type: MAP_TYPE.ARRAY,
    key_size: 4,
    value_size: data.length,
    max_entries: 1,
    map_flags: MAP_FLAG.RDONLY_PROG | MAP_FLAG.MMAPABLE,
    map_extra: 0n,
    numa_node: 0,
    pinning: 0,
    key_type_id: 0,
    value_type_id,
    inner: null,
    values: [],
    data,
    section: KCONFIG,
  };
}
