/** The devices of a live run from `--dev` and `--netns`: NAME:KEY=VALUE,… settled into namespaces, links and who runs what where. */
import type { DeviceSpec, LinkSpec, NetnsSpec } from '../../engine/index.ts';
import { parseCount } from '../args.ts';
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { LiveDeviceInfo, LiveNetwork, PeerXdp } from './live-types.ts';

const TYPES = ['veth', 'ifb', 'lo', 'dummy'] as const;
type DeviceType = (typeof TYPES)[number];

/** What `--dev` says of one device; null: not said. */
export interface DeviceWords {
  readonly name: string;
  readonly ifindex: number | null;
  readonly type: DeviceType;
  readonly peer: string;
  readonly peer_xdp: PeerXdp;
  readonly up: boolean | null;
  readonly peer_up: boolean;
  readonly mtu: number | null;
  /** GRO of the far end. */
  readonly gro: boolean;
  readonly queues: number | null;
}

const KEYS = ['ifindex', 'type', 'peer', 'peer_xdp', 'up', 'peer_up', 'mtu', 'gro', 'queues'] as const;
type Key = (typeof KEYS)[number];
const VETH_ONLY: readonly Key[] = ['peer', 'peer_xdp', 'peer_up', 'gro'];
const IFINDEX_MAX = 0x7fffffff;
const MTU_MAX = 65535;
const QUEUES_MAX = 4096;
const NAME_MAX = 15;
const LOOPBACK = 1;

const YES: Readonly<Record<string, boolean>> = {
  yes: true,
  true: true,
  on: true,
  1: true,
  no: false,
  false: false,
  off: false,
  0: false,
};

function yesOrNo(text: string, what: string): boolean {
  const value = YES[text];
  if (value === undefined) throw new InputError(`${what} is ${JSON.stringify(text)}: write yes or no`);
  return value;
}

function peerXdp(text: string, what: string): PeerXdp {
  if (text === 'none' || text === 'pass' || text === 'drop' || text === 'tx') return text;
  const at = text.lastIndexOf('#');
  if (at > 0 && at < text.length - 1) return { object: text.slice(0, at), program: text.slice(at + 1) };
  throw new InputError(`${what} is ${JSON.stringify(text)}: write none, pass, drop, tx or OBJECT#PROGRAM`);
}

function typeOf(text: string, what: string): DeviceType {
  const found = TYPES.find((one) => one === text);
  if (found) return found;
  throw new InputError(`${what} is ${JSON.stringify(text)}: one of ${TYPES.join(', ')}${didYouMean(text, TYPES)}`);
}

function pairs(text: string, option: string): Map<Key, string> {
  const given = new Map<Key, string>();
  for (const part of text === '' ? [] : text.split(',')) {
    const at = part.indexOf('=');
    const key = KEYS.find((one) => one === part.slice(0, Math.max(0, at)));
    const said = at < 0 ? part : part.slice(0, at);
    if (at < 0) throw new InputError(`${option}: write ${JSON.stringify(said)} as KEY=VALUE`);
    if (key === undefined)
      throw new InputError(
        `${option}: there is no key ${said}${didYouMean(said, KEYS) || `: one of ${KEYS.join(', ')}`}`,
      );
    given.set(key, part.slice(at + 1));
  }
  return given;
}

/** `NAME[:KEY=VALUE,…]`. Throws InputError. */
export function parseDevice(text: string): DeviceWords {
  const at = text.indexOf(':');
  const name = at < 0 ? text : text.slice(0, at);
  const option = `--dev ${name}`;
  if (name === '' || name.length > NAME_MAX)
    throw new InputError(`--dev ${JSON.stringify(text)}: a device has a name of 1 to ${NAME_MAX} characters`);
  const given = pairs(at < 0 ? '' : text.slice(at + 1), option);
  const count = (key: Key, least: number, most: number) => {
    const value = given.get(key);
    return value === undefined ? null : parseCount(value, `${option}: ${key}`, least, most);
  };
  const yes = (key: Key) => (given.has(key) ? yesOrNo(given.get(key)!, `${option}: ${key}`) : null);
  const type = given.has('type') ? typeOf(given.get('type')!, `${option}: type`) : name === 'lo' ? 'lo' : 'veth';
  const wrong = type === 'veth' ? undefined : VETH_ONLY.find((key) => given.has(key));
  if (wrong) throw new InputError(`${option}: ${wrong} is for veth devices, this one is ${type}`);
  return {
    ...{ name, type, ifindex: count('ifindex', 1, IFINDEX_MAX), peer: given.get('peer') ?? `${name}-peer` },
    peer_xdp: peerXdp(given.get('peer_xdp') ?? 'none', `${option}: peer_xdp`),
    ...{ up: yes('up'), peer_up: yes('peer_up') ?? true, gro: yes('gro') ?? false },
    ...{ mtu: count('mtu', 68, MTU_MAX), queues: count('queues', 1, QUEUES_MAX) },
  };
}

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

function farDevice(words: DeviceWords, ifindex: number, mtu: number | undefined): DeviceSpec {
  return { ifindex, name: words.peer, up: words.peer_up, ...(mtu === undefined ? {} : { mtu }) };
}

const MTU = 1500;
const LO_MTU = 65536;

function infoOf(
  spec: DeviceSpec,
  more: Pick<LiveDeviceInfo, 'netns' | 'type'> & Partial<LiveDeviceInfo>,
): LiveDeviceInfo {
  const { ifindex } = spec;
  const mtu = spec.mtu ?? (ifindex === LOOPBACK ? LO_MTU : MTU);
  return { ifindex, name: spec.name ?? `if${ifindex}`, mtu, peer: null, xdp: 'none', gro: false, ...more };
}

/** Both namespaces, their links, and a record of every device. Devices of `--netns` that no word names are dummies. Throws InputError. */
export function liveNetwork(all: readonly DeviceWords[], netns: NetnsSpec): LiveNetwork {
  const names = all.map((one) => one.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new InputError(`--dev ${twice} is there twice`);
  const given = netns.devices ?? [];
  const used = new Set([LOOPBACK, ...given.map((d) => d.ifindex), ...all.flatMap((d) => d.ifindex ?? [])]);
  const free = (): number => {
    let next = 2;
    while (used.has(next)) next++;
    used.add(next);
    return next;
  };
  const near = all.map((words) =>
    nearDevice(
      words,
      given.find((d) => d.name === words.name),
      free,
    ),
  );
  const clash = near.find((one, i) => near.findIndex((other) => other.ifindex === one.ifindex) !== i);
  if (clash) throw new InputError(`--dev ${clash.name}: another device has ifindex ${clash.ifindex}`);
  const rest = given.filter((d) => !near.some((one) => one.ifindex === d.ifindex));
  const far = all.flatMap((words, i) => (words.type === 'veth' ? [farDevice(words, i + 2, near[i]!.mtu)] : []));
  const devices: LiveDeviceInfo[] = [];
  const ends: LiveDeviceInfo[] = [];
  const links: LinkSpec[] = [];
  all.forEach((words, i) => {
    const spec = near[i]!;
    if (words.type !== 'veth') {
      devices.push(infoOf(spec, { netns: 'near', type: words.type }));
      if (words.type !== 'lo') links.push({ dev: spec.ifindex, type: words.type });
      return;
    }
    const peer = { netns: 'far' as const, ifindex: i + 2, name: words.peer };
    const back = { netns: 'near' as const, ifindex: spec.ifindex, name: words.name };
    devices.push(infoOf(spec, { netns: 'near', type: 'veth', peer }));
    ends.push(
      infoOf(farDevice(words, i + 2, spec.mtu), {
        netns: 'far',
        type: 'veth',
        peer: back,
        xdp: words.peer_xdp,
        gro: words.gro,
      }),
    );
    links.push({ dev: spec.ifindex, type: 'veth', peer: { netns: 'far', dev: i + 2, gro: words.gro } });
  });
  for (const spec of rest)
    devices.push(infoOf(spec, { netns: 'near', type: spec.ifindex === LOOPBACK ? 'lo' : 'dummy' }));
  if (!devices.some((d) => d.ifindex === LOOPBACK))
    devices.unshift(infoOf({ ifindex: LOOPBACK, name: 'lo' }, { netns: 'near', type: 'lo' }));
  return {
    netns: { ...netns, devices: [...near, ...rest] },
    far: { devices: far },
    links,
    devices: [...devices, ...ends],
  };
}
