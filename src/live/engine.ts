/** Opens a live run in the embedded engine: objects loaded into one world, maps filled, devices and their programs put in place. */
import {
  enterNetns,
  type LoadedObject,
  loadObject,
  MAP_TYPE,
  openLive,
  openObject,
  type Refusal,
  type Result,
  type RunEnv,
  type TcAttachment,
  type XdpAttachment,
} from '../../engine/index.ts';
import { applyPresets, InnerMaps } from '../backends/engine/presets.ts';
import { InputError } from '../input-error.ts';
import type { OpenedLive } from './backend.ts';
import type { LiveDevmap, LiveObject, LiveRequest, PeerXdp } from './types.ts';

const F_LIVE = 2;

function refuse(message: string): { ok: false; error: Refusal } {
  return { ok: false, error: { stage: 'run', errno: 0, message, where: {} } };
}

function load(one: LiveObject, request: LiveRequest, beside?: LoadedObject): Result<LoadedObject> {
  const opened = openObject(
    { path: one.path, bytes: one.bytes },
    request.btf === undefined ? {} : { btf: request.btf },
  );
  if (!opened.ok) return opened;
  return loadObject(opened.value, beside === undefined ? { cpus: request.cpus } : { world: beside.world });
}

type Peers = ReadonlyMap<string, LoadedObject>;

/** Objects of programs at devices, loaded beside the one that is run: once each. */
function loadPeers(request: LiveRequest, object: LoadedObject): Result<Peers> {
  const loaded = new Map<string, LoadedObject>();
  for (const peer of request.peers) {
    const one = load(peer, request, object);
    if (!one.ok) return one;
    loaded.set(peer.path, one.value);
  }
  return { ok: true, value: loaded };
}

function attachments(request: LiveRequest, peers: Peers): Result<XdpAttachment[]> {
  const out: XdpAttachment[] = [];
  for (const { netns, ifindex, xdp } of request.network.devices) {
    if (xdp === 'none') continue;
    const program = programOf(xdp, peers);
    if (!program.ok) return program;
    out.push({ netns, dev: ifindex, program: program.value });
  }
  return { ok: true, value: out };
}

function tcAttachments(request: LiveRequest, peers: Peers): Result<TcAttachment[]> {
  const out: TcAttachment[] = [];
  for (const { netns, ifindex, tc } of request.network.devices) {
    if (tc === null) continue;
    const program = peers.get(tc.object)!.program(tc.program);
    if (!program.ok) return program;
    out.push({ netns, dev: ifindex, program: program.value });
  }
  return { ok: true, value: out };
}

function programOf(xdp: Exclude<PeerXdp, 'none'>, loaded: Peers): Result<XdpAttachment['program']> {
  if (typeof xdp === 'string') return { ok: true, value: xdp };
  return loaded.get(xdp.object)!.program(xdp.program);
}

/** Everything that can be refused is refused here, before the first frame. */
export function openLiveRun(request: LiveRequest, cancel: Int32Array): Result<OpenedLive> {
  const made = load(request, request);
  if (!made.ok) return made;
  const opened = openIn(made.value, request, cancel);
  if (!opened.ok) made.value.release();
  return opened;
}

function openIn(object: LoadedObject, request: LiveRequest, cancel: Int32Array): Result<OpenedLive> {
  const peers = loadPeers(request, object);
  if (!peers.ok) return peers;
  const xdp = attachments(request, peers.value);
  if (!xdp.ok) return xdp;
  const tc = tcAttachments(request, peers.value);
  if (!tc.ok) return tc;
  const { netns, far, links } = request.network;
  const { frames, sockets, faults } = request;
  // Devmaps take the devices of the namespace only once it is there.
  const entered = enterNetns(object, netns);
  if (!entered.ok) return entered;
  try {
    applyPresets([{ label: '', object }], new InnerMaps(object), request.presets, request.cpus);
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return refuse(thrown.message);
  }
  const run = openLive(object, request.program, {
    ...{ data_in: request.data_in, repeat: request.repeat, batch_size: request.batch_size, flags: F_LIVE, cancel },
    ...(request.ctx_in === null ? {} : { ctx_in: request.ctx_in }),
    ...{ netns, far, links, xdp: xdp.value, env: envOf(request) },
    ...(tc.value.length === 0 ? {} : { tc: tc.value }),
    ...(frames === undefined ? {} : { frames }),
    ...(sockets === undefined ? {} : { sockets }),
    ...(faults === undefined ? {} : { faults }),
  });
  if (!run.ok) return run;
  const value = {
    ...{ run: run.value, devmaps: () => devmapsOf(object), maps: () => object.dumpMaps() },
    release: () => object.release(),
  };
  return { ok: true, value };
}

function envOf({ cpus, seed, time_ns }: LiveRequest): Partial<RunEnv> {
  return { cpus, ...(seed === undefined ? {} : { seed }), ...(time_ns === undefined ? {} : { time_ns }) };
}

/** What devmaps hold now. */
function devmapsOf(object: LoadedObject): LiveDevmap[] {
  return object
    .dumpMaps()
    .filter(({ type }) => type === MAP_TYPE.DEVMAP || type === MAP_TYPE.DEVMAP_HASH)
    .map(({ name, entries }) => ({
      ...{ id: object.map(name)?.id ?? 0, name },
      ifindexes: entries.map(({ value }) => new DataView(value.buffer, value.byteOffset).getUint32(0, true)),
    }));
}
