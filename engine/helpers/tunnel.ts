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
/** A struct bpf_tunnel_key on its way in or out; nothing is kept in it from one call to the next. */
const key = new Uint8Array(KEY.BYTES);
const view = new DataView(key.buffer);

/** bpf_skb_set_tunnel_key */
const setKey: HelperMaker = (rc) => (ctx, from, size, flagsLo, flagsHi) => {
  const skb = skbOf(rc, ctx!);
  const bytes = size! >>> 0;
  if (skb === null || !checkRead(rc, from!, bytes)) return 0;
  const flags = u64(flagsLo!, flagsHi!);
  if (flags > F_SET || !SIZES.has(bytes)) return -ERRNO.EINVAL;
  const { u8 } = rc.mem;
  for (let i = 0; i < KEY.BYTES; i++) key[i] = i < bytes ? u8[(from! >>> 0) + i]! : 0;
  const ipv6 = (flags & F.IPV6) !== 0;
  if ((!ipv6 && view.getUint32(KEY.LABEL, true) !== 0) || view.getUint16(KEY.EXT, true) !== 0) return -ERRNO.EINVAL;
  skb.tunnel = {
    ...{ id: view.getUint32(KEY.ID, true), tos: key[KEY.TOS]!, ttl: key[KEY.TTL]!, ipv6, options: null },
    label: ipv6 ? view.getUint32(KEY.LABEL, true) & LABEL_MASK : 0,
    destination: addressAt(KEY.REMOTE, ipv6),
    source: addressAt(KEY.LOCAL, ipv6),
    flags: tunnelFlags(flags),
  };
  return 0;
};

function tunnelFlags(flags: number): number {
  const key = (flags & F.NO_TUNNEL_KEY) === 0 ? TUNNEL.KEY : 0;
  const csum = (flags & F.ZERO_CSUM_TX) === 0 ? TUNNEL.CSUM : 0;
  const rest =
    ((flags & F.DONT_FRAGMENT) === 0 ? 0 : TUNNEL.DONT_FRAGMENT) | ((flags & F.SEQ_NUMBER) === 0 ? 0 : TUNNEL.SEQ);
  return key | csum | rest | TUNNEL.NOCACHE;
}

/** IPv4 addresses stand in the key in host order, IPv6 addresses in network order. */
function addressAt(at: number, ipv6: boolean): Uint8Array {
  return ipv6 ? key.slice(at, at + 16) : key.slice(at, at + 4).reverse();
}

function putAddress(at: number, address: Uint8Array): void {
  const last = address.length - 1;
  for (let i = 0; i <= last; i++) key[at + i] = address[last === 3 ? last - i : i]!;
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
  showKey(tunnel, (flags & F_TUNINFO_FLAGS) !== 0);
  const { u8 } = rc.mem;
  for (let i = 0; i < bytes; i++) u8[at + i] = key[i]!;
  return 0;
};

function showKey(tunnel: TunnelInfo, withFlags: boolean): void {
  key.fill(0);
  view.setUint32(KEY.ID, tunnel.id, true);
  key[KEY.TOS] = tunnel.tos;
  key[KEY.TTL] = tunnel.ttl;
  if (withFlags) view.setUint16(KEY.EXT, tunnel.flags, false);
  view.setUint32(KEY.LABEL, tunnel.label, true);
  putAddress(KEY.REMOTE, tunnel.source);
  putAddress(KEY.LOCAL, tunnel.destination);
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
