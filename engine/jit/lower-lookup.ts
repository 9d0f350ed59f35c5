/** bpf_map_lookup_elem on array kinds, without leaving WebAssembly: array_map_gen_lookup and its siblings (kernel/bpf/arraymap.c). */
import { CHUNK_SHIFT, PRIV } from '../layout.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { planAccess } from './access.ts';
import type { FunctionWriter } from './function-writer.ts';
import { loadOp, lowerAddress, type Place } from './lower-memory.ts';
import { readsStack } from './stack-reads.ts';
import type { State } from './state.ts';
import type { MapFacts } from './types.ts';
import { T, W } from './wasm-ops.ts';

const KEY = 2;
const KEY_SIZE = 4;

/** False when the lookup is none, or none that can be done here. */
export function lowerLookup(fn: FunctionWriter, state: State, i: number, proto: HelperProto): boolean {
  const map = state.regs[1]!;
  if (proto.name !== 'map_lookup_elem' || map.kind !== 'map' || map.handle === 0 || map.facts.values === 0)
    return false;
  const { facts } = map;
  if (facts.type === MAP_TYPE.ARRAY_OF_MAPS) lowerElement(fn, state, i, facts, () => loadInner(fn, facts));
  else if (facts.type === MAP_TYPE.ARRAY) lowerElement(fn, state, i, facts, () => elementAddress(fn, facts, false));
  else if (facts.type === MAP_TYPE.PERCPU_ARRAY)
    lowerElement(fn, state, i, facts, () => elementAddress(fn, facts, true));
  else return false;
  return true;
}

/** r0 = index < max_entries ? what `element` leaves for the index in the local `index` : 0 */
function lowerElement(fn: FunctionWriter, state: State, i: number, facts: MapFacts, element: () => void): void {
  const { code } = fn;
  const place: Place = { insn: i, reg: KEY, off: 0, size: KEY_SIZE, write: false };
  readsStack(fn, state, state.regs[KEY]!, KEY_SIZE);
  const offset = lowerAddress(fn, state, place, planAccess(state.regs[KEY]!, 0, KEY_SIZE, false, fn.around.rules));
  code.mem(loadOp(KEY_SIZE), offset).op(W.i32_wrap_i64).tee(fn.narrow('index'));
  code.i32(facts.max_entries).op(W.i32_lt_u);
  fn.open(W.if, T.I64);
  element();
  code.op(W.i64_extend_i32_u);
  fn.else();
  code.i64(0);
  fn.close();
  code.set(fn.reg(0));
}

function loadInner(fn: FunctionWriter, facts: MapFacts): void {
  fn.code.get(fn.narrow('index'));
  times(fn, facts.stride);
  fn.code.i32(facts.values).op(W.i32_add).mem(W.i32_load, 0);
}

/** The element's address; its chunk is marked, since the program may write there from now on (undo-area.ts). */
function elementAddress(fn: FunctionWriter, facts: MapFacts, percpu: boolean): void {
  const { code } = fn;
  const at = fn.narrow('at');
  code.get(fn.narrow('index'));
  times(fn, facts.stride);
  if (percpu) {
    fn.loadWord(PRIV.CPU);
    code.i32(facts.cpu_stride).op(W.i32_mul, W.i32_add);
  }
  code.tee(at).i32(CHUNK_SHIFT).op(W.i32_shr_u).i32(facts.dirty).op(W.i32_add).i32(1).mem(W.i32_store8, 0);
  code.get(at).i32(facts.values).op(W.i32_add);
}

function times(fn: FunctionWriter, stride: number): void {
  const shift = Math.log2(stride);
  if (Number.isInteger(shift)) fn.code.i32(shift).op(W.i32_shl);
  else fn.code.i32(stride).op(W.i32_mul);
}
