/** What `live` was asked for, settled: files read, devices described, the context made, the program found. */
import { ctxFromFields, type ObjectSpec, PROG_TYPE } from '../../engine/index.ts';
import { countArg, flagArg, textArg, U32_MAX } from '../args.ts';
import { bytesArg, fileArg } from '../args-input.ts';
import { parseJsonObject } from '../args-json.ts';
import { presetUpdates } from '../backends/presets.ts';
import { InputError } from '../input-error.ts';
import { type Endpoint, parseEndpoint } from '../live/metrics-server.ts';
import { type LiveBackendName, liveBackendName } from '../live/start.ts';
import type { LiveNetwork, LiveRequest } from '../live/types.ts';
import { didYouMean } from '../suggest.ts';
import type { Args, CommandIo } from './command.ts';
import { deviceObjects, openSpec, readNetwork, readTraffic } from './live-args.ts';
import { chooseProgram, onceOnly, readPresets, type Source } from './run-job.ts';

export interface LiveInput {
  readonly backend: LiveBackendName;
  readonly request: LiveRequest;
  readonly spec: ObjectSpec;
  /** Name of the device that frames come in on. */
  readonly ingress: string;
  readonly interval_ms: number;
  /** Looks of the screen a second. */
  readonly fps: number;
  readonly json: boolean;
  /** File for frames that left, null: none. */
  readonly capture: string | null;
  /** What to know about the packets, '' for nothing. */
  readonly note: string;
  /** Where Prometheus text is served, null: nowhere. */
  readonly metrics: Endpoint | null;
}

const INTERVAL_MS = 1000;
const FPS = 10;
const FPS_MAX = 60;
const CPUS_MAX = 1024;
const RATE_MAX = 1e12;
const LOOPBACK = 1;
/** Of each device. */
const CAPTURE_FRAMES = 1000;

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

type Numbers = Pick<LiveRequest, 'repeat' | 'batch_size' | 'rate' | 'cpus' | 'seed'>;

function readNumbers(args: Args): Numbers {
  const forever = textArg(args, 'repeat') ?? 'forever';
  const seed = countArg(args, 'seed', 0, U32_MAX);
  return {
    repeat: forever === 'forever' ? Infinity : countArg(args, 'repeat', 0, U32_MAX)!,
    batch_size: countArg(args, 'batch-size', 0, U32_MAX) ?? 0,
    rate: countArg(args, 'rate', 1, RATE_MAX) ?? Infinity,
    cpus: countArg(args, 'cpus', 1, CPUS_MAX) ?? 1,
    ...(seed === undefined ? {} : { seed }),
  };
}

/** Reads everything that the options name. Throws InputError for the first thing that is wrong. */
export async function readLiveInput(args: Args, io: CommandIo): Promise<LiveInput> {
  const path = String(args.object);
  const source = onceOnly(io);
  const bytes = fileArg(path, io);
  const btfPath = textArg(args, 'btf');
  const btf = btfPath === undefined ? undefined : fileArg(btfPath, io);
  const spec = openSpec(path, bytes, btf);
  const program = chooseProgram(spec, args.program === undefined ? null : String(args.program), null);
  const { network, sockets, faults } = await readNetwork(args, source);
  const presets = await readPresets(args, source);
  const numbers = readNumbers(args);
  presetUpdates(spec, presets, numbers.cpus);
  const traffic = await readTraffic(args, source, numbers.seed ?? 0);
  const data_in = traffic.packets[0]!;
  const ctx_in = await readContext(args, source, network, data_in.length);
  const request: LiveRequest = {
    ...{
      path,
      bytes,
      program: program.name,
      network,
      peers: deviceObjects(network, io, btf),
      presets,
      data_in,
      ctx_in,
    },
    ...(traffic.frames === null ? {} : { frames: traffic.frames }),
    ...(sockets.length === 0 ? {} : { sockets }),
    ...(faults === undefined ? {} : { faults }),
    ...(btf === undefined ? {} : { btf }),
    ...{ ...numbers, running: true, capture: textArg(args, 'capture') === undefined ? 0 : CAPTURE_FRAMES },
  };
  const metrics = textArg(args, 'metrics');
  const interval_ms = countArg(args, 'interval', 10, U32_MAX) ?? INTERVAL_MS;
  return {
    request,
    backend: liveBackendName(textArg(args, 'backend') ?? 'engine'),
    spec,
    ingress: ingressName(ctx_in, network),
    interval_ms,
    fps: countArg(args, 'fps', 1, FPS_MAX) ?? FPS,
    json: flagArg(args, 'json'),
    capture: textArg(args, 'capture') ?? null,
    note: traffic.note,
    metrics: metrics === undefined ? null : parseEndpoint(metrics),
  };
}
