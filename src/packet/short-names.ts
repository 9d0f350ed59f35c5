/** Short names that field paths and the builder take beside those of the header structs: `src` for `saddr`, `sport` for `source`. */
import type { LayerFields, LayerName } from './build-fields.ts';

const ENDS = { src: 'saddr', dst: 'daddr' } as const;
const PORTS = { sport: 'source', dport: 'dest' } as const;
const TAG = { id: 'vid', type: 'h_proto' } as const;

const SHORT_NAMES = {
  eth: { dst: 'h_dest', src: 'h_source', type: 'h_proto' },
  vlan: TAG,
  qinq: TAG,
  arp: { op: 'ar_op', sha: 'ar_sha', sip: 'ar_sip', tha: 'ar_tha', tip: 'ar_tip' },
  ipv4: { ...ENDS, proto: 'protocol' },
  ipv6: ENDS,
  fragment: { id: 'identification' },
  icmp: { seq: 'sequence' },
  icmpv6: { seq: 'sequence' },
  tcp: { ...PORTS, ack: 'ack_seq', urg: 'urg_ptr' },
  udp: PORTS,
  sctp: PORTS,
} as const satisfies { readonly [P in LayerName]?: { readonly [short: string]: keyof LayerFields[P] } };

type Short = typeof SHORT_NAMES;
type Value<P extends LayerName, Name> = Name extends keyof LayerFields[P]
  ? Exclude<LayerFields[P][Name], undefined>
  : never;

/** A layer's fields under either name. */
export type FieldsOf<P extends LayerName> = LayerFields[P] &
  (P extends keyof Short ? { readonly [S in keyof Short[P]]?: Value<P, Short[P][S]> } : unknown);

/** The header struct's name for a field that may be given by its short one. */
export function fullName(layer: string, name: string): string {
  const table: { readonly [short: string]: string } = SHORT_NAMES[layer as keyof Short] ?? {};
  return Object.hasOwn(table, name) ? table[name]! : name;
}

export function shortNames(layer: LayerName): readonly string[] {
  return Object.keys(SHORT_NAMES[layer as keyof Short] ?? {});
}
