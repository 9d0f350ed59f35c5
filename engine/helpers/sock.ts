/** Socket helpers (net/core/filter.c): lookup in the namespace's table, references, and what is known about a socket. */
import { FAULT, KOBJ, PRIV, REGION } from '../layout.ts';
import { IPPROTO, type NetSocket, TCP } from '../net/netns.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { checkRead } from './check-mem.ts';
import { u64 } from './map.ts';
import type { HelperMaker, RunCtx } from './run-ctx.ts';

const R0 = PRIV.R0 >> 2;
/** sizeof the two halves of struct bpf_sock_tuple. */
const TUPLE = { V4: 12, V6: 36 };
const OVERFLOW_UID = 65534;
const F_REPLACE = 1;
const F_NO_REUSEPORT = 2;
const LOOPBACK = 1;

function wide(rc: RunCtx, value: number): 0 {
  rc.mem.u32[R0] = value >>> 0;
  rc.mem.u32[R0 + 1] = Math.floor(value / 2 ** 32);
  return 0;
}

function badSocket(rc: RunCtx, address: number): 0 {
  rc.fault(FAULT.BAD_ARGUMENT, address >>> 0, 0, false, REGION.SOCK);
  return 0;
}

/** The device that the packet in hand came in by. */
function ingress(rc: RunCtx): number {
  return rc.ifindex === 0 ? LOOPBACK : rc.ifindex;
}

/** __bpf_skc_lookup; a foreign namespace is none that anybody described. */
function lookup(rc: RunCtx, protocol: number, args: readonly number[]): NetSocket | undefined {
  const [, tuple = 0, size = 0, netns = 0, , flagsLo = 0, flagsHi = 0] = args;
  if (!checkRead(rc, tuple, size)) return undefined;
  const at = tuple >>> 0;
  const bytes = size === TUPLE.V4 ? 4 : 16;
  if (size !== TUPLE.V4 && size !== TUPLE.V6) return undefined;
  // BPF_F_CURRENT_NETNS is -1 as an int.
  if (u64(flagsLo, flagsHi) !== 0 || (netns | 0) >= 0) return undefined;
  if (rc.netns.sockets.length === 0) return undefined;
  const { u8, dv } = rc.mem;
  return rc.sockets.find({
    protocol,
    source: u8.slice(at, at + bytes),
    destination: u8.slice(at + bytes, at + 2 * bytes),
    sourcePort: dv.getUint16(at + 2 * bytes, false),
    destinationPort: dv.getUint16(at + 2 * bytes + 2, false),
    dev: ingress(rc),
  });
}

/** A reference that the program must give back. */
function held(rc: RunCtx, socket: NetSocket | undefined): number {
  if (socket === undefined) return 0;
  rc.socketsHeld++;
  return rc.sockets.addressOf(socket);
}

const isFull = (socket: NetSocket): boolean => socket.state !== TCP.TIME_WAIT && socket.state !== TCP.NEW_SYN_RECV;

/** bpf_sk_lookup_tcp, bpf_sk_lookup_udp: full sockets only. */
const skLookup =
  (protocol: number): HelperMaker =>
  (rc) =>
  (...args) => {
    const socket = lookup(rc, protocol, args);
    return held(rc, socket !== undefined && isFull(socket) ? socket : undefined);
  };

/** bpf_skc_lookup_tcp */
const skcLookupTcp: HelperMaker =
  (rc) =>
  (...args) =>
    held(rc, lookup(rc, IPPROTO.TCP, args));

/** bpf_sk_release: the reference that a lookup gave. */
const release: HelperMaker = (rc) => (sk) => {
  const address = sk! >>> 0;
  if (rc.socketsHeld === 0 || rc.sockets.at(address) === undefined) return badSocket(rc, address);
  rc.socketsHeld--;
  return 0;
};

/** bpf_sk_fullsock */
const fullsock: HelperMaker = (rc) => (sk) => {
  const address = sk! >>> 0;
  if (address === 0 || address === KOBJ.SKB_SOCK) return address;
  const socket = rc.sockets.at(address);
  if (socket === undefined) return badSocket(rc, address);
  return isFull(socket) ? rc.sockets.addressOf(socket) : 0;
};

/** bpf_tcp_sock: the socket of BPF_PROG_RUN's own packet is none. */
const tcpSock: HelperMaker = (rc) => (sk) => {
  const address = sk! >>> 0;
  if (address === 0 || address === KOBJ.SKB_SOCK) return 0;
  const socket = rc.sockets.at(address);
  if (socket === undefined) return badSocket(rc, address);
  return isFull(socket) && socket.protocol === IPPROTO.TCP ? rc.sockets.tcpAddressOf(socket) : 0;
};

/** bpf_get_listener_sock */
const listenerSock: HelperMaker = (rc) => (sk) => {
  const address = sk! >>> 0;
  if (address === 0 || address === KOBJ.SKB_SOCK) return 0;
  const socket = rc.sockets.at(address);
  if (socket === undefined) return badSocket(rc, address);
  return socket.state === TCP.LISTEN ? address : 0;
};

/** bpf_sk_assign of tc, where BPF_PROG_RUN's packet is at no ingress; bpf_sk_lookup_assign of SK_LOOKUP. */
const assign: HelperMaker = (rc) => (_ctx, sk, flagsLo, flagsHi) => {
  const address = sk! >>> 0;
  const flags = u64(flagsLo!, flagsHi!);
  const socket = address === 0 ? null : rc.sockets.at(address);
  if (socket === undefined && address !== KOBJ.SKB_SOCK) return badSocket(rc, address);
  if (rc.progType === PROG_TYPE.SK_LOOKUP) return lookupAssign(rc, address, socket ?? null, flags);
  return address === 0 || flags !== 0 ? -ERRNO.EINVAL : -ERRNO.EOPNOTSUPP;
};

function lookupAssign(rc: RunCtx, address: number, socket: NetSocket | null, flags: number): number {
  if (flags > (F_REPLACE | F_NO_REUSEPORT)) return -ERRNO.EINVAL;
  if (socket !== null) {
    const selectable = socket.protocol === IPPROTO.TCP ? TCP.LISTEN : TCP.CLOSE;
    if (socket.state !== selectable) return -ERRNO.ESOCKTNOSUPPORT;
  }
  const refused = socket === null ? 0 : unsuited(rc, socket);
  if (refused !== 0) return refused;
  if (rc.lookup.selected !== 0 && (flags & F_REPLACE) === 0) return -ERRNO.EEXIST;
  rc.lookup = { selected: address, reuseport: (flags & F_NO_REUSEPORT) === 0 };
  rc.mem.u32[rc.mem.u32[PRIV.CTX_ADDR >> 2]! >> 2] = address;
  return 0;
}

/** Whether a socket cannot take packets such as the one that is looked up: a negative errno, 0 if it can. */
function unsuited(rc: RunCtx, socket: NetSocket): number {
  const words = rc.mem.u32[PRIV.CTX_ADDR >> 2]! >> 2;
  const [family, protocol] = [rc.mem.u32[words + 2]!, rc.mem.u32[words + 3]!];
  if (socket.protocol !== protocol) return -ERRNO.EPROTOTYPE;
  const v6only = socket.family === 10 && socket.v6only;
  return socket.family !== family && (socket.family === 2 || v6only) ? -ERRNO.EAFNOSUPPORT : 0;
}

/** bpf_get_socket_cookie: the socket of BPF_PROG_RUN's packet has the first one that nobody has. */
const socketCookie: HelperMaker = (rc) => () => {
  if (rc.skb === null) return wide(rc, 0);
  return wide(rc, 1 + Math.max(0, ...rc.netns.sockets.map((socket) => socket.cookie)));
};

/** bpf_get_socket_uid: root's, as BPF_PROG_RUN makes its socket. */
const socketUid: HelperMaker = (rc) => () => (rc.skb === null ? OVERFLOW_UID : 0);

/** bpf_get_netns_cookie */
const netnsCookie: HelperMaker = (rc) => () => wide(rc, rc.netns.cookie);

/** By helper name. */
export const SOCK_HELPERS: Readonly<Record<string, HelperMaker>> = {
  sk_lookup_tcp: skLookup(IPPROTO.TCP),
  sk_lookup_udp: skLookup(IPPROTO.UDP),
  skc_lookup_tcp: skcLookupTcp,
  sk_release: release,
  sk_fullsock: fullsock,
  tcp_sock: tcpSock,
  get_listener_sock: listenerSock,
  sk_assign: assign,
  get_socket_cookie: socketCookie,
  get_socket_uid: socketUid,
  get_netns_cookie: netnsCookie,
};
