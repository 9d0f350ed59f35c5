/** Packets across every protocol that the builder knows, for tests of builder, dissector and captures. */
import { type PacketBuilder, pkt } from '../../src/packet/build.ts';

const eth = pkt.eth();
const v4 = eth.ipv4({ id: 0x1234, df: true });
const v6 = eth.ipv6({ flow_lbl: 0x12345 });
const inner = pkt.ipv4({ src: '198.51.100.1', dst: '198.51.100.2', ttl: 9 }).udp({ dport: 4001 }).payload('inner');
const inner6 = pkt
  .ipv6({ src: '2001:db8:1::1', dst: '2001:db8:1::2' })
  .tcp({ flags: 'A', seq: 5, ack: 6 })
  .payload('six');
const frame = pkt.eth({ src: '02:00:00:00:00:11', dst: '02:00:00:00:00:12' });

const LINK: readonly (readonly [string, PacketBuilder])[] = [
  ['local ethertype', eth.payload('hello')],
  ['arp request', eth.arp()],
  ['arp reply', eth.arp({ op: 'reply', sha: '02:00:00:00:00:05', sip: '192.0.2.9' }).pad(60)],
  ['vlan', eth.vlan({ id: 7, pcp: 5, dei: true }).append(inner)],
  ['qinq', eth.qinq({ id: 100 }).vlan({ id: 200 }).append(inner)],
  ['qinq arp', eth.qinq().vlan().arp()],
  ['mpls', eth.mpls({ label: 1000, tc: 3, ttl: 7 }).append(inner)],
  ['mpls stack', eth.mpls({ label: 16 }).mpls({ label: 17 }).append(inner6)],
  ['padded', v4.udp({ len: 12 }).payload('abcd').pad(60)],
  ['padded tcp', v4.tcp().pad(60)],
];

const NETWORK: readonly (readonly [string, PacketBuilder])[] = [
  ['ipv4 alone', v4.payload('x')],
  ['ipv4 wrong checksum', eth.ipv4({ check: 0xbeef }).udp()],
  ['ipv4 options', eth.ipv4({ options: [{ router_alert: 0 }, 'nop', { record_route: { slots: 3 } }] }).udp()],
  ['ipv4 recorded route', eth.ipv4({ options: [{ record_route: { addresses: ['192.0.2.9'], slots: 2 } }] }).icmp()],
  ['ipv4 source route', eth.ipv4({ options: [{ lsrr: { addresses: ['192.0.2.7', '192.0.2.8'] } }] }).udp()],
  ['ipv4 source route, spent', eth.ipv4({ options: [{ ssrr: { pointer: 8, addresses: ['192.0.2.7'] } }] }).tcp()],
  ['ipv4 first fragment', eth.ipv4({ mf: true, id: 9 }).udp().payload({ length: 64, fill: 7 })],
  ['ipv4 later fragment', eth.ipv4({ offset: 72, id: 9 }).payload({ length: 10, fill: 7 })],
  ['ipv4 congestion', eth.ipv4({ dscp: 46, ecn: 'CE' }).tcp({ flags: 'AEC' })],
  ['ipv6 traffic class', eth.ipv6({ dscp: 10, ecn: 'ECT(0)', hop_limit: 3 }).udp()],
  ['ipv6 hop by hop', v6.hopopts({ options: [{ router_alert: 0 }] }).icmpv6()],
  ['ipv6 destination options', v6.dstopts({ options: [{ tunnel_limit: 4 }, 'pad1'] }).append(inner6)],
  [
    'ipv6 routing, arrived',
    v6
      .routing({ segments: ['2001:db8::9'] })
      .udp()
      .payload('r'),
  ],
  ['ipv6 routing type 0', v6.routing({ type: 0, segments_left: 2, segments: ['2001:db8::8', '2001:db8::9'] }).tcp()],
  ['ipv6 segments', v6.routing({ segments_left: 1, segments: ['2001:db8::9', '2001:db8::2'], tag: 3 }).udp()],
  [
    'ipv6 home address',
    v6
      .dstopts({ options: [{ home_address: '2001:db8::77' }] })
      .udp()
      .payload('home'),
  ],
  [
    'ipv6 home agent',
    v6
      .routing({ type: 2, segments_left: 1, segments: ['2001:db8::77'] })
      .udp()
      .payload('home'),
  ],
  ['ipv6 atomic fragment', v6.fragment({ id: 77 }).udp().payload('whole')],
  ['ipv6 first fragment', v6.fragment({ id: 77, mf: true }).udp().payload({ length: 64 })],
  ['ipv6 later fragment', v6.fragment({ id: 77, offset: 72 }).payload('tail')],
  [
    'ipv6 chain',
    v6
      .hopopts()
      .dstopts()
      .routing({ segments: ['2001:db8::9'] })
      .fragment()
      .dstopts()
      .tcp(),
  ],
];

const ICMP: readonly (readonly [string, PacketBuilder])[] = [
  ['icmp echo', v4.icmp({ id: 1, seq: 2 }).payload({ length: 31, fill: 0x61 })],
  ['icmp reply', v4.icmp({ type: 'echo reply', id: 1, seq: 2 }).payload('odd')],
  ['icmp wrong checksum', v4.icmp({ checksum: 0xbeef })],
  ['icmp fragmentation needed', v4.icmp({ type: 3, code: 4, mtu: 1400 }).append(inner)],
  ['icmp redirect', v4.icmp({ type: 'redirect', code: 1, gateway: '192.0.2.254' }).append(inner)],
  ['icmp time exceeded, eight bytes', v4.icmp({ type: 11 }).payload(inner.bytes().subarray(0, 28))],
  ['icmp timestamp', v4.icmp({ type: 13, id: 3 }).payload({ length: 12 })],
  ['icmpv6 echo', v6.icmpv6({ id: 1, seq: 2 }).payload('ping')],
  ['icmpv6 wrong checksum', v6.icmpv6({ checksum: 1 })],
  ['icmpv6 packet too big', v6.icmpv6({ type: 'packet too big', mtu: 1280 }).append(inner6)],
  ['icmpv6 solicitation', v6.icmpv6({ type: 135, options: [{ source_lladdr: '02:00:00:00:00:01' }] })],
  [
    'icmpv6 advertisement',
    v6.icmpv6({ type: 136, solicited: true, override: true, options: [{ target_lladdr: '02:00:00:00:00:02' }] }),
  ],
  ['icmpv6 router solicitation', v6.icmpv6({ type: 133 })],
  [
    'icmpv6 router advertisement',
    v6.icmpv6({
      type: 134,
      hop_limit: 64,
      lifetime: 1800,
      options: [{ mtu: 1500 }, { prefix: { prefix: '2001:db8:5::' } }],
    }),
  ],
];

const TRANSPORT: readonly (readonly [string, PacketBuilder])[] = [
  [
    'tcp syn',
    v4.tcp({
      seq: 1000,
      options: [{ mss: 1460 }, 'sack_permitted', { timestamps: { tsval: 7 } }, 'nop', { wscale: 7 }],
    }),
  ],
  ['tcp data', v4.tcp({ flags: 'PA', seq: 1001, ack: 55 }).payload({ length: 333, fill: 0x2e })],
  [
    'tcp sack',
    v4.tcp({
      flags: 'A',
      ack: 9,
      options: [
        'nop',
        'nop',
        {
          sack: [
            [10, 20],
            [30, 40],
          ],
        },
      ],
    }),
  ],
  ['tcp unknown option', v4.tcp({ flags: 'A', options: [{ kind: 253, data: [1, 2] }] })],
  ['tcp urgent', v4.tcp({ flags: { urg: true, ack: true }, urg: 4 }).payload('urgent')],
  ['tcp wrong checksum', v4.tcp({ check: 0xbeef })],
  ['tcp over ipv6', v6.append(inner6.from('tcp'))],
  ['udp', v4.udp({ sport: 5001, dport: 5002 }).payload('u')],
  ['udp without checksum', v4.udp({ check: 0 }).payload('u')],
  ['udp wrong checksum', v4.udp({ check: 0xbeef }).payload('u')],
  ['udp empty', v4.udp()],
  ['udp over ipv6', v6.udp().payload('u6')],
  ['udp over ipv6 without checksum', v6.udp({ check: 0 }).payload('u6')],
  ['udp over ipv6 wrong checksum', v6.udp({ check: 2 }).payload('u6')],
  ['sctp init', v4.sctp({ chunks: [{ type: 'init', init_tag: 7, a_rwnd: 65535, initial_tsn: 1 }] })],
  [
    'sctp data',
    v4.sctp({
      vtag: 7,
      chunks: [
        { tsn: 1, stream: 2, ssn: 3, value: 'abc' },
        { type: 'sack', cum_tsn_ack: 4 },
      ],
    }),
  ],
  ['sctp wrong checksum', v6.sctp({ checksum: 0xdeadbeef, chunks: [{ type: 'cookie ack' }] })],
];

const TUNNEL: readonly (readonly [string, PacketBuilder])[] = [
  ['ipip', v4.append(inner)],
  ['6in4', v4.append(inner6)],
  ['4in6', v6.append(inner)],
  ['6in6', v6.append(inner6)],
  ['gre', v4.gre().append(inner)],
  ['gre checksum, key, sequence', v4.gre({ csum: true, key: 42, seq: 43 }).append(inner6)],
  ['gre wrong checksum', v4.gre({ csum: 0xbeef }).append(inner)],
  ['gre bridging', v6.gre({ key: 1 }).append(frame).append(inner)],
  ['vxlan', v4.udp().vxlan({ vni: 42 }).append(frame).append(inner)],
  ['vxlan policy over ipv6', v6.udp().vxlan({ vni: 0xffffff, gbp: 9 }).append(frame).vlan({ id: 3 }).append(inner6)],
  ['geneve', v4.udp().geneve({ vni: 5 }).append(frame).append(inner)],
  [
    'geneve options',
    v6
      .udp()
      .geneve({
        vni: 6,
        options: [
          { class: 0x102, type: 0x80, data: [1, 2, 3, 4] },
          { class: 1, type: 2 },
        ],
      })
      .append(inner6),
  ],
  ['gtpu', v4.udp().gtpu({ teid: 0x10203 }).append(inner)],
  [
    'gtpu extension',
    v4
      .udp()
      .gtpu({ teid: 1, seq: 9, extensions: [{ type: 0x85, data: { hex: '0009' } }] })
      .append(inner6),
  ],
  ['gtpu echo', v4.udp({ sport: 2152 }).gtpu({ type: 'echo request', teid: 0, seq: 1 })],
  ['mpls over udp', v4.udp().mpls({ label: 99 }).append(inner)],
  ['mpls over gre', v4.gre().mpls({ label: 99 }).append(inner6)],
];

export const PACKET_SAMPLES = [...LINK, ...NETWORK, ...ICMP, ...TRANSPORT, ...TUNNEL];
