/** Builder and dissector held to tshark: the same protocols, the same field values, the same verdict on every checksum. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dissect } from '../../../src/packet/dissect.ts';
import { fieldOf } from '../../../src/packet/fields.ts';
import type { Layer } from '../../../src/packet/layers.ts';
import { writePcapng } from '../../../src/packet/pcap-write.ts';
import { PACKET_SAMPLES } from '../../support/packet-samples.ts';

const tshark = Bun.which('tshark');

/** Our layers by tshark's names; what either side has besides is not compared. */
const PROTOCOLS: Readonly<Record<string, string>> = {
  eth: 'eth',
  vlan: 'vlan',
  ieee8021ad: 'qinq',
  arp: 'arp',
  mpls: 'mpls',
  ip: 'ipv4',
  ipv6: 'ipv6',
  'ipv6.hopopts': 'hopopts',
  'ipv6.dstopts': 'dstopts',
  'ipv6.routing': 'routing',
  'ipv6.fraghdr': 'fragment',
  icmp: 'icmp',
  icmpv6: 'icmpv6',
  tcp: 'tcp',
  udp: 'udp',
  sctp: 'sctp',
  gre: 'gre',
  vxlan: 'vxlan',
  geneve: 'geneve',
  gtp: 'gtpu',
};

/** Field by field: ours, tshark's. */
const FIELDS: readonly (readonly [string, string])[] = [
  ['eth.h_dest', 'eth.dst'],
  ['eth.h_source', 'eth.src'],
  ['arp.ar_op', 'arp.opcode'],
  ['arp.ar_sha', 'arp.src.hw_mac'],
  ['arp.ar_tip', 'arp.dst.proto_ipv4'],
  ['vlan.vid', 'vlan.id'],
  ['vlan.pcp', 'vlan.priority'],
  ['vlan.dei', 'vlan.dei'],
  ['qinq.vid', 'ieee8021ad.id'],
  ['mpls.label', 'mpls.label'],
  ['mpls.tc', 'mpls.exp'],
  ['mpls.bos', 'mpls.bottom'],
  ['mpls.ttl', 'mpls.ttl'],
  ['ipv4.dscp', 'ip.dsfield.dscp'],
  ['ipv4.ecn', 'ip.dsfield.ecn'],
  ['ipv4.tot_len', 'ip.len'],
  ['ipv4.id', 'ip.id'],
  ['ipv4.df', 'ip.flags.df'],
  ['ipv4.mf', 'ip.flags.mf'],
  ['ipv4.ttl', 'ip.ttl'],
  ['ipv4.protocol', 'ip.proto'],
  ['ipv4.check', 'ip.checksum'],
  ['ipv4.saddr', 'ip.src'],
  ['ipv4.daddr', 'ip.dst'],
  ['ipv4.options.router_alert', 'ip.opt.ra'],
  ['ipv6.dscp', 'ipv6.tclass.dscp'],
  ['ipv6.ecn', 'ipv6.tclass.ecn'],
  ['ipv6.flow_lbl', 'ipv6.flow'],
  ['ipv6.payload_len', 'ipv6.plen'],
  ['ipv6.nexthdr', 'ipv6.nxt'],
  ['ipv6.hop_limit', 'ipv6.hlim'],
  ['ipv6.saddr', 'ipv6.src'],
  ['ipv6.daddr', 'ipv6.dst'],
  ['routing.type', 'ipv6.routing.type'],
  ['routing.segments_left', 'ipv6.routing.segleft'],
  ['fragment.identification', 'ipv6.fraghdr.ident'],
  ['fragment.mf', 'ipv6.fraghdr.more'],
  ['icmp.type', 'icmp.type'],
  ['icmp.code', 'icmp.code'],
  ['icmp.mtu', 'icmp.mtu'],
  ['icmp.gateway', 'icmp.redir_gw'],
  ['icmpv6.type', 'icmpv6.type'],
  ['icmpv6.code', 'icmpv6.code'],
  ['tcp.source', 'tcp.srcport'],
  ['tcp.dest', 'tcp.dstport'],
  ['tcp.seq', 'tcp.seq_raw'],
  ['tcp.ack_seq', 'tcp.ack_raw'],
  ['tcp.flags', 'tcp.flags'],
  ['tcp.window', 'tcp.window_size_value'],
  ['tcp.check', 'tcp.checksum'],
  ['tcp.urg_ptr', 'tcp.urgent_pointer'],
  ['tcp.options.mss', 'tcp.options.mss_val'],
  ['tcp.options.wscale', 'tcp.options.wscale.shift'],
  ['udp.source', 'udp.srcport'],
  ['udp.dest', 'udp.dstport'],
  ['udp.len', 'udp.length'],
  ['udp.check', 'udp.checksum'],
  ['sctp.source', 'sctp.srcport'],
  ['sctp.dest', 'sctp.dstport'],
  ['sctp.vtag', 'sctp.verification_tag'],
  ['sctp.checksum', 'sctp.checksum'],
  ['chunk.type', 'sctp.chunk_type'],
  ['chunk.length', 'sctp.chunk_length'],
  ['gre.flags', 'gre.flags_and_version'],
  ['gre.protocol', 'gre.proto'],
  ['gre.key', 'gre.key'],
  ['gre.csum', 'gre.checksum'],
  ['vxlan.vni', 'vxlan.vni'],
  ['geneve.vni', 'geneve.vni'],
  ['gtpu.teid', 'gtp.teid'],
  ['gtpu.length', 'gtp.length'],
];

const CHECKSUMS: readonly (readonly [string, string])[] = [
  ['ipv4.check', 'ip.checksum.status'],
  ['icmp.checksum', 'icmp.checksum.status'],
  ['icmpv6.checksum', 'icmpv6.checksum.status'],
  ['tcp.check', 'tcp.checksum.status'],
  ['udp.check', 'udp.checksum.status'],
  ['sctp.checksum', 'sctp.checksum.status'],
  ['gre.csum', 'gre.checksum.status'],
];
/** The last one is `illegal`: no checksum where IPv6 asks for one. */
const STATUS = ['wrong', 'right', 'not checked', 'none', 'none'];
/**
 * Where tshark says something else than the header: no verdict on what a redirect quotes though all of it is there; the
 * last hop of a source route as the destination.
 */
const NOT_COMPARED: Readonly<Record<string, string>> = {
  'icmp redirect': 'udp.check',
  'ipv4 source route': 'ipv4.daddr',
};

const OPTIONS = [
  ...['ip.check_checksum:TRUE', 'tcp.check_checksum:TRUE', 'udp.check_checksum:TRUE', 'sctp.checksum:CRC 32c'],
  ...['ip.defragment:FALSE', 'ipv6.defragment:FALSE'],
].flatMap((option) => ['-o', option]);

type Row = ReadonlyMap<string, readonly string[]>;

let rows: Row[] = [];
const directory = mkdtempSync(join(tmpdir(), 'bpfdeck-tshark-'));

function column(name: string): string[] {
  return ['-e', name];
}

beforeAll(async () => {
  if (!tshark) return;
  const file = join(directory, 'samples.pcapng');
  writeFileSync(file, writePcapng(PACKET_SAMPLES.map(([comment, packet]) => ({ bytes: packet.bytes(), comment }))));
  const names = ['frame.protocols', 'frame.comment', ...[...FIELDS, ...CHECKSUMS].map(([, theirs]) => theirs)];
  const child = Bun.spawn(
    [tshark, '-r', file, ...OPTIONS, '-T', 'fields', '-E', 'aggregator=|', ...names.flatMap(column)],
    { stdout: 'pipe', stderr: 'pipe' },
  );
  const [text, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  if ((await child.exited) !== 0) throw new Error(errors);
  rows = text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => new Map(line.split('\t').map((cell, i) => [names[i]!, cell === '' ? [] : cell.split('|')])));
}, 180_000);

test.skipIf(!tshark)('interfaces by name, and which way a frame went', async () => {
  const file = join(directory, 'interfaces.pcapng');
  const [first, second] = PACKET_SAMPLES.map(([, packet]) => packet.bytes());
  const interfaces = [{ name: 'veth0 xmit', description: 'left' }, { name: 'veth1 stack' }];
  const frames = [
    { bytes: first!, interface: 1, direction: 'in' as const, comment: 'frame 7' },
    { bytes: second!, interface: 0, direction: 'out' as const },
  ];
  writeFileSync(file, writePcapng(frames, interfaces));
  const fields = [
    'frame.interface_name',
    'frame.interface_description',
    'frame.packet_flags_direction',
    'frame.comment',
  ];
  const child = Bun.spawn([tshark!, '-r', file, '-T', 'fields', ...fields.flatMap(column)], { stderr: 'ignore' });
  expect(await child.stdout.text()).toBe('veth1 stack\t\t0x00000001\tframe 7\nveth0 xmit\tleft\t0x00000002\t\n');
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** All fields of a path's name in the packet, in order. */
function ours(layers: readonly Layer[], path: string): string[] {
  const [proto = '', ...rest] = path.split('.');
  return layers
    .filter((layer) => layer.proto === proto)
    .flatMap((_, i) => fieldOf(layers, `${proto}[${i + 1}].${rest.join('.')}`)?.value ?? []);
}

/** Numbers in any notation alike, addresses as text. */
function comparable(value: string): string {
  const first = value.split(' ')[0] ?? '';
  const words: Readonly<Record<string, string>> = { True: '1', False: '0' };
  const number = Number(words[first] ?? first);
  return Number.isNaN(number) ? first : String(number);
}

function verdict(value: string): string {
  return /\((right|wrong|none)/.exec(value)?.[1] ?? 'not checked';
}

/** Our layers that tshark has too; a stack of labels is one layer to it. */
function stackOf(layers: readonly Layer[]): string[] {
  const known = new Set(Object.values(PROTOCOLS));
  const names = layers.map((layer) => layer.proto).filter((name) => known.has(name));
  return names.filter((name, i) => name !== 'mpls' || names[i - 1] !== 'mpls');
}

const reason = tshark ? '' : ' (skipped: tshark is not installed)';

describe.skipIf(!tshark)(`as tshark sees it${reason}`, () => {
  test('every packet was read', () => {
    expect(rows.map((row) => row.get('frame.comment')?.[0] ?? '')).toEqual(PACKET_SAMPLES.map(([name]) => name));
  });

  test.each(PACKET_SAMPLES.map(([name], i) => [name, i] as const))('%s', (name, i) => {
    const layers = dissect(PACKET_SAMPLES[i]![1].bytes());
    const row = rows[i]!;
    const stack = (row.get('frame.protocols')?.[0] ?? '').split(':').flatMap((one) => PROTOCOLS[one] ?? []);
    expect(stackOf(layers)).toEqual(stack);
    const fields = FIELDS.filter(([path]) => NOT_COMPARED[name] !== path);
    const values = fields.map(([path, theirs]) => [path, (row.get(theirs) ?? []).map(comparable)]);
    expect(fields.map(([path]) => [path, ours(layers, path).map(comparable)])).toEqual(values);
    for (const [path, theirs] of CHECKSUMS.filter(([path]) => NOT_COMPARED[name] !== path)) {
      const status = (row.get(theirs) ?? []).map((n) => STATUS[Number(n)] ?? n);
      expect([path, ours(layers, path).map(verdict)]).toEqual([path, status]);
    }
  });
});
