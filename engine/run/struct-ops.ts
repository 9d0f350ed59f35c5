/** BPF_PROG_RUN of STRUCT_OPS programs: only those of bpf_dummy_ops can be run (bpf_struct_ops_test_run). */
import { CTX_BASE, KOBJ, REGION } from '../layout.ts';
import { lend } from '../net/kernel-object.ts';
import { ERRNO } from '../uapi/errno.ts';
import { endedEarly, finishVerdict, notRun } from './finish.ts';
import { type Failure, invalid } from './opts.ts';
import { putContext } from './plain-ctx.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult, UserMemory } from './types.ts';

/** What the kernel runs, and which arguments each member takes: the first is the state, which only some may go without. */
const DUMMY_OPS = 'bpf_dummy_ops';
const MEMBERS: Readonly<Record<string, { readonly args: number; readonly nullable: boolean }>> = {
  test_1: { args: 1, nullable: true },
  test_2: { args: 5, nullable: false },
  test_sleepable: { args: 1, nullable: false },
};
/** sizeof(struct bpf_dummy_ops_state) */
const STATE_BYTES = 4;

/** The attributes besides ctx_in are not looked at: the program runs once, and only its verdict and the state come back. */
export function runStructOps(run: Run, opts: ProgRunOpts): ProgRunResult {
  const { struct_ops, name } = run.program.spec;
  const member = struct_ops?.type === DUMMY_OPS ? MEMBERS[struct_ops.member] : undefined;
  if (member === undefined) {
    const what = struct_ops === undefined ? 'no known member' : `${struct_ops.type}.${struct_ops.member}`;
    return notRun({ errno: ERRNO.EOPNOTSUPP, reason: `${name} implements ${what}; only ${DUMMY_OPS} can be run` });
  }
  const args = opts.ctx_in ?? new Uint8Array(0);
  if (args.length !== member.args * 8) {
    return notRun(invalid(`ctx_in has ${args.length} bytes, ${struct_ops!.member} takes ${member.args * 8}`));
  }
  const address = new DataView(args.buffer, args.byteOffset).getBigUint64(0, true);
  const found = address === 0n ? null : stateAt(opts, address);
  const failure = found !== null && 'errno' in found ? found : checkNull(address, member.nullable);
  if (failure !== null) return notRun(failure);
  return runOn(run, opts, args, found as State | null);
}

interface State {
  readonly memory: UserMemory;
  readonly offset: number;
}

/** copy_from_user of the state. */
function stateAt(opts: ProgRunOpts, address: bigint): State | Failure {
  for (const memory of opts.user_memory ?? []) {
    const offset = address - memory.address;
    if (offset >= 0n && offset + BigInt(STATE_BYTES) <= BigInt(memory.bytes.length)) {
      return { memory, offset: Number(offset) };
    }
  }
  return {
    errno: ERRNO.EFAULT,
    reason: `ctx_in: the state's address 0x${address.toString(16)} leads to no memory given`,
  };
}

function checkNull(address: bigint, nullable: boolean): Failure | null {
  return address === 0n && !nullable ? invalid('ctx_in: the state must not be NULL') : null;
}

/** dummy_ops_call_op */
function runOn(run: Run, opts: ProgRunOpts, args: Uint8Array, state: State | null): ProgRunResult {
  const { world } = run;
  putContext(run, args);
  lend(world.mem, KOBJ.DUMMY_STATE, STATE_BYTES, true, REGION.MEM);
  if (state !== null) {
    const { bytes } = state.memory;
    world.mem.u8.set(bytes.subarray(state.offset, state.offset + STATE_BYTES), KOBJ.DUMMY_STATE);
  }
  world.mem.dv.setBigUint64(CTX_BASE, state === null ? 0n : BigInt(KOBJ.DUMMY_STATE), true);
  const execution = run.execute(CTX_BASE, { ...opts, repeat: 1 });
  const early = endedEarly(world, execution);
  if (early !== null) return early;
  return finishVerdict(world, execution, copiedBack(run, opts, state));
}

/** dummy_ops_copy_args: the state goes back to where it came from. */
function copiedBack(
  run: Run,
  { user_memory }: ProgRunOpts,
  state: State | null,
): Pick<ProgRunResult, 'user_memory_after'> {
  if (user_memory === undefined) return {};
  const left = run.world.mem.u8.slice(KOBJ.DUMMY_STATE, KOBJ.DUMMY_STATE + STATE_BYTES);
  const after = user_memory.map((memory) => {
    const bytes = memory.bytes.slice();
    if (memory === state?.memory) bytes.set(left, state.offset);
    return { address: memory.address, bytes };
  });
  return { user_memory_after: after };
}
