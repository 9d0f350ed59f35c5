/** The devices of a live run settled into namespaces and links: what `--dev` says over what `--netns` says of the same name. */
import type { DeviceSpec, NetnsSpec } from '../../engine/index.ts';
import { InputError } from '../input-error.ts';
import type { DeviceWords } from './devices.ts';
import type { LiveDeviceInfo, LiveNetwork } from './types.ts';

const LOOPBACK = 1;

/** The device as the namespace has it: what `--netns` says of the same name, and what the words say over it. */
function nearDevice(words: DeviceWords, known: DeviceSpec | undefined, free: () => number): DeviceSpec {
  const ifindex = words.type === 'lo' ? LOOPBACK : (words.ifindex ?? known?.ifindex ?? free());
  return {
    ...{ ...known, ifindex, name: words.name },
    ...(words.up === null ? {} : { up: words.up }),
    ...(words.mtu === null ? {} : { mtu: words.mtu }),
    ...(words.queues === null ? {} : { rx_queues: words.queues }),
  };
}

function farDevice(
  words: DeviceWords,
  ifindex: number,
  mtu: number | undefined,
  far: readonly DeviceSpec[],
): DeviceSpec {
  const known = far.find((d) => d.name === words.peer);
  return { ...(mtu === undefined ? {} : { mtu }), ...known, ifindex, name: words.peer, up: words.peer_up };
}

/** Devices of the other namespace are the far ends of this one's. */
function checkFar(all: readonly DeviceWords[], far: readonly DeviceSpec[]): void {
  const peers = all.map(({ peer }) => peer);
  const lost = far.find(({ name }) => name === undefined || !peers.includes(name));
  if (lost !== undefined)
    throw new InputError(
      `--netns: far.devices: ${lost.name ?? 'a device without a name'} is no peer: ${peers.join(', ')}`,
    );
}

const MTU = 1500;
const LO_MTU = 65536;

function infoOf(
  spec: DeviceSpec,
  more: Pick<LiveDeviceInfo, 'netns' | 'type'> & Partial<LiveDeviceInfo>,
): LiveDeviceInfo {
  const { ifindex } = spec;
  const mtu = spec.mtu ?? (ifindex === LOOPBACK ? LO_MTU : MTU);
  return { ifindex, name: spec.name ?? `if${ifindex}`, mtu, peer: null, xdp: 'none', gro: false, tc: null, ...more };
}

function checkNames(all: readonly DeviceWords[]): void {
  const names = all.map((one) => one.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InputError(`--dev ${twice} is there twice`);
  const peers = all.flatMap(({ type, peer }) => (type === 'veth' ? [peer] : []));
  const shared = peers.find((name, i) => peers.indexOf(name) !== i);
  if (shared !== undefined) throw new InputError(`--dev: two devices have the peer ${shared}`);
}

/** The devices that words are about, each with its number. */
function nearDevices(all: readonly DeviceWords[], given: readonly DeviceSpec[]): DeviceSpec[] {
  const used = new Set([LOOPBACK, ...given.map((d) => d.ifindex), ...all.flatMap((d) => d.ifindex ?? [])]);
  const free = (): number => {
    let next = 2;
    while (used.has(next)) next++;
    used.add(next);
    return next;
  };
  const near = all.map((words) => {
    const known = given.find((d) => d.name === words.name);
    return nearDevice(words, known, free);
  });
  const clash = near.find((one, i) => near.findIndex((other) => other.ifindex === one.ifindex) !== i);
  if (clash) throw new InputError(`--dev ${clash.name}: another device has ifindex ${clash.ifindex}`);
  return near;
}

type Link = Pick<LiveNetwork, 'links' | 'devices'> & { readonly ends: readonly LiveDeviceInfo[] };

/** A device of words, its link, and what is at its other end. */
function linkOf(words: DeviceWords, spec: DeviceSpec, end: DeviceSpec): Link {
  const { type, tc_ingress: tc, gro } = words;
  if (type !== 'veth') {
    const devices = [infoOf(spec, { netns: 'near', type, tc })];
    return { devices, links: type === 'lo' ? [] : [{ dev: spec.ifindex, type }], ends: [] };
  }
  const peer = { netns: 'far' as const, ifindex: end.ifindex, name: words.peer };
  const back = { netns: 'near' as const, ifindex: spec.ifindex, name: words.name };
  const far = { netns: 'far' as const, type, peer: back, xdp: words.peer_xdp, gro, tc: words.peer_tc_ingress };
  return {
    devices: [infoOf(spec, { netns: 'near', type, peer, tc })],
    links: [{ dev: spec.ifindex, type, peer: { netns: 'far', dev: end.ifindex, gro } }],
    ends: [infoOf(end, far)],
  };
}

/**
 * Both namespaces, their links, and a record of every device. Devices of `netns` that no word names are dummies; those of `other` are
 * far ends by name. Throws InputError.
 */
export function liveNetwork(all: readonly DeviceWords[], netns: NetnsSpec, other: NetnsSpec = {}): LiveNetwork {
  checkNames(all);
  checkFar(all, other.devices ?? []);
  const given = netns.devices ?? [];
  const near = nearDevices(all, given);
  const far = all.map((words, i) => farDevice(words, i + 2, near[i]!.mtu, other.devices ?? []));
  const made = all.map((words, i) => linkOf(words, near[i]!, far[i]!));
  const rest = given.filter((d) => !near.some((one) => one.ifindex === d.ifindex));
  const devices = [
    ...made.flatMap((one) => one.devices),
    ...rest.map((spec) => infoOf(spec, { netns: 'near', type: spec.ifindex === LOOPBACK ? 'lo' : 'dummy' })),
  ];
  const hasLoopback = devices.some((d) => d.ifindex === LOOPBACK);
  const lo = infoOf({ ifindex: LOOPBACK, name: 'lo' }, { netns: 'near', type: 'lo' });
  return {
    netns: { ...netns, devices: [...near, ...rest] },
    far: { ...other, devices: far.filter((_, i) => all[i]!.type === 'veth') },
    links: made.flatMap((one) => one.links),
    devices: [...(hasLoopback ? [] : [lo]), ...devices, ...made.flatMap((one) => one.ends)],
  };
}
