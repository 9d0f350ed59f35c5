/** Encoders of the link layer: Ethernet, 802.1Q/802.1ad tags, ARP, MPLS labels. */
import { joined, type LayerRow, row } from './build-layer.ts';
import { be, type Given } from './build-values.ts';
import { ARP_OPS, ETHERTYPE_LOCAL, ethertypeOf } from './protocols.ts';

export const MAC_SOURCE = '02:00:00:00:00:01';
export const MAC_DEST = '02:00:00:00:00:02';
const MAC_NONE = '00:00:00:00:00:00';

/** The ethertype given, else that of the layer that follows. */
export function ethertype(given: Given, name: string, next: string | null): number[] {
  return be(given.uint(name, 16, (next && ethertypeOf(next)) || ETHERTYPE_LOCAL), 2);
}

export const ETH: LayerRow<'eth'> = row(['h_dest', 'h_source', 'h_proto'], (given, _body, { next }) =>
  joined(given.mac('h_dest', MAC_DEST), given.mac('h_source', MAC_SOURCE), ethertype(given, 'h_proto', next)),
);

/** What tells an 802.1Q tag from an 802.1ad one stands in the header before it. */
export const TAG: LayerRow<'vlan' | 'qinq'> = row(['vid', 'pcp', 'dei', 'h_proto'], (given, _body, { next }) => {
  const tci = (given.uint('pcp', 3) << 13) | (given.uint('dei', 1) << 12) | given.uint('vid', 12, 1);
  return joined(be(tci, 2), ethertype(given, 'h_proto', next));
});

const ARP_FIELDS = ['ar_hrd', 'ar_pro', 'ar_hln', 'ar_pln', 'ar_op', 'ar_sha', 'ar_sip', 'ar_tha', 'ar_tip'] as const;

export const ARP: LayerRow<'arp'> = row(ARP_FIELDS, (given) => {
  const op = given.named('ar_op', 16, ARP_OPS, 1);
  return joined(
    be(given.uint('ar_hrd', 16, 1), 2),
    be(given.uint('ar_pro', 16, 0x0800), 2),
    be(given.uint('ar_hln', 8, 6), 1),
    be(given.uint('ar_pln', 8, 4), 1),
    be(op, 2),
    given.mac('ar_sha', MAC_SOURCE),
    given.ipv4('ar_sip', '192.0.2.1'),
    given.mac('ar_tha', op === 1 ? MAC_NONE : MAC_DEST),
    given.ipv4('ar_tip', '192.0.2.2'),
  );
});

export const MPLS: LayerRow<'mpls'> = row(['label', 'tc', 'bos', 'ttl'], (given, _body, { next }) => {
  const bottom = given.uint('bos', 1, next === 'mpls' ? 0 : 1);
  const low = (given.uint('tc', 3) << 9) | (bottom << 8) | given.uint('ttl', 8, 64);
  return Uint8Array.from(be(given.uint('label', 20, 16) * 4096 + low, 4));
});
