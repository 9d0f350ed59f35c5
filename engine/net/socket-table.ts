/** The namespace's sockets in linear memory, as programs read them (struct bpf_sock, struct bpf_tcp_sock), and how they are found. */
import { KOBJ, REGION, SOCK_STRIDE } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { type IpAddress, sameIp } from './ip-address.ts';
import { lend } from './kernel-object.ts';
import { IPPROTO, type NetSocket, TCP } from './netns.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const TYPE = { STREAM: 1, DGRAM: 2 };
/** Offsets in struct bpf_sock, and its size. */
const SOCK = {
  ...{
    BOUND_DEV_IF: 0,
    FAMILY: 4,
    TYPE: 8,
    PROTOCOL: 12,
    MARK: 16,
    PRIORITY: 20,
    SRC_IP4: 24,
    SRC_IP6: 28,
    SRC_PORT: 44,
  },
  ...{ DST_PORT: 48, DST_IP4: 52, DST_IP6: 56, STATE: 72, RX_QUEUE_MAPPING: 76, BYTES: 80 },
};
/** sizeof(struct bpf_tcp_sock), and where a fresh connection has its congestion window, threshold and segment size. */
const TCP_SOCK = { BYTES: 112, SND_CWND: 0, SND_SSTHRESH: 12, MSS_CACHE: 28 };
const INIT = { CWND: 10, SSTHRESH: 0x7fff_ffff, MSS: 536 };

/** What a lookup is after: a packet's two ends. */
export interface Tuple {
  readonly protocol: number;
  readonly source: IpAddress;
  readonly sourcePort: number;
  readonly destination: IpAddress;
  readonly destinationPort: number;
  /** ifindex it came in by. */
  readonly dev: number;
}

export class SocketTable {
  private readonly mem: WorldMemory;
  private sockets: readonly NetSocket[] = [];

  constructor(mem: WorldMemory) {
    this.mem = mem;
  }

  /** Puts the sockets of a namespace in place of those before; does nothing when they are the same. */
  use(sockets: readonly NetSocket[]): void {
    if (sockets === this.sockets) return;
    this.sockets = sockets;
    for (const base of [KOBJ.SOCKS, KOBJ.TCP_SOCKS]) this.mem.removeRegion(base);
    if (sockets.length === 0) return;
    this.lendTable(KOBJ.SOCKS, SOCK.BYTES);
    this.lendTable(KOBJ.TCP_SOCKS, TCP_SOCK.BYTES);
    sockets.forEach((socket, i) => {
      writeSock(this.mem, KOBJ.SOCKS + i * SOCK_STRIDE, socket);
      if (socket.protocol === IPPROTO.TCP) writeTcpSock(this.mem, KOBJ.TCP_SOCKS + i * SOCK_STRIDE);
    });
  }

  private lendTable(base: number, elem: number): void {
    const len = this.sockets.length * SOCK_STRIDE;
    lend(this.mem, base, len, false, REGION.SOCK);
    this.mem.removeRegion(base);
    this.mem.addRegion({ base, len, stride: SOCK_STRIDE, elem, write: false, kind: REGION.SOCK, map: 0 });
  }

  /** The socket whose struct bpf_sock or bpf_tcp_sock stands at an address. */
  at(address: number): NetSocket | undefined {
    for (const base of [KOBJ.SOCKS, KOBJ.TCP_SOCKS]) {
      const offset = address - base;
      if (offset >= 0 && offset % SOCK_STRIDE === 0 && offset / SOCK_STRIDE < this.sockets.length) {
        return this.sockets[offset / SOCK_STRIDE];
      }
    }
    return undefined;
  }

  addressOf(socket: NetSocket): number {
    return KOBJ.SOCKS + this.sockets.indexOf(socket) * SOCK_STRIDE;
  }

  tcpAddressOf(socket: NetSocket): number {
    return KOBJ.TCP_SOCKS + this.sockets.indexOf(socket) * SOCK_STRIDE;
  }

  /** Address of the socket with a cookie, 0 if there is none. */
  byCookie(cookie: number): number {
    const socket = this.sockets.find((one) => one.cookie === cookie);
    return socket === undefined ? 0 : this.addressOf(socket);
  }

  /** __inet_lookup, __udp4_lib_lookup and their IPv6 sisters: the connected socket, else the best that listens. */
  find(tuple: Tuple): NetSocket | undefined {
    if (tuple.protocol === IPPROTO.UDP) return best(this.sockets, tuple, scoreUdp);
    for (const socket of this.sockets) {
      if (socket.remote !== null && hears(socket, tuple) && connects(socket, tuple)) return socket;
    }
    return best(this.sockets, tuple, scoreTcp);
  }
}

/** Protocol, port, address and device fit; a socket of any address takes IPv4 unless it is for IPv6 only. */
function hears(socket: NetSocket, tuple: Tuple): boolean {
  if (socket.protocol !== tuple.protocol || socket.local.port !== tuple.destinationPort) return false;
  if (socket.dev !== 0 && socket.dev !== tuple.dev) return false;
  const { address } = socket.local;
  if (tuple.destination.length === 4) {
    if (socket.family === AF_INET6 && (socket.v6only || !isAny(socket))) return false;
  } else if (socket.family === AF_INET) return false;
  return isAny(socket) || sameIp(address!, tuple.destination);
}

function isAny({ local }: NetSocket): boolean {
  return local.address === null || local.address.every((byte) => byte === 0);
}

function connects({ remote }: NetSocket, tuple: Tuple): boolean {
  return remote?.port === tuple.sourcePort && remote.address !== null && sameIp(remote.address, tuple.source);
}

/** The one with the highest score, the first of equals; sockets of the very address come before those of any. */
function best(
  sockets: readonly NetSocket[],
  tuple: Tuple,
  score: (socket: NetSocket, tuple: Tuple) => number,
): NetSocket | undefined {
  for (const any of [false, true]) {
    let found: NetSocket | undefined;
    let most = -1;
    for (const socket of sockets) {
      const points = isAny(socket) === any && hears(socket, tuple) ? score(socket, tuple) : -1;
      if (points > most) [found, most] = [socket, points];
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

function scoreTcp(socket: NetSocket, tuple: Tuple): number {
  return socket.state === TCP.LISTEN ? scoreListener(socket, tuple) : -1;
}

/** compute_score in net/ipv4/inet_hashtables.c */
function scoreListener(socket: NetSocket, tuple: Tuple): number {
  return (socket.dev === 0 ? 1 : 2) + (socket.family === (tuple.source.length === 4 ? AF_INET : AF_INET6) ? 1 : 0);
}

/** compute_score in net/ipv4/udp.c: a remote end must fit, and counts. */
function scoreUdp(socket: NetSocket, tuple: Tuple): number {
  if (socket.remote !== null && !connects(socket, tuple)) return -1;
  return scoreListener(socket, tuple) + (socket.remote === null ? 0 : 8) + (socket.dev === 0 ? 0 : 4);
}

/** bpf_sock_convert_ctx_access, the other way round: every field that programs read. */
function writeSock(mem: WorldMemory, at: number, socket: NetSocket): void {
  const { dv } = mem;
  const word = (offset: number, value: number) => dv.setUint32(at + offset, value, true);
  word(SOCK.BOUND_DEV_IF, socket.dev);
  word(SOCK.FAMILY, socket.family);
  word(SOCK.TYPE, socket.protocol === IPPROTO.TCP ? TYPE.STREAM : TYPE.DGRAM);
  word(SOCK.PROTOCOL, socket.protocol);
  word(SOCK.MARK, socket.mark);
  word(SOCK.PRIORITY, socket.priority);
  putAddress(mem, at + SOCK.SRC_IP4, at + SOCK.SRC_IP6, socket.local.address);
  word(SOCK.SRC_PORT, socket.local.port);
  putAddress(mem, at + SOCK.DST_IP4, at + SOCK.DST_IP6, socket.remote?.address ?? null);
  dv.setUint16(at + SOCK.DST_PORT, socket.remote?.port ?? 0, false);
  word(SOCK.STATE, socket.state);
  word(SOCK.RX_QUEUE_MAPPING, 0xffff_ffff);
}

function putAddress(mem: WorldMemory, v4: number, v6: number, address: IpAddress | null): void {
  if (address !== null) mem.u8.set(address, address.length === 4 ? v4 : v6);
}

function writeTcpSock(mem: WorldMemory, at: number): void {
  mem.dv.setUint32(at + TCP_SOCK.SND_CWND, INIT.CWND, true);
  mem.dv.setUint32(at + TCP_SOCK.SND_SSTHRESH, INIT.SSTHRESH, true);
  mem.dv.setUint32(at + TCP_SOCK.MSS_CACHE, INIT.MSS, true);
}
