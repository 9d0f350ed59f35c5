/** Calls of a traced run: the arguments as the helper takes them, what came back, and what was there when nothing was found. */
import { FUNC_PTR_BASE } from '../../layout.ts';
import type { RetKind } from '../../uapi/helper-protos.ts';
import { callName } from '../../uapi/kfunc-protos.ts';
import { PSEUDO_CALL, SRC_X } from '../../uapi/opcodes.ts';
import { type At, functionAt, placeAt } from './places.ts';
import type { TraceArg, TraceCall } from './types.ts';

const RESULTS: Readonly<Record<RetKind, TraceCall['result_kind']>> = {
  ...{ i32: 'signed', u32: 'unsigned', u64: 'unsigned', void: 'none' },
  ...{ map_value: 'address', map_or_value: 'address', mem: 'address', sock: 'address' },
};

export function callOf(at: At): TraceCall {
  const { record, i, next } = at;
  // A tail call that was made goes on elsewhere in the same frame.
  const back = next >= 0 && record.insn(next) === at.pc + 1 && record.program(next) === record.program(i);
  const result = back ? record.register(next, 0) : null;
  const seen = record.call(i);
  if (seen === undefined) return { ...functionCall(at), result };
  const args = seen.proto.args.map((kind, arg) => argument(at, kind, arg, seen.bytes[arg] ?? null));
  const found = { found: seen.found, keys: seen.keys, more_keys: seen.more_keys };
  const name = `bpf_${seen.proto.name}`;
  return { name, helper: true, args, result, result_kind: RESULTS[seen.proto.ret], ...found };
}

function argument(at: At, kind: string, arg: number, bytes: Uint8Array | null): TraceArg {
  const value = at.record.register(at.i, arg + 1);
  return { kind, value, place: kind === 'u32' || kind === 'size' ? null : placeAt(at, value), bytes };
}

/** Of a function of the program, directly or through a register; or of a helper that the engine does not have. */
function functionCall(at: At): Omit<TraceCall, 'result'> {
  const { insn, program, pc } = at;
  const { subprogs } = program.spec;
  const none = { args: [], found: null, keys: null, more_keys: false, result_kind: 'unsigned' as const };
  if ((insn.op & SRC_X) !== 0) {
    const index = at.record.register(at.i, insn.dst) - FUNC_PTR_BASE - BigInt(program.table_index);
    return { ...none, helper: false, name: subprogs[Number(BigInt.asIntN(32, index))]?.name ?? 'function' };
  }
  if (insn.src === PSEUDO_CALL) {
    return { ...none, helper: false, name: functionAt(subprogs, pc + 1 + insn.imm) ?? 'function' };
  }
  return { ...none, helper: true, name: callName(insn.imm) };
}
