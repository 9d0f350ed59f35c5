/** SYN cookies (net/core/filter.c, net/ipv4/syncookies.c): made and checked as the kernel does, under a secret that is the same in every run. */
import { FAULT, KOBJ, PRIV, REGION } from '../layout.ts';
import { IPPROTO, type NetSocket, TCP } from '../net/netns.ts';
import { ERRNO } from '../uapi/errno.ts';
import { checkRead } from './check-mem.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;
const TCP_BYTES = 20;
const FLAG = { FIN: 1, SYN: 2, RST: 4, ACK: 16 };
const OPTION = { END: 0, NOP: 1, MSS: 2, MSS_BYTES: 4 };
const IP_BYTES = { 4: 20, 6: 40 } as const;
type Version = keyof typeof IP_BYTES;
/** msstab: a cookie remembers one of these. */
const MSS: Readonly<Record<Version, readonly number[]>> = { 4: [536, 1300, 1440, 1460], 6: [1220, 1420, 1440, 8940] };
/** tcp_cookie_time counts minutes, and a cookie lasts two of them. */
const MINUTE_NS = 60_000_000_000n;
const AGE_MAX = 2;
const LOW = 0xff_ffff;

/** cookie_hash: any mixture will do that nobody need guess. */
function hash(bytes: Uint8Array, count: number, which: number): number {
  let mixed = (0x9e37_79b9 ^ Math.imul(count, 0x85eb_ca6b) ^ which) >>> 0;
  for (const byte of bytes) mixed = Math.imul(mixed ^ byte, 0x0100_0193) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b_3c6d) >>> 0;
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

/** Addresses and ports, in the order of the header. */
function endsOf(rc: RunCtx, version: Version, iph: number, th: number): Uint8Array {
  const { u8 } = rc.mem;
  const from = version === 4 ? iph + 12 : iph + 8;
  const addresses = u8.subarray(from, from + (version === 4 ? 8 : 32));
  return Uint8Array.of(...addresses, ...u8.subarray(th, th + 4));
}

function minutes(rc: RunCtx): number {
  return Number(((rc.env.time_ns + BigInt(rc.clockReads)) / MINUTE_NS) & 0xffff_ffffn);
}

/** tcp_parse_mss_option; 0 where there is none. */
function mssOption(rc: RunCtx, th: number, bytes: number): number {
  const { u8, dv } = rc.mem;
  for (let at = th + TCP_BYTES; at < th + bytes; ) {
    const kind = u8[at]!;
    if (kind === OPTION.END) return 0;
    const length = kind === OPTION.NOP ? 1 : at + 1 < th + bytes ? u8[at + 1]! : 0;
    if (length < (kind === OPTION.NOP ? 1 : 2) || at + length > th + bytes) return 0;
    if (kind === OPTION.MSS && length === OPTION.MSS_BYTES) return dv.getUint16(at + 2, false);
    at += length;
  }
  return 0;
}

/** bpf_tcp_raw_gen_syncookie_ipv4, _ipv6: the cookie, and above it the segment size that it remembers. */
const rawGen =
  (version: Version): HelperMaker =>
  (rc) =>
  (iph, th, size) => {
    const [ip, tcp, bytes] = [iph! >>> 0, th! >>> 0, size! >>> 0];
    if (!checkRead(rc, ip, IP_BYTES[version]) || !checkRead(rc, tcp, bytes)) return 0;
    if (bytes < TCP_BYTES || bytes !== (rc.mem.u8[tcp + 12]! >> 4) * 4)
      return wide(rc, -ERRNO.EINVAL >>> 0, 0xffff_ffff);
    const table = MSS[version];
    const wanted = mssOption(rc, tcp, bytes) || table[0]!;
    let index = table.length - 1;
    while (index > 0 && wanted < table[index]!) index--;
    const [ends, count, seq] = [endsOf(rc, version, ip, tcp), minutes(rc), rc.mem.dv.getUint32(tcp + 4, false)];
    const cookie = hash(ends, 0, 0) + seq + ((count << 24) >>> 0) + ((hash(ends, count, 1) + index) & LOW);
    return wide(rc, cookie >>> 0, table[index]!);
  };

function wide(rc: RunCtx, low: number, high: number): 0 {
  rc.mem.u32[R0] = low;
  rc.mem.u32[R0 + 1] = high;
  return 0;
}

/** bpf_tcp_raw_check_syncookie_ipv4, _ipv6 */
const rawCheck =
  (version: Version): HelperMaker =>
  (rc) =>
  (iph, th) => {
    const [ip, tcp] = [iph! >>> 0, th! >>> 0];
    if (!checkRead(rc, ip, IP_BYTES[version]) || !checkRead(rc, tcp, TCP_BYTES)) return 0;
    const { dv } = rc.mem;
    const ends = endsOf(rc, version, ip, tcp);
    const acknowledged = dv.getUint32(tcp + 8, false) - 1;
    const rest = (acknowledged - hash(ends, 0, 0) - (dv.getUint32(tcp + 4, false) - 1)) >>> 0;
    const count = minutes(rc);
    const age = (count - (rest >>> 24)) & 0xff;
    const index = (rest - hash(ends, count - age, 1)) & LOW;
    return age < AGE_MAX && index < MSS[version].length ? 0 : -ERRNO.EACCES;
  };

/** The listening socket of an argument; null: it does not listen for TCP, or (after a fault) is no socket. */
function listener(rc: RunCtx, sk: number): NetSocket | null {
  const address = sk >>> 0;
  if (address === 0 || address === KOBJ.SKB_SOCK) return null;
  const socket = rc.sockets.at(address);
  if (socket === undefined) rc.fault(FAULT.BAD_ARGUMENT, address, 0, false, REGION.SOCK);
  return socket?.protocol === IPPROTO.TCP && socket.state === TCP.LISTEN ? socket : null;
}

/** bpf_tcp_check_syncookie: no listener's queue ever ran over, so that none sent cookies. */
const check: HelperMaker = (rc) => (sk, iph, iphBytes, th, thBytes) => {
  if (!checkRead(rc, iph!, iphBytes!) || !checkRead(rc, th!, thBytes!)) return 0;
  if (listener(rc, sk!) === null || thBytes! >>> 0 < TCP_BYTES) return -ERRNO.EINVAL;
  const flags = rc.mem.u8[(th! >>> 0) + 13]!;
  if ((flags & (FLAG.ACK | FLAG.RST | FLAG.SYN)) !== FLAG.ACK) return -ERRNO.ENOENT;
  return iphBytes! >>> 0 < IP_BYTES[4] ? -ERRNO.EINVAL : -ERRNO.ENOENT;
};

/** bpf_tcp_gen_syncookie: and none sends one now. */
const gen: HelperMaker = (rc) => (sk, iph, iphBytes, th, thBytes) => {
  const bytes = thBytes! >>> 0;
  if (!checkRead(rc, iph!, iphBytes!) || !checkRead(rc, th!, bytes)) return 0;
  const tcp = th! >>> 0;
  const socket = listener(rc, sk!);
  const whole = bytes >= TCP_BYTES && bytes === (rc.mem.u8[tcp + 12]! >> 4) * 4;
  if (socket === null || !whole) return -ERRNO.EINVAL;
  if ((rc.mem.u8[tcp + 13]! & (FLAG.SYN | FLAG.ACK | FLAG.FIN | FLAG.RST)) !== FLAG.SYN) return -ERRNO.EINVAL;
  return suitsVersion(rc, socket, iph! >>> 0, iphBytes! >>> 0) ? -ERRNO.ENOENT : -ERRNO.EINVAL;
};

function suitsVersion(rc: RunCtx, socket: NetSocket, iph: number, bytes: number): boolean {
  if (bytes < IP_BYTES[4]) return false;
  const version = rc.mem.u8[iph]! >> 4;
  if (version === 4) return socket.family === 2 || !socket.v6only;
  return version === 6 && bytes >= IP_BYTES[6] && socket.family === 10;
}

/** By helper name. */
export const SYNCOOKIE_HELPERS: Readonly<Record<string, HelperMaker>> = {
  tcp_raw_gen_syncookie_ipv4: rawGen(4),
  tcp_raw_gen_syncookie_ipv6: rawGen(6),
  tcp_raw_check_syncookie_ipv4: rawCheck(4),
  tcp_raw_check_syncookie_ipv6: rawCheck(6),
  tcp_check_syncookie: check,
  tcp_gen_syncookie: gen,
};
