/** Checks what a live case says of its devices and settles it: words as those of `bpfdeck live`, paths from the config file, names as ifindexes. */
import { resolve } from 'node:path';
import { InputError } from '../input-error.ts';
import { DEVICE_KEYS, parseDevice } from '../live/devices.ts';
import { parseFaults } from '../live/faults.ts';
import { readLiveNetns } from '../live/netns.ts';
import { liveNetwork } from '../live/network.ts';
import type { LiveDeviceInfo, LiveNetwork, ProgramAt } from '../live/types.ts';
import { didYouMean } from '../suggest.ts';
import type { LiveSpec, SettledLive } from '../test-case-live.ts';
import { bytesOf, type PathScope } from './bytes.ts';
import { checkFields, count, record, text } from './fields.ts';

export const LIVE_FIELDS = ['batch_size', 'devices', 'ingress', 'far', 'frames', 'faults'];
export const LIVE_DEVICE_FIELDS: readonly string[] = DEVICE_KEYS;
const BATCH_MAX = 0xffff_ffff;

/** A device's record in the words of the command line. */
function wordsOf(name: string, device: unknown): string {
  const said = record(device, `live.devices.${name}`);
  checkFields(said, LIVE_DEVICE_FIELDS, `\`live.devices.${name}\``);
  const pairs = Object.entries(said).map(([key, value]) => `${key}=${String(value)}`);
  return pairs.length === 0 ? name : `${name}:${pairs.join(',')}`;
}

function deviceTexts(given: unknown): string[] {
  if (given === undefined) return [];
  if (Array.isArray(given)) return given.map((one) => text(one, 'live.devices'));
  return Object.entries(record(given, 'live.devices')).map(([name, device]) => wordsOf(name, device));
}

/** Options of the command line by the fields that stand for them here. */
const FIELD_OF: readonly (readonly [RegExp, string])[] = [
  [/^--dev:? /, '`live.devices`: '],
  [/^--netns: far\./, '`live.far`: '],
  [/^--netns: /, '`netns`: '],
  [/^--fault:? /, '`live.faults`: '],
];

/** What goes wrong is told in terms of the case. */
function inCase<T>(make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    const [option, field] = FIELD_OF.find(([pattern]) => pattern.test(thrown.message)) ?? [/^/, ''];
    throw new InputError(thrown.message.replace(option, field));
  }
}

/** Programs by absolute paths. */
function withPaths(network: LiveNetwork, root: string): LiveNetwork {
  const at = (one: ProgramAt): ProgramAt => ({ ...one, object: resolve(root, one.object) });
  const devices = network.devices.map(
    (dev): LiveDeviceInfo => ({
      ...dev,
      xdp: typeof dev.xdp === 'string' ? dev.xdp : at(dev.xdp),
      tc: dev.tc === null ? null : at(dev.tc),
    }),
  );
  return { ...network, devices };
}

function peersOf({ devices }: LiveNetwork): string[] {
  const programs = devices.flatMap(({ xdp, tc }) => [...(typeof xdp === 'string' ? [] : [xdp]), ...(tc ? [tc] : [])]);
  return [...new Set(programs.map(({ object }) => object))];
}

function ingressOf(given: unknown, network: LiveNetwork): number | null {
  if (given === undefined) return network.links[0]?.dev ?? null;
  const name = text(given, 'live.ingress');
  const near = network.devices.filter((one) => one.netns === 'near');
  const found = near.find((one) => one.name === name);
  if (found) return found.ifindex;
  const names = near.map((one) => one.name);
  throw new InputError(
    `\`live.ingress\`: there is no device ${name}${didYouMean(name, names) || `: one of ${names.join(', ')}`}`,
  );
}

function framesOf(given: unknown, scope: PathScope): Pick<SettledLive, 'frames'> {
  if (given === undefined) return {};
  if (!Array.isArray(given) || given.length === 0) throw new InputError('`live.frames` must be a list of packets');
  const packets = given.map((one, i) => {
    const bytes = bytesOf(one, `live.frames[${i}]`, scope);
    if (bytes === null) throw new InputError(`\`live.frames[${i}]\` is no bytes`);
    return bytes;
  });
  return { frames: { packets } };
}

/** Throws InputError that names the field. `netns`: of the case. */
export function settleLive(given: unknown, netns: unknown, scope: PathScope): SettledLive {
  const live = record(given, 'live') as LiveSpec;
  checkFields(live, LIVE_FIELDS, '`live`');
  const { batch_size = 0, far = {}, faults: texts = [] } = live;
  if (!Array.isArray(texts)) throw new InputError('`live.faults` must be a list');
  return inCase(() => {
    const said = readLiveNetns({ ...(netns === undefined ? {} : record(netns, 'netns')), far });
    const words = deviceTexts(live.devices).map((one) => parseDevice(one));
    const network = withPaths(liveNetwork([...words, ...said.words], said.netns, said.far), scope.root);
    const faults = parseFaults([...said.faults, ...texts.map((one) => text(one, 'live.faults'))], network.devices);
    return {
      ...{ network, peers: peersOf(network), batch_size: count(batch_size, 'live.batch_size', 0, BATCH_MAX) },
      ...{ ingress: ingressOf(live.ingress, network), sockets: said.sockets, ...framesOf(live.frames, scope) },
      ...(faults === undefined ? {} : { faults }),
    };
  });
}
