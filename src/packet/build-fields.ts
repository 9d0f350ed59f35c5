/** Types of what packets are built from: the fields of each layer, under the names that the dissector prints. */
import type { ARP_OPS, ECN_NAMES, GTPU_TYPES, ICMP_TYPES, ICMPV6_TYPES, SCTP_CHUNKS } from './protocols.ts';

/** Bytes, or text that reads as an address of the kind. */
type Address = string | Uint8Array | readonly number[];
/** Text stands for its UTF-8 bytes, `{hex}` for digits. */
export type Bytes = string | Uint8Array | readonly number[] | { readonly hex: string };
type NameOf<Table> = Table[keyof Table];

export interface EthFields {
  /** 02:00:00:00:00:02 unless given. */
  readonly h_dest?: Address;
  /** 02:00:00:00:00:01 unless given. */
  readonly h_source?: Address;
  /** Ethertype of the layer that follows unless given. */
  readonly h_proto?: number;
}

export interface TagFields {
  readonly vid?: number;
  readonly pcp?: number;
  readonly dei?: number | boolean;
  readonly h_proto?: number;
}

export interface ArpFields {
  readonly ar_hrd?: number;
  readonly ar_pro?: number;
  readonly ar_hln?: number;
  readonly ar_pln?: number;
  /** 1, a request, unless given. */
  readonly ar_op?: number | NameOf<typeof ARP_OPS>;
  readonly ar_sha?: Address;
  readonly ar_sip?: Address;
  readonly ar_tha?: Address;
  readonly ar_tip?: Address;
}

export interface MplsFields {
  readonly label?: number;
  readonly tc?: number;
  /** Bottom of stack: 1 unless another label follows. */
  readonly bos?: number | boolean;
  readonly ttl?: number;
}

/** Explicit congestion notification, a part of `tos` and `tclass`. */
type Ecn = number | NameOf<typeof ECN_NAMES>;

export type Ipv4Option =
  | 'nop'
  | 'end'
  | {
      readonly router_alert?: number;
      /** Addresses already recorded; `slots` makes room for more. */
      readonly record_route?: {
        readonly slots?: number;
        readonly pointer?: number;
        readonly addresses?: readonly Address[];
      };
      readonly lsrr?: { readonly pointer?: number; readonly addresses: readonly Address[] };
      readonly ssrr?: { readonly pointer?: number; readonly addresses: readonly Address[] };
      readonly timestamp?: Bytes;
      readonly security?: Bytes;
      readonly cipso?: Bytes;
    }
  | { readonly kind: number; readonly data?: Bytes };

export interface Ipv4Fields {
  readonly version?: number;
  /** Header length in words of four bytes; counted unless given. */
  readonly ihl?: number;
  /** The whole byte; `dscp` and `ecn` set its parts. */
  readonly tos?: number;
  readonly dscp?: number;
  readonly ecn?: Ecn;
  /** Counted unless given. */
  readonly tot_len?: number;
  readonly id?: number;
  /** The word as it lies in the header, flags included; `df`, `mf` and `offset` set its parts. */
  readonly frag_off?: number;
  readonly df?: boolean | number;
  readonly mf?: boolean | number;
  /** Fragment offset in bytes, a multiple of 8. */
  readonly offset?: number;
  /** 64 unless given. */
  readonly ttl?: number;
  /** Number of the layer that follows unless given. */
  readonly protocol?: number;
  /** Computed unless given. */
  readonly check?: number;
  /** 192.0.2.1 unless given. */
  readonly saddr?: Address;
  /** 192.0.2.2 unless given. */
  readonly daddr?: Address;
  /** In order; filled up to a multiple of four bytes. */
  readonly options?: readonly Ipv4Option[] | Uint8Array;
}

export interface Ipv6Fields {
  readonly version?: number;
  /** Traffic class, the whole byte; `dscp` and `ecn` set its parts. */
  readonly tclass?: number;
  readonly dscp?: number;
  readonly ecn?: Ecn;
  readonly flow_lbl?: number;
  /** Counted unless given. */
  readonly payload_len?: number;
  /** Number of the layer that follows unless given. */
  readonly nexthdr?: number;
  /** 64 unless given. */
  readonly hop_limit?: number;
  /** 2001:db8::1 unless given. */
  readonly saddr?: Address;
  /** 2001:db8::2 unless given. */
  readonly daddr?: Address;
}

export type Ipv6Option =
  | 'pad1'
  | {
      /** Bytes in all, two at least. */
      readonly padn?: number;
      readonly router_alert?: number;
      readonly jumbo?: number;
      readonly tunnel_limit?: number;
      readonly home_address?: Address;
    }
  | { readonly kind: number; readonly data?: Bytes };

export interface OptionsHeaderFields {
  readonly nexthdr?: number;
  /** Length in words of eight bytes, the first not counted; counted unless given. */
  readonly hdrlen?: number;
  /** In order; filled up with padding options to a multiple of eight bytes. */
  readonly options?: readonly Ipv6Option[] | Uint8Array;
}

export interface RoutingFields {
  readonly nexthdr?: number;
  readonly hdrlen?: number;
  /** 4, segment routing, unless given. */
  readonly type?: number;
  /** 0 unless given: the packet has arrived. Checksums cover the final destination while it is more. */
  readonly segments_left?: number;
  /** Addresses as they lie in the header: segment routing has the last one first. */
  readonly segments?: readonly Address[];
  readonly first_segment?: number;
  readonly flags?: number;
  readonly tag?: number;
  /** Bytes behind the addresses. */
  readonly tlvs?: Bytes;
  /** Everything behind `segments_left`, for other types. */
  readonly data?: Bytes;
}

export interface FragmentFields {
  readonly nexthdr?: number;
  readonly reserved?: number;
  /** The word as it lies in the header; `mf` and `offset` set its parts. */
  readonly frag_off?: number;
  readonly mf?: boolean | number;
  /** In bytes, a multiple of 8. */
  readonly offset?: number;
  readonly identification?: number;
}

export interface IcmpFields {
  /** An echo request unless given; destination unreachable in front of a quoted packet. */
  readonly type?: number | NameOf<typeof ICMP_TYPES>;
  readonly code?: number;
  readonly checksum?: number;
  readonly id?: number;
  readonly sequence?: number;
  readonly mtu?: number;
  readonly gateway?: Address;
  readonly pointer?: number;
  /** All four bytes behind the checksum. */
  readonly rest?: number;
}

export type NdOption =
  | {
      readonly source_lladdr?: Address;
      readonly target_lladdr?: Address;
      readonly mtu?: number;
      readonly prefix?: {
        readonly prefix: Address;
        readonly length?: number;
        readonly flags?: number;
        readonly valid?: number;
        readonly preferred?: number;
      };
    }
  | { readonly kind: number; readonly data?: Bytes };

export interface Icmpv6Fields {
  readonly type?: number | NameOf<typeof ICMPV6_TYPES>;
  readonly code?: number;
  readonly checksum?: number;
  readonly id?: number;
  readonly sequence?: number;
  readonly mtu?: number;
  readonly pointer?: number;
  readonly router?: boolean | number;
  readonly solicited?: boolean | number;
  readonly override?: boolean | number;
  readonly hop_limit?: number;
  readonly flags?: number;
  readonly lifetime?: number;
  readonly reachable_time?: number;
  readonly retrans_timer?: number;
  /** All four bytes behind the checksum. */
  readonly rest?: number;
  readonly target?: Address;
  readonly destination?: Address;
  /** Of neighbour discovery, in order. */
  readonly options?: readonly NdOption[] | Uint8Array;
}

export type TcpOption =
  | 'nop'
  | 'end'
  | 'sack_permitted'
  | {
      readonly mss?: number;
      readonly wscale?: number;
      readonly sack_permitted?: true;
      readonly sack?: readonly (readonly [left: number, right: number])[];
      readonly timestamps?: { readonly tsval: number; readonly tsecr?: number };
      readonly md5sig?: Bytes;
      readonly user_timeout?: Bytes;
      readonly ao?: Bytes;
      readonly mptcp?: Bytes;
      readonly fastopen?: Bytes;
    }
  | { readonly kind: number; readonly data?: Bytes };

/** Letters (`SA`), words (`SYN ACK`), an object, or the nine bits. */
export type TcpFlags =
  | number
  | string
  | { readonly [flag in 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ece' | 'cwr' | 'ae']?: boolean };

export interface TcpFields {
  /** 40000 unless given. */
  readonly source?: number;
  /** 80 unless given. */
  readonly dest?: number;
  readonly seq?: number;
  readonly ack_seq?: number;
  /** Header length in words of four bytes; counted unless given. */
  readonly doff?: number;
  /** SYN unless given. */
  readonly flags?: TcpFlags;
  readonly window?: number;
  /** Computed unless given. */
  readonly check?: number;
  readonly urg_ptr?: number;
  /** In order; filled up to a multiple of four bytes. */
  readonly options?: readonly TcpOption[] | Uint8Array;
}

export interface UdpFields {
  /** 40000 unless given. */
  readonly source?: number;
  /** The port of the tunnel that follows unless given, else 40001. */
  readonly dest?: number;
  /** Counted unless given. */
  readonly len?: number;
  /** Computed unless given; 0 means none. */
  readonly check?: number;
}

export interface SctpChunk {
  readonly type?: number | NameOf<typeof SCTP_CHUNKS>;
  readonly flags?: number;
  readonly length?: number;
  readonly tsn?: number;
  readonly stream?: number;
  readonly ssn?: number;
  readonly ppid?: number;
  readonly init_tag?: number;
  readonly a_rwnd?: number;
  readonly num_outbound_streams?: number;
  readonly num_inbound_streams?: number;
  readonly initial_tsn?: number;
  readonly cum_tsn_ack?: number;
  readonly num_gap_ack_blocks?: number;
  readonly num_dup_tsns?: number;
  /** User data of a data chunk; what follows the fixed fields of any other. */
  readonly value?: Bytes;
}

export interface SctpFields {
  readonly source?: number;
  readonly dest?: number;
  readonly vtag?: number;
  /** CRC-32C as its bytes lie in the packet; computed unless given. */
  readonly checksum?: number;
  readonly chunks?: readonly SctpChunk[];
}

export interface GreFields {
  /** All 16 bits; set by what is given of `csum`, `key` and `seq` unless given. */
  readonly flags?: number;
  readonly protocol?: number;
  /** true: computed. */
  readonly csum?: boolean | number;
  readonly key?: number;
  readonly seq?: number;
}

export interface VxlanFields {
  readonly flags?: number;
  readonly vni?: number;
  /** Group policy. */
  readonly gbp?: number;
}

export interface GeneveOption {
  readonly class: number;
  /** The highest bit says critical. */
  readonly type: number;
  /** Filled up to a multiple of four bytes. */
  readonly data?: Bytes;
}

export interface GeneveFields {
  readonly opt_len?: number;
  readonly flags?: number;
  readonly protocol?: number;
  readonly vni?: number;
  readonly options?: readonly GeneveOption[];
}

export interface GtpuExtension {
  readonly type: number;
  /** Filled up so that the header is a multiple of four bytes. */
  readonly data?: Bytes;
}

export interface GtpuFields {
  readonly flags?: number;
  /** 255, a packet of a user, unless given. */
  readonly type?: number | NameOf<typeof GTPU_TYPES>;
  readonly length?: number;
  readonly teid?: number;
  readonly seq?: number;
  readonly npdu?: number;
  readonly next_type?: number;
  readonly extensions?: readonly GtpuExtension[];
}

/** Bytes as they are, or `length` times `fill` (0 unless given). */
export type PayloadSource = Bytes | { readonly length: number; readonly fill?: number };

export interface LayerFields {
  readonly eth: EthFields;
  readonly vlan: TagFields;
  readonly qinq: TagFields;
  readonly arp: ArpFields;
  readonly mpls: MplsFields;
  readonly ipv4: Ipv4Fields;
  readonly ipv6: Ipv6Fields;
  readonly hopopts: OptionsHeaderFields;
  readonly routing: RoutingFields;
  readonly fragment: FragmentFields;
  readonly dstopts: OptionsHeaderFields;
  readonly icmp: IcmpFields;
  readonly icmpv6: Icmpv6Fields;
  readonly tcp: TcpFields;
  readonly udp: UdpFields;
  readonly sctp: SctpFields;
  readonly gre: GreFields;
  readonly vxlan: VxlanFields;
  readonly geneve: GeneveFields;
  readonly gtpu: GtpuFields;
}
export type LayerName = keyof LayerFields;
