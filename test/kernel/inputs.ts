/** What fixture programs are run on: packets, contexts and attributes, valid and not, by the kind of program. */
import { PROG_TYPE, type ProgRunOpts } from '../../engine/index.ts';
import { arp, counting, ethernet, icmpEcho, ipv4, ipv6, sized, tcp, udp } from '../support/frames.ts';

export interface Input {
  readonly name: string;
  readonly opts: Omit<ProgRunOpts, 'cancel' | 'env'>;
}

const UDP = ethernet(0x0800, ipv4(17, udp(4000, 53, counting(30))));
const TCP = ethernet(0x0800, ipv4(6, tcp(40000, 443, 2)));
const V6 = ethernet(0x86dd, ipv6(17, udp(5000, 53, counting(10))));

/** Frames by name: protocols, tags, options, fragments, and cuts through headers. */
export const FRAMES: Readonly<Record<string, Uint8Array>> = {
  udp: UDP,
  'tcp syn': TCP,
  'udp to 10.1.2.3': ethernet(0x0800, ipv4(17, udp(1, 9), { dst: '10.1.2.3' })),
  'udp, ttl 1': ethernet(0x0800, ipv4(17, udp(1, 9), { ttl: 1 })),
  'ip options': ethernet(0x0800, ipv4(17, udp(1, 9), { options: [7, 7, 4, 1, 2, 3, 4, 0] })),
  'ip fragment': ethernet(0x0800, ipv4(17, counting(24), { frag: 0x00b9 })),
  'icmp echo': ethernet(0x0800, ipv4(1, icmpEcho(7, 1, counting(56)))),
  'udp over ipv6': V6,
  'tcp over ipv6': ethernet(0x86dd, ipv6(6, tcp(40000, 443, 0x12, counting(20)))),
  vlan: ethernet(0x0800, ipv4(17, udp(4000, 53)), { vlans: [[0x8100, 0x2005]] }),
  'two vlans': ethernet(0x0800, ipv4(17, udp(4000, 53)), {
    vlans: [
      [0x88a8, 100],
      [0x8100, 200],
    ],
  }),
  arp: ethernet(0x0806, arp()),
  broadcast: ethernet(0x0806, arp(), { dst: [255, 255, 255, 255, 255, 255] }),
  multicast: ethernet(0x0800, ipv4(17, udp(1, 2)), { dst: [1, 0, 0x5e, 0, 0, 1] }),
  'to the device': ethernet(0x0800, ipv4(17, udp(1, 2)), { dst: [0, 0, 0, 0, 0, 0] }),
  zeros: new Uint8Array(64),
  '802.3 length': ethernet(0x0040, counting(64)),
  'cut after ethernet': sized(UDP, 14),
  'cut in ip': sized(UDP, 33),
  'cut after ip': sized(UDP, 34),
  'cut in udp': sized(UDP, 40),
  'cut in ipv6': sized(V6, 53),
  'cut after ipv6': sized(V6, 54),
  '1514 bytes': sized(ethernet(0x0800, ipv4(6, tcp(1, 80, 0x10, counting(1460)))), 1514),
};

const u32 = (...words: number[]): Uint8Array => new Uint8Array(new Uint32Array(words).buffer);

/** struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex. */
const xdpMd = (data: number, end: number, more: readonly number[] = [0, 0, 0, 0]): Uint8Array =>
  u32(data, end, ...more);

/** struct __sk_buff with 32-bit words by index. */
function skBuff(words: { readonly [index: number]: number }, bytes = 192): Uint8Array {
  const all = new Uint32Array(48);
  for (const [index, value] of Object.entries(words)) all[Number(index)] = value;
  return new Uint8Array(all.buffer).subarray(0, bytes);
}

function named(entries: Readonly<Record<string, Input['opts']>>): Input[] {
  return Object.entries(entries).map(([name, opts]) => ({ name, opts }));
}

const EVERY_FRAME: readonly Input[] = Object.entries(FRAMES).map(([name, data_in]) => ({ name, opts: { data_in } }));

const COMMON: readonly Input[] = named({
  'no data': {},
  '13 bytes': { data_in: sized(UDP, 13) },
  'repeat 3': { data_in: UDP, repeat: 3 },
  'room for 10 bytes': { data_in: UDP, data_size_out: 10 },
  'no buffer, room for 10': { data_in: UDP, data_size_out: 10, data_out: false },
  'no buffer': { data_in: UDP, data_out: false },
  'unknown flag': { data_in: UDP, flags: 8 },
  'batch size without live frames': { data_in: UDP, batch_size: 4 },
  'ctx_out alone': { data_in: UDP, ctx_size_out: 192 },
});

const XDP: readonly Input[] = named({
  '3520 bytes': { data_in: sized(UDP, 3520) },
  '4000 bytes': { data_in: sized(UDP, 4000) },
  '9000 bytes': { data_in: sized(UDP, 9000) },
  '9000 bytes, room for 5000': { data_in: sized(UDP, 9000), data_size_out: 5000 },
  '9000 bytes, room for 6000': { data_in: sized(UDP, 9000), data_size_out: 6000 },
  '73153 bytes': { data_in: sized(UDP, 73153) },
  'linear part of 40': { data_in: UDP, ctx_in: xdpMd(0, 40), ctx_size_out: 24 },
  'all linear': { data_in: UDP, ctx_in: xdpMd(0, UDP.length), ctx_size_out: 24 },
  'metadata of 8': { data_in: UDP, ctx_in: xdpMd(8, UDP.length), ctx_size_out: 24 },
  'metadata of 6': { data_in: UDP, ctx_in: xdpMd(6, UDP.length) },
  'metadata leaves 10': { data_in: UDP, ctx_in: xdpMd(UDP.length - 10, UDP.length) },
  'data_end past the data': { data_in: UDP, ctx_in: xdpMd(0, UDP.length + 1) },
  'data_meta given': { data_in: UDP, ctx_in: xdpMd(0, UDP.length, [4, 0, 0, 0]) },
  'ingress lo': { data_in: UDP, ctx_in: xdpMd(0, UDP.length, [0, 1, 0, 0]), ctx_size_out: 24 },
  'ingress nobody': { data_in: UDP, ctx_in: xdpMd(0, UDP.length, [0, 9999, 0, 0]) },
  'rx queue without ingress': { data_in: UDP, ctx_in: xdpMd(0, UDP.length, [0, 0, 1, 0]) },
  'egress given': { data_in: UDP, ctx_in: xdpMd(0, UDP.length, [0, 0, 0, 1]) },
  'short context': { data_in: UDP, ctx_in: u32(0) },
  'long context, zeros': { data_in: UDP, ctx_in: u32(0, UDP.length, 0, 0, 0, 0, 0, 0) },
  'long context': { data_in: UDP, ctx_in: u32(0, UDP.length, 0, 0, 0, 0, 0, 1) },
  'context out too small': { data_in: UDP, ctx_in: xdpMd(0, UDP.length), ctx_size_out: 10 },
  'cpu given': { data_in: UDP, cpu: 1 },
});

const SKB: readonly Input[] = named({
  '3712 bytes': { data_in: sized(UDP, 3712) },
  '3713 bytes': { data_in: sized(UDP, 3713) },
  'checksum complete': { data_in: UDP, flags: 4 },
  'mark and priority': { data_in: UDP, ctx_in: skBuff({ 2: 7, 8: 5 }), ctx_size_out: 192 },
  cb: { data_in: UDP, ctx_in: skBuff({ 12: 1, 13: 2, 14: 3, 15: 4, 16: 5 }), ctx_size_out: 192 },
  'ingress_ifindex anybody': { data_in: UDP, ctx_in: skBuff({ 9: 77 }), ctx_size_out: 192 },
  'ifindex lo': { data_in: UDP, ctx_in: skBuff({ 10: 1 }), ctx_size_out: 192 },
  'ifindex nobody': { data_in: UDP, ctx_in: skBuff({ 10: 9999 }) },
  tstamp: { data_in: UDP, ctx_in: skBuff({ 38: 0x89abcdef, 39: 1 }), ctx_size_out: 192 },
  wire_len: { data_in: UDP, ctx_in: skBuff({ 40: 1000 }), ctx_size_out: 192 },
  'wire_len too small': { data_in: UDP, ctx_in: skBuff({ 40: 13 }) },
  gso: { data_in: UDP, ctx_in: skBuff({ 41: 3, 44: 0x12345 }), ctx_size_out: 192 },
  'gso_segs too many': { data_in: UDP, ctx_in: skBuff({ 41: 0x10000 }) },
  'len given': { data_in: UDP, ctx_in: skBuff({ 0: 1 }) },
  'hash given': { data_in: UDP, ctx_in: skBuff({ 17: 1 }) },
  'short context': { data_in: UDP, ctx_in: skBuff({ 2: 7 }, 12), ctx_size_out: 192 },
  'context out too small': { data_in: UDP, ctx_in: skBuff({ 2: 7 }), ctx_size_out: 100 },
  'cpu given': { data_in: UDP, cpu: 1 },
});

const SKB_TYPES: readonly number[] = [
  ...[PROG_TYPE.SOCKET_FILTER, PROG_TYPE.SCHED_CLS, PROG_TYPE.SCHED_ACT, PROG_TYPE.CGROUP_SKB],
];

/** Every input for programs of a type. */
export function inputsFor(type: number): readonly Input[] {
  if (type === PROG_TYPE.XDP) return [...EVERY_FRAME, ...COMMON, ...XDP];
  return SKB_TYPES.includes(type) ? [...EVERY_FRAME, ...COMMON, ...SKB] : COMMON;
}
