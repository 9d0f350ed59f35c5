/** Helpers of lightweight tunnels (net/core/filter.c, net/core/lwt_bpf.c): headers put in front of a packet. */
import { csumFold, csumPartial } from '../net/csum.ts';
import { PROTO, type Skb } from '../net/skb.ts';
import { ERRNO } from '../uapi/errno.ts';
import { PROG_TYPE } from '../uapi/prog-types.ts';
import { checkRead } from './check-mem.ts';
import { skbOf } from './ctx-arg.ts';
import type { HelperMaker } from './run-ctx.ts';
import { pushSegments, SEG6_HELPERS } from './seg6.ts';

/** enum bpf_lwt_encap_mode */
const ENCAP = { SEG6: 0, SEG6_INLINE: 1, IP: 2 };
/** LWT_BPF_MAX_HEADROOM */
const HEADERS_MAX = 256;
const IP_BYTES = 20;
const IPV6_BYTES = 40;
const IP_CHECK = 10;
const IP_PROTOCOL = 9;
const IPV6_NEXTHDR = 6;
const IPPROTO_UDP = 17;
const UDP_BYTES = 8;

/** bpf_lwt_in_push_encap, bpf_lwt_xmit_push_encap */
const pushEncap: HelperMaker = (rc) => (ctx, type, headers, length) => {
  const skb = skbOf(rc, ctx!);
  const bytes = length! >>> 0;
  if (skb === null || !checkRead(rc, headers!, bytes)) return 0;
  const mode = type! >>> 0;
  if (mode === ENCAP.IP) return pushIp(skb, headers! >>> 0, bytes, rc.progType === PROG_TYPE.LWT_IN);
  if (mode > ENCAP.IP || rc.progType !== PROG_TYPE.LWT_IN) return -ERRNO.EINVAL;
  return pushSegments(rc, skb, headers! >>> 0, bytes, mode === ENCAP.SEG6_INLINE);
};

/** bpf_lwt_push_ip_encap */
function pushIp(skb: Skb, from: number, bytes: number, ingress: boolean): number {
  const { mem } = skb;
  if (bytes < IP_BYTES || bytes > HEADERS_MAX) return -ERRNO.EINVAL;
  const version = mem.u8[from]! >> 4;
  const least = version === 4 ? (mem.u8[from]! & 0xf) * 4 : IPV6_BYTES;
  if ((version !== 4 && version !== 6) || bytes < least) return -ERRNO.EINVAL;
  const udp = mem.u8[from + (version === 4 ? IP_PROTOCOL : IPV6_NEXTHDR)] === IPPROTO_UDP;
  if (udp && bytes < least + UDP_BYTES) return -ERRNO.EINVAL;
  const headers = mem.u8.slice(from, from + bytes);
  if (!skb.ensureHeadroom(bytes)) return -ERRNO.ENOMEM;
  skb.data -= bytes;
  skb.net = skb.data;
  mem.u8.set(headers, skb.data);
  if (ingress) skb.sumWith(skb.data, bytes, 0);
  skb.encapsulation = true;
  skb.protocol = version === 4 ? PROTO.IP : PROTO.IPV6;
  if (version === 4 && skb.u16(skb.net + IP_CHECK) === 0) {
    const sum = csumPartial(mem.u8, skb.net, least, 0);
    skb.setU16(skb.net + IP_CHECK, csumFold(sum));
  }
  if (udp) skb.setTransport(skb.net + least);
  skb.clearHash();
  skb.show();
  // handle_gso_encap: segments of TCP only, and the packet of BPF_PROG_RUN does not say what its are.
  return skb.isGso ? -ERRNO.ENOTSUPP : 0;
}

/** By helper name. */
export const LWT_HELPERS: Readonly<Record<string, HelperMaker>> = { lwt_push_encap: pushEncap, ...SEG6_HELPERS };
