/** Segment routing by BPF_PROG_RUN: headers pushed into and in front of packets, changed, taken off, and the route that decides. */
import { expect, test } from 'bun:test';
import type { NetnsSpec } from '../../../engine/index.ts';
import { datasecVars, decodeBtf, encodeBtf } from '../../../engine/object/btf-values.ts';
import { progRun } from '../../../engine/run/prog-run.ts';
import { loadFixture } from '../../support/fixture-object.ts';
import { ethernet, ipv4, ipv6, udp } from '../../support/frames.ts';

const UDP = udp(1, 2, [1, 2, 3]);
const PACKET = ipv6(17, UDP);
const MODE = { SEG6: 0, SEG6_INLINE: 1 };
const KIND = { ACTION: 1, ADJUST: 2, STORE: 3 };
const ACTION = { END: 1, END_X: 2, END_T: 3, END_DT6: 7, END_B6: 9, END_B6_ENCAP: 10 };
/** The address groups of documentation: 2001:db8::last. */
const address = (last: number): number[] => [0x20, 1, 0x0d, 0xb8, ...new Array<number>(11).fill(0), last];
const OLD = address(2);
const NETNS: NetnsSpec = {
  devices: [{ ifindex: 2, addresses: ['fe80::7/64', '2001:db8::99/64'] }],
  routes: [
    { to: '2001:db8:5::/48', dev: 2, table: 50 },
    { to: '2001:db8::bb/128', type: 'blackhole' },
    { to: '2001:db8::cc/128', type: 'prohibit' },
    { to: '2001:db8::dd/128', type: 'unreachable' },
  ],
};

/** A segment routing header; the last segment of the list is where the packet goes first. */
function srh(segments: readonly (readonly number[])[], tlvs: readonly number[] = [], flags = 0): number[] {
  const hdrlen = (segments.length * 16 + tlvs.length) / 8;
  const last = segments.length - 1;
  return [0, hdrlen, 4, last, last, flags, 0, 0, ...segments.flat(), ...tlvs];
}

const BARE: NetnsSpec = { devices: [{ ifindex: 2 }] };
const TWO = srh([address(0), address(0x20)]);

interface Step {
  readonly kind: number;
  readonly action?: number;
  readonly offset?: number;
  readonly len?: number;
}

interface Run {
  readonly header?: readonly number[];
  readonly mode?: number;
  readonly steps?: readonly Step[];
  readonly param?: readonly number[];
  readonly bytes?: readonly number[];
  readonly netns?: NetnsSpec;
  readonly frame?: Uint8Array;
  readonly flags?: number;
}

const padded = (list: readonly number[], length: number): number[] => [
  ...list,
  ...new Array<number>(length - list.length).fill(0),
];

function run(program: string, given: Run) {
  const { header = TWO, mode = 0, steps = [], param = [], bytes = [] } = given;
  const object = loadFixture('../prog-run/seg6/seg6');
  const six = Array.from({ length: 6 }, (_, i) => ({ kind: 0, action: 0, offset: 0, len: 0, ...steps[i] }));
  const set: { readonly [name: string]: unknown } = {
    ...{ mode, srh_len: header.length, srh: padded(header, 96), steps: six },
    ...{ param: padded(param, 16), bytes: padded(bytes, 8) },
  };
  const key = new Uint8Array(4);
  for (const spec of object.spec.maps) {
    if (spec.data === null) continue;
    const map = object.map(spec.name)!;
    const value = map.userLookup(key)!;
    for (const one of datasecVars(object.spec.btf!, spec.value_type_id)) {
      const into = value.subarray(one.offset, one.offset + one.size);
      if (one.name in set)
        expect(encodeBtf(object.spec.btf!, one.type_id, set[one.name], into)).toMatchObject({ ok: true });
    }
    map.userUpdate(key, value, 0);
  }
  const opts = { data_in: given.frame ?? ethernet(0x86dd, PACKET), netns: given.netns ?? NETNS };
  const done = progRun(object, program, { ...opts, ctx_in: ingress(), flags: given.flags ?? 0 });
  if (!done.ok) throw new Error(done.error.message);
  expect(done.value).toMatchObject({ errno: 0, fault: null });
  const bss = object.spec.maps.find(({ name }) => name.endsWith('.bss'))!;
  const seen = decodeBtf(object.spec.btf!, bss.value_type_id, object.map(bss.name)!.userLookup(key)!);
  const out = done.value.data_out;
  return {
    errno: done.value.errno,
    rc: (seen as { rc: number[] }).rc,
    // Types without the Ethernet header get 14 zeros in its place.
    packet: out === null ? null : [...out.subarray(14)],
  };
}

/** struct __sk_buff with ingress_ifindex and ifindex 2. */
function ingress(): Uint8Array {
  const ctx = new Uint8Array(192);
  new DataView(ctx.buffer).setUint32(40, 2, true);
  return ctx;
}

const withPayload = (packet: readonly number[], length: number): number[] => [
  ...packet.slice(0, 4),
  ...[length >> 8, length & 255],
  ...packet.slice(6),
];

/** PACKET with the header inside, as the kernel inserts it. */
function inserted(header: readonly number[]): number[] {
  const first = header.slice(8 + header[4]! * 16, 24 + header[4]! * 16);
  const head = withPayload(PACKET, header.length + UDP.length).slice(0, 24);
  head[6] = 43;
  const inside = [17, ...header.slice(1, 8), ...OLD, ...header.slice(24)];
  return [...head, ...first, ...inside, ...UDP];
}

function encapsulated(header: readonly number[], inner: readonly number[], hops: number): number[] {
  const first = header.slice(8 + header[4]! * 16, 24 + header[4]! * 16);
  const length = header.length + inner.length;
  const outer = [0x60, 0, 0, 0, length >> 8, length & 255, 43, hops, ...address(0x99), ...first];
  return [...outer, 41, ...header.slice(1), ...inner];
}

test('SEG6_INLINE puts the header behind the IPv6 header, the old destination into segment 0', () => {
  const { rc, packet } = run('push_in', { mode: MODE.SEG6_INLINE });
  expect(rc[0]).toBe(0);
  expect(packet).toEqual(inserted(TWO));
});

test('SEG6 puts an IPv6 header and the segments in front, from an address of the device', () => {
  const { rc, packet } = run('push_in', { mode: MODE.SEG6 });
  expect(rc[0]).toBe(0);
  expect(packet).toEqual(encapsulated(TWO, PACKET, 64));
});

test('SEG6 in front of IPv4 has the default hop limit and still says IPv6 follows', () => {
  const inner = ipv4(17, UDP, { ttl: 9 });
  const { rc, packet } = run('push_in', { mode: MODE.SEG6, frame: ethernet(0x0800, inner) });
  expect(rc[0]).toBe(0);
  expect(packet).toEqual(encapsulated(TWO, inner, 64));
});

test.each([MODE.SEG6, MODE.SEG6_INLINE])('the complete checksum is kept up, mode %d', (mode) => {
  expect(run('push_in', { mode, flags: 4 })).toMatchObject({ errno: 0, rc: [0, 0, 0, 0, 0, 0] });
});

test.each([
  ['inside IPv4', { mode: MODE.SEG6_INLINE, frame: ethernet(0x0800, ipv4(17, UDP)) }, -74],
  ['shorter than its fixed part', { header: TWO.slice(0, 7) }, -22],
  ['not of routing type 4', { header: [0, 4, 0, ...TWO.slice(3)] }, -22],
  ['of another length than it says', { header: [0, 5, ...TWO.slice(2)] }, -22],
  ['with more segments left than there are', { header: [0, 4, 4, 2, ...TWO.slice(4)] }, -22],
  ['with a last segment outside', { header: [0, 4, 4, 2, 2, ...TWO.slice(5)] }, -22],
  ['with a TLV that ends outside', { header: srh([address(1)], [4, 7, 0, 0, 0, 0, 0, 0]) }, -22],
  ['with half a TLV', { header: srh([address(1)], [4, 5, 0, 0, 0, 0, 0, 9]) }, -22],
  ['with a TLV that fits', { header: srh([address(1)], [4, 6, 0, 0, 0, 0, 0, 0]) }, 0],
  ['with HMAC and no room for it', { header: srh([address(1)], [], 8) }, -22],
  ['with HMAC and a key nobody has', { header: srh([address(1)], [5, 38, ...new Array<number>(38).fill(0)], 8) }, -2],
  ['to a blackhole', { header: srh([address(0xbb)]) }, -22],
  ['to a prohibited place', { header: srh([address(0xcc)]) }, -13],
  ['to an unreachable place', { header: srh([address(0xdd)]) }, -113],
  ['to the machine itself', { header: srh([address(0x99)]) }, -22],
  ['to where no route leads', { netns: BARE }, -101],
])('a header %s', (_name, given, answer) => {
  expect(run('push_in', given).rc[0]).toBe(answer);
});

test('a packet without a route is changed all the same', () => {
  const { rc, packet } = run('push_in', { mode: MODE.SEG6_INLINE, netns: BARE });
  expect(rc[0]).toBe(-101);
  expect(packet).toEqual(inserted(TWO));
});

test('LWT_XMIT programs push no segments', () => {
  const { rc, packet } = run('push_xmit', { mode: MODE.SEG6 });
  expect(rc[0]).toBe(-22);
  expect(packet).toEqual(PACKET);
});

test('without a header in hand there is nothing to change or to act upon', () => {
  const steps = [
    { kind: KIND.ADJUST, offset: 64, len: 8 },
    { kind: KIND.STORE, offset: 46, len: 2 },
    { kind: KIND.ACTION, action: ACTION.END_X, len: 16 },
    { kind: KIND.ACTION, action: ACTION.END_T, len: 4 },
    { kind: KIND.ACTION, action: ACTION.END_DT6, len: 4 },
    { kind: KIND.ACTION, action: ACTION.END, len: 4 },
  ];
  expect(run('local', { steps })).toMatchObject({ rc: [-22, -22, -74, -74, -74, -22], packet: PACKET });
});

test('End.B6 pushes a header, which then takes TLVs, flags and a tag', () => {
  const end = 40 + TWO.length;
  const steps = [
    { kind: KIND.ACTION, action: ACTION.END_B6 },
    { kind: KIND.ADJUST, offset: end, len: 8 },
    { kind: KIND.STORE, offset: end, len: 8 },
    { kind: KIND.STORE, offset: 46, len: 2 },
    { kind: KIND.ACTION, action: ACTION.END_X, len: 16 },
    { kind: KIND.STORE, offset: 44, len: 2 },
  ];
  const { rc, packet } = run('local', { steps, bytes: [4, 6, 0, 0, 0, 0, 0, 0], param: address(0x55) });
  expect(rc).toEqual([0, 0, 0, 0, 0, -14]);
  const whole = inserted([...TWO.slice(0, 1), 5, ...TWO.slice(2, 6), 4, 6, ...TWO.slice(8), 4, 6, 0, 0, 0, 0, 0, 0]);
  expect(packet).toEqual(whole);
});

test('a changed header that does not fit itself is no header any more', () => {
  const end = 40 + TWO.length;
  const odd = [
    { kind: KIND.ACTION, action: ACTION.END_B6 },
    { kind: KIND.ADJUST, offset: end, len: 4 },
    { kind: KIND.ACTION, action: ACTION.END_T, len: 4 },
    { kind: KIND.ADJUST, offset: end, len: -4 },
    { kind: KIND.ACTION, action: ACTION.END_T, len: 4 },
    { kind: KIND.ADJUST, offset: end + 1, len: 8 },
  ];
  expect(run('local', { steps: odd }).rc).toEqual([0, 0, -74, 0, 0, -14]);
  const outside = [
    { kind: KIND.ACTION, action: ACTION.END_B6 },
    { kind: KIND.ADJUST, offset: end, len: -1 },
    { kind: KIND.ADJUST, offset: end - 1, len: 8 },
    { kind: KIND.STORE, offset: 0xffff_fff0, len: 8 },
    { kind: KIND.ACTION, action: ACTION.END_X, len: 4 },
    { kind: KIND.ACTION, action: ACTION.END_T, len: 16 },
  ];
  expect(run('local', { steps: outside }).rc).toEqual([0, -14, -14, -14, -22, -22]);
});

test('End.B6.Encaps, then End.DT6 in a table: the packet is as it was', () => {
  const steps = [
    { kind: KIND.ACTION, action: ACTION.END_B6_ENCAP },
    { kind: KIND.ACTION, action: ACTION.END_DT6, len: 4 },
    { kind: KIND.ACTION, action: ACTION.END_T, len: 4 },
  ];
  const { rc, packet } = run('local', { steps, param: [254] });
  expect(rc).toEqual([0, 0, -74, 0, 0, 0]);
  expect(packet).toEqual(PACKET);
});

test('tables: one without a route to the packet, one that is not there', () => {
  const steps = [
    { kind: KIND.ACTION, action: ACTION.END_B6 },
    { kind: KIND.ACTION, action: ACTION.END_T, len: 4 },
  ];
  expect(run('local', { steps, param: [50] }).rc[1]).toBe(-101);
  expect(run('local', { steps, param: [51] }).rc[1]).toBe(-22);
});
