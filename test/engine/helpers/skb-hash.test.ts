/** Flow hashes: the same for both directions and every run, different between flows, kept until made invalid. */
import { expect, test } from 'bun:test';
import { SKB_HELPERS } from '../../../engine/helpers/skb.ts';
import { CTX_BASE } from '../../../engine/layout.ts';
import { protocolAt } from '../../../engine/net/ether.ts';
import { Skb } from '../../../engine/net/skb.ts';
import { bytesOf, mapWorld } from '../../support/map-world.ts';

const HASH_WORD = (CTX_BASE + 68) >> 2;
const MACS = '020000000001020000000002';

function ipv4(source: string, destination: string, ports: string, rest = '0000', protocol = '11'): string {
  return `${MACS}0800450000320000${rest}40${protocol}0000${source}${destination}${ports}00000000`;
}

function ipv6(source: string, destination: string, ports: string): string {
  return `${MACS}86dd6000000000081140${source}${destination}${ports}00000000`;
}

function hashOf(frame: string): number {
  const { mem, rc, helpers } = mapWorld();
  const skb = new Skb(mem, bytesOf(frame));
  skb.protocol = protocolAt(skb, skb.mac + 12);
  skb.show();
  rc.skb = skb;
  const hash = helpers(SKB_HELPERS).get_hash_recalc!(CTX_BASE);
  expect(mem.u32[HASH_WORD]).toBe(hash);
  return hash;
}

const A = '0a000001';
const B = '0a000002';
const A6 = `20010db8${'00'.repeat(11)}01`;
const B6 = `20010db8${'00'.repeat(11)}02`;

test('both directions of a flow have one hash, and it is never 0', () => {
  expect(hashOf(ipv4(A, B, '04d20035'))).toBe(hashOf(ipv4(B, A, '003504d2')));
  expect(hashOf(ipv6(A6, B6, '04d20035'))).toBe(hashOf(ipv6(B6, A6, '003504d2')));
  expect(hashOf(`${MACS}88b5`)).toBeGreaterThan(0);
});

test('addresses, ports and protocol tell flows apart; a fragment’s ports do not count', () => {
  const hashes = [
    ipv4(A, B, '04d20035'),
    ipv4(A, B, '04d30035'),
    ipv4(A, '0a000003', '04d20035'),
    ipv4(A, B, '04d20035', '0000', '06'),
    ipv4(A, B, '04d20035', '0000', '01'),
    ipv6(A6, B6, '04d20035'),
  ].map(hashOf);
  expect(new Set(hashes).size).toBe(hashes.length);
  expect(hashOf(ipv4(A, B, '04d20035', '2000'))).toBe(hashOf(ipv4(A, B, '04d30035', '2000')));
});

test('a tag in the packet does not hide the flow', () => {
  const plain = ipv4(A, B, '04d20035');
  const tagged = `${MACS}81000064${plain.slice(24)}`;
  expect(hashOf(tagged)).toBe(hashOf(plain));
});

test.each([14, 17, 20, 33, 34, 36])('a packet cut after %d bytes is no reason to read on', (bytes) => {
  expect(hashOf(ipv4(A, B, '04d20035').slice(0, 2 * bytes))).toBeGreaterThan(0);
  expect(hashOf(ipv6(A6, B6, '04d20035').slice(0, 2 * bytes))).toBeGreaterThan(0);
});

test('a hash that was set stays until it is made invalid', () => {
  const { mem, rc, helpers } = mapWorld();
  const skb = new Skb(mem, bytesOf(ipv4(A, B, '04d20035')));
  rc.skb = skb;
  const h = helpers(SKB_HELPERS);
  expect(h.set_hash!(CTX_BASE, -2)).toBe(0);
  expect(mem.u32[HASH_WORD]).toBe(0xffff_fffe);
  expect(h.get_hash_recalc!(CTX_BASE) >>> 0).toBe(0xffff_fffe);
  expect(h.set_hash_invalid!(CTX_BASE)).toBe(0);
  expect(mem.u32[HASH_WORD]).toBe(0);
  expect(h.get_hash_recalc!(CTX_BASE)).not.toBe(0xffff_fffe);
});
