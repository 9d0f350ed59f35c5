/** Calls on one path (check_func_call, check_helper_call): into static functions, over global ones and helpers, once into callbacks. */
import { calleeOf, type Decoded } from '../jit/decode.ts';
import type { ArgKind, HelperProto } from '../uapi/helper-protos.ts';
import { MAP_TYPE } from '../uapi/map-types.ts';
import { PSEUDO_CALL, SRC_X } from '../uapi/opcodes.ts';
import { PathFrame, type PathState } from './path-state.ts';
import { isKnown } from './scalar.ts';
import { ANYTHING, type FuncValue, VAGUE, type Value } from './value.ts';

/** MAX_CALL_FRAMES */
const FRAMES_MAX = 8;
const ARGS = 5;

export interface MapShape {
  readonly type: number;
  readonly max_entries: number;
  readonly key_size: number;
}

/** What calls need to know of the program around the path. */
export interface CallRules {
  readonly d: Decoded;
  helper(id: number): HelperProto | undefined;
  map(handle: number): MapShape | undefined;
  /** Functions that are verified by themselves, whoever calls them. */
  isGlobal(subprog: number): boolean;
  /** A global function is called with the context in its first argument. */
  reached(subprog: number): void;
  /** A name for what one instruction makes. */
  fresh(): number;
}

/** Argument of the callback that the third one of the helper becomes. */
const CALLBACK_CONTEXT: ReadonlyMap<string, number> = new Map([
  ['loop', 1],
  ['for_each_map_elem', 3],
]);

/** The paths that go on from a call: the one behind it last; none where it is not known what it does. */
export function call(state: PathState, rules: CallRules, i: number): PathState[] {
  const { d } = rules;
  if ((d.op[i]! & SRC_X) !== 0) return [];
  if (d.src[i] === PSEUDO_CALL) return callFunction(state, rules, i);
  const proto = d.src[i] === 0 ? rules.helper(d.imm[i]!) : undefined;
  return proto === undefined ? [] : callHelper(state, rules, i, proto);
}

function callFunction(state: PathState, rules: CallRules, i: number): PathState[] {
  const callee = calleeOf(rules.d, i);
  const { regs } = state;
  if (rules.isGlobal(callee)) {
    const [, context] = regs;
    if (context?.kind === 'ctx' && context.off === 0) rules.reached(callee);
    // What it writes through pointers into the stack is not followed.
    for (const { frame } of framesIn(regs)) state.frames[frame]?.forget();
    return [after(state, i, ANYTHING)];
  }
  if (state.frames.length >= FRAMES_MAX) return [];
  const args = regs.slice(1, 1 + ARGS);
  for (let reg = 1; reg <= ARGS; reg++) regs[reg] = VAGUE;
  state.frames.push(PathFrame.entry(i + 1, state.frames.length, args));
  state.insn = rules.d.starts[callee]!;
  return [state];
}

function framesIn(regs: readonly Value[]): { frame: number; off: number }[] {
  return regs.slice(1, 1 + ARGS).flatMap((one) => (one.kind === 'frame' ? [one] : []));
}

/** The state behind the call: r0 holds its result, r1 to r5 hold nothing. */
function after(state: PathState, i: number, result: Value): PathState {
  state.regs[0] = result;
  for (let reg = 1; reg <= ARGS; reg++) state.regs[reg] = VAGUE;
  state.insn = i + 1;
  return state;
}

function callHelper(state: PathState, rules: CallRules, i: number, proto: HelperProto): PathState[] {
  const callbacks = proto.args.includes('func') && proto.later !== true ? intoCallback(state, rules, proto) : [];
  const result = resultOf(state, rules, proto);
  proto.args.forEach((kind, arg) => {
    written(state, proto, kind, arg);
  });
  if (proto.changesPacket === true || callbacks.length > 0) state.movePacket();
  return [...callbacks, after(state, i, result)];
}

/** The callback once, from the helper's caller; where it returns to is not followed. */
function intoCallback(state: PathState, rules: CallRules, proto: HelperProto): PathState[] {
  const func = state.regs[proto.args.indexOf('func') + 1]!;
  const place = CALLBACK_CONTEXT.get(proto.name);
  if (func.kind !== 'func' || place === undefined || state.frames.length >= FRAMES_MAX) return [];
  const rounds = state.regs[1]!;
  if (proto.name === 'loop' && rounds.kind === 'number' && rounds.scalar.umax === 0n) return [];
  return [enteredWith(state, rules, func, place)];
}

function enteredWith(state: PathState, rules: CallRules, func: FuncValue, place: number): PathState {
  const into = state.copy();
  const args: Value[] = new Array(ARGS).fill(VAGUE);
  args[place] = state.regs[3]!;
  into.frames.push(PathFrame.entry(-1, into.frames.length, args));
  into.insn = rules.d.starts[func.subprog]!;
  return into;
}

/** What a helper writes to the stack holds nothing that the verifier knows. */
function written(state: PathState, proto: HelperProto, kind: ArgKind, arg: number): void {
  const pointer = state.regs[arg + 1]!;
  if (pointer.kind !== 'frame' || kind === 'mem' || kind === 'map_key' || kind === 'func') return;
  if (kind === 'map_value' && (proto.name === 'map_update_elem' || proto.name === 'map_push_elem')) return;
  const frame = state.frames[pointer.frame];
  const size = proto.args[arg + 1] === 'size' ? state.regs[arg + 2]! : undefined;
  const certain = kind === 'mem_w' && size?.kind === 'number' && isKnown(size.scalar) && !Number.isNaN(pointer.off);
  if (certain) frame?.spoil(pointer.off, Number(size.scalar.umin));
  else frame?.forget();
}

function resultOf(state: PathState, rules: CallRules, proto: HelperProto): Value {
  switch (proto.ret) {
    case 'map_or_value':
    case 'map_value':
      return lookedUp(state, rules);
    case 'mem':
    case 'sock':
      return { kind: 'pointer', id: rules.fresh(), null: 'maybe' };
    case 'void':
      return VAGUE;
    default:
      // There are few CPUs, and the verifier knows how many.
      return proto.name === 'get_smp_processor_id' ? VAGUE : ANYTHING;
  }
}

/** An element of an array is always there when its index is known to be. */
function lookedUp(state: PathState, rules: CallRules): Value {
  const [, map, key] = state.regs;
  const found: Value = { kind: 'pointer', id: rules.fresh(), null: 'maybe' };
  const shape = map?.kind === 'map' ? rules.map(map.handle) : undefined;
  const array = shape?.type === MAP_TYPE.ARRAY || shape?.type === MAP_TYPE.PERCPU_ARRAY;
  if (!array || key?.kind !== 'frame' || Number.isNaN(key.off)) return found;
  const index = state.frames[key.frame]?.load(key.off, 4);
  const inside = index?.kind === 'number' && index.scalar.umax < BigInt(shape.max_entries);
  return inside ? { ...found, null: 'never' } : found;
}
