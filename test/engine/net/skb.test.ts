/** The socket buffer's room: growth at the front moves the packet and everything that points into it. */
import { expect, test } from 'bun:test';
import { KOBJ_BASE, PACKET_BASE, PACKET_SIZE, PRIV, REGION } from '../../../engine/layout.ts';
import { WorldMemory } from '../../../engine/memory.ts';
import { PROTO, Skb } from '../../../engine/net/skb.ts';
import { makeSock } from '../../../engine/net/sock.ts';

const FRAME = Uint8Array.from({ length: 60 }, (_, i) => i + 1);

test('headroom beyond what there is moves the packet, headers and bounds with it', () => {
  const mem = new WorldMemory();
  const skb = new Skb(mem, FRAME);
  const offsets = [skb.mac - skb.data, skb.networkOffset];
  for (const bytes of [64, 1000, 2000, 60_000]) {
    expect(skb.ensureHeadroom(bytes)).toBe(true);
    expect(skb.data - bytes).toBeGreaterThanOrEqual(PACKET_BASE);
    expect(skb.contents()).toEqual(FRAME);
    expect([skb.mac - skb.data, skb.networkOffset]).toEqual(offsets);
  }
  skb.show();
  expect(mem.u32[PRIV.PKT_DATA >> 2]).toBe(skb.data);
  expect(mem.u32[PRIV.PKT_END >> 2]).toBe(skb.tail);
  expect([mem.u32[PRIV.SKB_MAC >> 2], mem.u32[PRIV.SKB_NET >> 2]]).toEqual([skb.mac, skb.net]);
});

test('what the area cannot hold is refused and changes nothing', () => {
  const mem = new WorldMemory();
  const skb = new Skb(mem, FRAME);
  expect(skb.ensureHeadroom(PACKET_SIZE)).toBe(false);
  expect(skb.grow(PACKET_SIZE)).toBe(false);
  expect(skb.contents()).toEqual(FRAME);
});

test('bytes that come into the packet are zero, whatever lay there in an earlier run', () => {
  const mem = new WorldMemory();
  new Skb(mem, new Uint8Array(3000).fill(0xee));
  const skb = new Skb(mem, FRAME);
  expect(skb.grow(500)).toBe(true);
  expect(skb.contents().subarray(FRAME.length)).toEqual(new Uint8Array(500));
  expect(mem.u8.subarray(skb.tail, skb.tail + 100)).toEqual(new Uint8Array(100));
});

test('the socket is a region that programs read, registered once for all runs', () => {
  const mem = new WorldMemory();
  const before = mem.freeRegions;
  for (const protocol of [PROTO.IP, PROTO.IPV6, 0x0081]) {
    const skb = new Skb(mem, FRAME);
    skb.protocol = protocol;
    makeSock(mem, skb, 0);
  }
  expect(mem.freeRegions).toBe(before - 1);
  expect(mem.regionAtOrBelow(KOBJ_BASE)).toMatchObject({ kind: REGION.SOCK, write: false, len: 80 });
  // Of the last packet, which is no IP: no family, state closed, no queue.
  const words = mem.u32.slice(KOBJ_BASE >> 2, (KOBJ_BASE >> 2) + 20);
  expect([...words].filter((word) => word !== 0)).toEqual([7, 0xffff_ffff]);
});
