/** A program that was accepted: patched for its world, translated to WebAssembly, instantiated when it is first run or reached. */
import { invariant, ok, type Refusal, type Result } from '../errors.ts';
import { compileProgram } from '../jit/compile.ts';
import { decodeProgram } from '../jit/decode.ts';
import type { CompiledProgram, JitInput, MapFacts } from '../jit/types.ts';
import { PRIV } from '../layout.ts';
import type { ProgramSpec } from '../object/spec.ts';
import { type CtxStruct, ctxStructOf } from '../uapi/contexts.ts';
import { ERRNO } from '../uapi/errno.ts';
import { CALLS } from '../uapi/kfunc-protos.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { type BadCtxAccess, badCtxAccess } from '../verifier/ctx-check.ts';
import { type FrozenData, frozenData, sameData } from './frozen-data.ts';
import { placedSentence, whereOf } from './lines.ts';
import type { Form, LoadedProgram, RunFunction } from './loaded-program.ts';
import { factsOf } from './map-facts.ts';
import type { Patched } from './patch-program.ts';
import type { World } from './types.ts';

/** Types whose programs may use LD_ABS and LD_IND (may_access_skb). */
const LD_ABS_TYPES: ReadonlySet<number> = new Set<number>([
  ...[PROG_TYPE.SOCKET_FILTER, PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT],
]);
/** Types whose programs may store into the packet (may_access_direct_pkt_data). */
const PACKET_WRITERS: ReadonlySet<number> = new Set<number>([
  ...[PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.XDP, PROG_TYPE.LWT_XMIT, PROG_TYPE.SK_SKB, PROG_TYPE.SK_MSG],
]);

interface Translated {
  readonly compiled: CompiledProgram;
  readonly module: WebAssembly.Module;
}

interface Instance {
  readonly run: RunFunction;
  readonly repeat: RunFunction;
  /** The entry, then the subprograms. */
  readonly functions: readonly unknown[];
}

/** Modules by what their code depends on: the same program in a world laid out alike is not compiled again. */
const modules = new WeakMap<ProgramSpec, Map<string, Translated>>();
const MODULES_MAX = 8;
const RUNS_LEFT = PRIV.RUNS_LEFT >> 2;

export class Program implements LoadedProgram {
  readonly spec: ProgramSpec;
  readonly type: number;
  readonly id: number;
  readonly table_index: number;
  readonly warnings: readonly string[];
  readonly insns: Uint8Array;
  private readonly world: World;
  private readonly facts: ReadonlyMap<number, MapFacts>;
  private readonly unsupported: ReadonlyMap<number, string>;
  private translated: Translated | null = null;
  private instance: Instance | null = null;
  /** In other forms than the fast one. */
  private readonly others = new Map<Form, Instance>();
  private checked: { readonly frozen: FrozenData; readonly refusal: Refusal | null } | null = null;

  constructor(
    world: World,
    spec: ProgramSpec,
    place: { readonly id: number; readonly table_index: number },
    type: number,
    patched: Patched,
    unsupported: ReadonlyMap<number, string>,
  ) {
    this.world = world;
    this.spec = spec;
    this.type = type;
    this.id = place.id;
    this.table_index = place.table_index;
    this.warnings = [...unsupported.values()];
    this.insns = patched.insns;
    this.unsupported = new Map([...unsupported, ...patched.poisoned]);
    this.facts = new Map([...patched.handles].map((handle) => [handle, this.factsOf(handle)]));
  }

  private factsOf(handle: number): MapFacts {
    const map = this.world.maps.byHandle(handle);
    invariant(map !== undefined, 'a program names a map that is not there');
    return factsOf(this.world.mem, map);
  }

  get max_ctx_offset(): number {
    return this.translated?.compiled.ctx_end ?? 0;
  }

  unsupportedText(helper: number): string | undefined {
    return this.unsupported.get(helper);
  }

  entry(): RunFunction {
    return this.inForm().run;
  }

  repeat(): RunFunction {
    return this.inForm().repeat;
  }

  /** The form that the world runs at present. */
  private inForm(): Instance {
    const { form } = this.world.programs;
    if (form === 'fast') {
      invariant(this.translated !== null, 'a program that was not translated is run');
      this.instance ??= this.instantiate(this.translated);
      return this.instance;
    }
    const other = this.others.get(form) ?? this.instantiateForm(form);
    this.others.set(form, other);
    // Fast forms took the places back after an earlier run in the form.
    this.place(other);
    return other;
  }

  private instantiateForm(form: Form): Instance {
    const translated = this.translateForm(form);
    invariant(translated.ok, `a program whose fast form was accepted is refused in its ${form} form`);
    return this.instantiate(translated.value);
  }

  jitInput(form: Form): JitInput {
    return {
      ...{ traced: form === 'traced', counted: form === 'counted' },
      ...{ prog_id: this.id, name: this.spec.name, insns: this.insns, subprogs: this.spec.subprogs },
      ctx: ctxStructOf(this.type, this.spec.attach_type, this.spec.struct_ops?.member),
      ld_abs: LD_ABS_TYPES.has(this.type),
      packet_read_only: !PACKET_WRITERS.has(this.type),
      map: (handle) => this.facts.get(handle),
      unsupported: this.unsupported,
      table_base: this.table_index,
    };
  }

  /** Translates the program, unless the same was translated before. Refused is what no kernel loads (EINVAL). */
  translate(): Result<null> {
    const translated = this.translateForm('fast');
    if (!translated.ok) return translated;
    this.translated = translated.value;
    return ok(null);
  }

  /** What a kernel's verifier says of how the program uses its context (EACCES); null: nothing, or nothing that is sure before it runs. */
  ctxRefusal(): Refusal | null {
    const suspects = this.translated?.compiled.ctx_suspects;
    const ctx = ctxStructOf(this.type, this.spec.attach_type, this.spec.struct_ops?.member);
    if (suspects === undefined || suspects.size === 0 || ctx === null) return null;
    const frozen = frozenData(this.world, this.facts.keys());
    if (this.checked === null || !sameData(this.checked.frozen, frozen)) {
      const bad = this.badCtxAccess(ctx, suspects, frozen);
      this.checked = { frozen, refusal: bad === null ? null : refusalAt(this.spec, bad.insn, bad.message) };
    }
    return this.checked.refusal;
  }

  private badCtxAccess(ctx: CtxStruct, suspects: ReadonlySet<number>, frozen: FrozenData): BadCtxAccess | null {
    const { insns, subprogs, name } = { ...this.spec, insns: this.insns };
    const decoded = decodeProgram(insns, subprogs, name);
    invariant(decoded.ok, 'a program that was translated is not one any more');
    return badCtxAccess({
      ...{ d: decoded.value, ctx, suspects, frozen: (handle) => frozen.get(handle) ?? null },
      helper: (id) => (this.unsupported.has(id) ? undefined : CALLS.get(id)),
      map: (handle) => this.facts.get(handle),
      isGlobal: (k) => subprogs[k]!.global,
    });
  }

  private translateForm(form: Form): Result<Translated> {
    const key = JSON.stringify([
      ...[this.id, this.table_index, this.type, [...this.unsupported.keys()], [...this.facts.values()], form],
    ]);
    const known = modules.get(this.spec) ?? new Map<string, Translated>();
    modules.set(this.spec, known);
    let found = known.get(key);
    if (found === undefined) {
      const compiled = compileProgram(this.jitInput(form));
      if (!compiled.ok) return { ok: false, error: placed(this.spec, compiled.error) };
      const module = new WebAssembly.Module(compiled.value.wasm as Uint8Array<ArrayBuffer>);
      found = { compiled: compiled.value, module };
      if (known.size >= MODULES_MAX) known.clear();
      known.set(key, found);
    }
    return ok(found);
  }

  /** Instantiates the module and puts its functions at their places in the shared table. */
  private instantiate({ compiled, module }: Translated): Instance {
    const { programs } = this.world;
    const { exports } = new WebAssembly.Instance(module, {
      m: { memory: this.world.mem.wasm, table: programs.wasm },
      h: Object.fromEntries(compiled.helpers.map((name) => [name, this.world.helper(name)])),
      rt: { refill: this.world.budget.refill, step: programs.step, reach: programs.arrive },
    });
    const instance = {
      ...{ run: exports.run as RunFunction, repeat: exports.repeat as RunFunction },
      functions: this.spec.subprogs.map((_, k) => exports[`f${k}`]),
    };
    this.place(instance);
    this.enterOnce(instance.repeat);
    return instance;
  }

  /** A first call makes the way from JavaScript into the module, which is no part of the first run's time. */
  private enterOnce(repeat: RunFunction): void {
    const { mem } = this.world;
    const left = mem.u32[RUNS_LEFT]!;
    mem.u32[RUNS_LEFT] = 0;
    repeat(0, 0);
    mem.u32[RUNS_LEFT] = left;
  }

  private place({ functions }: Instance): void {
    functions.forEach((fn, k) => {
      if (fn !== undefined) this.world.programs.wasm.set(this.table_index + k, fn);
    });
  }
}

function refusalAt(spec: ProgramSpec, insn: number, message: string): Refusal {
  return {
    stage: 'load',
    errno: ERRNO.EACCES,
    message: placedSentence(spec, insn, message),
    where: whereOf(spec, insn),
  };
}

/** A refusal of the JIT with the program's name and source line. */
function placed(spec: ProgramSpec, refusal: Refusal): Refusal {
  const insn = refusal.where.insn ?? 0;
  return { ...refusal, message: placedSentence(spec, insn, refusal.message), where: whereOf(spec, insn) };
}
