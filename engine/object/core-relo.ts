/** Applies the CO-RE relocations of .BTF.ext to the code: candidates by name, one answer that all of them agree on, the patch. */
import { type Refusal, refuse } from '../errors.ts';
import { type BtfData, isEnum, kindOf, mayBeNamed, nameOf, typeCount } from './btf.ts';
import { type BtfExt, type CoreRecord, lowerBound } from './btf-ext.ts';
import { typeName } from './btf-types.ts';
import { essentialName } from './core-compat.ts';
import { type CorePatch, patchInsn } from './core-patch.ts';
import { CORE, type CoreSpec, matchSpec, parseSpec, pathText, type Work } from './core-spec.ts';
import { type CoreValue, coreValue } from './core-values.ts';
import type { Func, Functions } from './functions.ts';
import type { PoisonedInsn } from './spec.ts';

/** More types of one name than any kernel has. */
const CANDIDATES_MAX = 256;
const WORK_MAX = 20_000_000;
const WARNINGS_MAX = 20;

export interface CoreInput {
  readonly btf: BtfData;
  readonly ext: BtfExt;
  readonly target: BtfData;
  /** What the target is, in words. */
  readonly target_name: string;
  readonly functions: Functions;
  readonly code: ReadonlyMap<number, Uint8Array>;
  readonly warnings: string[];
}

interface Relocation {
  readonly patch: CorePatch;
  readonly what: string;
}

/** What relocations left behind in functions. */
export interface CoreOutcome {
  /** Functions that cannot be used, each with the reason. */
  readonly failed: Map<Func, Refusal>;
  /** Instructions without a target, counted from the start of the function. */
  readonly poisoned: Map<Func, PoisonedInsn[]>;
}

/** Patches every function (bpf_object__relocate_core). */
export function relocateCore(input: CoreInput): CoreOutcome {
  const resolver = new CoreResolver(input);
  const failed = new Map<Func, Refusal>();
  const poisoned = new Map<Func, PoisonedInsn[]>();
  let count = 0;
  for (const func of input.functions.all) {
    const code = input.code.get(func.section.index)!.subarray(func.start, func.start + func.size);
    for (const record of recordsOf(input.ext, func)) {
      const insn = (record.offset - func.start) / 8;
      const outcome = Number.isInteger(insn)
        ? resolver.apply(code, insn, record)
        : { error: 'it is between instructions' };
      if (typeof outcome === 'string') {
        const list = poisoned.get(func) ?? [];
        list.push({ insn, message: outcome });
        poisoned.set(func, list);
        if (count++ < WARNINGS_MAX)
          input.warnings.push(`${func.name}: ${outcome}: instruction ${insn} fails when it is reached`);
      } else if (outcome !== null && !failed.has(func)) {
        const where = { section: func.section.name, offset: record.offset, program: func.name };
        failed.set(
          func,
          refuse('open', 22, `${func.name}: CO-RE relocation at instruction ${insn}: ${outcome.error}`, where).error,
        );
      }
    }
  }
  if (count > WARNINGS_MAX) input.warnings.push(`${count - WARNINGS_MAX} more CO-RE relocations have no target`);
  return { failed, poisoned };
}

function recordsOf(ext: BtfExt, func: Func): readonly CoreRecord[] {
  const all = ext.relos.get(func.section.name) ?? [];
  const at = (offset: number) => lowerBound(all.length, (i) => all[i]!.offset, offset);
  return all.slice(at(func.start), at(func.start + func.size));
}

class CoreResolver {
  private readonly input: CoreInput;
  private readonly candidates = new Map<string, readonly number[]>();
  private readonly answers = new Map<string, Relocation | string>();
  private readonly work: Work = { left: WORK_MAX };

  constructor(input: CoreInput) {
    this.input = input;
  }

  /** null: done; a string: what is not there (the instruction is poisoned); else why the program cannot be used. */
  apply(code: Uint8Array, insn: number, record: CoreRecord): null | string | { readonly error: string } {
    const key = `${record.kind}:${record.type_id}:${record.access}`;
    let answer = this.answers.get(key);
    if (answer === undefined) {
      answer = this.resolve(record);
      this.answers.set(key, answer);
    }
    if (typeof answer === 'string') return { error: answer };
    const outcome = patchInsn(code, insn, answer.patch);
    if (outcome === 'ok') return null;
    return outcome === 'poisoned' ? this.poisonText(answer) : outcome;
  }

  private poisonText({ what, patch }: Relocation): string {
    if (patch.target === null) return `${what} is not in ${this.input.target_name}`;
    return `${what} has another size in ${this.input.target_name}`;
  }

  /** bpf_core_calc_relo_insn */
  private resolve(record: CoreRecord): Relocation | string {
    const { btf, target } = this.input;
    if (record.type_id >= typeCount(btf)) return `its type ${record.type_id} is not there`;
    const local = parseSpec(btf, record);
    if (typeof local === 'string') return local;
    const mine = coreValue(record.kind, local);
    if (typeof mine === 'string' || mine === null) return mine ?? 'it has no value in its own type';
    const what = pathText(local, typeName(btf, record.type_id));
    const same = { local: mine, target: mine, localBtf: btf, targetBtf: btf };
    if (record.kind === CORE.TYPE_ID_LOCAL) return { patch: same, what };
    if (nameOf(btf, record.type_id) === '') return 'its type has no name';
    const answer = this.agree(local, this.candidatesFor(record.type_id));
    if (typeof answer === 'string') return answer;
    return { patch: { local: mine, target: answer.value, localBtf: btf, targetBtf: target }, what };
  }

  /** The value that every candidate with such a path gives. */
  private agree(local: CoreSpec, candidates: readonly number[]): { readonly value: CoreValue | null } | string {
    let found: { spec: CoreSpec; value: CoreValue } | null = null;
    for (const id of candidates) {
      const spec = matchSpec(local, this.input.target, id, this.work);
      if (this.work.left < 0) return 'resolving the object takes too many steps';
      if (spec === null) continue;
      const value = coreValue(local.kind, spec);
      if (value === null || typeof value === 'string') return value ?? 'a candidate has no value';
      if (found === null) found = { spec, value };
      else if (found.spec.bit_offset !== spec.bit_offset || found.value.value !== value.value) {
        return `types of the same name disagree in ${this.input.target_name} (ids ${found.spec.root} and ${id})`;
      }
    }
    if (found !== null) return { value: found.value };
    const none = coreValue(local.kind, null);
    return typeof none === 'string' ? none : { value: none };
  }

  /** Types of the target with the same kind and name, flavours apart. */
  private candidatesFor(local: number): readonly number[] {
    const { btf, target } = this.input;
    const kind = isEnum(btf, local) ? -1 : kindOf(btf, local);
    const name = essentialName(nameOf(btf, local));
    // A type that is only in the object stands for itself: answers are kept for each.
    const key = target === btf ? `${kind} ${name} ${local}` : `${kind} ${name}`;
    let ids = this.candidates.get(key);
    if (ids === undefined) {
      ids = this.search(kind, name, local);
      this.candidates.set(key, ids);
    }
    return ids;
  }

  private search(kind: number, name: string, local: number): number[] {
    const { btf, target } = this.input;
    const own = target === btf;
    const ids: number[] = [];
    for (let id = 1; id < typeCount(target) && ids.length < CANDIDATES_MAX; id++) {
      const fits = kind === -1 ? isEnum(target, id) : kindOf(target, id) === kind;
      if (!fits || !mayBeNamed(target, id, name)) continue;
      const full = nameOf(target, id);
      // Among the object's own types a flavour is somebody's view of the real one, never the real one.
      if (full === name || (!own && essentialName(full) === name)) ids.push(id);
    }
    return own && ids.length === 0 ? [local] : ids;
  }
}
