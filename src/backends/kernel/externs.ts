/** Kernel functions and variables that programs name, found in the running kernel and its modules (bpf_object__resolve_externs). */
import { readFileSync } from 'node:fs';
import { kernelSymbol, type ObjectSpec, type ProgramSpec } from '../../../engine/index.ts';
import { type ModuleTypes, moduleTypes } from './modules.ts';
import { closeFd } from './syscall.ts';
import { kernelTypes } from './types.ts';

/** src_reg (include/uapi/linux/bpf.h). */
const PSEUDO = { BTF_ID: 3, KFUNC_CALL: 2 } as const;
const CALL = 0x85;

type Extern = ProgramSpec['relocs'][number];

/** Where the running kernel has it. */
type Place =
  /** By its id in the types of the kernel (`module` null) or a module. */
  | { readonly at: 'type'; readonly id: number; readonly module: ModuleTypes | null }
  | { readonly at: 'address'; readonly address: bigint };

/** The symbols that programs of one object ask for; descriptors of modules are kept until close(). */
export class KernelExterns {
  private readonly btf: NonNullable<ObjectSpec['btf']> | null;
  private modules: ModuleTypes[] | null = null;
  private readonly places = new Map<string, Place | string>();

  constructor(btf: ObjectSpec['btf']) {
    this.btf = btf;
  }

  /** Where a symbol is; else why it is not to be had, in words. */
  private place(name: string): Place | string {
    let place = this.places.get(name);
    if (place === undefined) {
      place = this.find(name);
      this.places.set(name, place);
    }
    return place;
  }

  private find(name: string): Place | string {
    const kernel = kernelTypes();
    if (this.btf === null || kernel === null)
      return `cannot be found: ${kernel === null ? 'this kernel shows' : 'the object has'} no BTF`;
    const own = kernelSymbol(this.btf, name, kernel);
    if (own.found === 'typed') return { at: 'type', id: own.id, module: null };
    if (own.found === 'untyped') return addressOf(name);
    let other = own.found === 'other';
    this.modules ??= moduleTypes();
    for (const module of this.modules) {
      const theirs = kernelSymbol(this.btf, name, module.btf);
      if (theirs.found === 'typed') return { at: 'type', id: theirs.id, module };
      other ||= theirs.found === 'other';
    }
    return other ? 'is declared with another type than the running kernel gives it' : 'is not in the running kernel';
  }

  /**
   * bpf_object__relocate_data for externs: fills in one reference, what is weak and not there with 0 or a call of nothing.
   * `slots`: place of each module's descriptor in the load's fd_array, added to as need be. A sentence when it cannot be had.
   */
  link(view: DataView, extern: Extern, slots: ModuleTypes[]): string | null {
    const place = this.place(extern.name);
    const at = extern.insn * 8;
    const call = view.getUint8(at) === CALL;
    if (typeof place === 'string') {
      if (extern.weak) return call ? null : fill(view, at, 0, 0n);
      return `${extern.kind === 'kfunc' ? 'the kernel function' : 'the kernel symbol'} ${extern.name} ${place}`;
    }
    if (place.at === 'address') return call ? `${extern.name} is no function` : fill(view, at, 0, place.address);
    const { id, module } = place;
    if (!call) return fill(view, at, PSEUDO.BTF_ID, BigInt(id) | (BigInt(module?.fd ?? 0) << 32n));
    view.setUint8(at + 1, PSEUDO.KFUNC_CALL << 4);
    view.setInt16(at + 2, module === null ? 0 : slotOf(slots, module), true);
    view.setInt32(at + 4, id, true);
    return null;
  }

  /** Closes what was opened on the way. */
  close(): void {
    for (const { fd } of this.modules ?? []) closeFd(fd);
    this.modules = null;
    this.places.clear();
  }
}

/** Place 0 of an fd_array means the kernel itself. */
function slotOf(slots: ModuleTypes[], module: ModuleTypes): number {
  const known = slots.indexOf(module);
  return known >= 0 ? known + 1 : slots.push(module);
}

/** A 64-bit load of a value: both halves, low first. */
function fill(view: DataView, at: number, source: number, value: bigint): null {
  view.setUint8(at + 1, (view.getUint8(at + 1) & 0x0f) | (source << 4));
  view.setInt32(at + 4, Number(BigInt.asIntN(32, value)), true);
  view.setInt32(at + 12, Number(BigInt.asIntN(32, value >> 32n)), true);
  return null;
}

let symbols: string | null = null;

/** bpf_object__read_kallsyms_file, for one name. */
function addressOf(name: string): Place | string {
  symbols ??= readFileSync('/proc/kallsyms', 'latin1');
  // Symbols of modules have the module's name behind a tab.
  const found = new RegExp(`^([0-9a-f]+) \\w ${RegExp.escape(name)}(?:\\t|$)`, 'm').exec(symbols);
  if (found === null) return 'is not in the running kernel (/proc/kallsyms)';
  const address = BigInt(`0x${found[1]}`);
  return address === 0n ? 'has no address for this user (kernel.kptr_restrict)' : { at: 'address', address };
}
