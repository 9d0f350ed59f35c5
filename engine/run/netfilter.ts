/** BPF_PROG_RUN of NETFILTER programs (bpf_prog_test_run_nf): a packet at one of the hooks of the IP stack. */
import { CTX_BASE, KOBJ, PACKET_BASE, PRIV, REGION } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { lend } from '../net/kernel-object.ts';
import type { KernelStruct } from '../object/spec.ts';
import { userCtxOf } from '../uapi/contexts.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { contractOf } from './contracts.ts';
import { endedEarly, finish, notRun } from './finish.ts';
import { checkData, checkOpts, contextOf, type Failure, invalid, isFailure } from './opts.ts';
import type { Run } from './run.ts';
import type { ProgRunOpts, ProgRunResult } from './types.ts';

const STATE = userCtxOf(PROG_TYPE.NETFILTER)!;
const ETH_HLEN = 14;
const IP_BYTES = 20;
const IPV6_BYTES = 40;
const CONTRACT = contractOf(PROG_TYPE.NETFILTER)!;
const HOOK_LOCAL_OUT = 3;
const PF = { IPV4: 2, IPV6: 10 };
const ETHERTYPE = { IP: 0x0008, IPV6: 0xdd86 };
const LOOPBACK = { ifindex: 1, mtu: 65536, hard_header_len: ETH_HLEN };
const HEADROOM = 64;
/** struct sk_buff without the fields that no program here reads. */
const STRUCT_BYTES = 256;
const STRUCT_BYTES_MAX = 4096;
const NO_BYTES = new Uint8Array(0);

interface Hook {
  readonly hook: number;
  readonly pf: number;
  /** A context was given: the packet leaves through loopback. */
  readonly out: boolean;
}

export function runNetfilter(run: Run, opts: ProgRunOpts): ProgRunResult {
  const frame = opts.data_in ?? NO_BYTES;
  const failure = checkOpts(opts, CONTRACT) ?? checkData(opts, CONTRACT);
  if (failure !== null) return notRun(failure);
  const ctx = contextOf(opts, STATE.name, STATE.size);
  if (isFailure(ctx)) return notRun(ctx);
  const hook = ctx === null ? { hook: HOOK_LOCAL_OUT, pf: PF.IPV4, out: false } : hookOf(ctx);
  if ('errno' in hook) return notRun(hook);
  const protocol = protocolOf(hook, frame);
  if (typeof protocol !== 'number') return notRun(protocol);

  lay(run, frame, hook, protocol);
  const execution = run.execute(CTX_BASE, opts);
  return (
    endedEarly(run.world, execution) ?? finish(run.world, execution, opts, { head: null, frags: NO_BYTES, ctx: null })
  );
}

/** verify_and_copy_hook_state */
function hookOf(ctx: Uint8Array): Hook | Failure {
  for (const { name, offset, size } of STATE.fields) {
    if (size === 8 && ctx.subarray(offset, offset + size).some((byte) => byte !== 0)) {
      return invalid(`ctx_in: ${name} must be 0`);
    }
  }
  const [hook, pf] = [ctx[0]!, ctx[1]!];
  if (pf !== PF.IPV4 && pf !== PF.IPV6) return invalid(`ctx_in: pf is ${pf}, neither IPv4 (2) nor IPv6 (10)`);
  return { hook, pf, out: true };
}

/** skb->protocol; behind the Ethernet header at every hook but LOCAL_OUT, where there is none. */
function protocolOf({ hook, pf }: Hook, frame: Uint8Array): number | Failure {
  const wanted = pf === PF.IPV4 ? ETHERTYPE.IP : ETHERTYPE.IPV6;
  if (hook === HOOK_LOCAL_OUT) return wanted;
  const least = ETH_HLEN + IP_BYTES;
  if (frame.length < least) return invalid(`data_in has ${frame.length} bytes, hook ${hook} asks for ${least}`);
  const type = frame[12]! | (frame[13]! << 8);
  if (type !== ETHERTYPE.IP && type !== ETHERTYPE.IPV6) {
    return { errno: ERRNO.EPROTO, reason: 'data_in: the Ethernet type is neither IPv4 nor IPv6' };
  }
  if (type === ETHERTYPE.IPV6 && frame.length < ETH_HLEN + IPV6_BYTES) {
    return invalid(`data_in has ${frame.length} bytes, its Ethernet type asks for ${ETH_HLEN + IPV6_BYTES}`);
  }
  return type === wanted ? type : invalid(`ctx_in: pf is ${pf}, the Ethernet type says otherwise`);
}

/** struct bpf_nf_ctx, and what its pointers lead to, laid out as the program's types say. */
function lay(run: Run, frame: Uint8Array, { hook, pf, out }: Hook, protocol: number): void {
  const { mem } = run.world;
  const pulled = hook === HOOK_LOCAL_OUT ? 0 : ETH_HLEN;
  const head = PACKET_BASE;
  const data = head + HEADROOM + pulled;
  const end = head + HEADROOM + frame.length;
  mem.u8.set(frame, head + HEADROOM);
  mem.u32[PRIV.PKT_META >> 2] = data;
  mem.u32[PRIV.PKT_DATA >> 2] = data;
  mem.u32[PRIV.PKT_END >> 2] = end;
  const structs = new Map((run.program.spec.kernel_structs ?? []).map((struct) => [struct.name, struct]));
  const network = pulled === 0 ? 0 : HEADROOM + pulled;
  fill(mem, KOBJ.NF_DEV, structs.get('net_device'), LOOPBACK);
  fill(mem, KOBJ.NF_SKB, structs.get('sk_buff'), {
    ...{ len: frame.length - pulled, protocol, dev: pulled === 0 ? 0 : KOBJ.NF_DEV, skb_iif: 0 },
    ...{ head, data, tail: end - head, end: CONTRACT.data!.most + HEADROOM, network_header: network },
    ...{ mac_header: pulled === 0 ? 0xffff : HEADROOM, transport_header: 0xffff },
  });
  fill(mem, KOBJ.NF_STATE, structs.get('nf_hook_state'), { hook, pf, out: out ? KOBJ.NF_DEV : 0 });
  mem.u8.fill(0, CTX_BASE, CTX_BASE + 16);
  mem.u32[CTX_BASE >> 2] = KOBJ.NF_STATE;
  mem.u32[(CTX_BASE + 8) >> 2] = KOBJ.NF_SKB;
  mem.u32[PRIV.CTX_ADDR >> 2] = CTX_BASE;
  mem.u32[PRIV.CTX_LEN >> 2] = 16;
}

/** A kernel struct with these members set, as far as the types know them. */
function fill(
  mem: WorldMemory,
  base: number,
  struct: KernelStruct | undefined,
  values: { readonly [member: string]: number },
): void {
  const size = Math.min(struct?.size ?? STRUCT_BYTES, STRUCT_BYTES_MAX);
  lend(mem, base, size, false, REGION.MEM);
  for (const { name, offset, size: bytes } of struct?.members ?? []) {
    const value = values[name];
    if (value === undefined || offset + bytes > size) continue;
    for (let i = 0; i < Math.min(bytes, 4); i++) mem.u8[base + offset + i] = value >>> (8 * i);
  }
}
