/** BPF_PROG_RUN of FLOW_DISSECTOR programs (bpf_prog_test_run_flow_dissector): a frame goes in, flow keys come out. */
import { CTX_BASE, KOBJ, PACKET_BASE, PRIV, REGION } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { lend } from '../net/kernel-object.ts';
import { ctxStructOf, userCtxOf } from '../uapi/contexts.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { contractOf } from './contracts.ts';
import { endedEarly, finish, notRun } from './finish.ts';
import { checkData, checkOpts, contextOf, type Failure, invalid, isFailure } from './opts.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

const ETH_HLEN = 14;
const CONTRACT = contractOf(PROG_TYPE.FLOW_DISSECTOR)!;
const KEYS = userCtxOf(PROG_TYPE.FLOW_DISSECTOR)!;
const SEEN = ctxStructOf(PROG_TYPE.FLOW_DISSECTOR)!;
const FLAGS_AT = offsetIn(KEYS, 'flags');
const AT = { NHOFF: offsetIn(KEYS, 'nhoff'), THOFF: offsetIn(KEYS, 'thoff'), N_PROTO: offsetIn(KEYS, 'n_proto') };
const NO_BYTES = new Uint8Array(0);

function offsetIn(struct: typeof KEYS, name: string): number {
  return struct.fields.find((field) => field.name === name)!.offset;
}

/** The resulting keys are data_out; ctx_out is ctx_in as it was. */
export function runFlowDissector(run: Run, opts: ProgRunOpts): ProgRunResult {
  const { mem } = run.world;
  const frame = opts.data_in ?? NO_BYTES;
  const failure = checkOpts(opts, CONTRACT) ?? checkData(opts, CONTRACT);
  if (failure !== null) return notRun(failure);
  const ctx = contextOf(opts, KEYS.name, KEYS.size);
  if (isFailure(ctx)) return notRun(ctx);
  const wrong = ctx === null ? null : checkFlagsOnly(ctx);
  if (wrong !== null) return notRun(wrong);

  const flags = ctx === null ? 0 : new DataView(ctx.buffer).getUint32(FLAGS_AT, true);
  lend(mem, KOBJ.FLOW_KEYS, KEYS.size, true, REGION.MEM);
  putFrame(mem, frame);
  const begin = () => beginDissection(mem, frame, flags);
  begin();
  const execution = run.execute(CTX_BASE, opts, begin);
  const early = endedEarly(run.world, execution);
  if (early !== null) return early;
  clampOffsets(mem, frame.length);
  const head = mem.u8.slice(KOBJ.FLOW_KEYS, KOBJ.FLOW_KEYS + KEYS.size);
  return finish(run.world, execution, opts, { head, frags: NO_BYTES, ctx });
}

/** verify_user_bpf_flow_keys */
function checkFlagsOnly(ctx: Uint8Array): Failure | null {
  const at = ctx.findIndex((byte, i) => byte !== 0 && (i < FLAGS_AT || i >= FLAGS_AT + 4));
  if (at < 0) return null;
  const field = KEYS.fields.find((one) => at >= one.offset && at < one.offset + one.size * (one.count ?? 1));
  return invalid(`ctx_in: ${field?.name ?? 'padding'} (byte ${at}) must be 0, only flags may be given`);
}

/** struct bpf_flow_dissector with the frame and no skb behind it. */
function putFrame(mem: WorldMemory, frame: Uint8Array): void {
  const end = PACKET_BASE + frame.length;
  mem.u8.set(frame, PACKET_BASE);
  mem.u32[PRIV.PKT_META >> 2] = PACKET_BASE;
  mem.u32[PRIV.PKT_DATA >> 2] = PACKET_BASE;
  mem.u32[PRIV.PKT_END >> 2] = end;
  mem.u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
  mem.u32[PRIV.CTX_LEN >> 2] = SEEN.size;
  mem.u8.fill(0, CTX_BASE, CTX_BASE + SEEN.size);
  mem.u32[(CTX_BASE + offsetIn(SEEN, 'data')) >> 2] = PACKET_BASE;
  mem.u32[(CTX_BASE + offsetIn(SEEN, 'data_end')) >> 2] = end;
  mem.u32[(CTX_BASE + offsetIn(SEEN, 'flow_keys')) >> 2] = KOBJ.FLOW_KEYS;
}

/** bpf_flow_dissect before the program: keys start afresh for every run. */
function beginDissection(mem: WorldMemory, frame: Uint8Array, flags: number): void {
  const { dv } = mem;
  mem.u8.fill(0, KOBJ.FLOW_KEYS, KOBJ.FLOW_KEYS + KEYS.size);
  dv.setUint16(KOBJ.FLOW_KEYS + AT.NHOFF, ETH_HLEN, true);
  dv.setUint16(KOBJ.FLOW_KEYS + AT.THOFF, ETH_HLEN, true);
  mem.u8.set(frame.subarray(ETH_HLEN - 2, ETH_HLEN), KOBJ.FLOW_KEYS + AT.N_PROTO);
  dv.setUint32(KOBJ.FLOW_KEYS + FLAGS_AT, flags, true);
}

/** bpf_flow_dissect after it: offsets stay inside the frame, and the transport header is not before the network header. */
function clampOffsets(mem: WorldMemory, size: number): void {
  const { dv } = mem;
  const clamp = (value: number, least: number) => Math.min(Math.max(value, least), size);
  const nhoff = clamp(dv.getUint16(KOBJ.FLOW_KEYS + AT.NHOFF, true), ETH_HLEN);
  dv.setUint16(KOBJ.FLOW_KEYS + AT.NHOFF, nhoff, true);
  dv.setUint16(KOBJ.FLOW_KEYS + AT.THOFF, clamp(dv.getUint16(KOBJ.FLOW_KEYS + AT.THOFF, true), nhoff), true);
}
