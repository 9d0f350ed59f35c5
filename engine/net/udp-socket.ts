/** UDP sockets of a live run: they hold the pages of datagrams until somebody reads them (net/ipv4/udp.c). */
import type { LiveState } from './live-state.ts';
import type { NetSocket } from './netns.ts';

/** net.core.rmem_default */
const RCVBUF = 212992;
/** What a live frame's skb counts for: its page less the page head, and struct sk_buff. */
const TRUESIZE = 4096 - 112 + 256;

export class UdpSocket {
  readonly net: NetSocket;
  /** Whether user space reads it. */
  isRead = true;
  rcvbuf = RCVBUF;
  private readonly state: LiveState;
  private queue: number[] = [];

  constructor(state: LiveState, net: NetSocket) {
    this.state = state;
    this.net = net;
  }

  /** Datagrams that wait. */
  get waiting(): number {
    return this.queue.length;
  }

  /** __udp_enqueue_schedule_skb: false when the receive buffer is full. */
  enqueue(page: number): boolean {
    const used = this.queue.length * TRUESIZE;
    if (used > 0 && used + TRUESIZE > this.rcvbuf) return false;
    this.queue.push(page);
    return true;
  }

  /** recvmsg until nothing is left. */
  read(): void {
    for (const page of this.queue) this.state.put(page);
    this.queue.length = 0;
  }
}

interface Datagram {
  /** Addresses of its headers. */
  readonly ip: number;
  readonly transport: number;
  readonly version: 4 | 6;
  /** ifindex it came in on. */
  readonly dev: number;
}

/** __udp4_lib_lookup: the socket that fits best (compute_score). */
export function udpSocketFor(sockets: readonly UdpSocket[], u8: Uint8Array, datagram: Datagram): UdpSocket | null {
  let best: UdpSocket | null = null;
  let most = -1;
  for (const socket of sockets) {
    const score = scoreOf(socket.net, u8, datagram);
    if (score > most) {
      best = socket;
      most = score;
    }
  }
  return best;
}

/** -1: not at all. */
function scoreOf(socket: NetSocket, u8: Uint8Array, { ip, transport, version, dev }: Datagram): number {
  const port = (at: number): number => (u8[at]! << 8) | u8[at + 1]!;
  const { local, remote } = socket;
  if (local.port !== port(transport + 2) || (socket.dev !== 0 && socket.dev !== dev)) return -1;
  if (version === 4 && socket.family === 10 && (socket.v6only || local.address !== null)) return -1;
  const bytes = version === 4 ? 4 : 16;
  const [from, to] = version === 4 ? [ip + 12, ip + 16] : [ip + 8, ip + 24];
  const same = (address: Uint8Array, at: number): boolean =>
    address.length === bytes && address.every((byte, i) => byte === u8[at + i]);
  const isAny = local.address === null || local.address.every((byte) => byte === 0);
  if (local.address !== null && (isAny ? local.address.length !== bytes : !same(local.address, to))) return -1;
  if (remote !== null) {
    if (remote.address === null || !same(remote.address, from) || remote.port !== port(transport)) return -1;
  }
  return (isAny ? 0 : 4) + (remote === null ? 0 : 8) + (socket.dev === 0 ? 0 : 4) + (socket.family === 2 ? 1 : 0);
}
