/** Helpers that ask the namespace: routes and neighbours, sockets and cookies, cgroups, copies, by data handed in. */
import { expect, test } from 'bun:test';
import type { NetnsSpec } from '../../../engine/index.ts';
import type { LoadedObject } from '../../../engine/load/types.ts';
import { datasecVars, decodeBtf, encodeBtf } from '../../../engine/object/btf-values.ts';
import { enterNetns } from '../../../engine/run/netns.ts';
import { progRun } from '../../../engine/run/prog-run.ts';
import type { ProgRunResult } from '../../../engine/run/types.ts';
import { loadFixture } from '../../support/fixture-object.ts';
import { ethernet, ipv4, udp } from '../../support/frames.ts';

/** Programs that the kernel of the machine is not asked to run. */
const NETNS_OBJECT = '../prog-run/netns/netns';
const FRAME = ethernet(0x0800, ipv4(17, udp(1, 2, [1, 2, 3])));
const NETNS: NetnsSpec = {
  cookie: 77,
  devices: [
    { ifindex: 2, mac: '02:00:00:00:00:aa', mtu: 1400, forwarding: true, addresses: ['10.0.0.1/24', '2001:db8::1/64'] },
    { ifindex: 3, mac: '02:00:00:00:00:bb', forwarding: true },
    { ifindex: 4, up: false },
  ],
  routes: [
    { to: '10.1.0.0/16', dev: 2, via: '10.0.0.2', metric: 5 },
    { to: '10.1.2.0/24', dev: 3, mtu: 600 },
    { to: '10.9.0.0/16', type: 'blackhole' },
    { to: '10.8.0.0/16', type: 'prohibit' },
    { to: '10.7.0.0/16', type: 'unreachable' },
    { to: '10.6.0.0/16', dev: 3, table: 100 },
    { to: '2001:db8:1::/48', dev: 2, via: '2001:db8::2' },
  ],
  neighbours: [
    { to: '10.0.0.2', dev: 2, mac: '02:00:00:00:00:02' },
    { to: '10.1.2.3', dev: 3, mac: '02:00:00:00:00:03' },
    { to: '2001:db8::2', dev: 2, mac: '02:00:00:00:00:06' },
  ],
  sockets: [
    { protocol: 'tcp', local: '10.0.0.1:80', cookie: 500 },
    { protocol: 'tcp', local: '*:80' },
    { protocol: 'tcp', local: '10.0.0.1:80', remote: '10.0.0.9:4000' },
    { protocol: 'udp', local: '*:53' },
    { protocol: 'udp', local: '10.0.0.1:53', remote: '10.0.0.9:4000' },
    { protocol: 'tcp', local: '[::1]:443', v6only: true },
    { protocol: 'tcp', local: '10.0.0.1:22', remote: '10.0.0.9:5', state: 'TIME_WAIT' },
  ],
  cgroup: { ids: [1, 40, 41], classid: 9 },
};

type Variables = { readonly [name: string]: unknown };

/** Runs a program of a fixture in a namespace, with variables set before and read after. */
function runIn(fixture: string, program: string, set: Variables, netns: NetnsSpec = NETNS) {
  const object = loadFixture(fixture);
  const entered = enterNetns(object, netns);
  if (!entered.ok) throw new Error(entered.error.message);
  for (const map of object.spec.maps) if (map.data !== null) setVariables(object, map.name, set);
  const done = progRun(object, program, { data_in: FRAME, netns });
  if (!done.ok) throw new Error(done.error.message);
  return { result: done.value, seen: variables(object) };
}

function setVariables(object: LoadedObject, name: string, set: Variables): void {
  const spec = object.spec.maps.find((map) => map.name === name)!;
  const map = object.map(name)!;
  const value = map.userLookup(new Uint8Array(4))!;
  for (const one of datasecVars(object.spec.btf!, spec.value_type_id)) {
    if (!(one.name in set)) continue;
    const into = value.subarray(one.offset, one.offset + one.size);
    const done = encodeBtf(object.spec.btf!, one.type_id, set[one.name], into);
    if (!done.ok) throw new Error(done.error.message);
  }
  map.userUpdate(new Uint8Array(4), value, 0);
}

function variables(object: LoadedObject): Variables {
  const all: { [name: string]: unknown } = {};
  for (const map of object.spec.maps) {
    if (map.data === null) continue;
    Object.assign(
      all,
      decodeBtf(object.spec.btf!, map.value_type_id, object.map(map.name)!.userLookup(new Uint8Array(4))!),
    );
  }
  return all;
}

const ip = (text: string): number => text.split('.').reduce((value, byte) => value * 256 + Number(byte), 0);

function fib(set: Variables, program = 'tc_forward'): { retval: number | null; fib: Variables; result: ProgRunResult } {
  const { result, seen } = runIn('routes', program, set);
  return { retval: result.retval, fib: seen.fib as Variables, result };
}

test('a route with a gateway: its device, its metric, the gateway, both link-layer addresses', () => {
  const { retval, fib: params } = fib({ ifindex: 2, daddr: ip('10.1.9.9') });
  expect(retval).toBe(0);
  expect(params).toMatchObject({ ifindex: 2, rt_metric: 5, ipv4_dst: 0x0200000a });
  expect(params).toMatchObject({ smac: [2, 0, 0, 0, 0, 0xaa], dmac: [2, 0, 0, 0, 0, 2], tot_len: 1400 });
});

test('the longest prefix wins, and a destination on the link is its own next hop', () => {
  const { retval, fib: params } = fib({ ifindex: 2, daddr: ip('10.1.2.3') }, 'xdp_forward');
  expect(retval).toBe(0);
  expect(params).toMatchObject({ ifindex: 3, dmac: [2, 0, 0, 0, 0, 3] });
});

test.each([
  ['no route', { daddr: ip('192.168.0.1') }, 4],
  ['an address of our own', { daddr: ip('10.0.0.1') }, 4],
  ['the broadcast address', { daddr: ip('10.0.0.255') }, 4],
  ['blackhole', { daddr: ip('10.9.0.1') }, 1],
  ['unreachable', { daddr: ip('10.7.0.1') }, 2],
  ['prohibit', { daddr: ip('10.8.0.1') }, 3],
  ['no forwarding', { ifindex: 1, daddr: ip('10.1.2.3') }, 5],
  ['no neighbour', { daddr: ip('10.1.2.4') }, 7],
  ['no neighbour wanted', { daddr: ip('10.1.2.4'), lookup_flags: 4 }, 0],
  ['longer than the path takes', { daddr: ip('10.1.2.3'), length: 601 }, 8],
  ['as long as the path takes', { daddr: ip('10.1.2.3'), length: 600 }, 0],
  ['a table of its own', { daddr: ip('10.6.0.1'), lookup_flags: 1 | 8 | 4, table: 100 }, 0],
  ['main does not have it', { daddr: ip('10.6.0.1'), lookup_flags: 1 | 4 }, 4],
  ['out of the device', { daddr: ip('10.1.2.3'), lookup_flags: 2 }, 0],
  ['out of another device', { ifindex: 3, daddr: ip('10.1.9.9'), lookup_flags: 2 }, 4],
  ['no such device', { ifindex: 50, daddr: ip('10.1.2.3') }, 0xffff_ffed],
])('fib_lookup: %s', (_name, set, retval) => {
  expect(fib({ ifindex: 2, ...set }).retval).toBe(retval);
});

test('IPv6 routes', () => {
  expect(runIn('routes', 'forward6', { ifindex: 2 }).result.retval).toBe(0);
});

test('the MTU of a device', () => {
  const { seen } = runIn('routes', 'tc_mtu', { ifindex: 2, mtu_length: 1401 });
  expect(seen).toMatchObject({ mtu: 1400, rc: [1, 0, 0, 0] });
  expect(runIn('routes', 'xdp_mtu', { ifindex: 2, mtu_length: 1400 }).seen).toMatchObject({
    mtu: 1400,
    rc: [0, 0, 0, 0],
  });
  expect(runIn('routes', 'tc_mtu', { ifindex: 50 }).seen).toMatchObject({ mtu: 0, rc: [-19, 0, 0, 0] });
});

test('redirects say where they lead, copies where they would have gone', () => {
  const neigh = runIn('routes', 'neigh', { ifindex: 2 });
  expect(neigh.seen.rc).toEqual([2, 7, 0, 0]);
  expect(neigh.result.redirect).toMatchObject({ helper: 'bpf_redirect_neigh', target: 2 });
  expect(runIn('routes', 'peer', { ifindex: 3 }).result.redirect).toMatchObject({
    helper: 'bpf_redirect_peer',
    target: 3,
  });
  const clone = runIn(NETNS_OBJECT, 'clone', { ifindex: 2, flags: 1 });
  expect(clone.result).toMatchObject({ retval: 0, clones: [{ ifindex: 2, ingress: true, data: FRAME }] });
  expect(runIn(NETNS_OBJECT, 'clone', { ifindex: 4 }).result.retval).toBe(0xffff_ff9c);
});

test('sockets are found by their ends, the listener of the very address first', () => {
  const at = { saddr: ip('10.0.0.9'), daddr: ip('10.0.0.1'), sport: 4000, dport: 80 };
  const connected = runIn('sockets', 'tcp', at).seen;
  expect(connected).toMatchObject({
    found: 1,
    state: 1,
    family: 2,
    src_port: 80,
    dst_port: 0xa00f,
    full: 1,
    tcp_there: 1,
    listener: 0,
  });
  const listening = runIn('sockets', 'tcp', { ...at, sport: 1 }).seen;
  expect(listening).toMatchObject({ found: 1, state: 10, family: 2, listener: 1, src_ip4: 0x0100000a, rc: [-95, -22] });
  expect(runIn('sockets', 'tcp', { ...at, daddr: ip('10.0.0.2') }).seen).toMatchObject({ found: 1, family: 10 });
  expect(runIn('sockets', 'tcp', { ...at, dport: 81 }).seen).toMatchObject({ found: 0 });
  expect(runIn('sockets', 'tcp', { ...at, dport: 22, sport: 5 }).seen).toMatchObject({ found: 0 });
  expect(runIn('sockets', 'tcp', { ...at, netns: 0 }).seen).toMatchObject({ found: 0 });
});

test('UDP: a connected socket before one that is not', () => {
  const at = { saddr: ip('10.0.0.9'), daddr: ip('10.0.0.1'), sport: 4000, dport: 53 };
  expect(runIn('sockets', 'udp', at).result.retval).toBe(2);
  expect(runIn('sockets', 'udp', { ...at, sport: 1 }).seen).toMatchObject({ found: 1, state: 7 });
  expect(runIn('sockets', 'udp', { ...at, dport: 54 }).result.retval).toBe(1);
});

test('IPv6 sockets', () => {
  expect(runIn('sockets', 'tcp6', { dport: 443 }).seen).toMatchObject({ found: 1, family: 10, state: 10 });
});

test('cookies, cgroups, classes', () => {
  expect(runIn(NETNS_OBJECT, 'ids', {}).seen).toMatchObject({ cookie: 501, ns_cookie: 77, cgroup: 41, ancestor: 1 });
  expect(runIn('sockets', 'own', {}).seen).toMatchObject({ uid: 0, classid: 9, tcp_there: 0, listener: 0 });
});

test.each([
  [{ devices: [{ ifindex: 0 }] }, 'netns.devices[0].ifindex is 0: an integer from 1'],
  [{ devices: [{ ifindex: 2, mac: 'x' }] }, 'netns.devices[0].mac is "x"'],
  [{ devices: [{ ifindex: 2, speed: 1 }] }, 'netns.devices[0] has no field speed'],
  [{ routes: [{ to: '10.0.0.0/33', dev: 1 }] }, 'netns.routes[0].to is "10.0.0.0/33"'],
  [{ routes: [{ to: 'default', dev: 9 }] }, 'no device has this ifindex'],
  [{ routes: [{ to: 'default', dev: 1, type: 'nat' }] }, 'netns.routes[0].type is "nat"'],
  [{ neighbours: [{ to: '1.2.3', dev: 1, mac: '02:00:00:00:00:01' }] }, 'netns.neighbours[0].to is "1.2.3"'],
  [{ sockets: [{ protocol: 'sctp', local: '*:1' }] }, 'netns.sockets[0].protocol is "sctp"'],
  [{ sockets: [{ protocol: 'tcp', local: '::1:80' }] }, 'netns.sockets[0].local is "::1:80"'],
  [{ sockets: [{ protocol: 'tcp', local: '*:80', state: 'OPEN' }] }, 'netns.sockets[0].state is "OPEN"'],
  [{ cgroup: { ids: [0] } }, 'netns.cgroup.ids[0] is 0'],
  [{ devcies: [] }, 'netns has no field devcies'],
  [[], 'netns must be an object'],
])('refused: %p', (netns, message) => {
  const entered = enterNetns(loadFixture('routes'), netns as unknown as NetnsSpec);
  expect(entered.ok ? '' : entered.error.message).toContain(message);
});
