/** A network namespace as users describe it: plain data, addresses as text; what is left out is as in a fresh namespace. */

/** A device, up unless it says otherwise; MTU in bytes. */
export interface DeviceSpec {
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
export interface RouteSpec {
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
export interface NeighbourSpec {
  readonly to: string;
  readonly dev: number;
  readonly mac: string;
}

/** A socket that lookups find and packets belong to. */
export interface SocketSpec {
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
export interface CgroupSpec {
  /** Of the packet's socket: ids from the root down to the socket's own. */
  readonly ids?: readonly number[];
  /** net_cls class. */
  readonly classid?: number;
}

/**
 * A network namespace described by data, as a run is made in it; everything may be left out. A description that contradicts
 * itself is refused with a sentence (netnsProblem).
 */
export interface NetnsSpec {
  /** Default 1, as of the first namespace. */
  readonly cookie?: number;
  /** Loopback is there in any case. */
  readonly devices?: readonly DeviceSpec[];
  readonly routes?: readonly RouteSpec[];
  readonly neighbours?: readonly NeighbourSpec[];
  readonly sockets?: readonly SocketSpec[];
  readonly cgroup?: CgroupSpec;
}
