/** Sets a live run up: attributes checked, namespaces and devices made, pages laid out, programs attached (xdp_test_run_setup). */
import { DEFAULT_ENV } from '../../env.ts';
import { ok, type Result, refuse } from '../../errors.ts';
import type { LoadedObject, LoadedProgram, World } from '../../load/types.ts';
import { CpuMap } from '../../maps/cpumap.ts';
import { BulkQueues } from '../../net/bulk-queue.ts';
import { BATCH_MAX, DEV_BULK, PP_REFILL, VETH_RING } from '../../net/live-layout.ts';
import type { Template } from '../../net/live-pages.ts';
import { LiveSource } from '../../net/live-source.ts';
import { LiveState } from '../../net/live-state.ts';
import type { Netns } from '../../net/netns.ts';
import { readNetns } from '../../net/netns-read.ts';
import { ERRNO } from '../../uapi/errno.ts';
import { PROG_TYPE, progTypeName } from '../../uapi/prog-types.ts';
import { enterNetns } from '../netns.ts';
import { isFailure } from '../opts.ts';
import { attachAll, faultProblem, settleSockets, tcPrograms } from './attach.ts';
import { LiveBatch, type LiveParts } from './batch.ts';
import { LiveCpus } from './cpus.ts';
import { LiveDevices, type NetnsName } from './devices.ts';
import { checkLive, ingressOf, type LiveOpts, type LiveSetup } from './opts.ts';
import { LivePoll } from './poll.ts';
import { LivePrograms } from './programs.ts';
import { LiveRedirects } from './redirect.ts';
import { LiveRun } from './run.ts';
import { TcIngress } from './tc.ts';

/** Least bytes that a page in a socket counts for. */
const SOCKET_PAGE = 4096;
const ATTACH_XDP_DEVMAP = 33;
const ATTACH_XDP_CPUMAP = 35;

/**
 * A live run of a program, ready for its first batch. Refused, with the errno that BPF_PROG_RUN would give, is what the kernel
 * refuses before the first frame; and without an errno what is wrong with the description of devices.
 */
export function openLive(object: LoadedObject, program: string, opts: LiveOpts): Result<LiveRun> {
  const loaded = object.program(program);
  return loaded.ok ? openLiveProgram(object.world, loaded.value, opts) : loaded;
}

export function openLiveProgram(world: World, program: LoadedProgram, opts: LiveOpts): Result<LiveRun> {
  const where = { program: program.spec.name };
  if (program.type !== PROG_TYPE.XDP) {
    return refuse(
      'run',
      ERRNO.EINVAL,
      `live frame mode is for XDP programs, this one is ${progTypeName(program.type)}`,
      where,
    );
  }
  const attach = program.spec.attach_type;
  if (attach === ATTACH_XDP_DEVMAP || attach === ATTACH_XDP_CPUMAP) {
    return refuse('run', ERRNO.EINVAL, 'programs for a devmap or cpumap entry cannot be run alone', where);
  }
  const setup = checkLive(opts);
  if (isFailure(setup)) return refuse('run', setup.errno, setup.reason, where);
  const spaces = readSpaces(world, opts);
  if (!spaces.ok) return spaces;
  const wrong = checkIngress(setup, spaces.value.near);
  if (wrong !== null) return refuse('run', wrong.errno, wrong.reason, where);
  const source = sourceOf(world, opts, setup);
  const full = refuse('run', ERRNO.ENOMEM, 'the world has no room for the pages of a live run', where);
  if (source === undefined) return full;
  const state = LiveState.create(world.mem, {
    template: source === null ? { bytes: setup.data_in.slice(), meta: setup.meta } : blank(opts, setup),
    pages: opts.pages ?? pagesFor(world, spaces.value, opts),
    batch_size: setup.batch_size,
    source,
    allocFails: (allocation) => opts.faults?.alloc?.includes(allocation) ?? false,
  });
  if (state === null) return full;
  const devices = LiveDevices.create(state, spaces.value, opts.links ?? []);
  return devices.ok ? assemble(world, program, opts, setup, state, devices.value) : devices;
}

/** Null: all frames are the one packet; undefined: there is no room. */
function sourceOf(world: World, { frames, env }: LiveOpts, { meta }: LiveSetup): LiveSource | null | undefined {
  if (frames === undefined) return null;
  const seed = frames.order === 'random' ? (env?.seed ?? DEFAULT_ENV.seed) : null;
  return LiveSource.create(world.mem, { packets: frames.packets, meta, seed }) ?? undefined;
}

/** New pages have nothing on them where every frame brings its own packet. */
function blank({ frames }: LiveOpts, { meta }: LiveSetup): Template {
  const most = (frames?.packets ?? []).reduce((longest, { length }) => Math.max(longest, length), 0);
  return { bytes: new Uint8Array(meta), meta, most };
}

type Spaces = Readonly<Record<NetnsName, Netns>>;

/** The world's namespace becomes that of the run: helpers look sockets and routes up there, devmaps take its devices. */
function readSpaces(world: World, opts: LiveOpts): Result<Spaces> {
  const near = enterNetns({ world }, opts.netns ?? {});
  if (!near.ok) return near;
  const far = readNetns(opts.far ?? {});
  return far.ok ? ok({ near: world.rc.netns, far: far.value }) : far;
}

/** xdp_convert_md_to_buff */
function checkIngress(setup: LiveSetup, near: Netns): { readonly errno: number; readonly reason: string } | null {
  const ifindex = setup.ingress_ifindex;
  if (ifindex === 0) return null;
  const dev = near.devices.get(ifindex);
  if (dev === undefined) return { errno: ERRNO.ENODEV, reason: `ctx_in: no device has ifindex ${ifindex}` };
  if (setup.rx_queue_index < dev.rx_queues) return null;
  const reason = `ctx_in: rx_queue_index is ${setup.rx_queue_index}, device ${ifindex} has ${dev.rx_queues}`;
  return { errno: ERRNO.EINVAL, reason };
}

/** What pool, rings, sockets and the queues of CPUs can hold at once. */
function pagesFor(world: World, spaces: Spaces, opts: LiveOpts): number {
  const devices = spaces.near.devices.size + spaces.far.devices.size;
  let pages = 4 * BATCH_MAX + PP_REFILL + devices * (VETH_RING + 2 * DEV_BULK);
  for (const map of world.maps.all()) {
    if (map instanceof CpuMap) for (const { qsize } of map.destinations()) pages += qsize;
  }
  const rcvbufs = (opts.sockets ?? []).map((one) => one.rcvbuf ?? 0);
  const sockets = spaces.near.sockets.length + spaces.far.sockets.length;
  return pages + sockets * PP_REFILL + rcvbufs.reduce((sum, bytes) => sum + Math.ceil(bytes / SOCKET_PAGE), 0);
}

function assemble(
  world: World,
  program: LoadedProgram,
  opts: LiveOpts,
  setup: LiveSetup,
  state: LiveState,
  devices: LiveDevices,
): Result<LiveRun> {
  const programs = new LivePrograms(world);
  const wrong = attachAll(devices, programs, opts) ?? settleSockets(devices, opts) ?? faultProblem(devices, opts);
  if (wrong !== null) return refuse('run', 0, wrong);
  const bulk = new BulkQueues(state, devices.at, (id) => programs.byId(id), programs.run);
  const cpus = new LiveCpus(world, state, programs);
  const redirects = new LiveRedirects(world, state, bulk, devices, programs, cpus);
  const tc = tcPrograms(devices, programs, opts);
  if (!tc.ok) return tc;
  const poll = new LivePoll(state, devices, programs, redirects);
  if (tc.value.size > 0) {
    const hook = new TcIngress(world, state, devices, programs, tc.value);
    devices.stacks.near.tc = hook;
    devices.stacks.far.tc = hook;
    poll.backlog = hook.out;
  }
  const ingress = devices.byIfindex('near', ingressOf(setup))!;
  const parts: LiveParts = {
    ...{ state, devices, programs, redirects, cpus, poll, bulk, prog: programs.of(program) },
    ...{ ingress, rx_queue_index: setup.rx_queue_index },
  };
  return ok(new LiveRun(world, program, opts, setup, parts, new LiveBatch(parts)));
}
