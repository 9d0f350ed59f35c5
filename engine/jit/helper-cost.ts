/** What calls of helpers and searches for a region take off the budget beyond their instruction, so that it bounds time too. */
import { PRIV } from '../layout.ts';
import type { HelperProto } from '../uapi/helper-protos.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { State } from './state.ts';
import { W } from './wasm-ops.ts';

/** Leaving WebAssembly, looking at a map: at most as long as so many instructions take. */
const CALL = 32;
/** Adding and removing entries, moving a packet, sending a record. */
const CHANGE = 256;
/** Formatting text. */
const FORMAT = 8192;
/** Finding what an address that nothing is known about lies in. */
export const FIND_COST = 16;
/** Beyond a packet's length sizes are refused. */
const BYTES_MAX = 0xffff;
/** So few bytes are part of what the call costs. */
const BYTES_FREE = 64;

const DEAR: ReadonlyMap<string, number> = new Map([
  ...['trace_printk', 'trace_vprintk', 'snprintf'].map((name) => [name, FORMAT] as const),
  ...['ringbuf_output', 'ringbuf_reserve', 'ringbuf_reserve_dynptr', 'perf_event_output'].map(
    (name) => [name, CHANGE] as const,
  ),
  ...['update_elem', 'delete_elem', 'push_elem', 'pop_elem'].map((name) => [`map_${name}`, CHANGE] as const),
]);

/** Without the bytes that its arguments are long. */
export function helperCost(proto: HelperProto): number {
  return DEAR.get(proto.name) ?? (proto.changesPacket === true ? CHANGE : CALL);
}

/** Takes the cost off the budget, and notes it, since it counts no instructions. */
export function lowerCost(fn: FunctionWriter, state: State, proto: HelperProto): void {
  const { code } = fn;
  const cost = fn.narrow('cost');
  code.i32(helperCost(proto));
  proto.args.forEach((kind, arg) => {
    if (kind !== 'size') return;
    const known = state.regs[arg + 1]!;
    if (known.kind === 'scalar' && known.max <= BYTES_FREE) return;
    code
      .get(fn.reg(arg + 1))
      .op(W.i32_wrap_i64)
      .i32(BYTES_MAX)
      .op(W.i32_and, W.i32_add);
  });
  code.set(cost);
  charge(fn, () => void code.get(cost));
}

/** `cost` puts an i32 on the stack, twice. */
export function charge(fn: FunctionWriter, cost: () => void): void {
  const { code } = fn;
  code.get(fn.fuel);
  cost();
  code.op(W.i32_sub).set(fn.fuel);
  fn.storeWord(PRIV.CHARGED, () => {
    fn.loadWord(PRIV.CHARGED);
    cost();
    code.op(W.i32_add);
  });
}
