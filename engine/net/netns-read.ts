/** Reads a NetnsSpec: every field checked, by its name when it is wrong, with the defaults of a fresh namespace filled in. */
import { ok, type Result, refuse } from '../errors.ts';
import { SOCKS_MAX } from '../layout.ts';
import { parseEndpoint, parseIp, parseMac, parsePrefix } from './ip-address.ts';
import {
  addressRoutes,
  ETHERNET_MTU,
  IPPROTO,
  LO,
  LOOPBACK,
  LOOPBACK_MTU,
  type NetDevice,
  type NetNeighbour,
  type Netns,
  type NetRoute,
  type NetSocket,
  TABLE,
  TCP,
} from './netns.ts';
import type { DeviceSpec, NeighbourSpec, NetnsSpec, RouteSpec, SocketSpec } from './netns-spec.ts';

const U32_MAX = 0xffff_ffff;

/** What is wrong with a description, thrown inside this file only. */
class Wrong {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

const wrong = (message: string): never => {
  throw new Wrong(message);
};

type Checked = { readonly [field: string]: unknown };

/** The fields of one entry, none of which is unknown. */
function entry(value: unknown, what: string, fields: readonly string[]): Checked {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return wrong(`${what} must be an object`);
  const unknown = Object.keys(value).find((name) => !fields.includes(name));
  return unknown === undefined
    ? (value as Checked)
    : wrong(`${what} has no field ${unknown}: one of ${fields.join(', ')}`);
}

function list<T>(value: unknown, what: string): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : wrong(`${what} must be a list`);
}

function count(value: unknown, what: string, otherwise: number, least = 0, most = U32_MAX): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return value;
  return wrong(`${what} is ${JSON.stringify(value)}: an integer from ${least} to ${most}`);
}

function flag(value: unknown, what: string, otherwise: boolean): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? otherwise;
  return wrong(`${what} must be true or false`);
}

function read<T>(value: unknown, what: string, parse: (text: string) => T | null, needed: string): T {
  const found = typeof value === 'string' ? parse(value) : null;
  return found ?? wrong(`${what} is ${JSON.stringify(value) ?? 'missing'}: ${needed}`);
}

const ip = (value: unknown, what: string) => read(value, what, parseIp, 'an IPv4 or IPv6 address');
const prefix = (value: unknown, what: string) =>
  read(value, what, parsePrefix, 'an address with its prefix, such as 10.0.0.0/8');
const endpoint = (value: unknown, what: string) =>
  read(value, what, parseEndpoint, 'an address and a port, such as 10.0.0.1:80, [::1]:80 or *:80');
const mac = (value: unknown, what: string) => read(value, what, parseMac, 'an address such as 02:00:00:00:00:01');

const DEVICE_FIELDS = ['ifindex', 'name', 'mac', 'mtu', 'up', 'rx_queues', 'addresses', 'forwarding'];

function device(given: DeviceSpec, i: number): NetDevice {
  const what = `netns.devices[${i}]`;
  const d = entry(given, what, DEVICE_FIELDS);
  const ifindex =
    d.ifindex === undefined
      ? wrong(`${what}.ifindex is missing`)
      : count(d.ifindex, `${what}.ifindex`, 0, 1, 2 ** 31 - 1);
  return {
    ifindex,
    name: d.name === undefined ? (ifindex === LOOPBACK ? 'lo' : `dev${ifindex}`) : String(d.name),
    mac: d.mac === undefined ? new Uint8Array(6) : mac(d.mac, `${what}.mac`),
    mtu: count(d.mtu, `${what}.mtu`, ifindex === LOOPBACK ? LOOPBACK_MTU : ETHERNET_MTU, 68),
    up: flag(d.up, `${what}.up`, true),
    rx_queues: count(d.rx_queues, `${what}.rx_queues`, 1, 1, 0xffff),
    forwarding: flag(d.forwarding, `${what}.forwarding`, false),
    addresses: list(d.addresses, `${what}.addresses`).map((one, k) => prefix(one, `${what}.addresses[${k}]`)),
  };
}

const ROUTE_FIELDS = ['to', 'dev', 'via', 'table', 'metric', 'type', 'mtu', 'source'];
const ROUTE_TYPES = ['unicast', 'blackhole', 'unreachable', 'prohibit'] as const;

function route(given: RouteSpec, i: number, devices: ReadonlyMap<number, NetDevice>): NetRoute {
  const what = `netns.routes[${i}]`;
  const r = entry(given, what, ROUTE_FIELDS);
  const via = r.via === undefined ? null : ip(r.via, `${what}.via`);
  const bytes = r.to === 'default6' || (r.to === 'default' && via?.length === 16) ? 16 : 4;
  const every = r.to === 'default' || r.to === 'default6';
  const type = ROUTE_TYPES.find((one) => one === (r.type ?? 'unicast'));
  if (type === undefined) return wrong(`${what}.type is ${JSON.stringify(r.type)}: one of ${ROUTE_TYPES.join(', ')}`);
  const dev = count(r.dev, `${what}.dev`, type === 'unicast' ? 0 : LOOPBACK, 1);
  if (!devices.has(dev)) wrong(`${what}.dev is ${dev}: no device has this ifindex`);
  return {
    ...{ to: every ? { address: new Uint8Array(bytes), length: 0 } : prefix(r.to, `${what}.to`), dev, via, type },
    ...{ table: count(r.table, `${what}.table`, TABLE.MAIN, 1), metric: count(r.metric, `${what}.metric`, 0) },
    ...{ mtu: count(r.mtu, `${what}.mtu`, 0), source: r.source === undefined ? null : ip(r.source, `${what}.source`) },
  };
}

function neighbour(given: NeighbourSpec, i: number): NetNeighbour {
  const what = `netns.neighbours[${i}]`;
  const n = entry(given, what, ['to', 'dev', 'mac']);
  return { to: ip(n.to, `${what}.to`), dev: count(n.dev, `${what}.dev`, LOOPBACK, 1), mac: mac(n.mac, `${what}.mac`) };
}

const SOCKET_FIELDS = ['protocol', 'local', 'remote', 'state', 'cookie', 'uid', 'mark', 'priority', 'dev'].concat(
  ...['reuseport', 'v6only'],
);

function socket(given: SocketSpec, i: number): NetSocket {
  const what = `netns.sockets[${i}]`;
  const s = entry(given, what, SOCKET_FIELDS);
  if (s.protocol !== 'tcp' && s.protocol !== 'udp')
    wrong(`${what}.protocol is ${JSON.stringify(s.protocol)}: tcp or udp`);
  const tcp = s.protocol === 'tcp';
  const local = endpoint(s.local, `${what}.local`);
  const remote = s.remote === undefined ? null : endpoint(s.remote, `${what}.remote`);
  const usual = tcp ? (remote === null ? 'LISTEN' : 'ESTABLISHED') : 'CLOSE';
  const name = String(s.state ?? usual)
    .replace(/^TCP_/i, '')
    .toUpperCase();
  if (!Object.hasOwn(TCP, name))
    wrong(`${what}.state is ${JSON.stringify(s.state)}: one of ${Object.keys(TCP).join(', ')}`);
  return {
    ...{ protocol: tcp ? IPPROTO.TCP : IPPROTO.UDP, local, remote, state: TCP[name as keyof typeof TCP] },
    ...{
      family: local.address?.length === 4 ? 2 : 10,
      cookie: count(s.cookie, `${what}.cookie`, i + 1, 1, Number.MAX_SAFE_INTEGER),
    },
    ...{ uid: count(s.uid, `${what}.uid`, 0), mark: count(s.mark, `${what}.mark`, 0) },
    ...{ priority: count(s.priority, `${what}.priority`, 0), dev: count(s.dev, `${what}.dev`, 0) },
    ...{ reuseport: flag(s.reuseport, `${what}.reuseport`, false), v6only: flag(s.v6only, `${what}.v6only`, false) },
  };
}

const NETNS_FIELDS = ['cookie', 'devices', 'routes', 'neighbours', 'sockets', 'cgroup'];

function netns(given: NetnsSpec): Netns {
  const n = entry(given, 'netns', NETNS_FIELDS);
  const devices = new Map([[LOOPBACK, LO]]);
  for (const [i, one] of list<DeviceSpec>(n.devices, 'netns.devices').entries()) {
    const made = device(one, i);
    devices.set(made.ifindex, made);
  }
  const routes = list<RouteSpec>(n.routes, 'netns.routes').map((one, i) => route(one, i, devices));
  const sockets = list<SocketSpec>(n.sockets, 'netns.sockets').map(socket);
  if (sockets.length > SOCKS_MAX) wrong(`netns.sockets has ${sockets.length} entries, more than ${SOCKS_MAX}`);
  const cgroup = entry(n.cgroup ?? {}, 'netns.cgroup', ['ids', 'classid']);
  return {
    cookie: count(n.cookie, 'netns.cookie', 1, 1, Number.MAX_SAFE_INTEGER),
    devices,
    unnamed: 0,
    routes: [...[...devices.values()].flatMap(addressRoutes), ...routes],
    neighbours: list<NeighbourSpec>(n.neighbours, 'netns.neighbours').map(neighbour),
    sockets,
    cgroups: list(cgroup.ids, 'netns.cgroup.ids').map((id, i) =>
      count(id, `netns.cgroup.ids[${i}]`, 1, 1, Number.MAX_SAFE_INTEGER),
    ),
    classid: count(cgroup.classid, 'netns.cgroup.classid', 0),
  };
}

/** What a description means; refuses, naming the field, what is none. */
export function readNetns(given: NetnsSpec): Result<Netns> {
  try {
    return ok(netns(given));
  } catch (thrown) {
    if (!(thrown instanceof Wrong)) throw thrown;
    return refuse('run', 0, thrown.message);
  }
}
