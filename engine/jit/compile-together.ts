/** Several programs in one module, with functions of the caller's beside them: calls between them cost a tenth of calls between modules. */
import { ok, type Result } from '../errors.ts';
import { ARENA_BASE, WASM_PAGE } from '../layout.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';
import { CLASS, JMP } from '../uapi/opcodes.ts';
import {
  helperType,
  importedHelpers,
  type PreparedProgram,
  prepareProgram,
  REFILL_TYPE,
  writeProgram,
} from './compile.ts';
import type { JitInput } from './types.ts';
import { WasmModule } from './wasm-module.ts';

/** What a program counts on when it is run, beside its arguments. */
export interface ProgramNeeds {
  /** It may move the bounds of the packet. */
  readonly moves: boolean;
  /** PRIV.TAIL_CALLS counts from zero. */
  readonly tailCalls: boolean;
  /** The packet's bounds in private memory, and which frame it is. */
  readonly bounds: boolean;
  /** Their copies in the context, which only accesses through pointers of unknown kind read. */
  readonly copies: boolean;
}

/** What the caller adds, in the order in which it is asked. */
export interface Extension {
  /** Imports: they come before all functions. */
  imports(module: WasmModule): void;
  /** A function in the place of a helper's import, which it may call; null for the import itself. */
  helper(module: WasmModule, proto: HelperProto, imported: number): number | null;
  /** The caller's functions; `entries` are the programs' in their order. */
  functions(module: WasmModule, entries: readonly TogetherEntry[]): void;
}

/** A program in the module: its function. */
export interface TogetherEntry {
  readonly func: number;
  readonly needs: ProgramNeeds;
}

export interface CompiledTogether {
  readonly wasm: Uint8Array;
  /** Imported from `h`, as in a program's own module. */
  readonly helpers: readonly string[];
}

/** Refuses what compileProgram refuses. Function pointers of the programs stay those of their own modules, through the shared table. */
export function compileTogether(inputs: readonly JitInput[], extension: Extension): Result<CompiledTogether> {
  const prepared: PreparedProgram[] = [];
  for (const input of inputs) {
    const one = prepareProgram(input);
    if (!one.ok) return one;
    prepared.push(one.value);
  }
  const module = new WasmModule();
  module.importMemory(ARENA_BASE / WASM_PAGE);
  module.importTable();
  const refill = module.importFunc('rt', 'refill', REFILL_TYPE);
  const protos = new Map(prepared.flatMap(importedHelpers).map((proto) => [proto.id, proto]));
  const functions = new Map<number, number>();
  for (const [id, proto] of protos) functions.set(id, module.importFunc('h', proto.name, helperType(proto)));
  extension.imports(module);
  for (const [id, proto] of protos) {
    functions.set(id, extension.helper(module, proto, functions.get(id)!) ?? functions.get(id)!);
  }
  const helper = (proto: HelperProto): number => functions.get(proto.id)!;
  const entries = prepared.map((one) => {
    return { func: writeProgram(module, one, { refill, step: null, reach: null, helper }), needs: needsOf(one) };
  });
  extension.functions(module, entries);
  return ok({ wasm: module.bytes(), helpers: [...protos.values()].map((proto) => proto.name) });
}

/** Helpers that do not look at the packet in hand, unless the program shows them where it is. */
const BLIND: ReadonlySet<string> = new Set([
  ...['map_lookup_elem', 'map_update_elem', 'map_delete_elem', 'redirect', 'redirect_map'],
  ...['ktime_get_ns', 'get_prandom_u32', 'get_smp_processor_id'],
]);
const HELPER_CALL = CLASS.JMP | JMP.CALL;

/** What is known once the program was written. */
function needsOf(prepared: PreparedProgram): ProgramNeeds {
  const { d, around } = prepared;
  let tailCalls = false;
  for (let i = 0; i < d.count; i++) {
    if (d.skipped[i] === 1 || d.op[i] !== HELPER_CALL || d.src[i] !== 0) continue;
    if (around.helper(d.imm[i]!)?.name === 'tail_call') tailCalls = true;
  }
  const helpers = importedHelpers(prepared);
  // A program that is called instead may do anything.
  const copies = tailCalls || around.searches === true;
  return {
    ...{ tailCalls, copies, moves: tailCalls || helpers.some((proto) => proto.changesPacket === true) },
    bounds: copies || around.ctxEnd > 0 || helpers.some(({ name }) => !BLIND.has(name)),
  };
}
