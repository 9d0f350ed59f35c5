/** What `live` was asked for, settled: files read, devices described, the context made, the program found. */
import { ctxFromFields, type NetnsSpec, type ObjectSpec, openObject, PROG_TYPE } from '../../engine/index.ts';
import { countArg, flagArg, listArg, textArg, U32_MAX } from '../args.ts';
import { bytesArg, fileArg, packetArg } from '../args-input.ts';
import { parseJsonObject } from '../args-json.ts';
import { presetUpdates } from '../backends/presets.ts';
import { EXIT, InputError } from '../input-error.ts';
import { parseDevice } from '../live/live-devices.ts';
import { liveNetwork } from '../live/live-network.ts';
import { type LiveBackendName, liveBackendName } from '../live/live-start.ts';
import type { LiveNetwork, LiveObject, LiveRequest } from '../live/live-types.ts';
import { didYouMean } from '../suggest.ts';
import type { Args, CommandIo } from './command.ts';
import { refusalText } from './refusal-text.ts';
import { chooseProgram, onceOnly, readNetns, readPresets, type Source } from './run-job.ts';

export interface LiveInput {
  readonly backend: LiveBackendName;
  readonly request: LiveRequest;
  readonly spec: ObjectSpec;
  /** Name of the device that frames come in on. */
  readonly ingress: string;
  readonly interval_ms: number;
  readonly json: boolean;
  /** File for frames that left, null: none. */
  readonly capture: string | null;
}

const INTERVAL_MS = 1000;
const CPUS_MAX = 1024;
const RATE_MAX = 1e12;
const LOOPBACK = 1;
/** Of each device. */
const CAPTURE_FRAMES = 1000;

function openSpec(path: string, bytes: Uint8Array, btf: Uint8Array | undefined): ObjectSpec {
  const opened = openObject({ path, bytes }, btf === undefined ? {} : { btf });
  if (opened.ok) return opened.value;
  throw new InputError(refusalText(path, opened.error), EXIT.NOT_LOADED);
}

/** Objects of programs at far ends; a program that is not there is a mistake in `--dev`. */
function peerObjects(network: LiveNetwork, io: CommandIo, btf: Uint8Array | undefined): LiveObject[] {
  const objects = new Map<string, LiveObject>();
  for (const { name, xdp } of network.devices) {
    if (typeof xdp === 'string') continue;
    const known = objects.get(xdp.object) ?? { path: xdp.object, bytes: fileArg(xdp.object, io) };
    objects.set(xdp.object, known);
    const names = openSpec(known.path, known.bytes, btf).programs.map((one) => one.name);
    if (names.includes(xdp.program)) continue;
    const hint = didYouMean(xdp.program, names) || `: one of ${names.join(', ')}`;
    throw new InputError(`--dev: ${name}: ${xdp.object} has no program ${xdp.program}${hint}`);
  }
  return [...objects.values()];
}

function ifindexOf(network: LiveNetwork, name: string): number {
  const near = network.devices.filter((one) => one.netns === 'near');
  const found = near.find((one) => one.name === name);
  if (found) return found.ifindex;
  const names = near.map((one) => one.name);
  throw new InputError(
    `--ingress: there is no device ${name}${didYouMean(name, names) || `: one of ${names.join(', ')}`}`,
  );
}

function contextOf(fields: { readonly [field: string]: unknown }, length: number): Uint8Array {
  const made = ctxFromFields(PROG_TYPE.XDP, fields, length);
  if (made.ok) return made.value;
  throw new InputError(`--ctx-in: ${made.error.message}`);
}

/** struct xdp_md as given, or with the ingress device in it; null: none, so that frames come in on loopback. */
async function readContext(
  args: Args,
  source: Source,
  network: LiveNetwork,
  length: number,
): Promise<Uint8Array | null> {
  const text = textArg(args, 'ctx-in');
  const name = textArg(args, 'ingress');
  const given = name === undefined ? null : ifindexOf(network, name);
  if (text !== undefined && !text.startsWith('json:')) {
    if (given !== null) throw new InputError('--ingress goes with --ctx-in json:{…} only: bytes name their own device');
    return bytesArg(text, '--ctx-in', source);
  }
  const fields = text === undefined ? {} : parseJsonObject(text.slice(5), '--ctx-in');
  if (given !== null && fields.ingress_ifindex !== undefined)
    throw new InputError('--ingress and ingress_ifindex in --ctx-in say the same: give one of them');
  const first = network.links[0]?.dev;
  const ifindex = given ?? (text === undefined ? first : undefined);
  if (text === undefined && ifindex === undefined) return null;
  return contextOf(ifindex === undefined ? fields : { ...fields, ingress_ifindex: ifindex }, length);
}

function ingressName(ctx: Uint8Array | null, network: LiveNetwork): string {
  const view = ctx === null || ctx.length < 16 ? null : new DataView(ctx.buffer, ctx.byteOffset);
  const ifindex = view?.getUint32(12, true) || LOOPBACK;
  return network.devices.find((one) => one.netns === 'near' && one.ifindex === ifindex)?.name ?? `ifindex ${ifindex}`;
}

function readNumbers(args: Args): Pick<LiveRequest, 'repeat' | 'batch_size' | 'rate' | 'cpus'> {
  const forever = textArg(args, 'repeat') ?? 'forever';
  return {
    repeat: forever === 'forever' ? Infinity : countArg(args, 'repeat', 0, U32_MAX)!,
    batch_size: countArg(args, 'batch-size', 0, U32_MAX) ?? 0,
    rate: countArg(args, 'rate', 1, RATE_MAX) ?? Infinity,
    cpus: countArg(args, 'cpus', 1, CPUS_MAX) ?? 1,
  };
}

/** Reads everything that the options name. Throws InputError for the first thing that is wrong. */
export async function readLiveInput(args: Args, io: CommandIo): Promise<LiveInput> {
  const path = String(args.object);
  const source = onceOnly(io);
  const data = textArg(args, 'data-in');
  if (data === undefined) throw new InputError('live needs a packet: --data-in FILE, CAPTURE#N or hex:…');
  const bytes = fileArg(path, io);
  const btfPath = textArg(args, 'btf');
  const btf = btfPath === undefined ? undefined : fileArg(btfPath, io);
  const spec = openSpec(path, bytes, btf);
  const program = chooseProgram(spec, args.program === undefined ? null : String(args.program), null);
  const { netns = {} as NetnsSpec } = await readNetns(args, source);
  const network = liveNetwork(
    listArg(args, 'dev').map((text) => parseDevice(text)),
    netns,
  );
  const presets = await readPresets(args, source);
  const numbers = readNumbers(args);
  presetUpdates(spec, presets, numbers.cpus);
  const data_in = await packetArg(data, '--data-in', source);
  const ctx_in = await readContext(args, source, network, data_in.length);
  const request: LiveRequest = {
    ...{ path, bytes, program: program.name, network, peers: peerObjects(network, io, btf), presets, data_in, ctx_in },
    ...(btf === undefined ? {} : { btf }),
    ...{ ...numbers, running: true, capture: textArg(args, 'capture') === undefined ? 0 : CAPTURE_FRAMES },
  };
  const interval_ms = countArg(args, 'interval', 10, U32_MAX) ?? INTERVAL_MS;
  return {
    request,
    backend: liveBackendName(textArg(args, 'backend') ?? 'engine'),
    spec,
    ingress: ingressName(ctx_in, network),
    interval_ms,
    json: flagArg(args, 'json'),
    capture: textArg(args, 'capture') ?? null,
  };
}
