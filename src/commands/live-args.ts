/** Options of `live` about devices and packets: what they name is read, and settled into a network and a list of packets. */
import { type LiveFaults, type LiveFrames, type ObjectSpec, openObject, type SocketUse } from '../../engine/index.ts';
import { listArg, textArg } from '../args.ts';
import { bytesArg, fileArg, packetArg, textSource } from '../args-input.ts';
import { parseJsonObject } from '../args-json.ts';
import { EXIT, InputError } from '../input-error.ts';
import { parseDevice } from '../live/devices.ts';
import { parseFaults } from '../live/faults.ts';
import { readLiveNetns } from '../live/netns.ts';
import { liveNetwork } from '../live/network.ts';
import { layOut, readFrames, type Traffic } from '../live/traffic.ts';
import type { LiveNetwork, LiveObject } from '../live/types.ts';
import { parseVariation } from '../packet/vary.ts';
import { didYouMean } from '../suggest.ts';
import type { Args, CommandIo } from './command.ts';
import { refusalText } from './refusal-text.ts';
import type { Source } from './run-job.ts';

export function openSpec(path: string, bytes: Uint8Array, btf: Uint8Array | undefined): ObjectSpec {
  const opened = openObject({ path, bytes }, btf === undefined ? {} : { btf });
  if (opened.ok) return opened.value;
  throw new InputError(refusalText(path, opened.error), EXIT.NOT_LOADED);
}

export interface NetworkInput {
  readonly network: LiveNetwork;
  readonly sockets: readonly SocketUse[];
  readonly faults: LiveFaults | undefined;
}

/** Devices, namespaces and faults: `--dev` over what `--netns` says of the same name. Throws InputError. */
export async function readNetwork(args: Args, source: Source): Promise<NetworkInput> {
  const text = textArg(args, 'netns');
  const given = text === undefined ? {} : parseJsonObject(await textSource(text, source), '--netns');
  const { netns, far, words, sockets, faults } = readLiveNetns(given);
  const devices = listArg(args, 'dev').map((one) => parseDevice(one));
  const rest = words.filter(({ name }) => !devices.some((one) => one.name === name));
  const network = liveNetwork([...devices, ...rest], netns, far);
  return { network, sockets, faults: parseFaults([...faults, ...listArg(args, 'fault')], network.devices) };
}

/** Objects of programs at devices; a program that is not there is a mistake in `--dev`. Throws InputError. */
export function deviceObjects(network: LiveNetwork, io: CommandIo, btf: Uint8Array | undefined): LiveObject[] {
  const objects = new Map<string, LiveObject>();
  const wanted = network.devices.flatMap(({ name, xdp, tc }) => {
    const programs = [...(typeof xdp === 'string' ? [] : [xdp]), ...(tc === null ? [] : [tc])];
    return programs.map((one) => ({ name, ...one }));
  });
  for (const { name, object, program } of wanted) {
    const known = objects.get(object) ?? { path: object, bytes: fileArg(object, io) };
    objects.set(object, known);
    const names = openSpec(known.path, known.bytes, btf).programs.map((one) => one.name);
    if (names.includes(program)) continue;
    const hint = didYouMean(program, names) || `: one of ${names.join(', ')}`;
    throw new InputError(`--dev: ${name}: ${object} has no program ${program}${hint}`);
  }
  return [...objects.values()];
}

function orderOf(args: Args): 'turn' | 'random' {
  const order = textArg(args, 'frames-order') ?? 'turn';
  if (order === 'turn' || order === 'random') return order;
  throw new InputError(`--frames-order is ${JSON.stringify(order)}: turn or random`);
}

export interface TrafficInput extends Traffic {
  /** Null: all frames are the one packet. */
  readonly frames: LiveFrames | null;
}

/** What frames are made of. Throws InputError. */
export async function readTraffic(args: Args, source: Source, seed: number): Promise<TrafficInput> {
  const data = textArg(args, 'data-in');
  const list = textArg(args, 'frames');
  if (data !== undefined && list !== undefined)
    throw new InputError('--data-in and --frames both say what frames are made of: give one of them');
  if (data === undefined && list === undefined)
    throw new InputError('live needs a packet: --data-in FILE, CAPTURE#N or hex:…, or a list of them: --frames FILE');
  const given =
    list === undefined
      ? [await packetArg(data!, '--data-in', source)]
      : readFrames(await bytesArg(list, '--frames', source), `--frames ${list}`);
  const order = orderOf(args);
  const { packets, note } = layOut(given, listArg(args, 'vary').map(parseVariation), seed);
  return { packets, note, frames: packets.length === 1 ? null : { packets, order } };
}
