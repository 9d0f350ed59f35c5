/** Puts programs together: the entry function, then each subprogram it reaches, with calls, lines and references re-indexed. */
import { type Refusal, refuse } from '../errors.ts';
import { ERRNO } from '../uapi/errno.ts';
import { setImm, setSrc } from '../uapi/insn.ts';
import { LDDW, PSEUDO, PSEUDO_CALL } from '../uapi/opcodes.ts';
import type { BtfData } from './btf.ts';
import type { BtfExt } from './btf-ext.ts';
import type { CoreOutcome } from './core-relo.ts';
import type { Func } from './functions.ts';
import { FunctionLines } from './lines.ts';
import { type References, readReferences, type Symbols, worse } from './references.ts';
import type { LineInfo, PoisonedInsn, ProgReloc, SubprogSpec } from './spec.ts';

/** BPF_COMPLEXITY_LIMIT_INSNS: longer programs are refused with E2BIG. */
const INSNS_MAX = 1_000_000;
/** Instructions of all programs of an object together, each with its subprograms. */
const TOTAL_MAX = 4_000_000;

export interface LinkedProgram {
  readonly insns: Uint8Array;
  readonly subprogs: readonly SubprogSpec[];
  readonly relocs: readonly ProgReloc[];
  readonly poisoned: readonly PoisonedInsn[];
  readonly lines: readonly LineInfo[];
  readonly error: Refusal | null;
}

/** Links one program after the other and remembers what it learnt about each function. */
export class Linker {
  private readonly symbols: Symbols;
  private readonly lines: FunctionLines;
  private readonly core: CoreOutcome;
  private readonly references = new Map<string, References>();
  private total = 0;

  constructor(symbols: Symbols, btf: BtfData | null, ext: BtfExt | null, core: CoreOutcome) {
    this.symbols = symbols;
    this.lines = new FunctionLines(btf, ext);
    this.core = core;
  }

  /** The function and all it reaches, in the order that libbpf appends them (bpf_object__reloc_code). */
  link(entry: Func): LinkedProgram {
    const starts = this.layOut(entry);
    const count = [...starts.keys()].reduce((n, f) => n + f.size / 8, 0);
    const over = this.tooLong(entry, count);
    if (over !== null)
      return { insns: this.codeOf(entry).slice(), subprogs: [], relocs: [], poisoned: [], lines: [], error: over };
    this.total += count;
    const insns = new Uint8Array(count * 8);
    const relocs: ProgReloc[] = [];
    const poisoned: PoisonedInsn[] = [];
    const lines: LineInfo[] = [];
    let error: Refusal | null = null;
    for (const [func, start] of starts) {
      insns.set(this.codeOf(func), start * 8);
      const refs = this.referencesOf(func);
      for (const { insn, target } of refs.funcs) pointTo(insns, start + insn, starts.get(target)!);
      for (const reloc of refs.relocs) relocs.push({ ...reloc, insn: start + reloc.insn });
      for (const p of this.core.poisoned.get(func) ?? []) poisoned.push({ ...p, insn: start + p.insn });
      this.lines.append(func, start, lines);
      error = worse(error, this.core.failed.get(func) ?? null);
      error = worse(error, refs.error);
    }
    const subprogs = [...starts].map(([f, start]) => ({ name: f.name, start, type_id: f.type_id, global: f.global }));
    return { insns, subprogs, relocs, poisoned, lines, error: error === null ? null : inProgram(error, entry.name) };
  }

  private layOut(entry: Func): Map<Func, number> {
    const starts = new Map<Func, number>([[entry, 0]]);
    let end = entry.size / 8;
    // Depth first, without recursion: each frame is a function and the next of its references to look at.
    const stack = [{ refs: this.referencesOf(entry).funcs, next: 0 }];
    while (stack.length > 0) {
      const frame = stack[stack.length - 1]!;
      const ref = frame.refs[frame.next++];
      if (ref === undefined) stack.pop();
      else if (!starts.has(ref.target)) {
        starts.set(ref.target, end);
        end += ref.target.size / 8;
        stack.push({ refs: this.referencesOf(ref.target).funcs, next: 0 });
      }
    }
    return starts;
  }

  private tooLong(entry: Func, count: number): Refusal | null {
    const where = { section: entry.section.name, offset: entry.start, program: entry.name };
    if (count > INSNS_MAX) {
      return refuse(
        'open',
        ERRNO.E2BIG,
        `${entry.name} has ${count} instructions, more than the kernel's 1,000,000`,
        where,
      ).error;
    }
    if (this.total + count <= TOTAL_MAX) return null;
    return refuse(
      'open',
      ERRNO.E2BIG,
      `${entry.name}: the object's programs have over ${TOTAL_MAX} instructions together`,
      where,
    ).error;
  }

  private codeOf(func: Func): Uint8Array {
    return this.symbols.code.get(func.section.index)!.subarray(func.start, func.start + func.size);
  }

  private referencesOf(func: Func): References {
    // By place, for a function may have two names, and reading patches its code.
    const place = `${func.section.index}:${func.start}`;
    let refs = this.references.get(place);
    if (refs === undefined) {
      refs = readReferences(this.symbols, func);
      this.references.set(place, refs);
    }
    return refs;
  }
}

/** A call's imm, or a function pointer's, counts from the next instruction to the function's first. */
function pointTo(insns: Uint8Array, insn: number, target: number): void {
  const pointer = insns[insn * 8] === LDDW;
  setSrc(insns, insn, pointer ? PSEUDO.FUNC : PSEUDO_CALL);
  setImm(insns, insn, target - insn - 1);
  if (pointer) setImm(insns, insn + 1, 0);
}

function inProgram(error: Refusal, program: string): Refusal {
  return { ...error, where: { ...error.where, program } };
}
