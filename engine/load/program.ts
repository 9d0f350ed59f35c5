/** A program that was accepted: patched for its world, translated to WebAssembly, instantiated when it is first run or reached. */
import { invariant, ok, type Refusal, type Result } from '../errors.ts';
import { compileProgram } from '../jit/compile.ts';
import type { CompiledProgram, JitInput, MapFacts } from '../jit/types.ts';
import type { ProgramSpec } from '../object/spec.ts';
import { ctxStructOf } from '../uapi/contexts.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { placedSentence, whereOf } from './lines.ts';
import type { LoadedProgram, RunFunction } from './loaded-program.ts';
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

/** Modules by what their code depends on: the same program in a world laid out alike is not compiled again. */
const modules = new WeakMap<ProgramSpec, Map<string, Translated>>();
const MODULES_MAX = 8;

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
  private run: RunFunction | null = null;

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
    this.run ??= this.instantiate();
    return this.run;
  }

  private jitInput(): JitInput {
    return {
      ...{ prog_id: this.id, name: this.spec.name, insns: this.insns, subprogs: this.spec.subprogs },
      ctx: ctxStructOf(this.type, this.spec.attach_type),
      ld_abs: LD_ABS_TYPES.has(this.type),
      packet_read_only: !PACKET_WRITERS.has(this.type),
      map: (handle) => this.facts.get(handle),
      unsupported: this.unsupported,
      table_base: this.table_index,
    };
  }

  /** Translates the program, unless the same was translated before. Refused is what no kernel loads (EINVAL). */
  translate(): Result<null> {
    const key = JSON.stringify([
      ...[this.id, this.table_index, this.type, [...this.unsupported.keys()], [...this.facts.values()]],
    ]);
    const known = modules.get(this.spec) ?? new Map<string, Translated>();
    modules.set(this.spec, known);
    let found = known.get(key);
    if (found === undefined) {
      const compiled = compileProgram(this.jitInput());
      if (!compiled.ok) return { ok: false, error: placed(this.spec, compiled.error) };
      const module = new WebAssembly.Module(compiled.value.wasm as Uint8Array<ArrayBuffer>);
      found = { compiled: compiled.value, module };
      if (known.size >= MODULES_MAX) known.clear();
      known.set(key, found);
    }
    this.translated = found;
    return ok(null);
  }

  /** Instantiates the module and puts its functions at their places in the shared table. */
  private instantiate(): RunFunction {
    invariant(this.translated !== null, 'a program that was not translated is run');
    const { compiled, module } = this.translated;
    const { exports } = new WebAssembly.Instance(module, {
      m: { memory: this.world.mem.wasm, table: this.world.programs.wasm },
      h: Object.fromEntries(compiled.helpers.map((name) => [name, this.world.helper(name)])),
      rt: { refill: this.world.budget.refill },
    });
    for (let k = 0; k < this.spec.subprogs.length; k++) {
      const fn = exports[`f${k}`];
      if (fn !== undefined) this.world.programs.wasm.set(this.table_index + k, fn);
    }
    return exports.run as RunFunction;
  }
}

/** A refusal of the JIT with the program's name and source line. */
function placed(spec: ProgramSpec, refusal: Refusal): Refusal {
  const insn = refusal.where.insn ?? 0;
  return { ...refusal, message: placedSentence(spec, insn, refusal.message), where: whereOf(spec, insn) };
}
