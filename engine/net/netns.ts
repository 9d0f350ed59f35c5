/** A network namespace in the engine's own terms: devices, routes, neighbours, sockets, and the fresh one that is the default. */
import type { Endpoint, IpAddress, IpPrefix } from './ip-address.ts';

export const LOOPBACK = 1;
export const LOOPBACK_MTU = 65536;
export const ETHERNET_MTU = 1500;
export const TABLE = { MAIN: 254, LOCAL: 255 };
/** Names and numbers of a socket's states (include/net/tcp_states.h). */
export const TCP = {
  ...{ ESTABLISHED: 1, SYN_SENT: 2, SYN_RECV: 3, FIN_WAIT1: 4, FIN_WAIT2: 5, TIME_WAIT: 6, CLOSE: 7, CLOSE_WAIT: 8 },
  ...{ LAST_ACK: 9, LISTEN: 10, CLOSING: 11, NEW_SYN_RECV: 12 },
} as const;
export const IPPROTO = { TCP: 6, UDP: 17 } as const;

export interface NetDevice {
  readonly ifindex: number;
  readonly name: string;
  readonly mac: Uint8Array;
  readonly mtu: number;
  readonly up: boolean;
  readonly rx_queues: number;
  readonly forwarding: boolean;
  readonly addresses: readonly IpPrefix[];
}

export interface NetRoute {
  readonly to: IpPrefix;
  readonly dev: number;
  readonly via: IpAddress | null;
  readonly table: number;
  readonly metric: number;
  readonly type: 'unicast' | 'local' | 'broadcast' | 'blackhole' | 'unreachable' | 'prohibit';
  /** 0: the device's. */
  readonly mtu: number;
  readonly source: IpAddress | null;
}

export interface NetNeighbour {
  readonly to: IpAddress;
  readonly dev: number;
  readonly mac: Uint8Array;
}

export interface NetSocket {
  /** 6 or 17. */
  readonly protocol: number;
  readonly local: Endpoint;
  readonly remote: Endpoint | null;
  /** 2 or 10; sockets of any address are IPv6 ones that take IPv4 too. */
  readonly family: number;
  readonly state: number;
  readonly cookie: number;
  readonly uid: number;
  readonly mark: number;
  readonly priority: number;
  readonly dev: number;
  readonly reuseport: boolean;
  readonly v6only: boolean;
}

export interface Netns {
  readonly cookie: number;
  readonly devices: ReadonlyMap<number, NetDevice>;
  /** Devices up to this ifindex that nobody describes are there too. */
  readonly unnamed: number;
  readonly routes: readonly NetRoute[];
  readonly neighbours: readonly NetNeighbour[];
  readonly sockets: readonly NetSocket[];
  /** Cgroup ids from the root down. */
  readonly cgroups: readonly number[];
  readonly classid: number;
}

/** Loopback of a fresh namespace, up. */
export const LO: NetDevice = {
  ...{ ifindex: LOOPBACK, name: 'lo', mac: new Uint8Array(6), mtu: LOOPBACK_MTU, up: true, rx_queues: 1 },
  forwarding: false,
  addresses: [
    { address: Uint8Array.of(127, 0, 0, 1), length: 8 },
    { address: Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0)), length: 128 },
  ],
};

/** The routes that the kernel makes for a device's addresses: the address itself, its network, and the network's broadcast. */
export function addressRoutes({ ifindex, addresses, up }: NetDevice): NetRoute[] {
  if (!up) return [];
  return addresses.flatMap((own) => {
    const all = own.address.length * 8;
    const common = { via: null, metric: 0, mtu: 0, dev: ifindex, source: own.address };
    const host = { ...common, to: { address: own.address, length: all }, table: TABLE.LOCAL, type: 'local' as const };
    const network = { ...common, to: own, table: TABLE.MAIN, type: 'unicast' as const };
    const broadcast = {
      ...common,
      to: { address: broadcastOf(own), length: 32 },
      table: TABLE.LOCAL,
      type: 'broadcast' as const,
    };
    const shared = own.length < all ? [network] : [];
    return [host, ...shared, ...(all === 32 && own.length < 31 ? [broadcast] : [])];
  });
}

function broadcastOf({ address, length }: IpPrefix): IpAddress {
  return address.map((byte, i) => byte | (0xff >> Math.min(8, Math.max(0, length - 8 * i))));
}

/** A fresh namespace, of whose other devices nothing is known but that they are there. */
export function freshNetns(unnamed: number): Netns {
  const cgroups = [1];
  const routes = addressRoutes(LO);
  return {
    cookie: 1,
    devices: new Map([[LOOPBACK, LO]]),
    unnamed,
    routes,
    neighbours: [],
    sockets: [],
    cgroups,
    classid: 0,
  };
}

export function hasDevice(ns: Netns, ifindex: number): boolean {
  return ns.devices.has(ifindex) || (ifindex >= 1 && ifindex <= ns.unnamed);
}

/** A device; of one that nobody describes the address is zero and the MTU that of Ethernet. */
export function deviceOf(ns: Netns, ifindex: number): NetDevice | undefined {
  const known = ns.devices.get(ifindex);
  if (known !== undefined || !hasDevice(ns, ifindex)) return known;
  return { ...LO, ifindex, name: `dev${ifindex}`, mtu: ETHERNET_MTU, addresses: [] };
}
