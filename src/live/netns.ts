/**
 * What `--netns` says of a live run: the namespace that the program runs in, with the keys of `--dev` in its devices, and beside it
 * how sockets are read, the namespace of the far ends, faults on purpose.
 */
import { type DeviceSpec, type NetnsSpec, netnsProblem, type SocketSpec, type SocketUse } from '../../engine/index.ts';
import { InputError } from '../input-error.ts';
import { DEVICE_KEYS, type DeviceWords, parseDevice } from './devices.ts';

export interface LiveNetns {
  readonly netns: NetnsSpec;
  readonly far: NetnsSpec;
  /** Devices with a key that only live runs have. */
  readonly words: readonly DeviceWords[];
  readonly sockets: readonly SocketUse[];
  /** As `--fault` has them. */
  readonly faults: readonly string[];
}

type Json = { readonly [name: string]: unknown };

/** Those that a DeviceSpec has too say the same there. */
const LIVE_KEYS: readonly string[] = DEVICE_KEYS.filter((key) => !['ifindex', 'up', 'mtu'].includes(key));
const SOCKET_KEYS = ['read', 'rcvbuf'];

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown, what: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw new InputError(`--netns: ${what} must be a list`);
  return value;
}

function without(entry: Json, keys: readonly string[]): Json {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => !keys.includes(key)));
}

/** The device's words, null when it has none; every key is checked as in `--dev`. */
function wordsOf(entry: Json): DeviceWords | null {
  const said = Object.entries(entry).filter(([key]) => LIVE_KEYS.includes(key));
  if (said.length === 0) return null;
  if (typeof entry.name !== 'string') throw new InputError('--netns: a device with a type or a peer has a name');
  const pairs = said.map(([key, value]) => `${key}=${String(value)}`);
  return parseDevice(`${entry.name}:${pairs.join(',')}`, '--netns: device');
}

/** Devices without a number get the next that is free. */
function numbered(entries: readonly Json[]): Json[] {
  const used = new Set(entries.map(({ ifindex }) => ifindex));
  let next = 2;
  return entries.map((entry) => {
    if (entry.ifindex !== undefined) return entry;
    while (used.has(next)) next++;
    used.add(next);
    return { ...entry, ifindex: next };
  });
}

function socketUses(entries: readonly unknown[], netns: 'near' | 'far'): SocketUse[] {
  const udp = entries.filter((one): one is Json => isJson(one) && one.protocol === 'udp');
  return udp.flatMap(({ read, rcvbuf }, socket): SocketUse[] => {
    if (read !== undefined && typeof read !== 'boolean') throw new InputError('--netns: read must be true or false');
    if (rcvbuf !== undefined && !(Number.isInteger(rcvbuf) && Number(rcvbuf) > 0))
      throw new InputError(`--netns: rcvbuf is ${JSON.stringify(rcvbuf)}: bytes`);
    if (read === undefined && rcvbuf === undefined) return [];
    const use = { netns, socket, ...(read === undefined ? {} : { read }) };
    return [rcvbuf === undefined ? use : { ...use, rcvbuf: Number(rcvbuf) }];
  });
}

/** A namespace without what only live runs know. */
function plainNetns(given: Json, what: string): NetnsSpec {
  const devices = listOf(given.devices, `${what}devices`).map((one) => (isJson(one) ? without(one, LIVE_KEYS) : one));
  const sockets = listOf(given.sockets, `${what}sockets`).map((one) => (isJson(one) ? without(one, SOCKET_KEYS) : one));
  const all = devices.every(isJson) ? numbered(devices) : devices;
  const netns = {
    ...without(given, ['far', 'faults']),
    ...(given.devices === undefined ? {} : { devices: all as unknown as DeviceSpec[] }),
    ...(given.sockets === undefined ? {} : { sockets: sockets as SocketSpec[] }),
  } as NetnsSpec;
  const problem = netnsProblem(netns);
  if (problem !== null) throw new InputError(`--netns: ${what}${problem}`);
  return netns;
}

/** Throws InputError. */
export function readLiveNetns(given: Json): LiveNetns {
  const { far = {}, faults } = given;
  if (!isJson(far)) throw new InputError('--netns: far must be an object');
  const said = listOf(faults, 'faults');
  const odd = said.find((one) => typeof one !== 'string');
  if (odd !== undefined) throw new InputError(`--netns: faults: ${JSON.stringify(odd)}: a text, as --fault has it`);
  const devices = listOf(given.devices, 'devices');
  return {
    netns: plainNetns(given, ''),
    far: plainNetns(far, 'far.'),
    words: devices.flatMap((one) => (isJson(one) ? (wordsOf(one) ?? []) : [])),
    sockets: [
      ...socketUses(listOf(given.sockets, 'sockets'), 'near'),
      ...socketUses(listOf(far.sockets, 'far.sockets'), 'far'),
    ],
    faults: said.map(String),
  };
}
