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
  const { transport } = datagram;
  const port = (u8[transport + 2]! << 8) | u8[transport + 3]!;
  let best: UdpSocket | null = null;
  let most = -1;
  for (let i = 0; i < sockets.length; i++) {
    const socket = sockets[i]!;
    if (socket.net.local.port !== port) continue;
    const score = scoreOf(socket.net, u8, datagram);
    if (score > most) {
      best = socket;
      most = score;
    }
  }
  return best;
}

/** -1: not at all; the port is the right one. */
function scoreOf(socket: NetSocket, u8: Uint8Array, { ip, transport, version, dev }: Datagram): number {
  const { local, remote } = socket;
  if (socket.dev !== 0 && socket.dev !== dev) return -1;
  if (version === 4 && socket.family === 10 && (socket.v6only || local.address !== null)) return -1;
  const bytes = version === 4 ? 4 : 16;
  const from = version === 4 ? ip + 12 : ip + 8;
  const any = local.address === null || isZero(local.address);
  if (local.address !== null && (local.address.length !== bytes || !(any || sameAt(u8, from + bytes, local.address)))) {
    return -1;
  }
  if (remote !== null) {
    const port = (u8[transport]! << 8) | u8[transport + 1]!;
    const { address } = remote;
    if (address === null || address.length !== bytes || remote.port !== port || !sameAt(u8, from, address)) return -1;
  }
  return (any ? 0 : 4) + (remote === null ? 0 : 8) + (socket.dev === 0 ? 0 : 4) + (socket.family === 2 ? 1 : 0);
}

function isZero(address: Uint8Array): boolean {
  for (let i = 0; i < address.length; i++) if (address[i] !== 0) return false;
  return true;
}

/** Whether an address stands in a packet. */
export function sameAt(u8: Uint8Array, at: number, address: Uint8Array): boolean {
  for (let i = 0; i < address.length; i++) if (address[i] !== u8[at + i]) return false;
  return true;
}
