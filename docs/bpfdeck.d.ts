/** What config and case files import from bpfdeck. Written by `bpfdeck init`; a newer version writes a newer one. */
declare module 'bpfdeck' {
  /** Adds cases that share fields; a case's own fields win, `maps`, `env` and `expect` are merged. Items with `cases` are suites within. */
  export function suite<const C extends Common>(common: C, cases: readonly (Rest<C> | Group)[]): TestCase[];

  type Common = Partial<TestCase>;

  export interface TestCase extends RunFields {
    readonly name: string;
    /** Path of the object, relative to the config file. */
    readonly object: string;
    readonly program: string;
    /** PROG_TYPE name, to override the section's. */
    readonly type?: string;
    readonly budget?: number;
    /**
     * Further objects in the same world: maps pinned by name are shared, `b.o#prog` names a program of theirs, and their
     * freplace programs stand in for functions of the program.
     */
    readonly with?: readonly string[];
    /** Live frames (BPF_F_TEST_XDP_LIVE_FRAMES): `repeat` of them go through devices; `{}` is enough. */
    readonly live?: LiveSpec;
    /** Runs one after the other on the same maps, each with its own expectations; those of the case hold for every step. */
    readonly steps?: readonly CaseStep[];
    readonly skip?: boolean | string;
    readonly todo?: boolean;
    readonly only?: boolean;
  }

  /** What one run is given and must give: a case of one step, or one of a case's steps. */
  interface RunFields {
    readonly data_in?: BytesSource;
    /** Bytes, or fields by name of the type's context struct. */
    readonly ctx_in?: BytesSource | {
      readonly [field: string]: FieldValue;
    };
    /** Map name → entries `[[key, value], …]` or `{key: value}`, null for one that is to go; data sections: `{variable: value}`. */
    readonly maps?: {
      readonly [map: string]: FieldValue;
    };
    readonly env?: CaseEnv;
    /** The network namespace of the run: devices, routes, neighbours, sockets; by default a fresh one. */
    readonly netns?: NetnsSpec;
    /** Memory that pointers in ctx_in lead to (STRUCT_OPS), by address: `{'0x1000': '34120000'}`. */
    readonly memory?: {
      readonly [address: string]: BytesSource;
    };
    readonly repeat?: number;
    readonly flags?: number;
    /** The cpu attribute of BPF_PROG_RUN. */
    readonly cpu?: number;
    readonly expect?: Expectation;
  }

  /**
   * Bytes: `hex:…` or bare hex digits (white space ignored), a Uint8Array, `{pcap: 'file', frame: 1}` (from 1; `'all'`: a case a frame), a packet
   * (`pkt.eth().ipv4().udp()`), or one as plain data: `{packet: ['eth', {ipv4: {ttl: 1}}, 'udp']}`.
   */
  export type BytesSource = string | Uint8Array | readonly number[] | {
    readonly pcap: string;
    readonly frame?: number | 'all';
  } | {
    readonly file: string;
  } | {
    readonly packet: readonly ListedLayer[];
  } | PacketBuilder;

  type ListedLayer = LayerName | {
    readonly [P in LayerName]?: FieldsOf<P>;
  } | {
    readonly payload: PayloadSource;
  } | {
    readonly pad: number;
  };

  type LayerName = keyof LayerFields;

  interface LayerFields {
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

  interface EthFields {
    /** 02:00:00:00:00:02 unless given. */
    readonly h_dest?: Address;
    /** 02:00:00:00:00:01 unless given. */
    readonly h_source?: Address;
    /** Ethertype of the layer that follows unless given. */
    readonly h_proto?: number;
  }

  /** Bytes, or text that reads as an address of the kind. */
  type Address = string | Uint8Array | readonly number[];

  interface TagFields {
    readonly vid?: number;
    readonly pcp?: number;
    readonly dei?: number | boolean;
    readonly h_proto?: number;
  }

  interface ArpFields {
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

  type NameOf<Table> = Table[keyof Table];

  const ARP_OPS: {
    readonly 1: 'request';
    readonly 2: 'reply';
  };

  interface MplsFields {
    readonly label?: number;
    readonly tc?: number;
    /** Bottom of stack: 1 unless another label follows. */
    readonly bos?: number | boolean;
    readonly ttl?: number;
  }

  interface Ipv4Fields {
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

  /** Explicit congestion notification, a part of `tos` and `tclass`. */
  type Ecn = number | NameOf<typeof ECN_NAMES>;

  const ECN_NAMES: {
    readonly 0: 'not ECT';
    readonly 1: 'ECT(1)';
    readonly 2: 'ECT(0)';
    readonly 3: 'CE';
  };

  type Ipv4Option = 'nop' | 'end' | {
    readonly router_alert?: number;
    /** Addresses already recorded; `slots` makes room for more. */
    readonly record_route?: {
      readonly slots?: number;
      readonly pointer?: number;
      readonly addresses?: readonly Address[];
    };
    readonly lsrr?: {
      readonly pointer?: number;
      readonly addresses: readonly Address[];
    };
    readonly ssrr?: {
      readonly pointer?: number;
      readonly addresses: readonly Address[];
    };
    readonly timestamp?: Bytes;
    readonly security?: Bytes;
    readonly cipso?: Bytes;
  } | {
    readonly kind: number;
    readonly data?: Bytes;
  };

  /** Text stands for its UTF-8 bytes, `{hex}` for digits. */
  type Bytes = string | Uint8Array | readonly number[] | {
    readonly hex: string;
  };

  interface Ipv6Fields {
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

  interface OptionsHeaderFields {
    readonly nexthdr?: number;
    /** Length in words of eight bytes, the first not counted; counted unless given. */
    readonly hdrlen?: number;
    /** In order; filled up with padding options to a multiple of eight bytes. */
    readonly options?: readonly Ipv6Option[] | Uint8Array;
  }

  type Ipv6Option = 'pad1' | {
    /** Bytes in all, two at least. */
    readonly padn?: number;
    readonly router_alert?: number;
    readonly jumbo?: number;
    readonly tunnel_limit?: number;
    readonly home_address?: Address;
  } | {
    readonly kind: number;
    readonly data?: Bytes;
  };

  interface RoutingFields {
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

  interface FragmentFields {
    readonly nexthdr?: number;
    readonly reserved?: number;
    /** The word as it lies in the header; `mf` and `offset` set its parts. */
    readonly frag_off?: number;
    readonly mf?: boolean | number;
    /** In bytes, a multiple of 8. */
    readonly offset?: number;
    readonly identification?: number;
  }

  interface IcmpFields {
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

  const ICMP_TYPES: {
    readonly 0: 'echo reply';
    readonly 3: 'destination unreachable';
    readonly 4: 'source quench';
    readonly 5: 'redirect';
    readonly 8: 'echo request';
    readonly 9: 'router advertisement';
    readonly 10: 'router solicitation';
    readonly 11: 'time exceeded';
    readonly 12: 'parameter problem';
    readonly 13: 'timestamp request';
    readonly 14: 'timestamp reply';
  };

  interface Icmpv6Fields {
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

  const ICMPV6_TYPES: {
    readonly 1: 'destination unreachable';
    readonly 2: 'packet too big';
    readonly 3: 'time exceeded';
    readonly 4: 'parameter problem';
    readonly 128: 'echo request';
    readonly 129: 'echo reply';
    readonly 133: 'router solicitation';
    readonly 134: 'router advertisement';
    readonly 135: 'neighbour solicitation';
    readonly 136: 'neighbour advertisement';
    readonly 137: 'redirect';
  };

  type NdOption = {
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
  } | {
    readonly kind: number;
    readonly data?: Bytes;
  };

  interface TcpFields {
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

  /** Letters (`SA`), words (`SYN ACK`), an object, or the nine bits. */
  type TcpFlags = number | string | {
    readonly [flag in 'fin' | 'syn' | 'rst' | 'psh' | 'ack' | 'urg' | 'ece' | 'cwr' | 'ae']?: boolean;
  };

  type TcpOption = 'nop' | 'end' | 'sack_permitted' | {
    readonly mss?: number;
    readonly wscale?: number;
    readonly sack_permitted?: true;
    readonly sack?: readonly (readonly [left: number, right: number])[];
    readonly timestamps?: {
      readonly tsval: number;
      readonly tsecr?: number;
    };
    readonly md5sig?: Bytes;
    readonly user_timeout?: Bytes;
    readonly ao?: Bytes;
    readonly mptcp?: Bytes;
    readonly fastopen?: Bytes;
  } | {
    readonly kind: number;
    readonly data?: Bytes;
  };

  interface UdpFields {
    /** 40000 unless given. */
    readonly source?: number;
    /** The port of the tunnel that follows unless given, else 40001. */
    readonly dest?: number;
    /** Counted unless given. */
    readonly len?: number;
    /** Computed unless given; 0 means none. */
    readonly check?: number;
  }

  interface SctpFields {
    readonly source?: number;
    readonly dest?: number;
    readonly vtag?: number;
    /** CRC-32C as its bytes lie in the packet; computed unless given. */
    readonly checksum?: number;
    readonly chunks?: readonly SctpChunk[];
  }

  interface SctpChunk {
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

  const SCTP_CHUNKS: {
    readonly 0: 'data';
    readonly 1: 'init';
    readonly 2: 'init ack';
    readonly 3: 'sack';
    readonly 4: 'heartbeat';
    readonly 5: 'heartbeat ack';
    readonly 6: 'abort';
    readonly 7: 'shutdown';
    readonly 8: 'shutdown ack';
    readonly 9: 'error';
    readonly 10: 'cookie echo';
    readonly 11: 'cookie ack';
    readonly 14: 'shutdown complete';
  };

  interface GreFields {
    /** All 16 bits; set by what is given of `csum`, `key` and `seq` unless given. */
    readonly flags?: number;
    readonly protocol?: number;
    /** true: computed. */
    readonly csum?: boolean | number;
    readonly key?: number;
    readonly seq?: number;
  }

  interface VxlanFields {
    readonly flags?: number;
    readonly vni?: number;
    /** Group policy. */
    readonly gbp?: number;
  }

  interface GeneveFields {
    readonly opt_len?: number;
    readonly flags?: number;
    readonly protocol?: number;
    readonly vni?: number;
    readonly options?: readonly GeneveOption[];
  }

  interface GeneveOption {
    readonly class: number;
    /** The highest bit says critical. */
    readonly type: number;
    /** Filled up to a multiple of four bytes. */
    readonly data?: Bytes;
  }

  interface GtpuFields {
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

  const GTPU_TYPES: {
    readonly 1: 'echo request';
    readonly 2: 'echo response';
    readonly 26: 'error indication';
    readonly 31: 'supported extension headers';
    readonly 254: 'end marker';
    readonly 255: 'G-PDU';
  };

  interface GtpuExtension {
    readonly type: number;
    /** Filled up so that the header is a multiple of four bytes. */
    readonly data?: Bytes;
  }

  /** A layer's fields under either name. */
  type FieldsOf<P extends LayerName> = LayerFields[P] & (P extends keyof Short ? {
    readonly [S in keyof Short[P]]?: Value<P, Short[P][S]>;
  } : unknown);

  type Short = typeof SHORT_NAMES;

  const SHORT_NAMES: {
    readonly eth: {
      readonly dst: 'h_dest';
      readonly src: 'h_source';
      readonly type: 'h_proto';
    };
    readonly vlan: {
      readonly id: 'vid';
      readonly type: 'h_proto';
    };
    readonly qinq: {
      readonly id: 'vid';
      readonly type: 'h_proto';
    };
    readonly arp: {
      readonly op: 'ar_op';
      readonly sha: 'ar_sha';
      readonly sip: 'ar_sip';
      readonly tha: 'ar_tha';
      readonly tip: 'ar_tip';
    };
    readonly ipv4: {
      readonly src: 'saddr';
      readonly dst: 'daddr';
      readonly proto: 'protocol';
    };
    readonly ipv6: {
      readonly src: 'saddr';
      readonly dst: 'daddr';
    };
    readonly fragment: {
      readonly id: 'identification';
    };
    readonly icmp: {
      readonly seq: 'sequence';
    };
    readonly icmpv6: {
      readonly seq: 'sequence';
    };
    readonly tcp: {
      readonly sport: 'source';
      readonly dport: 'dest';
      readonly ack: 'ack_seq';
      readonly urg: 'urg_ptr';
    };
    readonly udp: {
      readonly sport: 'source';
      readonly dport: 'dest';
    };
    readonly sctp: {
      readonly sport: 'source';
      readonly dport: 'dest';
    };
  };

  type Value<P extends LayerName, Name> = Name extends keyof LayerFields[P] ? Exclude<LayerFields[P][Name], undefined> : never;

  /** Bytes as they are, or `length` times `fill` (0 unless given). */
  type PayloadSource = Bytes | {
    readonly length: number;
    readonly fill?: number;
  };

  export class PacketBuilder {
    private readonly parts;
    private readonly least;
    private encoded;
    constructor(parts?: readonly Part[], least?: number);
    /** Checks the fields at once, so that a mistake is reported where it is written. */
    private add;
    private replaced;
    eth(fields?: FieldsOf<'eth'>): PacketBuilder;
    /** An 802.1Q tag. */
    vlan(fields?: FieldsOf<'vlan'>): PacketBuilder;
    /** An 802.1ad service tag, around a `vlan`. */
    qinq(fields?: FieldsOf<'qinq'>): PacketBuilder;
    arp(fields?: FieldsOf<'arp'>): PacketBuilder;
    mpls(fields?: FieldsOf<'mpls'>): PacketBuilder;
    /** Behind another IP header: a tunnel. */
    ipv4(fields?: FieldsOf<'ipv4'>): PacketBuilder;
    ipv6(fields?: FieldsOf<'ipv6'>): PacketBuilder;
    hopopts(fields?: FieldsOf<'hopopts'>): PacketBuilder;
    routing(fields?: FieldsOf<'routing'>): PacketBuilder;
    /** An IPv6 fragment header. */
    fragment(fields?: FieldsOf<'fragment'>): PacketBuilder;
    dstopts(fields?: FieldsOf<'dstopts'>): PacketBuilder;
    icmp(fields?: FieldsOf<'icmp'>): PacketBuilder;
    icmpv6(fields?: FieldsOf<'icmpv6'>): PacketBuilder;
    tcp(fields?: FieldsOf<'tcp'>): PacketBuilder;
    udp(fields?: FieldsOf<'udp'>): PacketBuilder;
    sctp(fields?: FieldsOf<'sctp'>): PacketBuilder;
    gre(fields?: FieldsOf<'gre'>): PacketBuilder;
    vxlan(fields?: FieldsOf<'vxlan'>): PacketBuilder;
    geneve(fields?: FieldsOf<'geneve'>): PacketBuilder;
    gtpu(fields?: FieldsOf<'gtpu'>): PacketBuilder;
    /** Bytes, text (UTF-8), `{hex}`, or `{length, fill}`. */
    payload(source: PayloadSource): PacketBuilder;
    /** Zeros behind everything, counted by no header, up to `size` bytes in all: 60 is the shortest Ethernet frame. */
    pad(size: number): PacketBuilder;
    /** Where the nth (from 1) layer of a kind is. Throws InputError if there are fewer. */
    private find;
    /** The packet with fields of the nth (from 1) layer of a kind changed; what is counted or computed follows. */
    with<P extends LayerName>(layer: P, fields: FieldsOf<P>, nth?: number): PacketBuilder;
    /** The packet without the nth (from 1) layer of a kind. */
    without(layer: LayerName | 'payload', nth?: number): PacketBuilder;
    /** What is left when everything in front of the nth (from 1) layer of a kind is taken off, as a tunnel's end does. */
    from(layer: LayerName | 'payload', nth?: number): PacketBuilder;
    /** The packet with another one's layers behind its own, as a tunnel's start does. */
    append(inner: PacketBuilder): PacketBuilder;
    /** The packet's bytes, a copy. Throws InputError when a length does not fit its field. */
    bytes(): Uint8Array;
    /** Size in bytes. */
    get length(): number;
  }

  type Part = Header | {
    readonly layer: 'payload';
    readonly bytes: Uint8Array;
  };

  interface Header {
    readonly layer: LayerName;
    /** Under the full names. */
    readonly fields: {
      readonly [name: string]: unknown;
    };
    readonly given: Given;
  }

  /** One layer's (or option's) given fields; a field that is undefined counts as not given. */
  class Given {
    readonly where: string;
    private readonly values;
    /** Throws InputError when a field is none of `known`. */
    constructor(where: string, values: unknown, known: readonly string[]);
    fail(name: string, why: string): never;
    has(name: string): boolean;
    raw(name: string): unknown;
    /** A whole number of `bits` bits, at most 32. */
    uint(name: string, bits: number, fallback?: number): number;
    /** A number that was counted unless given; what was counted may be too much for the field. */
    counted(name: string, bits: number, counted: number): number;
    /** A number, or its name in a table. */
    named(name: string, bits: number, table: {
      readonly [value: number]: string;
    }, fallback: number): number;
    private address;
    mac(name: string, fallback: string): Uint8Array;
    ipv4(name: string, fallback: string): Uint8Array;
    ipv6(name: string, fallback: string): Uint8Array;
    /** Bytes in one of the forms of `Bytes`, none unless given. */
    bytes(name: string): Uint8Array;
    list(name: string): readonly unknown[];
    /** The fields of an object in a field. */
    inner(name: string, known: readonly string[]): Given;
    /** The objects of a list. */
    items(name: string, known: readonly string[]): Given[];
    /** The names given, in the order they were. */
    names(): string[];
  }

  /** Values by BTF field names; numbers, bigint, strings (decimal or 0x…), arrays, objects; `{hex: '…'}` for raw bytes. */
  export type FieldValue = unknown;

  interface CaseEnv {
    /** Text in files of data, beyond 2^53. */
    readonly time_ns?: bigint | number | `${bigint}`;
    readonly seed?: number;
    readonly cpus?: number;
    readonly cpu?: number;
  }

  /**
   * A network namespace described by data, as a run is made in it; everything may be left out. A description that contradicts
   * itself is refused with a sentence (netnsProblem).
   */
  interface NetnsSpec {
    /** Default 1, as of the first namespace. */
    readonly cookie?: number;
    /** Loopback is there in any case. */
    readonly devices?: readonly DeviceSpec[];
    readonly routes?: readonly RouteSpec[];
    readonly neighbours?: readonly NeighbourSpec[];
    readonly sockets?: readonly SocketSpec[];
    readonly cgroup?: CgroupSpec;
  }

  /** A device, up unless it says otherwise; MTU in bytes. */
  interface DeviceSpec {
    readonly ifindex: number;
    readonly name?: string;
    /** Link-layer address, default all zeros. */
    readonly mac?: string;
    /** Default 1500, of loopback 65536. */
    readonly mtu?: number;
    /** Default true. */
    readonly up?: boolean;
    /** Receive queues, default 1. */
    readonly rx_queues?: number;
    /** Addresses with their prefix: `10.0.0.1/24`. */
    readonly addresses?: readonly string[];
    /** Packets that come in here may be forwarded; default false. */
    readonly forwarding?: boolean;
  }

  /** A route, in the words of `ip route`. */
  interface RouteSpec {
    /** `10.1.0.0/16`, `default` (of the family of `via`, else IPv4), `default6`. */
    readonly to: string;
    /** ifindex. */
    readonly dev?: number;
    /** Next hop; absent: the destination is on the link. */
    readonly via?: string;
    /** Default 254 (main). */
    readonly table?: number;
    readonly metric?: number;
    readonly type?: 'unicast' | 'blackhole' | 'unreachable' | 'prohibit';
    /** Path MTU. */
    readonly mtu?: number;
    /** Source address of packets made here. */
    readonly source?: string;
  }

  /**
   * An entry of the neighbour table: which link-layer address (`02:00:00:00:00:01`) an IP address has on a device (ifindex).
   */
  interface NeighbourSpec {
    readonly to: string;
    readonly dev: number;
    readonly mac: string;
  }

  /** A socket that lookups find and packets belong to. */
  interface SocketSpec {
    readonly protocol: 'tcp' | 'udp';
    /** `10.0.0.1:80`, `[::1]:80`, `*:80` (IPv4 and IPv6). */
    readonly local: string;
    /** Of a connected socket. */
    readonly remote?: string;
    /** Default: TCP_LISTEN, with a remote end TCP_ESTABLISHED; UDP always TCP_CLOSE. */
    readonly state?: string;
    /** Default: its place in the list, from 1. */
    readonly cookie?: number;
    readonly uid?: number;
    readonly mark?: number;
    readonly priority?: number;
    /** ifindex it is bound to (SO_BINDTODEVICE). */
    readonly dev?: number;
    readonly reuseport?: boolean;
    readonly v6only?: boolean;
  }

  /** The cgroup that the packet's socket belongs to. */
  interface CgroupSpec {
    /** Of the packet's socket: ids from the root down to the socket's own. */
    readonly ids?: readonly number[];
    /** net_cls class. */
    readonly classid?: number;
  }

  export interface Expectation extends LiveExpectation {
    /** Number, or a name of the type's verdicts: XDP_DROP, TC_ACT_SHOT, … */
    readonly retval?: number | string;
    /** 0, a number or a name: ENOSPC. */
    readonly errno?: number | string;
    /** The whole packet, or header fields: `{'ipv4.ttl': 63, 'ipv4[2].saddr': '10.0.0.1', vlan: null}` (null: not there). */
    readonly data_out?: BytesSource | {
      readonly [field: string]: FieldValue;
    };
    readonly data_size_out?: number;
    /** The context's fields that matter, or its bytes. */
    readonly ctx_out?: BytesSource | {
      readonly [field: string]: FieldValue;
    };
    /** `false`: no redirect helper was called. */
    readonly redirect?: number | RedirectExpectation | false;
    /**
     * As `maps` above: the entries named must be there with these values; `null` = must be absent. Per-CPU values: a list
     * (CPU 0 first; CPUs left out are not compared), `{cpu: 1, value: …}`, or `{sum: …}` over all CPUs.
     */
    readonly maps?: {
      readonly [map: string]: FieldValue;
    };
    /** Lines in order; a RegExp or a string that the whole line equals. */
    readonly printk?: readonly (string | RegExp)[];
    /** Records in order, of each map that is named; no others. */
    readonly records?: readonly RecordExpectation[];
    /** A word of the fault's kind, or part of its message; `false`: none (the default when anything else is expected). */
    readonly fault?: string | RegExp | false;
  }

  /** What live cases may expect beside errno, maps, printk, records and fault. */
  interface LiveExpectation {
    /** Frames by verdict: `{XDP_TX: 1000}`; `unknown` counts all others. */
    readonly verdicts?: CountsExpectation;
    /** Counters by device: `{veth0: {xdp_xmit: 1000, tx_packets: {min: 1}}}`. */
    readonly devices?: {
      readonly [name: string]: CountsExpectation;
    };
    /** Counters of the stacks, `near` and `far`: `{near: {udp_delivered: 64}}`. */
    readonly stacks?: {
      readonly near?: CountsExpectation;
      readonly far?: CountsExpectation;
    };
    readonly tracepoints?: readonly TracepointExpectation[];
    /** allocated, recycled, released, in_pool, in_flight. */
    readonly pool?: CountsExpectation;
    /** The first frames that left by a device, or went up into `stack` or `far_stack`, or reached an AF_XDP socket (`xsk`); by number: one of them, from 0. */
    readonly captured?: {
      readonly [where: string]: readonly FrameExpectation[] | {
        readonly [index: number]: FrameExpectation;
      };
    };
  }

  type CountsExpectation = {
    readonly [name: string]: CountExpectation;
  };

  /** A number, or its bounds. */
  type CountExpectation = number | {
    readonly min?: number;
    readonly max?: number;
  };

  interface TracepointExpectation {
    /** xdp_redirect, xdp_redirect_err, xdp_devmap_xmit, … */
    readonly name: string;
    /** `ENXIO`, or a number: events with this errno; 0: without one. Absent: whatever it was. */
    readonly errno?: number | string;
    /** Default: at least one. */
    readonly count?: CountExpectation;
  }

  /** A captured frame: all its bytes, or header fields by path; null: there was none. */
  type FrameExpectation = BytesSource | {
    readonly [field: string]: FieldValue;
  } | null;

  /** Where a redirect helper sends the packet: a number is the ifindex; only what is named is compared. */
  interface RedirectExpectation {
    /** bpf_redirect, bpf_redirect_map, … */
    readonly helper?: string;
    readonly ifindex?: number;
    /** cpumaps. */
    readonly cpu?: number;
    /** xskmaps. */
    readonly queue?: number;
    readonly map?: string;
    readonly key?: number;
    readonly flags?: number;
    /** To every device of the map. */
    readonly broadcast?: boolean;
  }

  /** A record sent through a ring buffer or perf: bytes, its text, or a BTF type with the fields that matter. */
  export type RecordExpectation = string | Uint8Array | RegExp | {
    readonly map?: string;
    /** Type of the object's BTF: `struct event`. */
    readonly type?: string;
    readonly value?: FieldValue;
    readonly hex?: string;
    /** The record as text, ended by NUL. */
    readonly text?: string | RegExp;
    readonly cpu?: number;
  };

  /** The case's `repeat` frames (1 unless said) go through devices, as BPF_PROG_RUN sends live frames. */
  interface LiveSpec {
    /** Frames a batch, 1 to 256; default 64. */
    readonly batch_size?: number;
    /** By name, or as `veth0:peer_xdp=drop,mtu=9000`. */
    readonly devices?: {
      readonly [name: string]: LiveDevice;
    } | readonly string[];
    /** Device that frames come in on; default the first, without any loopback. */
    readonly ingress?: string;
    /** The namespace of the far ends: addresses, routes, sockets. */
    readonly far?: NetnsSpec;
    /** Packets that frames are made of in turn, instead of data_in alone. */
    readonly frames?: readonly BytesSource[];
    /** `down=veth1@1000`, `up=…`, `full=…`, `drains=…`, `page=300`, `alloc=2`: as `bpfdeck live --fault`. */
    readonly faults?: readonly string[];
  }

  /** A device in the words of `bpfdeck live --dev`. */
  interface LiveDevice {
    readonly ifindex?: number;
    readonly type?: 'veth' | 'ifb' | 'lo' | 'dummy';
    /** Veth: name of the far end. */
    readonly peer?: string;
    /** What runs natively at the far end: none, pass, drop, tx, or a program by `OBJECT#PROGRAM`, from the config file. */
    readonly peer_xdp?: string;
    readonly up?: boolean;
    readonly peer_up?: boolean;
    /** Bytes. */
    readonly mtu?: number;
    /** GRO of the far end. */
    readonly gro?: boolean;
    readonly queues?: number;
    /** What runs at tc ingress, here and at the far end: `OBJECT#PROGRAM`. */
    readonly tc_ingress?: string;
    readonly peer_tc_ingress?: string;
  }

  /** One run of several on the same maps. What it leaves out is as the case says; `maps` are filled just before it. */
  export interface CaseStep extends RunFields {
    /** For messages: `SYN`, `the reply`. */
    readonly name?: string;
    /** Another program of the object. */
    readonly program?: string;
    readonly type?: string;
  }

  /** What a case of a suite must still say depends on what the suite says for all. */
  type Rest<C extends Common> = Omit<TestCase, keyof C | 'name'> & Common & {
    readonly name: string;
  };

  /** Cases within a suite that share more fields; its name goes in front of theirs. */
  type Group = Common & {
    readonly cases: readonly (Group | (Common & {
      readonly name: string;
    }))[];
  };

  export const test: typeof one & {
    /** The cases that say so run, no others. */
    readonly only: (testCase: TestCase) => TestCase;
    readonly skip: (testCase: TestCase, reason?: string) => TestCase;
    /** A case that is still to be written: it is counted, and never runs. */
    readonly todo: (testCase: TestCase) => TestCase;
    readonly each: typeof each;
    /** A case of live frames: with `live: {…}` for the devices that they go through, else with loopback alone. */
    readonly live: (testCase: TestCase) => TestCase;
  };

  /** Adds one case. */
  function one(testCase: TestCase): TestCase;

  /** A case for each row: `test.each([[1, 2], [3, 4]])('%d and %d', (a, b) => ({…}))`. Rows that are no lists are one argument. */
  function each<Row extends unknown[] | [unknown]>(table: readonly Row[]): Maker<Row>;
  function each<Row>(table: readonly Row[]): Maker<[Row]>;

  /** What makes the cases of a table: the name's template, and a function of a row. */
  type Maker<Args extends readonly unknown[]> = (name: string, make: (...row: Args) => Unnamed & {
    readonly name?: string;
  }) => TestCase[];

  type Unnamed = Omit<TestCase, 'name'>;

  /** The empty packet that all others are built from. */
  export const pkt: PacketBuilder;

  export function dissect(bytes: Uint8Array, options?: DissectOptions): Layer[];

  interface DissectOptions {
    /** First header; Ethernet unless said. */
    readonly first?: 'eth' | 'ipv4' | 'ipv6';
    /** Bytes of XDP metadata in front of the first header. */
    readonly meta_bytes?: number;
  }

  export interface Layer {
    /** `eth`, `ipv4`, `tcp`, …; `payload` for what no reader knows. */
    readonly proto: string;
    readonly start: number;
    readonly end: number;
    readonly fields: readonly Field[];
    /** One line for people: `10.0.0.1 → 10.0.0.2 ttl 64`. */
    readonly summary: string;
  }

  export interface Field {
    /** Name in the kernel's header struct: `h_dest`, `ttl`, `saddr`. */
    readonly name: string;
    readonly value: string;
    /** Bytes it lies in, from the start of the packet; bit fields share bytes. */
    readonly start: number;
    readonly end: number;
  }

  /** A field by its path, null when the packet has no such layer or field. Throws InputError for an impossible path. */
  export function fieldOf(layers: readonly Layer[], path: string | FieldPath): Field | null;

  interface FieldPath {
    readonly layer: string;
    /** Which layer of the kind, from 1. */
    readonly nth: number;
    /** Full name; null: the layer as a whole. */
    readonly field: string | null;
    /** Which field of the name (options repeat), from 1. */
    readonly field_nth: number;
  }

  export interface Config {
    /** Globs of object files, from the config file's directory: what `bpfdeck watch` keeps an eye on. */
    readonly objects?: string | readonly string[];
    /** Globs of case files, from the config file's directory; every file named *.case.{ts,js,yaml,yml,json} below it unless said. */
    readonly cases?: string | readonly string[];
    /** What `test` builds first, and `watch` when a source changes: a command (`make -C bpf`), or sources and a command for each. */
    readonly build?: Build | readonly Build[];
    /** For every case that does not say otherwise. */
    readonly defaults?: {
      readonly env?: TestCase['env'];
      readonly netns?: TestCase['netns'];
      /** Instructions one case may execute, repeats included. */
      readonly budget?: number;
      readonly repeat?: number;
      readonly flags?: number;
      readonly maps?: TestCase['maps'];
    };
    /** A file with kernel types (raw BTF, or an ELF file with a .BTF section) to resolve CO-RE relocations against. */
    readonly btf?: string;
    /** Missing helpers become faults when they are called, instead of refusing the program. */
    readonly lenient?: boolean;
  }

  /** A command line such as `make -C bpf` watches C files and headers below the directory after -C, or of the whole project. */
  type Build = string | BuildConfig;

  /** A command for all, or one a source. */
  interface BuildConfig {
    /** Globs of sources, from the config file's directory; a change of one of them, or of a header beside it, builds. */
    readonly sources: string | readonly string[];
    /**
     * For the shell, in the config file's directory. `{source}` and `{object}` in it make it one command a source;
     * clang with -O2 -g unless said.
     */
    readonly command?: string;
    /** Where the object of a source goes: `build/{name}.o` unless said; `{name}` is the source's without .bpf.c or .c. */
    readonly object?: string;
  }

  /** Gives the config back: for the types alone. */
  export function defineConfig(config: Config): Config;

  export {};
}
