/** From which instructions of a program some others can be reached, through jumps, calls and callbacks. */
import { takenFunctions } from '../jit/analyze.ts';
import { calleeOf, type Decoded } from '../jit/decode.ts';
import { CLASS, CLASS_MASK, JMP, LDDW, OP_MASK, PSEUDO_CALL } from '../uapi/opcodes.ts';

const EXIT = CLASS.JMP | JMP.EXIT;
const CALL = CLASS.JMP | JMP.CALL;

/** A 1 for every instruction behind which, or at which, one of `wanted` is. */
export function leadsTo(d: Decoded, wanted: ReadonlySet<number>): Uint8Array {
  const leads = new Uint8Array(d.count);
  const before = predecessors(d);
  const todo = [...wanted];
  for (let i = todo.pop(); i !== undefined; i = todo.pop()) {
    if (leads[i] === 1) continue;
    leads[i] = 1;
    todo.push(...before[i]!);
  }
  return leads;
}

/** By instruction, those that come right before it; helpers may call any function whose address is taken. */
function predecessors(d: Decoded): number[][] {
  const before: number[][] = Array.from({ length: d.count }, () => []);
  const arrive = (to: number, from: number): void => {
    before[to]?.push(from);
  };
  const taken = takenFunctions(d);
  for (let i = 0; i < d.count; i++) {
    if (d.skipped[i] === 1) continue;
    const op = d.op[i]!;
    if (op === CALL && d.src[i] === PSEUDO_CALL) arrive(d.starts[calleeOf(d, i)]!, i);
    else if (op === CALL) for (const k of taken) arrive(d.starts[k]!, i);
    if (d.target[i]! >= 0) arrive(d.target[i]!, i);
    const jumps = (op & CLASS_MASK) === CLASS.JMP || (op & CLASS_MASK) === CLASS.JMP32;
    const stays = op === EXIT || (jumps && (op & OP_MASK) === JMP.JA);
    if (!stays) arrive(i + (op === LDDW ? 2 : 1), i);
  }
  return before;
}
