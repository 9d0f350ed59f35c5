/** Two small modules beside the programs': one stands in a table slot until its program is translated, one calls functions for helpers. */
import { ARENA_BASE, PRIV, WASM_PAGE } from '../layout.ts';
import { FUNC_TYPE } from './compile.ts';
import { WasmCode } from './wasm-code.ts';
import { WasmModule } from './wasm-module.ts';
import { T, W } from './wasm-ops.ts';

/** What a call from a helper takes off the budget beyond the instructions of the function. */
const CALLBACK_COST = 64;

function worldModule(): WasmModule {
  const module = new WasmModule();
  module.importMemory(ARENA_BASE / WASM_PAGE);
  module.importTable();
  return module;
}

/**
 * A module whose export `f` stands in slot `tableIndex` of the shared table: it calls the import `rt.translate(tableIndex)`,
 * which puts the real function there and returns 0, and goes on in that; or traps with the FAULT kind that translate returned
 * (which may have written the other words of PRIV.FAULT_*).
 */
export function translateStub(tableIndex: number): Uint8Array {
  const module = worldModule();
  const translate = module.importFunc('rt', 'translate', { params: [T.I32], results: [T.I32] });
  const stub = module.declare(FUNC_TYPE);
  const code = new WasmCode();
  const kind = 6;
  code.i32(tableIndex).call(translate).tee(kind).open(W.if, T.VOID);
  code.i32(0).get(kind).mem(W.i32_store, PRIV.FAULT_KIND).op(W.unreachable, W.end);
  for (let param = 0; param < FUNC_TYPE.params.length; param++) code.get(param);
  code.i32(tableIndex).indirect(W.return_call_indirect, module.type(FUNC_TYPE));
  module.define(stub, [T.I32], code);
  module.export('f', stub);
  return module.bytes();
}

/**
 * A module whose export `call(index, r1, r2, r3, r4, r5: i32) => i32` calls the function in a slot of the shared table, each
 * argument zero-extended, with its frame below the program's that called the helper; r0's low half comes back.
 */
export function trampoline(): Uint8Array {
  const module = worldModule();
  const call = module.declare({ params: [T.I32, T.I32, T.I32, T.I32, T.I32, T.I32], results: [T.I32] });
  const code = new WasmCode();
  const low = 6;
  const add = (word: number, cost: number) => {
    code.i32(0).i32(0).mem(W.i32_load, word).i32(cost).op(W.i32_add).mem(W.i32_store, word);
  };
  add(PRIV.BUDGET, -CALLBACK_COST);
  add(PRIV.CHARGED, CALLBACK_COST);
  code.i32(0).mem(W.i32_load, PRIV.STACK_LOW).set(low);
  for (let param = 1; param <= 5; param++) code.get(param).op(W.i64_extend_i32_u);
  code.get(low).get(0).indirect(W.call_indirect, module.type(FUNC_TYPE)).op(W.i32_wrap_i64);
  code.i32(0).get(low).mem(W.i32_store, PRIV.STACK_LOW);
  module.define(call, [T.I32], code);
  module.export('call', call);
  return module.bytes();
}
