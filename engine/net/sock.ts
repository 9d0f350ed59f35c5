/** The socket that BPF_PROG_RUN hangs on an skb: struct bpf_sock as programs read it through `skb->sk`, and the addresses in it. */
import { KOBJ_BASE, REGION } from '../layout.ts';
import type { WorldMemory } from '../memory.ts';
import { PROTO, type Skb } from './skb.ts';

const AF_INET = 2;
const AF_INET6 = 10;
const TCP_CLOSE = 7;
/** Words of struct bpf_sock, and of the socket's fields in struct __sk_buff from `family` on. */
const SOCK = {
  FAMILY: 1,
  SRC_IP4: 6,
  SRC_IP6: 7,
  DST_IP4: 13,
  DST_IP6: 14,
  STATE: 18,
  RX_QUEUE_MAPPING: 19,
  WORDS: 20,
};
const VIEW = { FAMILY: 0, REMOTE_IP4: 1, LOCAL_IP4: 2, REMOTE_IP6: 3, LOCAL_IP6: 7 };

/**
 * Writes the socket: family and addresses of an IP packet (source is local, destination remote), otherwise none.
 * `view` is the address of the context's `family` field where the type shows it there, or 0.
 */
export function makeSock(mem: WorldMemory, skb: Skb, view: number): void {
  if (mem.regionAtOrBelow(KOBJ_BASE)?.base !== KOBJ_BASE) {
    const len = SOCK.WORDS * 4;
    mem.addRegion({ base: KOBJ_BASE, len, stride: 0, elem: len, write: false, kind: REGION.SOCK, map: 0 });
  }
  const u32 = mem.u32;
  const sock = KOBJ_BASE >> 2;
  u32.fill(0, sock, sock + SOCK.WORDS);
  u32[sock + SOCK.STATE] = TCP_CLOSE;
  u32[sock + SOCK.RX_QUEUE_MAPPING] = 0xffff_ffff;
  const v6 = skb.protocol === PROTO.IPV6;
  if (!v6 && skb.protocol !== PROTO.IP) return;
  const family = v6 ? AF_INET6 : AF_INET;
  const bytes = v6 ? 16 : 4;
  const source = skb.net + (v6 ? 8 : 12);
  const remote = v6 ? VIEW.REMOTE_IP6 : VIEW.REMOTE_IP4;
  const local = v6 ? VIEW.LOCAL_IP6 : VIEW.LOCAL_IP4;
  u32[sock + SOCK.FAMILY] = family;
  copy(mem, KOBJ_BASE + 4 * (v6 ? SOCK.SRC_IP6 : SOCK.SRC_IP4), source, bytes);
  copy(mem, KOBJ_BASE + 4 * (v6 ? SOCK.DST_IP6 : SOCK.DST_IP4), source + bytes, bytes);
  if (view === 0) return;
  u32[(view >> 2) + VIEW.FAMILY] = family;
  copy(mem, view + 4 * local, source, bytes);
  copy(mem, view + 4 * remote, source + bytes, bytes);
}

function copy(mem: WorldMemory, to: number, from: number, bytes: number): void {
  mem.u8.copyWithin(to, from, from + bytes);
}
