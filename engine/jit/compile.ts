/** Translates one linked program, with its subprograms, into a WebAssembly module: the kernel's bpf_int_jit_compile. */
import { ok, type Refusal, type Result, refuse } from '../errors.ts';
import { ARENA_BASE, PRIV, STACK_TOP, WASM_PAGE } from '../layout.ts';
import type { CtxStruct } from '../uapi/contexts.ts';
import { ERRNO } from '../uapi/errno.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';
import { CALLS } from '../uapi/kfunc-protos.ts';
import { CLASS, CLASS_MASK, JMP, LDDW, PSEUDO } from '../uapi/opcodes.ts';
import { Analysis, noLimits, packetMovers, takenFunctions } from './analyze.ts';
import { REACH_TYPE } from './count-hook.ts';
import { CTX_STORE_LOCALS, CTX_STORE_TYPE, ctxStoreCode, hasStoreRules } from './ctx-store.ts';
import { calleeOf, type Decoded, decodeProgram } from './decode.ts';
import { FrameWrites } from './frame-writes.ts';
import { FunctionWriter, PARAMS } from './function-writer.ts';
import { lowerFunction } from './lower-function.ts';
import type { ModuleParts } from './module-parts.ts';
import { CTX_REFUSES, FAULT_TYPE, FIND_LOCALS, FIND_TYPE, faultCode, findCode } from './runtime-code.ts';
import type { Surroundings } from './step.ts';
import { STEP_TYPE, TRACE_TYPE, traceCode } from './trace-hook.ts';
import type { CompiledProgram, JitInput, MapFacts } from './types.ts';
import { ANY, type Value } from './values.ts';
import { WasmCode } from './wasm-code.ts';
import { type FuncType, WasmModule } from './wasm-module.ts';
import { T, W } from './wasm-ops.ts';

export const FUNC_TYPE: FuncType = { params: PARAMS, results: [T.I64] };
export const HELPER_CALL = CLASS.JMP | JMP.CALL;

/** Refuses with stage `load` and EINVAL what the kernel's first passes refuse, with `unsupported` what only the kernel can run. */
export function compileProgram(input: JitInput): Result<CompiledProgram> {
  const prepared = prepareProgram(input);
  return prepared.ok ? ok(writeModule(prepared.value)) : prepared;
}

/** A program that can be written into a module. */
export interface PreparedProgram {
  readonly input: JitInput;
  readonly d: Decoded;
  readonly around: Surroundings;
  readonly analysis: Analysis;
}

/** Decodes and analyzes a program, or says why it cannot be translated. */
export function prepareProgram(input: JitInput): Result<PreparedProgram> {
  const decoded = decodeProgram(input.insns, input.subprogs, input.name);
  if (!decoded.ok) return decoded;
  const d = decoded.value;
  const around = surroundings(input, d);
  const refused = referenceRefusal(input, d, around);
  if (refused !== null) return { ok: false, error: refused };
  const taken = takenFunctions(d);
  const entryArgs: Value[] = [input.ctx === null ? ANY : { kind: 'ctx', off: 0 }];
  return ok({ input, d, around, analysis: new Analysis(around, taken, entryArgs) });
}

function surroundings(input: JitInput, d: Decoded): Surroundings {
  const protos = input.helpers ?? CALLS;
  const helper = (id: number): HelperProto | undefined => (input.unsupported.has(id) ? undefined : protos.get(id));
  const facts = new Map<number, MapFacts | undefined>();
  const taken = takenFunctions(d);
  const moves = packetMovers(d, helper, taken);
  return {
    ...{ d, helper, rules: { ctx: input.ctx, packetReadOnly: input.packet_read_only ?? false } },
    map(handle) {
      if (!facts.has(handle)) facts.set(handle, input.map(handle));
      return facts.get(handle);
    },
    movesPacket: (subprog) => moves[subprog]!,
    hasCallbacks: taken.length > 0,
    callbacksMovePacket: taken.some((k) => moves[k]!),
    limits: noLimits(),
    frameWrites: new FrameWrites(),
    writesOf: () => new FrameWrites(),
    ctxEnd: 0,
    suspects: new Set(),
  };
}

/** What an instruction names must exist: helpers, maps, functions. */
function referenceRefusal(input: JitInput, d: Decoded, around: Surroundings): Refusal | null {
  for (let insn = 0; insn < d.count; insn++) {
    if (d.skipped[insn] === 1) continue;
    const message = badReference(input, d, around, insn);
    if (message !== null) return refuse('load', ERRNO.EINVAL, message, { program: input.name, insn }).error;
  }
  return null;
}

function badReference(input: JitInput, d: Decoded, around: Surroundings, i: number): string | null {
  const op = d.op[i]!;
  const imm = d.imm[i]!;
  if (op === HELPER_CALL && d.src[i] === 0) {
    return around.helper(imm) === undefined && !input.unsupported.has(imm) ? `invalid func unknown#${imm}` : null;
  }
  if ((op & CLASS_MASK) !== CLASS.LD) return null;
  if (op !== LDDW) return input.ld_abs ? null : 'BPF_LD_[ABS|IND] instructions not allowed for this program type';
  if (d.src[i] === PSEUDO.FUNC) return calleeOf(d, i) > 0 ? null : 'callback function not found';
  if (d.src[i] !== PSEUDO.MAP_FD && d.src[i] !== PSEUDO.MAP_VALUE) return null;
  const facts = around.map(imm >>> 0);
  if (facts === undefined) return `no map has the handle ${imm >>> 0}`;
  if (d.src[i] === PSEUDO.MAP_FD) return null;
  return facts.values === 0 || d.hi[i]! >>> 0 >= facts.value_size ? 'invalid access to map value pointer' : null;
}

/** Names of the helpers that are called through imports, in the order of their first calls. */
export function importedHelpers({ d, around }: PreparedProgram): HelperProto[] {
  const imported = new Map<number, HelperProto>();
  for (let i = 0; i < d.count; i++) {
    if (d.skipped[i] === 1 || d.op[i] !== HELPER_CALL || d.src[i] !== 0) continue;
    const proto = around.helper(d.imm[i]!);
    if (proto !== undefined && proto.inline !== true) imported.set(proto.id, proto);
  }
  return [...imported.values()];
}

export function helperType(proto: HelperProto): FuncType {
  const params = proto.args.flatMap((kind) => (kind === 'u64' ? [T.I32, T.I32] : [T.I32]));
  return { params, results: [T.I32] };
}

function writeModule(prepared: PreparedProgram): CompiledProgram {
  const { input, around, analysis, d } = prepared;
  const module = new WasmModule();
  const helpers = importedHelpers(prepared);
  module.importMemory(ARENA_BASE / WASM_PAGE);
  module.importTable();
  const refill = module.importFunc('rt', 'refill', REFILL_TYPE);
  const step = input.traced === true ? module.importFunc('rt', 'step', STEP_TYPE) : null;
  const reach = input.counted === true ? module.importFunc('rt', 'reach', REACH_TYPE) : null;
  const imports = new Map(helpers.map((proto) => [proto.id, module.importFunc('h', proto.name, helperType(proto))]));
  const first = writeProgram(module, prepared, { refill, step, reach, helper: (proto) => imports.get(proto.id)! });
  const count = d.starts.length - 1;
  for (let k = 0; k < count; k++) module.export(`f${k}`, first + k);
  writeRun(module, first);
  writeRepeat(module, first);
  const functions = analysis.taken.length > 0 ? count : 0;
  const { ctxEnd: ctx_end, suspects: ctx_suspects } = around;
  return { wasm: module.bytes(), helpers: helpers.map((proto) => proto.name), functions, ctx_end, ctx_suspects };
}

export const REFILL_TYPE: FuncType = { params: [], results: [T.I32] };

/** Functions of the module that a program calls. */
export interface ProgramImports {
  readonly refill: number;
  /** rt.step, for traced forms. */
  readonly step: number | null;
  /** rt.reach, for counted forms. */
  readonly reach: number | null;
  helper(proto: HelperProto): number;
}

/** Writes a program's functions, with its small runtime, behind what the module has; returns the index of its entry. */
export function writeProgram(module: WasmModule, prepared: PreparedProgram, imports: ProgramImports): number {
  const { input, d, around, analysis } = prepared;
  const { refill, step, reach, helper } = imports;
  const fault = module.declare(FAULT_TYPE);
  const find = module.declare(FIND_TYPE);
  const ctxStore = hasStoreRules(input.ctx) ? module.declare(CTX_STORE_TYPE) : null;
  const trace = step === null ? null : module.declare(TRACE_TYPE);
  const first = (trace ?? ctxStore ?? find) + 1;
  const count = d.starts.length - 1;
  for (let k = 0; k < count; k++) module.declare(FUNC_TYPE);
  const parts: ModuleParts = {
    ...{ refill, fault, find, ctxStore, trace, reach, count, funcType: module.type(FUNC_TYPE) },
    ...{ func: (k) => first + k, helper },
  };
  module.define(fault, [], faultCode());
  module.define(find, FIND_LOCALS, findCode(fault, ctxRefuses(input.ctx)));
  if (parts.ctxStore !== null) module.define(parts.ctxStore, CTX_STORE_LOCALS, ctxStoreCode(fault, input.ctx!));
  if (step !== null && trace !== null) module.define(trace, [], traceCode(step, input.prog_id));
  analysis.functions.forEach((facts, k) => {
    lowerFunction(new FunctionWriter(input, around, parts, k, facts.limits), facts, module, first + k);
  });
  return first;
}

function ctxRefuses(struct: CtxStruct | null): number {
  if (struct === null) return CTX_REFUSES.NOTHING;
  return struct.fields.every((field) => field.write === 'no') ? CTX_REFUSES.STORES : CTX_REFUSES.ATOMICS;
}

const RUN_TYPE: FuncType = { params: [T.I32, T.I32], results: [T.I32] };

/** The entry with its frame at the top of the stack; r0 is left in PRIV.R0 and, in the local 2, for the caller's use. */
function callEntry(code: WasmCode, entry: number): WasmCode {
  code.i32(0).get(0).op(W.i64_extend_i32_u).get(1).op(W.i64_extend_i32_u);
  code.i64(0).i64(0).i64(0).i32(STACK_TOP).call(entry);
  return code.tee(2).mem(W.i64_store, PRIV.R0);
}

/** run(r1, r2): one run. */
function writeRun(module: WasmModule, entry: number): void {
  const run = module.declare(RUN_TYPE);
  module.define(run, [T.I64], callEntry(new WasmCode(), entry).get(2).op(W.i32_wrap_i64));
  module.export('run', run);
}

/** repeat(r1, r2): runs until PRIV.RUNS_LEFT is 0 (not at all when it is) or the budget's slice is spent, without leaving WebAssembly in between. */
function writeRepeat(module: WasmModule, entry: number): void {
  const repeat = module.declare(RUN_TYPE);
  const code = new WasmCode().i32(0).mem(W.i32_load, PRIV.RUNS_LEFT).op(W.i32_eqz);
  code.open(W.if, T.VOID).i32(0).op(W.return, W.end).open(W.loop, T.VOID);
  callEntry(code.i32(0).i32(0).mem(W.i32_store, PRIV.TAIL_CALLS), entry);
  code.i32(0).i32(0).mem(W.i32_load, PRIV.RUNS_LEFT).i32(1).op(W.i32_sub).tee(3).mem(W.i32_store, PRIV.RUNS_LEFT);
  code.get(3).i32(0).op(W.i32_ne).i32(0).mem(W.i32_load, PRIV.BUDGET).i32(0).op(W.i32_ge_s, W.i32_and);
  code.branch(W.br_if, 0).op(W.end).get(2).op(W.i32_wrap_i64);
  module.define(repeat, [T.I64, T.I32], code);
  module.export('repeat', repeat);
}
