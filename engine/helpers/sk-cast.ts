/** bpf_skc_to_* (net/core/filter.c): a socket as the kernel's own struct, laid out as the program's types say, of which members that are known here are filled. */
import { ARENA_BASE, FAULT, KOBJ, REGION } from '../layout.ts';
import { lend } from '../net/kernel-object.ts';
import { IPPROTO, type NetSocket, TCP } from '../net/netns.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const AF_INET6 = 10;
const TYPE = { STREAM: 1, DGRAM: 2 };
const PAGE = 4096;
const PAGES = (ARENA_BASE - KOBJ.KERNEL_SOCKS) / PAGE;
/** A fresh connection's, as in struct bpf_tcp_sock. */
const INIT = { snd_cwnd: 10, snd_ssthresh: 0x7fff_ffff, mss_cache: 536 };

const isFull = ({ state }: NetSocket): boolean => state !== TCP.TIME_WAIT && state !== TCP.NEW_SYN_RECV;
const isTcp = ({ protocol }: NetSocket): boolean => protocol === IPPROTO.TCP;

/** Address of the socket as a struct; 0 where `fits` says that it is none. */
const cast =
  (struct: string, fits: (socket: NetSocket) => boolean): HelperMaker =>
  (rc) =>
  (sk) => {
    const address = sk! >>> 0;
    // The socket of BPF_PROG_RUN's own packet is of no protocol.
    if (address === 0 || address === KOBJ.SKB_SOCK) return 0;
    const socket = rc.sockets.at(address);
    if (socket === undefined) return rc.fault(FAULT.BAD_ARGUMENT, address, 0, false, REGION.SOCK);
    return fits(socket) ? layOut(rc, struct, socket) : 0;
  };

/** The struct on the socket's page; what the types do not know is not there, and reading it is out of bounds. */
function layOut(rc: RunCtx, struct: string, socket: NetSocket): number {
  const place = rc.netns.sockets.indexOf(socket) % PAGES;
  const base = KOBJ.KERNEL_SOCKS + place * PAGE;
  const { size, members } = rc.kernelStructs.find(({ name }) => name === struct) ?? { size: 8, members: [] };
  const bytes = Math.min(size, PAGE);
  lend(rc.mem, base, bytes, false, REGION.SOCK);
  const values = valuesOf(socket);
  for (const { name, offset, size: room } of members) {
    const value = values[name];
    if (value === undefined || offset + room > bytes) continue;
    if (typeof value !== 'number') rc.mem.u8.set(value.subarray(0, room), base + offset);
    else for (let i = 0; i < Math.min(room, 4); i++) rc.mem.u8[base + offset + i] = value >>> (8 * i);
  }
  return base;
}

/** Members of struct sock_common, sock and tcp_sock; addresses and dport in network order, as they stand there. */
function valuesOf(socket: NetSocket): { readonly [member: string]: number | Uint8Array } {
  const { local, remote, state, family, cookie, priority, mark, protocol, dev } = socket;
  const v6 = family === AF_INET6;
  const [own, other] = [local.address ?? new Uint8Array(0), remote?.address ?? new Uint8Array(0)];
  const port = remote?.port ?? 0;
  return {
    ...{ skc_family: family, skc_state: state, skc_num: local.port, skc_bound_dev_if: dev, skc_cookie: cookie },
    skc_dport: Uint8Array.of(port >> 8, port),
    ...(v6 ? { skc_v6_rcv_saddr: own, skc_v6_daddr: other } : { skc_rcv_saddr: own, skc_daddr: other }),
    ...{ sk_type: isTcp(socket) ? TYPE.STREAM : TYPE.DGRAM, sk_protocol: protocol },
    ...{ sk_priority: priority, sk_mark: mark },
    ...INIT,
  };
}

const never = (): boolean => false;

/** By helper name. */
export const SK_CAST_HELPERS: Readonly<Record<string, HelperMaker>> = {
  skc_to_tcp_sock: cast('tcp_sock', (socket) => isFull(socket) && isTcp(socket)),
  skc_to_tcp6_sock: cast('tcp6_sock', (socket) => isFull(socket) && isTcp(socket) && socket.family === AF_INET6),
  skc_to_udp6_sock: cast('udp6_sock', (socket) => !isTcp(socket) && socket.family === AF_INET6),
  skc_to_tcp_timewait_sock: cast('tcp_timewait_sock', (socket) => socket.state === TCP.TIME_WAIT),
  skc_to_tcp_request_sock: cast('tcp_request_sock', (socket) => socket.state === TCP.NEW_SYN_RECV),
  skc_to_unix_sock: cast('unix_sock', never),
  skc_to_mptcp_sock: cast('mptcp_sock', never),
};
