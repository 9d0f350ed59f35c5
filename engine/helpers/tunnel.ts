/** Tunnel metadata of a packet (net/core/filter.c): bpf_skb_set_tunnel_key and its kin; what is set here comes back as the far end sees it. */
import type { Skb } from '../net/skb.ts';
import type { TunnelInfo } from '../net/tunnel.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead, checkWrite } from './check-mem.ts';
import { skbOf } from './ctx-arg.ts';
import { u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

/** Offsets in struct bpf_tunnel_key, its size, and the sizes that older programs have for it. */
const KEY = { ID: 0, REMOTE: 4, TOS: 20, TTL: 21, EXT: 22, LABEL: 24, LOCAL: 28, BYTES: 44 };
const OLD_SIZES = { WITHOUT_LOCAL: 28, WITHOUT_LABEL: 24, WITHOUT_EXT: 22, IPV4_ONLY: 8 };
const F = { IPV6: 1, ZERO_CSUM_TX: 2, DONT_FRAGMENT: 4, SEQ_NUMBER: 8, NO_TUNNEL_KEY: 16 };
const F_SET = 31;
/** BPF_F_TUNINFO_FLAGS of bpf_skb_get_tunnel_key, the same bit as NO_TUNNEL_KEY. */
const F_TUNINFO_FLAGS = 16;
/** TUNNEL_* bits. */
const TUNNEL = { CSUM: 1, KEY: 4, SEQ: 8, DONT_FRAGMENT: 0x100, NOCACHE: 0x2000 };
const OPTIONS_MAX = 255;
const LABEL_MASK = 0xf_ffff;

const SIZES: ReadonlySet<number> = new Set([KEY.BYTES, ...Object.values(OLD_SIZES)]);
const ADDRESS_BYTES = 16;
const IPV4_BYTES = 4;

/** bpf_skb_set_tunnel_key; a packet has one tunnel at a time, which is filled anew. */
const setKey: HelperMaker = (rc) => {
  const info: TunnelInfo = {
    ...{ id: 0, tos: 0, ttl: 0, label: 0, flags: 0, ipv6: false, options: null },
    ...{ source: new Uint8Array(ADDRESS_BYTES), destination: new Uint8Array(ADDRESS_BYTES) },
  };
  return (ctx, from, size, flagsLo, flagsHi) => {
    const skb = skbOf(rc, ctx!);
    const [at, bytes] = [from! >>> 0, size! >>> 0];
    if (skb === null || !checkRead(rc, at, bytes)) return 0;
    const flags = u64(flagsLo!, flagsHi!);
    if (flags > F_SET || !SIZES.has(bytes)) return -ERRNO.EINVAL;
    const { u8, dv } = rc.mem;
    const ipv6 = (flags & F.IPV6) !== 0;
    // What a shorter key leaves out is 0.
    const label = bytes > KEY.LABEL ? dv.getUint32(at + KEY.LABEL, true) : 0;
    const ext = bytes > KEY.EXT ? dv.getUint16(at + KEY.EXT, true) : 0;
    if ((!ipv6 && label !== 0) || ext !== 0) return -ERRNO.EINVAL;
    info.id = dv.getUint32(at + KEY.ID, true);
    info.tos = bytes > KEY.TOS ? u8[at + KEY.TOS]! : 0;
    info.ttl = bytes > KEY.TTL ? u8[at + KEY.TTL]! : 0;
    info.ipv6 = ipv6;
    info.options = null;
    info.label = ipv6 ? label & LABEL_MASK : 0;
    takeAddress(info.destination, u8, at + KEY.REMOTE, at + bytes, ipv6);
    takeAddress(info.source, u8, at + KEY.LOCAL, at + bytes, ipv6);
    info.flags = tunnelFlags(flags);
    skb.tunnel = info;
    return 0;
  };
};

/** An address of the key, zeros from the key's `end` on. */
function takeAddress(to: Uint8Array, u8: Uint8Array, at: number, end: number, ipv6: boolean): void {
  const bytes = ipv6 ? ADDRESS_BYTES : IPV4_BYTES;
  for (let i = 0; i < ADDRESS_BYTES; i++) to[i] = i < bytes && at + i < end ? u8[at + i]! : 0;
}

function tunnelFlags(flags: number): number {
  const key = (flags & F.NO_TUNNEL_KEY) === 0 ? TUNNEL.KEY : 0;
  const csum = (flags & F.ZERO_CSUM_TX) === 0 ? TUNNEL.CSUM : 0;
  const rest =
    ((flags & F.DONT_FRAGMENT) === 0 ? 0 : TUNNEL.DONT_FRAGMENT) | ((flags & F.SEQ_NUMBER) === 0 ? 0 : TUNNEL.SEQ);
  return key | csum | rest | TUNNEL.NOCACHE;
}

/** What the get helpers do when they find nothing. */
function cleared(rc: RunCtx, to: number, size: number, errno: number): number {
  rc.mem.u8.fill(0, to, to + size);
  return -errno;
}

/** bpf_skb_get_tunnel_key: the packet's source is the remote end. */
const getKey: HelperMaker = (rc) => (ctx, to, size, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  const at = to! >>> 0;
  const bytes = size! >>> 0;
  if (skb === null || !checkWrite(rc, at, bytes)) return 0;
  const flags = u64(flagsLo!, flagsHi!);
  const { tunnel } = skb;
  if (tunnel === null || (flags & ~(F.IPV6 | F_TUNINFO_FLAGS)) !== 0 || flags > F_SET) {
    return cleared(rc, at, bytes, ERRNO.EINVAL);
  }
  if (tunnel.ipv6 !== ((flags & F.IPV6) !== 0)) return cleared(rc, at, bytes, ERRNO.EPROTO);
  const short = bytes === OLD_SIZES.IPV4_ONLY && tunnel.ipv6;
  if (!SIZES.has(bytes) || short) return cleared(rc, at, bytes, ERRNO.EINVAL);
  showKey(rc, at, bytes, tunnel, (flags & F_TUNINFO_FLAGS) !== 0);
  return 0;
};

/** As much of struct bpf_tunnel_key as there is room for. */
function showKey(rc: RunCtx, at: number, bytes: number, tunnel: TunnelInfo, withFlags: boolean): void {
  const { u8, dv } = rc.mem;
  u8.fill(0, at, at + bytes);
  dv.setUint32(at + KEY.ID, tunnel.id, true);
  if (bytes > KEY.TOS) u8[at + KEY.TOS] = tunnel.tos;
  if (bytes > KEY.TTL) u8[at + KEY.TTL] = tunnel.ttl;
  if (bytes > KEY.EXT && withFlags) dv.setUint16(at + KEY.EXT, tunnel.flags, false);
  if (bytes > KEY.LABEL) dv.setUint32(at + KEY.LABEL, tunnel.label, true);
  const length = tunnel.ipv6 ? ADDRESS_BYTES : IPV4_BYTES;
  for (let i = 0; i < length; i++) {
    if (KEY.REMOTE + i < bytes) u8[at + KEY.REMOTE + i] = tunnel.source[i]!;
    if (KEY.LOCAL + i < bytes) u8[at + KEY.LOCAL + i] = tunnel.destination[i]!;
  }
}

/** bpf_skb_set_tunnel_opt: only on a key that this program set. */
const setOptions: HelperMaker = (rc) => (ctx, from, size) => {
  const skb = skbOf(rc, ctx!);
  const bytes = size! >>> 0;
  if (skb === null || !checkRead(rc, from!, bytes)) return 0;
  if (skb.tunnel === null || (bytes & 3) !== 0) return -ERRNO.EINVAL;
  if (bytes > OPTIONS_MAX) return -ERRNO.ENOMEM;
  skb.tunnel.options = rc.mem.u8.slice(from! >>> 0, (from! >>> 0) + bytes);
  return 0;
};

/** bpf_skb_get_tunnel_opt */
const getOptions: HelperMaker = (rc) => (ctx, to, size) => {
  const skb = skbOf(rc, ctx!);
  const at = to! >>> 0;
  const bytes = size! >>> 0;
  if (skb === null || !checkWrite(rc, at, bytes)) return 0;
  const options = optionsOf(skb);
  if (options === null) return cleared(rc, at, bytes, ERRNO.ENOENT);
  if (bytes < options.length) return cleared(rc, at, bytes, ERRNO.ENOMEM);
  rc.mem.u8.fill(0, at, at + bytes);
  rc.mem.u8.set(options, at);
  return options.length;
};

function optionsOf(skb: Skb): Uint8Array | null {
  return skb.tunnel?.options ?? null;
}

/** By helper name. */
export const TUNNEL_HELPERS: Readonly<Record<string, HelperMaker>> = {
  skb_set_tunnel_key: setKey,
  skb_get_tunnel_key: getKey,
  skb_set_tunnel_opt: setOptions,
  skb_get_tunnel_opt: getOptions,
};
