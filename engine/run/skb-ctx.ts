/** struct __sk_buff on its way in and out of a run (convert___skb_to_skb, convert_skb_to___skb). */
import { CTX_BASE } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import type { Skb } from '../net/skb.ts';
import { ctxStructOf } from '../uapi/contexts.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { type Failure, invalid } from './opts.ts';

export const SK_BUFF_SIZE = 192;
/** GSO_LEGACY_MAX_SIZE */
const WIRE_LEN_MAX = 65536;
const GSO_SEGS_MAX = 65535;

/** Offsets of the fields that user space may set; all others must be zero. */
const AT = {
  ...{ mark: 8, priority: 32, ingress_ifindex: 36, ifindex: 40, cb: 48, tstamp: 152, wire_len: 160, gso_segs: 164 },
  ...{ gso_size: 176, hwtstamp: 184 },
};
const SK_AT = 168;
/** Those that pass through the skb unchanged, so that the context holds them: offset and bytes. */
const KEPT: readonly (readonly [number, number])[] = [
  ...([
    [AT.mark, 4],
    [AT.priority, 4],
    [AT.ingress_ifindex, 4],
    [AT.cb, 20],
    [AT.tstamp, 8],
  ] as const),
  ...([
    [AT.wire_len, 4],
    [AT.hwtstamp, 8],
  ] as const),
];
/** Names of the fields that user space may set. */
export const SETTABLE: ReadonlySet<string> = new Set(Object.keys(AT));
const FIELDS = ctxStructOf(PROG_TYPE.SCHED_CLS)!.fields;

function view(ctx: Uint8Array): DataView {
  return new DataView(ctx.buffer, ctx.byteOffset, ctx.byteLength);
}

export function ifindexOf(ctx: Uint8Array): number {
  return view(ctx).getUint32(AT.ifindex, true);
}

/** Every byte that no settable field covers must be zero; wire_len and gso_segs have bounds. */
export function checkUnused(ctx: Uint8Array, length: number): Failure | null {
  const settable = FIELDS.filter((field) => SETTABLE.has(field.name));
  for (let at = 0; at < ctx.length; at++) {
    if (ctx[at] === 0) continue;
    const inside = (field: (typeof FIELDS)[number]): boolean =>
      at >= field.offset && at < field.offset + field.size * (field.count ?? 1);
    if (settable.some(inside)) continue;
    return invalid(`ctx_in: ${FIELDS.find(inside)?.name ?? 'padding'} (byte ${at}) must be 0`);
  }
  const wire_len = view(ctx).getUint32(AT.wire_len, true);
  if (wire_len !== 0 && (wire_len < length || wire_len > WIRE_LEN_MAX)) {
    return invalid(`ctx_in: wire_len is ${wire_len}, it lies between the packet's ${length} and ${WIRE_LEN_MAX}`);
  }
  const segs = view(ctx).getUint32(AT.gso_segs, true);
  return segs > GSO_SEGS_MAX ? invalid(`ctx_in: gso_segs is ${segs}, more than ${GSO_SEGS_MAX}`) : null;
}

/** Sets what the user gave, in the skb and in the context that programs read. */
export function fillContext(mem: WorldMemory, ctx: Uint8Array | null, skb: Skb, ifindex: number): void {
  if (ctx !== null) {
    for (const [at, bytes] of KEPT) mem.u8.set(ctx.subarray(at, at + bytes), CTX_BASE + at);
    skb.gsoSegs = view(ctx).getUint32(AT.gso_segs, true);
    // The kernel's field has 16 bits; the context that goes back keeps all 32.
    skb.gsoSize = view(ctx).getUint32(AT.gso_size, true) & 0xffff;
    // Without a context nobody sets it: it reads 0.
    const wire_len = (CTX_BASE + AT.wire_len) >> 2;
    if (mem.u32[wire_len] === 0) mem.u32[wire_len] = skb.length;
  }
  mem.u32[(CTX_BASE + AT.ifindex) >> 2] = ifindex;
}

/** Back into the user's struct: what passed through, the device, the segments; gso_size stays as it came. */
export function readBack(mem: WorldMemory, ctx: Uint8Array, skb: Skb): void {
  for (const [at, bytes] of KEPT) ctx.set(mem.u8.subarray(CTX_BASE + at, CTX_BASE + at + bytes), at);
  const dv = view(ctx);
  dv.setUint32(AT.ifindex, mem.u32[(CTX_BASE + AT.ifindex) >> 2]!, true);
  dv.setUint32(AT.gso_segs, skb.gsoSegs, true);
}

/** What the context holds of an skb that has just come in on a device, at tc ingress: whose length on the wire is known, and no socket yet. */
export function ingressContext(mem: WorldMemory, skb: Skb, ifindex: number): void {
  const { dv } = mem;
  dv.setUint32(CTX_BASE + AT.ingress_ifindex, ifindex, true);
  dv.setUint32(CTX_BASE + AT.ifindex, ifindex, true);
  // qdisc_skb_cb's pkt_len is written before the Ethernet header comes back.
  dv.setUint32(CTX_BASE + AT.wire_len, skb.tail - skb.net, true);
  dv.setBigUint64(CTX_BASE + SK_AT, 0n, true);
}
