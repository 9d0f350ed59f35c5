/** Packets with fields that take turns: the builder makes the same ones, checksums that were right stay right, whatever the packet is. */
import { expect, test } from 'bun:test';
import { pkt } from '../../../src/packet/build.ts';
import { dissect } from '../../../src/packet/dissect.ts';
import { toHex } from '../../../src/packet/hex.ts';
import { parseValues } from '../../../src/packet/ranges.ts';
import { Recheck } from '../../../src/packet/recheck.ts';
import { parseVariation, VariedPacket } from '../../../src/packet/vary.ts';
import { PACKET_SAMPLES } from '../../support/packet-samples.ts';

const first = () => 0n;

function varied(base: Uint8Array, ...texts: string[]): VariedPacket {
  return new VariedPacket(base, texts.map(parseVariation));
}

const eth = pkt.eth();
const v4 = eth.ipv4({ id: 7 });
const inner = pkt.eth().ipv4({ src: '10.9.0.1' }).tcp({ dport: 443 }).payload('inside');
const udp4 = (src: string, dport: number) => eth.ipv4({ id: 7, src }).udp({ dport }).payload('abc').bytes();
const vxlan = (dst: string, src: string) =>
  eth
    .ipv6({ dst })
    .udp()
    .vxlan({ vni: 5 })
    .append(pkt.eth().ipv4({ src }).tcp({ dport: 443 }).payload('inside'))
    .bytes();

test.each([
  [
    'addresses and ports together',
    udp4('192.0.2.1', 1000),
    ['ip.src=10.0.0.1-10.0.0.3', 'udp.dport=1000-1001'],
    4n,
    udp4('10.0.0.2', 1000),
  ],
  [
    'TCP over IPv6',
    eth.ipv6().tcp({ seq: 1 }).bytes(),
    ['ip.dst=2001:db8::ffff-2001:db8::1:0', 'tcp.seq=0xfffffff0-0xffffffff'],
    1n,
    eth.ipv6({ dst: '2001:db8::1:0' }).tcp({ seq: 0xfffffff1 }).bytes(),
  ],
  [
    'no UDP checksum stays none',
    v4.udp({ check: 0 }).bytes(),
    ['ipv4.dst=10.1.0.0/16'],
    65535n,
    eth.ipv4({ id: 7, dst: '10.1.255.255' }).udp({ check: 0 }).bytes(),
  ],
  [
    'a wrong checksum stays as it is',
    eth.ipv4({ check: 0xbeef }).icmp().bytes(),
    ['ipv4.ttl=1,9'],
    1n,
    eth.ipv4({ check: 0xbeef, ttl: 9 }).icmp().bytes(),
  ],
  [
    'MAC addresses',
    v4.icmp().bytes(),
    ['eth.src=02:00:00:00:00:fe-02:00:00:00:01:01'],
    3n,
    pkt.eth({ src: '02:00:00:00:01:01' }).ipv4({ id: 7 }).icmp().bytes(),
  ],
  [
    'bits of a tag',
    eth.vlan({ id: 1, pcp: 5 }).ipv4().udp().bytes(),
    ['vlan.id=10-4095', 'vlan.pcp=0-7'],
    6n,
    eth.vlan({ id: 16, pcp: 6 }).ipv4().udp().bytes(),
  ],
  [
    'flow label and class',
    eth.ipv6({ flow_lbl: 1 }).udp().bytes(),
    ['ipv6.flow_lbl=0xfffff', 'ipv6.dscp=46', 'ipv6.ecn=3'],
    0n,
    eth.ipv6({ flow_lbl: 0xfffff, dscp: 46, ecn: 3 }).udp().bytes(),
  ],
  [
    'MPLS',
    eth.mpls({ label: 16, tc: 3 }).append(inner).bytes(),
    ['mpls.label=0xfffff', 'mpls.ttl=1'],
    0n,
    eth.mpls({ label: 0xfffff, tc: 3, ttl: 1 }).append(inner).bytes(),
  ],
  ['flags', v4.tcp({ flags: 'S' }).bytes(), ['tcp.flags=0x12'], 0n, v4.tcp({ flags: 'SA' }).bytes()],
  ['SCTP', v4.sctp({ vtag: 1 }).bytes(), ['sctp.vtag=5', 'sctp.sport=9'], 0n, v4.sctp({ vtag: 5, sport: 9 }).bytes()],
  [
    'ICMP',
    v4.icmp({ seq: 1 }).payload('odd').bytes(),
    ['icmp.seq=1-9'],
    8n,
    v4.icmp({ seq: 9 }).payload('odd').bytes(),
  ],
  [
    'inside a tunnel whose checksum covers it',
    vxlan('2001:db8::2', '10.9.0.1'),
    ['ipv6.dst=2001:db8::7', 'ipv4.src=10.9.0.77'],
    0n,
    vxlan('2001:db8::7', '10.9.0.77'),
  ],
] as const)('%s', (_name, base, texts, n, expected) => {
  const packet = varied(base, ...texts).at(n, first);
  expect(toHex(packet)).toBe(toHex(expected));
});

/** Every field of every sample that may vary, to the last of its values and to a middle one. */
test('checksums that were right are right, in every sample of a packet', () => {
  let tried = 0;
  for (const [, sample] of PACKET_SAMPLES) {
    const base = sample.bytes();
    const seen = new Map<string, number>();
    for (const layer of dissect(base)) {
      const nth = (seen.get(layer.proto) ?? 0) + 1;
      seen.set(layer.proto, nth);
      for (const { name } of layer.fields) {
        const path = `${layer.proto}${nth > 1 ? `[${nth}]` : ''}.${name}`;
        for (const value of ['0', '1', '5']) {
          let one: VariedPacket;
          try {
            one = varied(base, `${path}=${value}`);
          } catch {
            continue;
          }
          const packet = one.at(0n, first);
          const recheck = new Recheck(base);
          const wrong = recheck.wrongIn(packet);
          // Headers that say which addresses checksums cover are told apart by check().
          if (wrong !== null) expect(() => one.check(packet)).toThrow('cannot be kept right');
          else tried++;
        }
      }
    }
  }
  expect(tried).toBeGreaterThan(1000);
});

test('by chance, the same for the same chance', () => {
  const one = varied(v4.udp().bytes(), 'udp.sport=1024-65535:random');
  const packet = one.at(0n, (below) => below - 1n);
  expect(toHex(packet)).toBe(toHex(v4.udp({ sport: 65535 }).bytes()));
});

test.each([
  ['udp.dport', 'write FIELD=VALUES'],
  ['udp.dportt=1', 'udp has no field dportt'],
  ['tcp.dport=1', 'the packet has no tcp.dport: it is eth, ipv4, udp'],
  ['udp.dport=70000', 'a number from 0 to 65535'],
  ['udp.dport=9-1', 'ends before it begins'],
  ['ip.src=10.0.0.300', 'not an IPv4 address or a number'],
  ['ip.src=10.0.0.0/40', 'a prefix has 0 to 32 bits'],
  ['ip.src=::1', 'not an IPv4 address'],
  ['udp.len=1-9', 'cannot vary'],
  ['ipv4.check=1', 'cannot vary'],
  ['udp.dport=1-9:randm', 'the order is "randm": seq or random'],
  ['udp.dport=', 'a number from 0 to 65535'],
])('a mistake is a sentence: %s', (text, says) => {
  expect(() => varied(v4.udp().bytes(), text)).toThrow(says);
});

test('values in several ranges', () => {
  const values = parseValues('80, 443,8000-8002', 16, 'x');
  expect(Array.from({ length: Number(values.count) }, (_, i) => values.at(BigInt(i)))).toEqual([
    80n,
    443n,
    8000n,
    8001n,
    8002n,
  ]);
  expect(parseValues('2001:db8::/64', 128, 'x').count).toBe(1n << 64n);
});
