/** Opens a live run in the kernel: namespaces and devices made, objects loaded, programs attached, tracepoints watched. Nothing of it has a name. */
import { MAP_TYPE, type ObjectSpec, openObject, PROG_TYPE, type Refusal, type Result } from '../../../engine/index.ts';
import { InputError } from '../../input-error.ts';
import type { OpenedLive } from '../../live/backend.ts';
import type { LiveDevmap, LiveObject, LiveRequest } from '../../live/types.ts';
import { type MapUpdate, presetUpdates } from '../presets.ts';
import { bpf } from './attr.ts';
import { pinToCpu } from './cpu.ts';
import type { GivenEnv } from './env.ts';
import { withEntries } from './live-entry.ts';
import { KernelLiveNet } from './live-net.ts';
import { KernelLiveRun } from './live-run.ts';
import { KernelLiveSockets } from './live-sockets.ts';
import { LiveWatch } from './live-watch.ts';
import { LoadedInKernel } from './loaded.ts';
import { type KernelMap, possibleCpus } from './maps.ts';
import type { KernelProgram } from './progs.ts';
import { closeFd } from './syscall.ts';
import { kernelTypes } from './types.ts';
import { programsIn } from './updates.ts';

const LOOPBACK = 1;
/** BPF_TCX_INGRESS */
const TCX_INGRESS = 46;
/** Enough of struct bpf_map_info: type, id. */
const INFO_BYTES = 8;

interface LiveLoaded {
  readonly object: LoadedInKernel;
  /** Its programs are behind ours. */
  readonly entered: boolean;
}

/** Programs of an object with what they are to find. */
interface Wanted {
  readonly programs: readonly string[];
  readonly updates: MapUpdate[];
  readonly env: GivenEnv | null;
}

/** Time and chance that programs are to see; null: the kernel's own. */
function envOf({ time_ns, seed }: LiveRequest): GivenEnv | null {
  if (time_ns === undefined && seed === undefined) return null;
  return { ...(time_ns === undefined ? {} : { time_ns }), ...(seed === undefined ? {} : { seed }) };
}

/** A refusal on its way out. */
class Refused extends Error {
  readonly refusal: Refusal;

  constructor(refusal: Refusal) {
    super(refusal.message);
    this.refusal = refusal;
  }
}

function openSpec({ path, bytes }: LiveObject, { btf }: LiveRequest): ObjectSpec {
  const target = btf ?? kernelTypes();
  const opened = openObject({ path, bytes }, target === null ? {} : { btf: target });
  if (!opened.ok) throw new Refused(opened.error);
  return opened.value;
}

function mapId(map: KernelMap): number {
  const info = new Uint8Array(INFO_BYTES);
  bpf('OBJ_GET_INFO_BY_FD', { bpf_fd: map.fd, info_len: info.length, info });
  return new DataView(info.buffer).getUint32(4, true);
}

/** What goes, in the opposite order of how it came. */
class Closing {
  private readonly all: (() => void)[] = [];

  add<T extends { close(): void }>(one: T): T {
    this.all.push(() => one.close());
    return one;
  }

  run(): void {
    for (const close of this.all.reverse()) close();
  }
}

/** Objects of one run, which share the maps that they pin by name. */
class LiveObjects {
  private readonly watch: LiveWatch;
  private readonly pins = new Map<string, KernelMap>();
  private readonly loaded: LoadedInKernel[] = [];

  constructor(watch: LiveWatch) {
    this.watch = watch;
  }

  /** Loads programs of an object: each behind one of ours, `entry`, or as they are where the verifier does not take that. */
  load(one: LiveObject, request: LiveRequest, programs: readonly string[], entry: string): LiveLoaded {
    const spec = openSpec(one, request);
    const updates = one === request ? presetUpdates(spec, request.presets, possibleCpus()) : [];
    const entries = new Map(programs.map((name) => [name, entry]));
    // A program that is jumped to as well would be counted by every jump.
    const jumped = programsIn(updates).some((name) => programs.includes(name));
    const env = envOf(request);
    const behind = jumped ? null : this.tryLoad(withEntries(spec, entries, this.watch), { programs, updates, env });
    if (behind instanceof LoadedInKernel) return { object: behind, entered: true };
    const plain = this.tryLoad(spec, { programs, updates, env });
    if (!(plain instanceof LoadedInKernel)) throw new Refused(plain);
    return { object: plain, entered: false };
  }

  /** A program as it is. */
  plain(one: LiveObject, request: LiveRequest, program: string): LoadedInKernel {
    const loaded = this.tryLoad(openSpec(one, request), { programs: [program], updates: [], env: envOf(request) });
    if (!(loaded instanceof LoadedInKernel)) throw new Refused(loaded);
    return loaded;
  }

  private tryLoad(spec: ObjectSpec, { programs, updates, env }: Wanted): LoadedInKernel | Refusal {
    const object = new LoadedInKernel(spec, { pins: this.pins });
    const [program = '', ...also] = programs;
    const more = also.map((name) => ({ program: name, type: 0 }));
    const wish = { program, type: 0, updates, also: more, ...(env === null ? {} : { env }) };
    const refused = object.load(wish);
    if (refused === null) {
      this.loaded.push(object);
      return object;
    }
    for (const [name, map] of this.pins) if (object.maps.get(name) === map) this.pins.delete(name);
    object.close();
    return refused.refusal;
  }

  close(): void {
    for (const object of this.loaded) object.close();
  }
}

/** Programs at the far ends: those of our own by their verdict, those of objects loaded once for each namespace. */
function attachPeers(request: LiveRequest, net: KernelLiveNet, watch: LiveWatch, objects: LiveObjects): void {
  const { devices } = request.network;
  const loaded = new Map<string, LoadedInKernel>();
  const userProgram = (xdp: { object: string; program: string }, netns: string): KernelProgram => {
    const key = `${netns} ${xdp.object}`;
    const known = loaded.get(key);
    if (known) return known.programs.get(xdp.program)!;
    const wanted = devices.flatMap((dev) =>
      dev.netns === netns && typeof dev.xdp === 'object' && dev.xdp.object === xdp.object ? [dev.xdp.program] : [],
    );
    const peer = request.peers.find(({ path }) => path === xdp.object)!;
    const { object } = objects.load(peer, request, [...new Set(wanted)], `peer_user_${netns}`);
    loaded.set(key, object);
    return object.programs.get(xdp.program)!;
  };
  for (const { netns, ifindex, name, xdp } of devices) {
    if (xdp === 'none') continue;
    const program = typeof xdp === 'string' ? watch.program(`peer_${xdp}_${netns}`) : userProgram(xdp, netns);
    const errno = net.of(netns).attachXdp(ifindex, program.fd);
    if (errno !== 0) throw refusedDevice(name, errno);
  }
}

/** Programs at tc ingress, by tcx links that are gone with the process. */
function attachTc(request: LiveRequest, objects: LiveObjects, closing: Closing): void {
  for (const { ifindex, name, tc } of request.network.devices) {
    if (tc === null) continue;
    const peer = request.peers.find(({ path }) => path === tc.object)!;
    const program = objects.plain(peer, request, tc.program).programs.get(tc.program)!;
    const link = bpf('LINK_CREATE', { prog_fd: program.fd, target_fd: ifindex, attach_type: TCX_INGRESS });
    if (link < 0) throw refusedDevice(name, -link, 'tc program');
    closing.add({ close: () => closeFd(link) });
  }
}

function refusedDevice(name: string, errno: number, what = 'native XDP program'): Refused {
  const message = `the kernel takes no ${what} on ${name}`;
  return new Refused({ stage: 'run', errno, message, where: {} });
}

function devmapsOf(maps: ReadonlyMap<string, KernelMap>, object: LoadedInKernel): LiveDevmap[] {
  const dumps = object.dump().filter(({ type }) => type === MAP_TYPE.DEVMAP || type === MAP_TYPE.DEVMAP_HASH);
  return dumps.map(({ name, entries }) => ({
    ...{ id: mapId(maps.get(name)!), name },
    ifindexes: entries.map(({ value }) => new DataView(value.buffer, value.byteOffset).getUint32(0, true)),
  }));
}

function ingressOf({ ctx_in }: LiveRequest): number {
  if (ctx_in === null || ctx_in.length < 16) return LOOPBACK;
  return new DataView(ctx_in.buffer, ctx_in.byteOffset).getUint32(12, true) || LOOPBACK;
}

/** What only the engine can be asked for, by name; null for nothing of that. */
function beyondKernel({ frames, faults, sockets = [], network }: LiveRequest): string | null {
  if (frames !== undefined && frames.packets.length > 1) return 'frames of several packets: the kernel sends one';
  if (faults?.page_at_frame !== undefined || (faults?.alloc ?? []).length > 0) return 'pages that are not to be had';
  if ((faults?.ring ?? []).length > 0) return 'rings that take nothing';
  if (sockets.some(({ rcvbuf, netns }) => rcvbuf !== undefined || netns === 'far'))
    return "a socket's rcvbuf, and sockets of the far end";
  if ((network.far.sockets ?? []).length > 0) return 'sockets of the far end';
  return network.devices.some(({ tc, netns }) => tc !== null && netns === 'far') ? 'tc programs at far ends' : null;
}

function assemble(request: LiveRequest, closing: Closing): OpenedLive & { readonly run: KernelLiveRun } {
  const beyond = beyondKernel(request);
  if (beyond !== null) {
    const message = `the kernel backend has no ${beyond}: use the engine`;
    throw new Refused({ stage: 'unsupported', errno: 0, message, where: {} });
  }
  // One CPU, as in the engine: far ends are polled where frames were sent.
  pinToCpu(0);
  const net = closing.add(new KernelLiveNet(request.network));
  const watch = closing.add(new LiveWatch([net.near.cookie, net.far.cookie]));
  const objects = closing.add(new LiveObjects(watch));
  const { object, entered: counted } = objects.load(request, request, [request.program], 'on_run');
  const program = object.programs.get(request.program);
  if (program === undefined || program.type !== PROG_TYPE.XDP) {
    const message = `${request.program} is no XDP program: live frame mode is for those alone`;
    throw new Refused({ stage: 'run', errno: 22, message, where: { program: request.program } });
  }
  attachPeers(request, net, watch, objects);
  for (const map of object.maps.values()) if (map.type === MAP_TYPE.CPUMAP) watch.watchCpumap(mapId(map));
  attachTc(request, objects, closing);
  const sockets = closing.add(new KernelLiveSockets(request.network.netns, request.sockets ?? []));
  const maps = [...object.maps.values()];
  const ingress = ingressOf(request);
  const close = () => closing.run();
  const run = new KernelLiveRun({ request, net, watch, program, maps, sockets, counted, ingress, close });
  return {
    run,
    devmaps: () => devmapsOf(object.maps, object),
    maps: () => object.dump(),
    note: () => noteOf(run, counted),
    calls: () => run.calls,
  };
}

/** What to know of the numbers. */
function noteOf({ calls }: KernelLiveRun, counted: boolean): string {
  const pools = `kernel: ${calls.toLocaleString('en-US')} call${calls === 1 ? ', a new pool' : 's, new pools'}`;
  return counted
    ? pools
    : `${pools}; XDP_DROP and XDP_ABORTED look alike: the program cannot be run behind one that counts`;
}

/** Refused is what the kernel refuses before the first frame, and what it cannot be asked for. */
export function openKernelLive(request: LiveRequest): Result<OpenedLive & { readonly run: KernelLiveRun }> {
  const closing = new Closing();
  try {
    return { ok: true, value: assemble(request, closing) };
  } catch (thrown) {
    closing.run();
    if (thrown instanceof Refused) return { ok: false, error: thrown.refusal };
    if (!(thrown instanceof InputError)) throw thrown;
    return { ok: false, error: { stage: 'run', errno: 0, message: thrown.message, where: {} } };
  }
}
