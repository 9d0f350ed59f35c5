/** Packet helpers called with what no verified program would pass: faults that name the region, and nothing written. */
import { expect, test } from 'bun:test';
import { CSUM_HELPERS } from '../../../engine/helpers/csum.ts';
import { PERF_HELPERS } from '../../../engine/helpers/perf.ts';
import { SKB_HELPERS } from '../../../engine/helpers/skb.ts';
import { XDP_HELPERS } from '../../../engine/helpers/xdp.ts';
import { CTX_BASE, FAULT, PRIV, REGION } from '../../../engine/layout.ts';
import { Skb } from '../../../engine/net/skb.ts';
import { XdpBuff } from '../../../engine/net/xdp-buff.ts';
import { PROG_TYPE } from '../../../engine/uapi/prog-types.ts';
import { defOf, mapWorld } from '../../support/map-world.ts';

const ALL = { ...XDP_HELPERS, ...SKB_HELPERS, ...CSUM_HELPERS, ...PERF_HELPERS };
const STACK = 0x4_8000;
const FRAME = Uint8Array.from({ length: 80 }, (_, i) => i);

function skbWorld(frame = FRAME) {
  const world = mapWorld();
  world.rc.progType = PROG_TYPE.SCHED_CLS;
  const skb = new Skb(world.mem, frame);
  skb.show();
  world.rc.skb = skb;
  world.rc.packetBytes = (length) => skb.packetBytes(length);
  return { ...world, skb, h: world.helpers(ALL) };
}

function xdpWorld(bytes: number, linear: number) {
  const world = mapWorld();
  const data_in = Uint8Array.from({ length: bytes }, (_, i) => i);
  const buff = new XdpBuff(world.mem, { data_in, meta: 0, linear, ingress_ifindex: 1, frags_grow: true });
  world.rc.xdp = buff;
  world.rc.packetBytes = (length) => buff.packetBytes(length);
  return { ...world, buff, h: world.helpers(ALL) };
}

const WITH_CTX = Object.keys({ ...SKB_HELPERS, ...CSUM_HELPERS }).filter((name) => name !== 'csum_diff');

test.each(WITH_CTX)('%s: a pointer that is not the context is a fault', (name) => {
  for (const pointer of [0, CTX_BASE + 4, STACK, -1]) {
    const { h, faults, skb } = skbWorld();
    expect(h[name]!(pointer, 0, STACK, 4, 0, 0, 0, 0)).toBe(0);
    expect(faults).toMatchObject([{ kind: FAULT.BAD_ARGUMENT, region: REGION.CTX }]);
    expect(skb.contents()).toEqual(FRAME);
  }
});

test.each(Object.keys(XDP_HELPERS))('%s: a pointer that is not the context is a fault', (name) => {
  const { h, faults, buff } = xdpWorld(80, 80);
  expect(h[name]!(CTX_BASE + 24, -20, STACK, 4)).toBe(0);
  expect(faults).toMatchObject([{ kind: FAULT.BAD_ARGUMENT, region: REGION.CTX }]);
  expect(buff.contents()).toEqual(FRAME);
});

test('a helper of the other kind of packet finds none', () => {
  const { h, faults } = xdpWorld(80, 80);
  expect(h.skb_change_tail!(CTX_BASE, 20, 0, 0)).toBe(0);
  expect(faults.length).toBe(1);
});

test.each([
  ['skb_load_bytes', [0, 16, 8]],
  ['skb_load_bytes', [0, STACK, 0x7000_0000]],
  ['skb_load_bytes_relative', [0, CTX_BASE, 8, 0]],
  ['skb_store_bytes', [0, 0, 8, 0, 0]],
  ['skb_store_bytes', [0, STACK, -1, 0, 0]],
] as const)('%s with memory that is not the program’s is a fault', (name, args) => {
  const { h, faults, skb } = skbWorld();
  h[name]!(CTX_BASE, ...args);
  expect(faults.length).toBe(1);
  expect(skb.contents()).toEqual(FRAME);
});

test.each([
  ['xdp_load_bytes', [0, 16, 8]],
  ['xdp_store_bytes', [0, 0, 8]],
  ['xdp_store_bytes', [0, STACK, -8]],
] as const)('%s with memory that is not the program’s is a fault', (name, args) => {
  const { h, faults, buff } = xdpWorld(6000, 3520);
  const before = buff.contents();
  h[name]!(CTX_BASE, ...args);
  expect(faults.length).toBe(1);
  expect(buff.contents()).toEqual(before);
});

test('bpf_csum_diff reads only what is the program’s; NULL is fine for nothing', () => {
  const { h, faults } = skbWorld();
  expect(h.csum_diff!(0, 0, 0, 0, 7)).toBe(7);
  expect(faults).toEqual([]);
  h.csum_diff!(0, 4, 0, 0, 0);
  h.csum_diff!(STACK, 4, STACK, 0x4000_0000, 0);
  expect(faults.map((fault) => fault.kind)).toEqual([FAULT.NULL_POINTER, FAULT.OUT_OF_BOUNDS]);
});

test('metadata and packet are two regions to bytes that helpers read', () => {
  const { h, faults, mem } = xdpWorld(80, 80);
  expect(h.xdp_adjust_meta!(CTX_BASE, -8)).toBe(0);
  const data = mem.u32[PRIV.PKT_DATA >> 2]!;
  expect(h.xdp_store_bytes!(CTX_BASE, 0, data - 8, 8)).toBe(0);
  expect(faults).toEqual([]);
  h.xdp_store_bytes!(CTX_BASE, 0, data - 4, 8);
  expect(faults).toMatchObject([{ kind: FAULT.OUT_OF_BOUNDS, region: REGION.PACKET }]);
});

test.each([
  ['skb', () => skbWorld()],
  ['xdp with fragments', () => xdpWorld(80, 30)],
] as const)('bpf_perf_event_output appends the packet: %s', (_, make) => {
  const world = make();
  const made = world.maps.create(defOf('PERF_EVENT_ARRAY', { value_size: 4, max_entries: 1 }));
  if (!made.ok) throw new Error(made.error.message);
  const send = (bytes: number): number => world.h.perf_event_output!(CTX_BASE, made.value.handle, -1, bytes, STACK, 2);
  expect(send(80)).toBe(0);
  expect(send(81)).toBe(-14);
  expect(world.rc.records.map((record) => record.data)).toEqual([Uint8Array.from([0, 0, ...FRAME])]);
});
