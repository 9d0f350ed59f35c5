/** The flow hash helpers (net/core/filter.c). The kernel keys its hash afresh at each boot; this one is the same in every run. */
import { jhash } from '../maps/jhash.ts';
import { PROTO, type Skb } from '../net/skb.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker } from './run-ctx.ts';

const VLAN_HLEN = 4;
const IP_BYTES = 20;
const IPV6_BYTES = 40;
const IP_FRAGMENT = 0x3fff;
/** TCP, UDP, DCCP, ESP, SCTP, UDP-Lite: the header begins with 32 bits that tell flows apart. */
const WITH_PORTS: ReadonlySet<number> = new Set([6, 17, 33, 50, 132, 136]);

/** Where the network header really begins, behind tags that lie in the packet, and its protocol. */
function networkHeader(skb: Skb): { at: number; protocol: number } {
  let at = skb.net;
  let protocol = skb.protocol;
  while ((protocol === PROTO.VLAN_8021Q || protocol === PROTO.VLAN_8021AD) && at + VLAN_HLEN <= skb.tail) {
    protocol = skb.u16(at + 2);
    at += VLAN_HLEN;
  }
  return { at, protocol };
}

/** Both directions of a flow have the same hash, and none has 0 (__skb_get_hash). */
function flowHash(skb: Skb): number {
  const { at, protocol } = networkHeader(skb);
  const v4 = protocol === PROTO.IP && at + IP_BYTES <= skb.tail;
  if (!v4 && (protocol !== PROTO.IPV6 || at + IPV6_BYTES > skb.tail)) return mixed(protocol, 0, 0);
  const u8 = skb.mem.u8;
  const transport = v4 ? u8[at + 9]! : u8[at + 6]!;
  const behind = v4 ? at + (u8[at]! & 0xf) * 4 : at + IPV6_BYTES;
  const fragment = v4 && (((u8[at + 6]! << 8) | u8[at + 7]!) & IP_FRAGMENT) !== 0;
  const ports = !fragment && WITH_PORTS.has(transport) && behind + 4 <= skb.tail;
  const bytes = v4 ? 4 : 16;
  const source = at + (v4 ? 12 : 8);
  const from = jhash(skb.mem, source, bytes, ports ? skb.u16(behind) : 0);
  const to = jhash(skb.mem, source + bytes, bytes, ports ? skb.u16(behind + 2) : 0);
  return mixed(transport, Math.min(from, to), Math.max(from, to));
}

function mixed(a: number, b: number, c: number): number {
  let hash = Math.imul(a + 1, 0x9e3779b1) ^ b;
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) ^ c;
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0 || 1;
}

/** bpf_get_hash_recalc */
const getHashRecalc: HelperMaker = (rc) => (ctx) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  if (!skb.hashKnown) {
    skb.hash = flowHash(skb);
    skb.hashKnown = true;
    skb.show();
  }
  return skb.hash;
};

/** bpf_set_hash */
const setHash: HelperMaker = (rc) => (ctx, hash) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  skb.hash = hash! >>> 0;
  skb.hashKnown = true;
  skb.show();
  return 0;
};

/** bpf_set_hash_invalid */
const setHashInvalid: HelperMaker = (rc) => (ctx) => {
  const skb = skbOf(rc, ctx!);
  if (skb === null) return 0;
  skb.clearHash();
  skb.show();
  return 0;
};

/** By helper name. */
export const SKB_HASH_HELPERS: Readonly<Record<string, HelperMaker>> = {
  get_hash_recalc: getHashRecalc,
  set_hash: setHash,
  set_hash_invalid: setHashInvalid,
};
