/** Namespaces, devices and faults of live runs from --netns, --dev and --fault: what is settled, and mistakes in sentences. */
import { expect, test } from 'bun:test';
import { parseDevice } from '../../../src/live/devices.ts';
import { parseFaults } from '../../../src/live/faults.ts';
import { readLiveNetns } from '../../../src/live/netns.ts';
import { liveNetwork } from '../../../src/live/network.ts';

test('a file says everything that flags say, and sockets, far ends and faults beside it', () => {
  const { netns, far, words, sockets, faults } = readLiveNetns({
    devices: [
      { name: 'eth0', addresses: ['10.0.0.1/24'], peer: 'gw', peer_xdp: 'pass', gro: true, tc_ingress: 'tc.o#in' },
      { name: 'ifb0', ifindex: 7, type: 'ifb' },
      { name: 'd0', ifindex: 2 },
    ],
    sockets: [
      { protocol: 'tcp', local: '*:80' },
      { protocol: 'udp', local: '10.0.0.1:9', read: false, rcvbuf: 4096 },
    ],
    far: {
      devices: [{ name: 'gw', addresses: ['10.0.0.2/24'] }],
      sockets: [{ protocol: 'udp', local: '*:7', read: true }],
    },
    faults: ['down=eth0@10', 'full=eth0@20', 'up=gw@30', 'page=40', 'alloc=2'],
  });
  expect(sockets).toEqual([
    { netns: 'near', socket: 0, read: false, rcvbuf: 4096 },
    { netns: 'far', socket: 0, read: true },
  ]);
  const network = liveNetwork(words, netns, far);
  expect(network.netns.devices).toEqual([
    { name: 'eth0', ifindex: 3, addresses: ['10.0.0.1/24'] },
    { name: 'ifb0', ifindex: 7 },
    { name: 'd0', ifindex: 2 },
  ]);
  expect(network.far).toEqual({
    devices: [{ name: 'gw', ifindex: 2, addresses: ['10.0.0.2/24'], up: true }],
    sockets: [{ protocol: 'udp', local: '*:7' }],
  });
  expect(network.devices.map(({ name, type, tc }) => [name, type, tc?.program ?? null])).toEqual([
    ['lo', 'lo', null],
    ['eth0', 'veth', 'in'],
    ['ifb0', 'ifb', null],
    ['d0', 'dummy', null],
    ['gw', 'veth', null],
  ]);
  expect(parseFaults(faults, network.devices)).toEqual({
    link: [
      { netns: 'near', dev: 3, at_frame: 10, up: false },
      { netns: 'far', dev: 2, at_frame: 30, up: true },
    ],
    ring: [{ netns: 'far', dev: 2, at_frame: 20, full: true }],
    ...{ page_at_frame: 40, alloc: [2] },
  });
  expect(parseFaults([], network.devices)).toBeUndefined();
});

test.each([
  ['--netns: device a: peer_xdp is "half"', { devices: [{ name: 'a', ifindex: 2, peer_xdp: 'half' }] }],
  ['one of veth, ifb, lo, dummy', { devices: [{ name: 'a', type: 'vet' }] }],
  ['has a name', { devices: [{ type: 'veth' }] }],
  ['devices must be a list', { devices: 5 }],
  ['netns.devices[0] has no field colour', { devices: [{ name: 'a', ifindex: 2, colour: 1 }] }],
  ['read must be true or false', { sockets: [{ protocol: 'udp', local: '*:1', read: 1 }] }],
  ['rcvbuf is -1: bytes', { sockets: [{ protocol: 'udp', local: '*:1', rcvbuf: -1 }] }],
  ['far must be an object', { far: [] }],
  ['far.netns.routes must be a list', { far: { routes: 1 } }],
  ['a text, as --fault has it', { faults: [3] }],
])('mistakes: %s', (says, given) => {
  expect(() => readLiveNetns(given)).toThrow(says);
});

test.each([
  ['down', 'write down=…'],
  ['donw=a@1', 'did you mean down?'],
  ['down=a', 'write down=DEVICE@FRAME'],
  ['down=b@1', 'there is no device b'],
  ['up=a@-1', 'an integer from 0'],
  ['full=x@1', 'x is no veth and has no ring'],
  ['page=x', '--fault page'],
])('faults: %s', (text, says) => {
  const { devices } = liveNetwork([parseDevice('a'), parseDevice('x:type=ifb')], {});
  expect(() => parseFaults([text], devices)).toThrow(says);
});

test('far ends are peers, and peers differ', () => {
  expect(() => liveNetwork([parseDevice('a')], {}, { devices: [{ ifindex: 2, name: 'b-peer' }] })).toThrow(
    'b-peer is no peer',
  );
  expect(() => liveNetwork([parseDevice('a:peer=p'), parseDevice('b:peer=p')], {})).toThrow(
    'two devices have the peer p',
  );
});
