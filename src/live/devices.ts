/** What is said of one device of a live run: NAME:KEY=VALUE,…, as `--dev` has it. */
import { parseCount } from '../args.ts';
import { InputError } from '../input-error.ts';
import { didYouMean } from '../suggest.ts';
import type { PeerXdp, ProgramAt } from './types.ts';

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
  /** What runs at tc ingress here, and at the far end. */
  readonly tc_ingress: ProgramAt | null;
  readonly peer_tc_ingress: ProgramAt | null;
}

export const DEVICE_KEYS = [
  ...(['ifindex', 'type', 'peer', 'peer_xdp', 'up', 'peer_up', 'mtu', 'gro', 'queues'] as const),
  ...(['tc_ingress', 'peer_tc_ingress'] as const),
] as const;
const KEYS = DEVICE_KEYS;
type Key = (typeof KEYS)[number];
const VETH_ONLY: readonly Key[] = ['peer', 'peer_xdp', 'peer_up', 'gro', 'peer_tc_ingress'];
const IFINDEX_MAX = 0x7fffffff;
const MTU_MAX = 65535;
const QUEUES_MAX = 4096;
const NAME_MAX = 15;

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
  return programAt(text, what, 'none, pass, drop, tx or OBJECT#PROGRAM');
}

function programAt(text: string, what: string, forms = 'OBJECT#PROGRAM'): ProgramAt {
  const at = text.lastIndexOf('#');
  if (at > 0 && at < text.length - 1) return { object: text.slice(0, at), program: text.slice(at + 1) };
  throw new InputError(`${what} is ${JSON.stringify(text)}: write ${forms}`);
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

/** `NAME[:KEY=VALUE,…]`; mistakes name `where` it was said. Throws InputError. */
export function parseDevice(text: string, where = '--dev'): DeviceWords {
  const at = text.indexOf(':');
  const name = at < 0 ? text : text.slice(0, at);
  const option = `${where} ${name}`;
  if (name === '' || name.length > NAME_MAX)
    throw new InputError(`${where} ${JSON.stringify(text)}: a device has a name of 1 to ${NAME_MAX} characters`);
  const given = pairs(at < 0 ? '' : text.slice(at + 1), option);
  const count = (key: Key, least: number, most: number) => {
    const value = given.get(key);
    return value === undefined ? null : parseCount(value, `${option}: ${key}`, least, most);
  };
  const yes = (key: Key) => (given.has(key) ? yesOrNo(given.get(key)!, `${option}: ${key}`) : null);
  const program = (key: Key) => (given.has(key) ? programAt(given.get(key)!, `${option}: ${key}`) : null);
  const type = given.has('type') ? typeOf(given.get('type')!, `${option}: type`) : name === 'lo' ? 'lo' : 'veth';
  const wrong = type === 'veth' ? undefined : VETH_ONLY.find((key) => given.has(key));
  if (wrong) throw new InputError(`${option}: ${wrong} is for veth devices, this one is ${type}`);
  return {
    ...{ name, type, ifindex: count('ifindex', 1, IFINDEX_MAX), peer: given.get('peer') ?? `${name}-peer` },
    peer_xdp: peerXdp(given.get('peer_xdp') ?? 'none', `${option}: peer_xdp`),
    ...{ up: yes('up'), peer_up: yes('peer_up') ?? true, gro: yes('gro') ?? false },
    ...{ mtu: count('mtu', 68, MTU_MAX), queues: count('queues', 1, QUEUES_MAX) },
    ...{ tc_ingress: program('tc_ingress'), peer_tc_ingress: program('peer_tc_ingress') },
  };
}
