/** bpf_map_lookup_elem on array kinds, inner maps among them, without leaving WebAssembly: array_map_gen_lookup and its siblings (kernel/bpf/arraymap.c). */
import { CHUNK_SHIFT, MAP_AT, PRIV } from '../layout.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { planAccess } from './access.ts';
import type { FunctionWriter } from './function-writer.ts';
import { loadOp, lowerAddress, type Place } from './lower-memory.ts';
import { readsStack } from './stack-reads.ts';
import type { State } from './state.ts';
import type { MapFacts } from './types.ts';
import { T, W } from './wasm-ops.ts';

const MAP = 1;
const KEY = 2;
const KEY_SIZE = 4;

/** False when the lookup is none, or none that can be done here. */
export function lowerLookup(fn: FunctionWriter, state: State, i: number, proto: HelperProto): boolean {
  const map = state.regs[1]!;
  if (proto.name !== 'map_lookup_elem' || map.kind !== 'map') return false;
  const { facts } = map;
  const percpu = facts.type === MAP_TYPE.PERCPU_ARRAY;
  const known = map.handle !== 0 && facts.values !== 0;
  if (known && facts.type === MAP_TYPE.ARRAY_OF_MAPS) {
    lowerElement(fn, state, i, constants(fn, facts), (words) => loadInner(fn, words));
    return true;
  }
  if (facts.type !== MAP_TYPE.ARRAY && !percpu) return false;
  if (!known && (map.handle !== 0 || map.nullable)) return false;
  const words = known ? constants(fn, facts) : descriptor(fn, facts.stride);
  lowerElement(fn, state, i, words, () => elementAddress(fn, words, percpu));
  return true;
}

/** Words of a map's descriptor (MAP_AT): each function leaves one on the stack. */
interface Words {
  maxEntries(): void;
  values(): void;
  cpuStride(): void;
  dirty(): void;
  readonly stride: number;
}

/** Those of a map that is known when the program is translated. */
function constants({ code }: FunctionWriter, facts: MapFacts): Words {
  return {
    maxEntries: () => void code.i32(facts.max_entries),
    values: () => void code.i32(facts.values),
    cpuStride: () => void code.i32(facts.cpu_stride),
    dirty: () => void code.i32(facts.dirty),
    stride: facts.stride,
  };
}

/** Those of an inner map, of which its shape is known: the register holds its handle, which only maps of maps give. */
function descriptor(fn: FunctionWriter, stride: number): Words {
  const { code } = fn;
  const map = fn.narrow('map');
  code.get(fn.reg(MAP)).op(W.i32_wrap_i64).set(map);
  const word = (at: number) => () => void code.get(map).mem(W.i32_load, at);
  return {
    maxEntries: word(MAP_AT.MAX_ENTRIES),
    values: word(MAP_AT.VALUES),
    cpuStride: word(MAP_AT.CPU_STRIDE),
    dirty: word(MAP_AT.DIRTY),
    stride,
  };
}

/** r0 = index < max_entries ? what `element` leaves for the index in the local `index` : 0 */
function lowerElement(
  fn: FunctionWriter,
  state: State,
  i: number,
  words: Words,
  element: (words: Words) => void,
): void {
  const { code } = fn;
  const place: Place = { insn: i, reg: KEY, off: 0, size: KEY_SIZE, write: false };
  readsStack(fn, state, state.regs[KEY]!, KEY_SIZE);
  const offset = lowerAddress(fn, state, place, planAccess(state.regs[KEY]!, 0, KEY_SIZE, false, fn.around.rules));
  code.mem(loadOp(KEY_SIZE), offset).op(W.i32_wrap_i64).tee(fn.narrow('index'));
  words.maxEntries();
  code.op(W.i32_lt_u);
  fn.open(W.if, T.I64);
  element(words);
  code.op(W.i64_extend_i32_u);
  fn.else();
  code.i64(0);
  fn.close();
  code.set(fn.reg(0));
}

function loadInner(fn: FunctionWriter, words: Words): void {
  fn.code.get(fn.narrow('index'));
  times(fn, words.stride);
  words.values();
  fn.code.op(W.i32_add).mem(W.i32_load, 0);
}

/** The element's address; its chunk is marked, since the program may write there from now on (undo-area.ts). */
function elementAddress(fn: FunctionWriter, words: Words, percpu: boolean): void {
  const { code } = fn;
  const at = fn.narrow('at');
  code.get(fn.narrow('index'));
  times(fn, words.stride);
  if (percpu) {
    fn.loadWord(PRIV.CPU);
    words.cpuStride();
    code.op(W.i32_mul, W.i32_add);
  }
  code.tee(at).i32(CHUNK_SHIFT).op(W.i32_shr_u);
  words.dirty();
  code.op(W.i32_add).i32(1).mem(W.i32_store8, 0).get(at);
  words.values();
  code.op(W.i32_add);
}

function times(fn: FunctionWriter, stride: number): void {
  const shift = Math.log2(stride);
  if (Number.isInteger(shift)) fn.code.i32(shift).op(W.i32_shl);
  else fn.code.i32(stride).op(W.i32_mul);
}
